/// A request that must be made before a credential can be used, or ahead of its end.
public struct CredentialExchange: Hashable, Sendable {
    /// One header.
    public struct Header: Hashable, Sendable {
        /// The name.
        public var name: String
        /// The value, which may be a secret.
        public var value: String
    }

    /// The method.
    public var method: String
    /// The whole URL.
    public var url: String
    /// The headers.
    public var headers: [Header]
    /// The body, which may hold secrets.
    public var body: [UInt8]

    init(_ method: String, _ url: String, headers: [(String, String)] = [], form: [(String, String)]? = nil) {
        self.method = method
        self.url = url
        self.headers = headers.map { Header(name: $0.0, value: $0.1) }
        body = []
        guard let form else { return }
        self.headers.append(Header(name: "Content-Type", value: "application/x-www-form-urlencoded"))
        let text = form.map { "\($0.0)=\(ByteText.percentEncoded($0.1))" }.joined(separator: "&")
        body = Array(text.utf8)
    }
}

/// A token that lives for a while.
struct AccessToken: Hashable, Sendable {
    var value: String
    /// Seconds since 1970.
    var issued: Int
    /// Seconds since 1970.
    var expiry: Int

    /// Well ahead of the end, as Google's own clients do it (225 s), or after three quarters of a short life.
    var renewalDue: Int { max(issued + (expiry - issued) * 3 / 4, expiry - 225) }
}
