import Glibc
import Reporting
import Workloads

/// Where imported sessions go: a file or the standard output, as soon as they are whole.
final class SessionSink {
    private let path: String?
    private let descriptor: Int32
    private let console: Console
    private var pending: [UInt8] = []
    private var sessionCount = 0
    private var callCount = 0
    private var hasFailed = false

    init(_ path: String?, _ console: Console) throws(CommandError) {
        self.path = path
        self.console = console
        if let path {
            try Files.makeFolder(of: path)
            descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw .failed("\(path): \(unsafe String(cString: strerror(errno)))") }
        } else {
            descriptor = -1
        }
    }

    func take(_ piece: ImportedPiece) {
        switch piece {
        case .asset(let asset): write(SessionFile.line(of: asset))
        case .session(let session):
            sessionCount += 1
            callCount += session.calls.count
            write(SessionFile.line(of: session))
        }
    }

    func write(_ bytes: [UInt8]) {
        pending += bytes
        if pending.count >= 1 << 18 { flush() }
    }

    func progress(_ text: String) {
        if console.drawsProgress { console.draw("\(text), \(Figures.count(sessionCount)) sessions") }
    }

    private func flush() {
        defer { pending = [] }
        if descriptor >= 0 {
            hasFailed = !Files.writeAll(pending, to: descriptor) || hasFailed
        } else {
            console.output(pending)
        }
    }

    func close() throws(CommandError) {
        flush()
        console.draw("")
        if descriptor >= 0 { hasFailed = Glibc.close(descriptor) != 0 || hasFailed }
        if hasFailed { throw .failed("\(path ?? "-"): cannot be written; the disk may be full") }
        guard sessionCount > 0 else { throw .usage("there are no sessions in what was read") }
        console.message("\(path ?? "-"): \(Figures.count(sessionCount)) sessions, \(Figures.count(callCount)) calls")
    }
}
