import Glibc
import Synchronization

/// Keeps a run file to one writer: two of them would send, and pay for, everything twice.
///
/// The lock is that of flock(2) on the file itself; SQLite uses locks of another kind, so readers are not kept out. It ends
/// with the process, however that ends.
final class RunFileLock: Sendable {
    private let descriptor: Mutex<Int32>

    init(_ path: String) throws(RecordsError) {
        let file = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        descriptor = Mutex(file)
        guard file >= 0 else {
            throw RecordsError(description: "\(path): cannot be opened: \(unsafe String(cString: strerror(errno)))")
        }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            throw RecordsError(description: "\(path): another submeter is writing this run; wait for it, or end it")
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
}
