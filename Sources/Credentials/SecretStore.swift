import Glibc
public import Profiles

/// Finds secrets where profiles say they are kept.
public struct SecretStore: Sendable, CustomStringConvertible, CustomReflectable {
    private let environment: [String: String]

    /// How large a file with secrets may be, in bytes.
    static let maximumFileBytes = 1 << 18

    /// Makes a store.
    ///
    /// - Parameter environment: the variables of the process.
    public init(environment: [String: String]) {
        self.environment = environment
    }

    /// Says how many variables there are; many of them are secrets.
    public var description: String { "\(environment.count) environment variables" }

    /// Shows none of the variables.
    public var customMirror: Mirror { Mirror(self, children: ["environment": description]) }

    /// A variable that is set and not empty.
    func variable(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// A variable that must be there.
    func requiredVariable(_ name: String) throws(CredentialError) -> String {
        guard let value = variable(name) else { throw .missingVariable(name) }
        return value
    }

    /// A value that stands in a document or in a variable that the document names.
    ///
    /// - Throws: ``CredentialError`` if the variable is not set.
    public func setting(_ reference: SettingReference) throws(CredentialError) -> String {
        switch reference {
        case .literal(let value): value
        case .environment(let name): try requiredVariable(name)
        }
    }

    /// A secret of one line that fits into a header.
    ///
    /// - Throws: ``CredentialError`` if it is not to be had.
    public func secret(_ reference: SecretReference) throws(CredentialError) -> String {
        let value =
            switch reference {
            case .environment(let name): try requiredVariable(name)
            case .file(let path): try firstLine(expanded(path))
            }
        guard ByteText.fitsHeader(value) else { throw .unusable(reference.name) }
        return value
    }

    /// A variable of a value that fits into a header.
    func headerVariable(_ name: String) throws(CredentialError) -> String? {
        guard let value = variable(name) else { return nil }
        guard ByteText.fitsHeader(value) else { throw .unusable("the environment variable \(name)") }
        return value
    }

    /// A path with the home folder in place of a leading `~`, as shells do it.
    func expanded(_ path: String) -> String {
        guard path.hasPrefix("~/"), let home = variable("HOME") else { return path }
        return home + path.dropFirst()
    }

    /// The whole of a file that only its owner may read.
    func privateFile(_ path: String) throws(CredentialError) -> [UInt8] {
        guard let file = unsafe fopen(path, "r") else { throw .unreadableFile(path) }
        defer { unsafe fclose(file) }
        var facts = stat()
        guard unsafe fstat(fileno(file), &facts) == 0, facts.st_mode & 0o077 == 0 else { throw .openFile(path) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumFileBytes + 1)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        guard count > 0 else { throw .unreadableFile(path) }
        guard count <= Self.maximumFileBytes else {
            throw .unusable("the file \(path), which is larger than \(Self.maximumFileBytes >> 10) KiB,")
        }
        return Array(bytes.prefix(count))
    }

    private func firstLine(_ path: String) throws(CredentialError) -> String {
        let line = try privateFile(path).prefix { $0 != 0x0A && $0 != 0x0D }
        guard !line.isEmpty else { throw .unreadableFile(path) }
        return String(decoding: line, as: UTF8.self)
    }
}
