import Encodings
import Profiles

/// A service account of Google: its key makes signed statements that are changed for tokens (RFC 7523).
struct GoogleServiceAccount: Sendable {
    let email: String
    /// The key's name at Google; nil where the file does not tell it.
    let keyIdentifier: String?
    let tokenURL: String
    let scope: String
    /// The file that holds the key.
    let path: String
    private let key: [UInt8]

    /// For whom the statement is made: always Google's own address, also where the token is had by another way to it.
    private static let audience = "https://oauth2.googleapis.com/token"

    init(_ settings: GoogleAuthentication, store: SecretStore) throws(CredentialError) {
        switch settings.key {
        case .file(let named): path = store.expanded(named)
        case .environment(let name): path = store.expanded(try store.requiredVariable(name))
        }
        let bytes = try store.privateFile(path)
        let value =
            (try? JSONValue(parsing: bytes, limits: JSONLimits(maximumBytes: 1 << 18, maximumDepth: 8))) ?? .null
        guard value["type"]?.stringValue == "service_account", let email = value["client_email"]?.stringValue,
            let key = value["private_key"]?.stringValue
        else {
            throw .unusable("the file \(path): it must be the JSON key of a service account")
        }
        self.email = email
        self.key = Array(key.utf8)
        keyIdentifier = value["private_key_id"]?.stringValue
        tokenURL = settings.tokenURL ?? value["token_uri"]?.stringValue ?? Self.audience
        scope = settings.scope
        guard SecretURL.isSafe(tokenURL) else { throw .unsafeURL("the token_uri of the file \(path)") }
        guard RSASignature.sign([], key: self.key) != nil else {
            throw .unusable("the file \(path): its private_key is no RSA key in PEM form")
        }
    }

    /// The signed statement: header, claims and signature (protocols.md §6.3), in Google's own order of members.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: nil if the key does not sign.
    func statement(at now: Int) -> String? {
        var header = JSONObject([("typ", "JWT"), ("alg", "RS256")])
        header["kid"] = keyIdentifier.map { .string($0) }
        let claims: JSONValue = [
            "iat": .integer(now), "exp": .integer(now + 3600), "iss": .string(email), "aud": .string(Self.audience),
            "scope": .string(scope),
        ]
        let signed =
            ByteText.base64URL(JSONValue.object(header).serialized()) + "." + ByteText.base64URL(claims.serialized())
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
