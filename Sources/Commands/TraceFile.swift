import CZlib
import Glibc

/// A trace or a library as it is read, decompressed where it must be.
@safe
final class TraceFile {
    private let file: gzFile
    private let path: String
    private var buffer = Array(repeating: UInt8(0), count: 1 << 18)

    init(_ path: String) throws(CommandError) {
        if Files.isDirectory(path) { throw .usage("\(path): is a directory") }
        guard let file = unsafe path == "-" ? gzdopen(dup(0), "rb") : gzopen(path, "rb") else {
            throw .usage("\(path): \(unsafe String(cString: strerror(errno)))")
        }
        unsafe self.file = file
        self.path = path
    }

    deinit { unsafe _ = gzclose(file) }

    /// The next bytes; nil at the end.
    func next() throws(CommandError) -> ArraySlice<UInt8>? {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe gzread(file, $0.baseAddress, UInt32($0.count)) }
        var code: Int32 = 0
        if count == 0, unsafe gzerror(file, &code) != nil, code == Z_BUF_ERROR {
            throw .usage("\(path): the compressed file is cut off")
        }
        guard count >= 0 else { throw .usage("\(path): cannot be read; it may be damaged") }
        return count == 0 ? nil : buffer[..<Int(count)]
    }

    /// The bytes of a whole file, or of the standard input for `-`, decompressed where it must be.
    ///
    /// - Throws: what the system says, in words.
    static func contents(_ path: String) throws(CommandError) -> [UInt8] {
        let file = try TraceFile(path)
        var bytes: [UInt8] = []
        while let chunk = try file.next() {
            bytes += chunk
            if bytes.count > Files.maximumBytes {
                throw .usage("\(path): is larger than \(Files.maximumBytes >> 20) MiB")
            }
        }
        return bytes
    }
}
