/// Amazon's keys.
struct AmazonKeys: Hashable, Sendable {
    var identifier: String
    var secret: String
    /// Comes with keys that live for a while only.
    var sessionToken: String?
    /// When they end, in seconds since 1970; nil for keys that do not.
    var expiry: Int?
}

extension AmazonKeys {
    /// Keys that fit into a signature and its headers.
    ///
    /// - Throws: ``CredentialError/unusable(_:)``, which names the place.
    init(
        identifier: String, secret: String, sessionToken: String?, expiry: Int?, from place: String
    ) throws(CredentialError) {
        guard [identifier, secret, sessionToken ?? "none"].allSatisfy({ ByteText.fitsHeader($0) }) else {
            throw .unusable(place)
        }
        self.init(identifier: identifier, secret: secret, sessionToken: sessionToken, expiry: expiry)
    }
}
