import Encodings
import Profiles

/// Fetches Amazon's keys from the metadata server of a container or an instance: a value that is told answers.
struct AmazonMetadata: Sendable {
    /// A metadata server.
    enum Server: Sendable {
        /// Beside a container; the token proves who asks, where the server wants that.
        case container(url: String, token: String?)
        /// Beside an instance (IMDSv2).
        case instance(url: String)
    }

    /// Idle → (instance only) asked for a token → asked for the role → asked for the keys → idle.
    private enum Step: Sendable {
        case idle
        case containerKeys
        case instanceToken
        case instanceRole(token: String)
        case instanceKeys(token: String, role: String)
    }

    private let server: Server
    /// Where keys were looked for before, in vain; nil if this server was named as their source.
    private let searched: String?
    private var step = Step.idle

    init(_ server: Server, after searched: String?) {
        self.server = server
        self.searched = searched
    }

    /// True between the first exchange and its last answer.
    var isUnderWay: Bool { if case .idle = step { false } else { true } }

    /// How the keys' place is called in messages.
    var place: String {
        switch server {
        case .container(let url, _): "the container's metadata server \(SecretURL.shown(url))"
        case .instance(let url): "the instance's metadata server \(SecretURL.shown(url))"
        }
    }

    /// The exchange that the present step asks for.
    mutating func exchange() -> CredentialExchange {
        switch (server, step) {
        case (.container(let url, let token), _):
            step = .containerKeys
            return CredentialExchange("GET", url, headers: token.map { [("Authorization", $0)] } ?? [])
        case (.instance(let url), .instanceRole(let token)):
            return CredentialExchange("GET", url + Self.rolePath, headers: [(Self.tokenHeader, token)])
        case (.instance(let url), .instanceKeys(let token, let role)):
            return CredentialExchange(
                "GET", url + Self.rolePath + ByteText.percentEncoded(role), headers: [(Self.tokenHeader, token)])
        case (.instance(let url), .idle), (.instance(let url), .containerKeys), (.instance(let url), .instanceToken):
            step = .instanceToken
            return CredentialExchange(
                "PUT", url + "/latest/api/token", headers: [(Self.tokenHeader + "-ttl-seconds", "21600")])
        }
    }

    private static let rolePath = "/latest/meta-data/iam/security-credentials/"
    private static let tokenHeader = "X-aws-ec2-metadata-token"

    /// Takes the answer to the exchange that was asked for last.
    ///
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - body: the body.
    ///   - now: seconds since 1970.
    /// - Returns: the keys; nil if another exchange must follow.
    /// - Throws: ``CredentialError`` if the answer is a refusal; the next exchange begins anew.
    mutating func take(status: Int, body: [UInt8], at now: Int) throws(CredentialError) -> AmazonKeys? {
        let asked = step
        step = .idle
        guard status == 200 else { throw refusal(status) }
        let text = String(decoding: body.prefix(4096).prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        switch asked {
        case .idle: return nil
        case .containerKeys, .instanceKeys: return try keys(body, at: now)
        case .instanceToken:
            guard ByteText.fitsHeader(text) else { throw failure("the answer holds no token") }
            step = .instanceRole(token: text)
        case .instanceRole(let token):
            guard ByteText.fitsHeader(text) else { throw nowhere("no role is attached") }
            step = .instanceKeys(token: token, role: text)
        }
        return nil
    }

    /// The exchange failed before an answer came; the next one begins anew.
    mutating func fail(_ message: String) -> CredentialError {
        step = .idle
        // An address that nobody answers at is how a machine that is no instance looks.
        return searched == nil ? failure(message) : nowhere(message)
    }

    private func refusal(_ status: Int) -> CredentialError {
        switch status {
        case 404: nowhere("no role is attached (HTTP 404)")
        case 400..<500 where status != 429: .wrong("\(place) refuses (HTTP \(status))")
        default: failure("HTTP \(status)")
        }
    }

    private func failure(_ message: String) -> CredentialError { .unavailable("\(place): \(message)") }

    private func nowhere(_ message: String) -> CredentialError {
        .nowhere("\(searched.map { $0 + ", " } ?? "")\(place): \(message)")
    }

    private func keys(_ body: [UInt8], at now: Int) throws(CredentialError) -> AmazonKeys {
        let value = (try? JSONValue(parsing: body, limits: JSONLimits(maximumBytes: 1 << 20, maximumDepth: 8))) ?? .null
        guard let identifier = value["AccessKeyId"]?.stringValue, let secret = value["SecretAccessKey"]?.stringValue
        else {
            throw failure("the answer holds no keys")
        }
        let end = value["Expiration"]?.stringValue
        let expiry = end.flatMap { WallClock.seconds($0) }
        // Keys whose end cannot be read must not count as keys without one.
        if end != nil, expiry == nil { throw failure("the answer holds keys of an end that is no time") }
        if let expiry, expiry <= now { throw .expired(place) }
        return try AmazonKeys(
            identifier: identifier, secret: secret, sessionToken: value["Token"]?.stringValue, expiry: expiry,
            from: place)
    }
}
