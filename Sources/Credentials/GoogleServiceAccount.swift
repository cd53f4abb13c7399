import Encodings
import Profiles

/// A service account of Google: its key makes signed statements that are changed for tokens (RFC 7523).
struct GoogleServiceAccount: Sendable {
    let email: String
    let keyIdentifier: String
    let tokenURL: String
    let scope: String
    private let key: [UInt8]

    init(_ settings: GoogleAuthentication, store: SecretStore) throws(CredentialError) {
        let path: String
        switch settings.key {
        case .file(let named): path = named
        case .environment(let name): path = try store.requiredVariable(name)
        }
        let bytes = try store.privateFile(path)
        let value =
            (try? JSONValue(parsing: bytes, limits: JSONLimits(maximumBytes: 1 << 18, maximumDepth: 8))) ?? .null
        guard let email = value["client_email"]?.stringValue, let key = value["private_key"]?.stringValue else {
            throw .unusable("the file \(path): it must be the JSON key of a service account")
        }
        self.email = email
        self.key = Array(key.utf8)
        keyIdentifier = value["private_key_id"]?.stringValue ?? ""
        tokenURL = settings.tokenURL ?? value["token_uri"]?.stringValue ?? "https://oauth2.googleapis.com/token"
        scope = settings.scope
        guard RSASignature.sign([], key: self.key) != nil else {
            throw .unusable("the file \(path): its private_key is no RSA key in PEM form")
        }
    }

    /// The signed statement: header, claims and signature (protocols.md §6.3), in Google's own order of members.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: nil if the key does not sign.
    func statement(at now: Int) -> String? {
        let header: JSONValue = ["typ": "JWT", "alg": "RS256", "kid": .string(keyIdentifier)]
        let claims: JSONValue = [
            "iat": .integer(now), "exp": .integer(now + 3600), "iss": .string(email), "aud": .string(tokenURL),
            "scope": .string(scope),
        ]
        let signed =
            ByteText.base64URL(header.serialized()) + "." + ByteText.base64URL(claims.serialized())
        return RSASignature.sign(Array(signed.utf8), key: key).map { signed + "." + ByteText.base64URL($0) }
    }

    func exchange(at now: Int) -> CredentialExchange? {
        statement(at: now).map { statement in
            CredentialExchange(
                "POST", tokenURL,
                form: [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", statement)])
        }
    }
}
