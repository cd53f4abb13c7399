import CZlib
import Glibc

/// A trace as it is read, decompressed where it must be.
@safe
final class TraceFile {
    private let file: gzFile
    private let path: String
    private var buffer = Array(repeating: UInt8(0), count: 1 << 18)

    init(_ path: String) throws(CommandError) {
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
        guard count >= 0 else { throw .usage("\(path): cannot be read; it may be no file, or damaged") }
        return count == 0 ? nil : buffer[..<Int(count)]
    }
}
