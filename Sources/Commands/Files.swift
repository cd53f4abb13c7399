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

    /// The bytes of a file, or nil if it cannot be read.
    static func contents(_ path: String) -> [UInt8]? {
        do throws(CommandError) { return try read(path) } catch { return nil }
    }

    /// Writes a file; what was there before is replaced.
    static func write(_ bytes: [UInt8], to path: String) throws(CommandError) {
        try makeFolder(of: path)
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .failed("\(path): \(reason())") }
        let isWhole = writeAll(bytes, to: descriptor)
        let text = reason()
        guard close(descriptor) == 0, isWhole else { throw .failed("\(path): \(text)") }
    }

    /// Makes the folder of a file, and those above it.
    static func makeFolder(of path: String) throws(CommandError) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        var folder = ""
        for (index, part) in parts.enumerated() {
            folder += index == 0 ? String(part) : "/" + part
            guard !folder.isEmpty else { continue }
            if unsafe mkdir(folder, 0o755) != 0, errno != EEXIST { throw .failed("\(folder): \(reason())") }
        }
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

    private static func reason() -> String { unsafe String(cString: strerror(errno)) }
}
