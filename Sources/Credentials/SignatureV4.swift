/// Amazon's signature of requests, version 4 (protocols.md §4.2).
///
/// Signed are `content-type`, `host`, `x-amz-date` and, with keys that live for a while only, `x-amz-security-token`. The path
/// is percent-encoded once more for the signature, as all services but S3 want it.
struct SignatureV4: Hashable, Sendable {
    var keys: AmazonKeys
    var region: String
    var service: String

    /// A request as far as it is signed.
    struct Request: Hashable, Sendable {
        var method: String
        /// The whole URL, its path percent-encoded as on the wire.
        var url: String
        var contentType: String
        var payloadHash: String
    }

    /// The headers to send.
    ///
    /// - Parameters:
    ///   - request: what is signed.
    ///   - seconds: the time, in seconds since 1970.
    /// - Returns: `X-Amz-Date`, `Authorization`, and the session's token if there is one.
    func headers(_ request: Request, at seconds: Int) -> [(name: String, value: String)] {
        let time = WallClock.basic(seconds)
        let signature = signature(of: stringToSign(request, time), time)
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(keys.identifier)/\(scope(time)), "
            + "SignedHeaders=\(signedHeaders(request, time).map(\.name).joined(separator: ";")), Signature=\(signature)"
        return [("X-Amz-Date", time), ("Authorization", authorization)]
            + (keys.sessionToken.map { [("X-Amz-Security-Token", $0)] } ?? [])
    }

    func canonicalRequest(_ request: Request, _ time: String) -> String {
        let (_, path, query) = Self.parts(request.url)
        return Self.canonicalRequest(
            method: request.method, path: path, query: query, headers: signedHeaders(request, time),
            payloadHash: request.payloadHash)
    }

    /// The request as it is signed, from its parts; the headers must be in the order of their names, in lower case.
    static func canonicalRequest(
        method: String, path: String, query: String, headers: [(name: String, value: String)], payloadHash: String
    ) -> String {
        let lines = headers.map { "\($0.name):\(trimmed($0.value))\n" }.joined()
        let names = headers.map(\.name).joined(separator: ";")
        return [method, canonicalPath(path), canonicalQuery(query), lines, names, payloadHash].joined(separator: "\n")
    }

    func stringToSign(_ request: Request, _ time: String) -> String {
        stringToSign(canonical: canonicalRequest(request, time), time)
    }

    func stringToSign(canonical: String, _ time: String) -> String {
        let hash = ByteText.hexadecimal(SHA256.hash([Array(canonical.utf8)]))
        return ["AWS4-HMAC-SHA256", time, scope(time), hash].joined(separator: "\n")
    }

    func signingKey(_ time: String) -> [UInt8] {
        [String(time.prefix(8)), region, service, "aws4_request"].reduce(Array("AWS4\(keys.secret)".utf8)) {
            key, part in
            KeyedHash.sha256(key: key, Array(part.utf8))
        }
    }

    func signature(of text: String, _ time: String) -> String {
        ByteText.hexadecimal(KeyedHash.sha256(key: signingKey(time), Array(text.utf8)))
    }

    func scope(_ time: String) -> String { "\(time.prefix(8))/\(region)/\(service)/aws4_request" }

    private func signedHeaders(_ request: Request, _ time: String) -> [(name: String, value: String)] {
        [("content-type", request.contentType), ("host", Self.parts(request.url).host), ("x-amz-date", time)]
            + (keys.sessionToken.map { [("x-amz-security-token", $0)] } ?? [])
    }

    /// Host with its port if it is not the usual one, path, and query without its question mark.
    static func parts(_ url: String) -> (host: String, path: String, query: String) {
        var rest = url[...]
        var usualPort = ""
        for (scheme, port) in [("https://", ":443"), ("http://", ":80")] where rest.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            usualPort = port
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? authority
        let tail = rest.dropFirst(authority.count)
        let path = tail.prefix { $0 != "?" }
        let name = host.hasSuffix(usualPort) ? host.dropLast(usualPort.count) : host
        return (String(name).lowercased(), path.isEmpty ? "/" : String(path), String(tail.dropFirst(path.count + 1)))
    }

    /// Inner runs of spaces count as one.
    private static func trimmed(_ value: String) -> String {
        value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }

    private static func canonicalPath(_ path: String) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: true) where segment != "." {
            if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
        }
        let end = path.hasSuffix("/") && !segments.isEmpty ? "/" : ""
        return "/" + segments.map { ByteText.percentEncoded(String($0)) }.joined(separator: "/") + end
    }

    /// Sorted by encoded name, then value; a space is `%20` in either form, and a name without a value gets an `=`.
    private static func canonicalQuery(_ query: String) -> String {
        let pairs = query.replacing("+", with: "%20").split(separator: "&").map { pair -> (String, String) in
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(halves[0]), halves.count > 1 ? String(halves[1]) : "")
        }
        return pairs.sorted { $0 < $1 }.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }
}
