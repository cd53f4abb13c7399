/// Why a credential is not to be had; names where it is kept, and never holds it.
public enum CredentialError: Error, Hashable, CustomStringConvertible, Sendable {
    /// The environment variable is not set or empty.
    case missingVariable(String)
    /// The file cannot be read or is empty.
    case unreadableFile(String)
    /// Others than the owner may read the file.
    case openFile(String)
    /// The secret holds characters that no header may hold, or is not of the form that is wanted.
    case unusable(String)
    /// No source has keys; the text says which were looked at.
    case nowhere(String)
    /// The credential has ended and cannot be renewed.
    case expired(String)
    /// The server that hands out tokens says that the credential is wrong.
    case wrong(String)
    /// The server that hands out tokens says that the credential has been withdrawn, or that its own time has passed.
    case revoked(String)
    /// The server that hands out tokens cannot be reached or does not answer as it should.
    case unavailable(String)

    /// What is wrong and what helps.
    public var description: String {
        switch self {
        case .missingVariable(let name): "the environment variable \(name) is not set; set it to the secret"
        case .unreadableFile(let path): "the secret file \(path) cannot be read or is empty"
        case .openFile(let path): "the secret file \(path) may be read by others; run chmod 600 on it"
        case .unusable(let place): "the secret in \(place) is not of the form that is wanted"
        case .nowhere(let places): "no credentials were found in \(places)"
        case .expired(let place): "the credential from \(place) has expired; get a new one"
        case .wrong(let text): "the credential is wrong: \(text)"
        case .revoked(let text): "the credential is no longer accepted: \(text)"
        case .unavailable(let text): "no token could be had: \(text)"
        }
    }
}
