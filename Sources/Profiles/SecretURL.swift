/// Which URLs a secret may be sent to.
public enum SecretURL {
    /// True for https, and for http to this machine itself, where tests listen.
    ///
    /// - Parameters:
    ///   - url: the whole URL.
    ///   - hosts: further hosts that http may be spoken with, such as the metadata servers that no network routes.
    /// - Returns: false also for what is no URL.
    public static func isSafe(_ url: String, orTo hosts: Set<String> = []) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: { url.hasPrefix($0) }) else { return false }
        let authority = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        // Names before an @ are a way to make one host look like another, and so are backslashes.
        guard !authority.isEmpty, !authority.contains(where: { $0 == "@" || $0 == "\\" }) else { return false }
        if scheme == "https://" { return true }
        let host = host(of: authority)
        return host == "localhost" || host == "[::1]" || isLoopback(host) || hosts.contains(host)
    }

    /// A URL as messages may show it: without its query, in which a secret may stand.
    public static func shown(_ url: String) -> String {
        String(url.prefix { $0 != "?" && $0 != "#" }.prefix(300))
    }

    private static func host(of authority: Substring) -> String {
        if authority.hasPrefix("[") { return authority.prefix { $0 != "]" } + "]" }
        return authority.prefix { $0 != ":" }.lowercased()
    }

    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
