import Glibc
import Synchronization

/// Keeps a run file to one writer: two of them would send, and pay for, everything twice.
///
/// The lock is that of flock(2) on the file itself; SQLite uses locks of another kind, so readers are not kept out. It ends
/// with the process, however that ends. It must be taken before SQLite opens the file and released after SQLite has closed
/// it: a process that closes any descriptor of a file loses SQLite's locks on it.
final class RunFileLock: Sendable {
    private let descriptor: Mutex<Int32>

    init(_ path: String) throws(RecordsError) {
        let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        let code = errno
        descriptor = Mutex(file)
        guard file >= 0 else {
            throw RecordsError(description: "\(path): cannot be opened: \(unsafe String(cString: strerror(code)))")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(of: file).map { "process \($0)" } ?? "another submeter"
            throw RecordsError(
                description: "\(path): this run is being written by \(holder); wait for it, or end it", isInUse: true)
        }
    }

    /// Lets others write the file.
    func release() {
        descriptor.withLock { file in
            if file >= 0 { close(file) }
            file = -1
        }
    }

    deinit {
        release()
    }

    /// The process that holds the lock of a file; nil if the system does not tell, as for some layered file systems.
    private static func holder(of file: Int32) -> Int? {
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { return nil }
        let list = unsafe open("/proc/locks", O_RDONLY | O_CLOEXEC)
        guard list >= 0 else { return nil }
        defer { close(list) }
        var text: [UInt8] = []
        var buffer = Array(repeating: UInt8(0), count: 1 << 14)
        while text.count < 1 << 22 {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(list, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            text += buffer[..<count]
        }
        return holder(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), locks: String(decoding: text, as: UTF8.self))
    }

    /// Finds in the text of proc_locks(5) who holds a file's lock of flock(2).
    ///
    /// A line reads `1: FLOCK  ADVISORY  WRITE 4711 fe:01:131072 0 EOF`: process, then device in hexadecimal and inode.
    static func holder(device: UInt64, inode: UInt64, locks: String) -> Int? {
        // makedev(3): twelve bits of the major number from bit 8, twenty of the minor in two pieces.
        let major = (device >> 8) & 0xFFF | (device >> 32) & 0xFFFF_F000
        let minor = device & 0xFF | (device >> 12) & 0xFFFF_FF00
        for line in locks.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 8, words[1] == "FLOCK", words[3] == "WRITE" else { continue }
            let place = words[5].split(separator: ":")
            guard place.count == 3, UInt64(place[0], radix: 16) == major, UInt64(place[1], radix: 16) == minor,
                UInt64(place[2]) == inode
            else { continue }
            return Int(words[4]).flatMap { $0 > 0 ? $0 : nil }
        }
        return nil
    }
}
