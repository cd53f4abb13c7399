import Glibc

/// A file that a command writes: it has its name only when it is whole.
///
/// The bytes go to a file beside the target, which takes the target's name in ``finish()`` and is removed if that is never
/// reached. What was there before stays until then. A target that is no ordinary file, such as a pipe, is written to as it
/// is. A link stays a link: what it points to is replaced.
struct OutputFile: ~Copyable {
    private let name: String
    private let target: String
    /// The file beside the target; nil if the target itself is written to.
    private let partial: String?
    private var descriptor: Int32
    private var failure: Int32 = 0

    /// Begins a file.
    ///
    /// - Parameters:
    ///   - name: as the user wrote it.
    ///   - inputs: what the command reads; it must not be written over.
    /// - Throws: ``CommandError`` if the file cannot be written.
    init(_ name: String, apartFrom inputs: [String] = []) throws(CommandError) {
        try Self.check(name, apartFrom: inputs)
        try Files.makeStandardFolder(of: name)
        let target = Files.canonicalPath(name) ?? name
        let status = Files.status(target)
        let isOrdinary = status.map { $0.st_mode & S_IFMT == S_IFREG } ?? true
        let partial = isOrdinary ? Self.partialPath(target) : nil
        let flags = isOrdinary ? O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC : O_WRONLY | O_CLOEXEC
        let descriptor = unsafe open(partial ?? target, flags, 0o644)
        guard descriptor >= 0 else { throw .failed("\(name): \(Files.reason())") }
        if isOrdinary, let status { _ = fchmod(descriptor, status.st_mode & 0o7777) }
        self.name = name
        self.target = target
        self.partial = partial
        self.descriptor = descriptor
    }

    deinit {
        guard descriptor >= 0 else { return }
        _ = close(descriptor)
        if let partial { unsafe _ = unlink(partial) }
    }

    /// Whether a file can be written here, found out before anything else is done.
    ///
    /// - Throws: ``CommandError`` if the folder does not exist, or the name is that of a folder, of a file that may not be
    ///   written, or of an input.
    static func check(_ name: String, apartFrom inputs: [String] = []) throws(CommandError) {
        try Files.checkFolder(of: name)
        guard let status = Files.status(name) else { return }
        if status.st_mode & S_IFMT == S_IFDIR { throw .usage("\(name): is a directory; name a file") }
        guard unsafe access(name, W_OK) == 0 else { throw .usage("\(name): \(Files.reason())") }
        guard status.st_mode & S_IFMT == S_IFREG else { return }
        for input in inputs {
            guard let other = Files.status(input), other.st_dev == status.st_dev, other.st_ino == status.st_ino else {
                continue
            }
            throw .usage(
                "\(name): is a file that is read" + (input == name ? "" : " (\(input))")
                    + "; write to another, or it would be lost")
        }
    }

    /// Writes bytes after those before; a failure is told by ``finish()``.
    mutating func write(_ bytes: [UInt8]) {
        guard failure == 0, !Files.writeAll(bytes, to: descriptor) else { return }
        failure = errno
    }

    /// Gives the file its name.
    ///
    /// - Throws: ``CommandError`` if not all of it could be written.
    mutating func finish() throws(CommandError) {
        // Only what lies on the disk may take the place of what lay there.
        if failure == 0, partial != nil, fsync(descriptor) != 0 { failure = errno }
        if close(descriptor) != 0, failure == 0 { failure = errno }
        descriptor = -1
        guard let partial else { return try throwFailure() }
        if failure == 0, unsafe rename(partial, target) != 0 { failure = errno }
        if failure != 0 { unsafe _ = unlink(partial) }
        try throwFailure()
    }

    private func throwFailure() throws(CommandError) {
        guard failure != 0 else { return }
        throw .failed("\(name): cannot be written: \(unsafe String(cString: strerror(failure)))")
    }

    /// A name that no other process takes, in the same folder, since only there a file can be renamed at one stroke.
    ///
    /// It is not hidden: what a killed process leaves behind must be seen.
    private static func partialPath(_ target: String) -> String {
        var generator = SystemRandomNumberGenerator()
        return "\(target).\(String(generator.next(), radix: 36)).partial"
    }
}
