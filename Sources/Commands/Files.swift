import Glibc

/// Files as the commands need them.
enum Files {
    /// The largest file that is read whole.
    static let maximumBytes = 1 << 30

    /// The bytes of a file, or of the standard input for `-`.
    ///
    /// - Throws: what the system says, in words.
    static func read(_ path: String) throws(CommandError) -> [UInt8] {
        let descriptor = unsafe path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .usage("\(path): \(reason())") }
        defer { if descriptor != 0 { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = Array(repeating: UInt8(0), count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw .usage("\(path): \(reason())")
            }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
            if bytes.count > maximumBytes { throw .usage("\(path): is larger than \(maximumBytes >> 20) MiB") }
        }
    }

    /// Writes a file; what was there before is replaced once all is written.
    ///
    /// - Parameters:
    ///   - bytes: all of it.
    ///   - path: its name.
    ///   - inputs: what the command reads; it must not be written over.
    /// - Throws: ``CommandError`` if it cannot be written.
    static func write(_ bytes: [UInt8], to path: String, apartFrom inputs: [String] = []) throws(CommandError) {
        var file = try OutputFile(path, apartFrom: inputs)
        file.write(bytes)
        try file.finish()
    }

    /// The folder that is made where it is missing.
    static let standardFolder = "results"

    /// Makes the standard folder if a file is to lie in it.
    static func makeStandardFolder(of path: String) throws(CommandError) {
        guard folder(of: path) == standardFolder else { return }
        if unsafe mkdir(standardFolder, 0o755) != 0, errno != EEXIST { throw .failed("\(standardFolder): \(reason())") }
    }

    /// Whether the folder of a file to be written exists, or will be made.
    ///
    /// - Throws: ``CommandError`` if it does not: a name that was mistyped must not make folders.
    static func checkFolder(of path: String) throws(CommandError) {
        guard let folder = folder(of: path), folder != standardFolder else { return }
        guard let status = status(folder) else {
            throw .usage(
                errno == ENOENT ? "\(path): the folder \(folder) does not exist" : "\(path): \(reason())")
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .usage("\(path): \(folder) is no folder") }
    }

    /// The folder of a file; nil for the working folder.
    private static func folder(of path: String) -> String? {
        guard let cut = path.lastIndex(of: "/") else { return nil }
        return cut == path.startIndex ? "/" : String(path[..<cut])
    }

    /// What the system knows of a file, or of what a link points to; nil if there is none, with the reason in `errno`.
    static func status(_ path: String) -> stat? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status : nil
    }

    /// True for a directory.
    static func isDirectory(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

    /// The path without links; nil if nothing is there.
    static func canonicalPath(_ path: String) -> String? {
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// Removes a run file into which nothing was measured.
    static func removeRun(_ path: String) {
        for end in ["", "-wal", "-shm"] { unsafe _ = unlink(path + end) }
    }

    /// True if something of this name exists.
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Writes all bytes to a descriptor; false if it does not take them.
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe Glibc.write(descriptor, raw.baseAddress?.advanced(by: written), raw.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            written += count
        }
        return true
    }

    /// The folder that this program lies in, for finding what is shipped beside it.
    static func programFolder() -> String? {
        var buffer = Array(repeating: UInt8(0), count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { raw in
            guard let start = raw.baseAddress else { return 0 }
            return unsafe readlink("/proc/self/exe", start.assumingMemoryBound(to: CChar.self), raw.count)
        }
        guard count > 0 else { return nil }
        let path = String(decoding: buffer[..<count], as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) }
    }

    /// What the last call of the system complained of.
    static func reason() -> String { unsafe String(cString: strerror(errno)) }
}
