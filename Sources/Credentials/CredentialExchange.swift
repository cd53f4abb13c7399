import Profiles

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

extension CredentialExchange: CustomStringConvertible, CustomReflectable {
    /// The method and where to; what is sent stays hidden.
    public var description: String { "\(method) \(SecretURL.shown(url))" }

    /// Shows nothing of what is sent.
    public var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

extension CredentialExchange.Header: CustomStringConvertible, CustomReflectable {
    /// The name; the value stays hidden.
    public var description: String { name }

    /// Shows the name alone.
    public var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

/// When a credential that lives for a while is asked for again.
enum Renewal {
    /// Well ahead of the end, as Google's own clients do it (225 s), or after three quarters of a short life.
    ///
    /// The quarter is of the life that was left when the credential came, so that a server that hands out the same
    /// credential again is not asked without pause.
    static func due(issued: Int, expiry: Int) -> Int { expiry - min(225, max(0, expiry - issued) / 4) }
}

/// A token that lives for a while.
struct AccessToken: Hashable, Sendable {
    var value: String
    /// Seconds since 1970.
    var issued: Int
    /// Seconds since 1970.
    var expiry: Int

    var renewalDue: Int { Renewal.due(issued: issued, expiry: expiry) }
}
