/// Why a credential is not to be had; names where it is kept, and never holds it.
///
/// What servers answer is not quoted, apart from codes that are known, since an answer may repeat what was sent.
public enum CredentialError: Error, Hashable, CustomStringConvertible, Sendable {
    /// The environment variable is not set or empty.
    case missingVariable(String)
    /// Neither the provider's document nor the environment names the region that a signature is made for.
    case missingRegion
    /// The file cannot be read or is empty.
    case unreadableFile(String)
    /// Others than the owner may read the file.
    case openFile(String)
    /// The secret holds characters that no header may hold, or is not of the form that is wanted.
    case unusable(String)
    /// The URL would carry a secret over a network unprotected.
    case unsafeURL(String)
    /// No source has keys; the text says which were looked at.
    case nowhere(String)
    /// The exchange that gets the credential has not been made yet.
    case notFetched(String)
    /// The credential has ended and cannot be renewed.
    case expired(String)
    /// The server that hands out tokens says that no secret came with the request.
    case absent(String)
    /// The server that hands out tokens says that the credential is wrong.
    case wrong(String)
    /// The server that hands out tokens says that the credential, or the account behind it, has been withdrawn.
    case revoked(String)
    /// The server that hands out tokens says that this machine's clock is wrong.
    case wrongClock(String)
    /// The server that hands out tokens cannot be reached or does not answer as it should.
    case unavailable(String)

    /// What is wrong and what helps.
    public var description: String {
        switch self {
        case .missingVariable(let name): "the environment variable \(name) is not set; set it to the secret"
        case .missingRegion: "no region to sign for: give the endpoint a 'region', or set AWS_REGION"
        case .unreadableFile(let path): "the secret file \(path) cannot be read or is empty"
        case .openFile(let path): "the secret file \(path) may be read by others; run chmod 600 on it"
        case .unusable(let place): "the secret in \(place) is not of the form that is wanted"
        case .unsafeURL(let place): "\(place) must be an https URL; over http the secret could be read on its way"
        case .nowhere(let places): "no credentials were found in \(places)"
        case .notFetched(let place): "the credential from \(place) has not been fetched yet"
        case .expired(let place): "the credential from \(place) has expired; get a new one"
        case .absent(let text): "the credential did not reach the server: \(text)"
        case .wrong(let text): "the credential is wrong: \(text)"
        case .revoked(let text): "the credential is no longer accepted: \(text)"
        case .wrongClock(let text): "the clock of this machine is wrong: \(text)"
        case .unavailable(let text): "no token could be had: \(text)"
        }
    }
}
