import Glibc
public import Profiles

/// Why a secret is not to be had; never holds the secret.
public enum CredentialError: Error, Hashable, CustomStringConvertible, Sendable {
    /// The environment variable is not set or empty.
    case missingVariable(String)
    /// The file cannot be read or is empty.
    case unreadableFile(String)
    /// Others than the owner may read the file.
    case openFile(String)
    /// The secret holds characters that no header may hold.
    case unusable(String)

    /// What is wrong and what helps.
    public var description: String {
        switch self {
        case .missingVariable(let name): "the environment variable \(name) is not set; set it to the secret"
        case .unreadableFile(let path): "the secret file \(path) cannot be read or is empty"
        case .openFile(let path): "the secret file \(path) may be read by others; run chmod 600 on it"
        case .unusable(let place): "the secret in \(place) holds spaces or control characters"
        }
    }
}

/// Finds secrets where profiles say they are kept.
public struct SecretStore: Sendable {
    private let environment: [String: String]

    /// Makes a store.
    ///
    /// - Parameter environment: the variables of the process.
    public init(environment: [String: String]) {
        self.environment = environment
    }

    /// The header that proves who sends a request.
    ///
    /// - Returns: nil where none is needed.
    /// - Throws: ``CredentialError`` if the secret is not to be had.
    public func header(for authentication: Authentication) throws(CredentialError) -> (name: String, value: String)? {
        switch authentication {
        case .none: nil
        case .bearer(let reference): ("Authorization", "Bearer " + (try secret(reference)))
        case .header(let name, let reference): (name, try secret(reference))
        }
    }

    private func secret(_ reference: SecretReference) throws(CredentialError) -> String {
        let (value, place) = try read(reference)
        guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .unusable(place) }
        return value
    }

    private func read(_ reference: SecretReference) throws(CredentialError) -> (String, String) {
        switch reference {
        case .environment(let name):
            guard let value = environment[name], !value.isEmpty else { throw .missingVariable(name) }
            return (value, name)
        case .file(let path):
            guard let file = unsafe fopen(path, "r") else { throw .unreadableFile(path) }
            defer { unsafe fclose(file) }
            var facts = stat()
            guard unsafe fstat(fileno(file), &facts) == 0, facts.st_mode & 0o077 == 0 else { throw .openFile(path) }
            var bytes = [UInt8](repeating: 0, count: 16384)
            let count = unsafe fread(&bytes, 1, bytes.count, file)
            let line = bytes.prefix(count).prefix { $0 != 0x0A && $0 != 0x0D }
            guard !line.isEmpty else { throw .unreadableFile(path) }
            return (String(decoding: line, as: UTF8.self), path)
        }
    }
}
