public import Dialects
import Encodings
import Profiles
import Quantities

/// Why a request may not come in.
public struct AccessRefusal: Hashable, Sendable {
    /// What is wrong; the persona's system has its own status and words for it.
    public var kind: ServedRefusal.Kind
    /// The provider's text.
    public var message: String

    /// Makes a refusal.
    public init(_ kind: ServedRefusal.Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// Judges the credentials of a request, beyond keys and tokens: signatures.
public protocol AccessCheck: Sendable {
    /// Looks at a request.
    ///
    /// - Parameters:
    ///   - method: such as `POST`.
    ///   - path: the path as it came, percent-encoded.
    ///   - query: the query as it came, without its question mark.
    ///   - headers: the headers, their names in lower case, repeated ones joined by commas.
    ///   - body: the body.
    /// - Returns: nil to let it in.
    func refusal(
        method: String, path: String, query: String, headers: [String: String], body: [UInt8]
    ) -> AccessRefusal?
}

/// How a persona hands out tokens, and for how long they are good.
public struct TokenIssue: Hashable, Sendable {
    /// The client that Entra knows.
    public var clientIdentifier: String
    /// Its secret.
    public var clientSecret: String
    /// How long a token is good for.
    public var lifetime: Duration

    /// Makes an issue.
    public init(clientIdentifier: String, clientSecret: String, lifetime: Duration) {
        self.clientIdentifier = clientIdentifier
        self.clientSecret = clientSecret
        self.lifetime = lifetime
    }
}

/// The gate of one persona: a key, tokens that it issued itself, or a check of the caller's.
struct Gate {
    let system: PersonaSystem
    let key: String?
    let check: (any AccessCheck)?
    let issue: TokenIssue?
    private var tokens: [String: Instant] = [:]

    init(system: PersonaSystem, key: String?, check: (any AccessCheck)?, issue: TokenIssue?) {
        self.system = system
        self.key = key
        self.check = check
        self.issue = issue
    }

    /// Why a request may not come in; nil if it may.
    func refusal(_ head: ServedHead, _ body: [UInt8], at now: Instant) -> ServedRefusal? {
        guard key != nil || check != nil || issue != nil else { return nil }
        let presented = system.keyPlaces.compactMap { place in
            switch place {
            case .bearer: head.headers["authorization"].flatMap(Self.bearer)
            case .header(let name): head.headers[name]
            case .parameter(let name): head.parameter(name)
            }
        }
        if let key, presented.contains(key) { return nil }
        if let token = presented.first(where: { tokens[$0] != nil }), let end = tokens[token] {
            return now <= end ? nil : ServedRefusal(.expiredToken, "The access token has expired.")
        }
        if let check {
            let refusal = check.refusal(
                method: head.method, path: head.path, query: head.query, headers: head.headers, body: body)
            return refusal.map { ServedRefusal($0.kind, $0.message) }
        }
        return ServedRefusal(
            .authentication, presented.isEmpty ? "You didn't provide an API key." : "Incorrect API key provided.")
    }

    private static func bearer(_ value: String) -> String? {
        value.lowercased().hasPrefix("bearer ") ? String(value.dropFirst(7)) : nil
    }

    // MARK: Tokens

    /// Answers a request for a token (protocols.md §5 and §6.3).
    ///
    /// - Returns: a status and a JSON body.
    mutating func token(
        _ target: RouteTarget, _ head: ServedHead, _ body: [UInt8], at now: Instant
    ) -> (status: Int, body: JSONValue) {
        guard let issue else { return (404, ["error": "not_found"]) }
        let form = ServedHead.form(String(decoding: body, as: UTF8.self))
        switch target {
        case .entraToken:
            if let error = Self.entraError(form, issue) { return error }
            return (200, issued("eyJ0eXAiOiJKV1QifQ.rehearsal.", now))
        case .googleToken:
            if let problem = Self.assertionProblem(form) {
                return (400, ["error": "invalid_grant", "error_description": .string(problem)])
            }
            return (200, issued("ya29.rehearsal.", now))
        case .metadataToken:
            guard head.headers["metadata-flavor"] == "Google" else {
                return (403, ["error": "Missing Metadata-Flavor:Google header."])
            }
            return (200, issued("ya29.metadata.", now))
        default: return (404, ["error": "not_found"])
        }
    }

    private mutating func issued(_ start: String, _ now: Instant) -> JSONValue {
        let lifetime = issue?.lifetime ?? .zero
        let token = start + String(tokens.count + 1)
        tokens[token] = now + lifetime
        let seconds = max(0, Int(lifetime.seconds) - 1)
        return [
            "token_type": "Bearer", "expires_in": .integer(seconds), "ext_expires_in": .integer(seconds),
            "access_token": .string(token),
        ]
    }

    private static func entraError(
        _ form: [String: String], _ issue: TokenIssue
    ) -> (status: Int, body: JSONValue)? {
        func error(_ status: Int, _ name: String, _ code: Int, _ text: String) -> (status: Int, body: JSONValue) {
            let body: JSONValue = [
                "error": .string(name), "error_description": .string("AADSTS\(code): \(text)"),
                "error_codes": [.integer(code)], "correlation_id": "00000000-0000-0000-0000-000000000001",
            ]
            return (status, body)
        }
        if form["grant_type"] != "client_credentials" {
            return error(400, "unsupported_grant_type", 70003, "The grant type is not supported.")
        }
        if form["scope"]?.hasSuffix("/.default") != true {
            return error(400, "invalid_scope", 1_002_012, "The scope must end in /.default.")
        }
        if form["client_id"] != issue.clientIdentifier {
            return error(400, "unauthorized_client", 700_016, "Application was not found in the directory.")
        }
        if form["client_secret"] != issue.clientSecret {
            return error(401, "invalid_client", 7_000_215, "Invalid client secret provided.")
        }
        return nil
    }

    /// What is wrong with the JWT of a service account; its signature is not checked.
    private static func assertionProblem(_ form: [String: String]) -> String? {
        guard form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" else {
            return "the grant type must be urn:ietf:params:oauth:grant-type:jwt-bearer"
        }
        let parts = (form["assertion"] ?? "").split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let head = json(parts[0]), let claims = json(parts[1]),
            let signature = base64(parts[2]), signature.count >= 128
        else { return "Invalid JWT: it must have three parts of base64url" }
        guard head["alg"] == "RS256", head["typ"] == "JWT" else { return "Invalid JWT: alg must be RS256, typ JWT" }
        guard let issuer = claims["iss"]?.stringValue, issuer.contains("@") else {
            return "Invalid JWT: iss must be a service account"
        }
        guard let audience = claims["aud"]?.stringValue, audience.hasSuffix("/token") else {
            return "Invalid JWT: aud must be the address of the token endpoint"
        }
        guard claims["scope"]?.stringValue?.hasPrefix("https://www.googleapis.com/auth/") == true else {
            return "Invalid JWT: scope is missing"
        }
        guard let start = claims["iat"]?.integerValue, let end = claims["exp"]?.integerValue, end > start,
            end - start <= 3600
        else { return "Invalid JWT: Token must be a short-lived token (60 minutes)" }
        return nil
    }

    private static func json(_ part: Substring) -> JSONValue? { base64(part).flatMap { try? JSONValue(parsing: $0) } }

    /// RFC 4648 §5, without padding.
    static func base64(_ text: Substring) -> [UInt8]? {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var bytes: [UInt8] = []
        var (word, count) = (0, 0)
        for byte in text.utf8 {
            guard let value = digits.firstIndex(of: byte) else { return nil }
            word = word << 6 | value
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(word >> count & 0xFF))
            word &= (1 << count) - 1
        }
        return bytes
    }
}
