import Reporting
import Workloads

/// Where imported sessions go: the standard output, as soon as they are whole, or a file, which is there when all are.
final class SessionSink {
    private let path: String?
    private let console: Console
    private var file: OutputFile?
    private var pending: [UInt8] = []
    private var sessionCount = 0
    private var callCount = 0

    init(_ path: String?, apartFrom inputs: [String], _ console: Console) throws(CommandError) {
        self.path = path
        self.console = console
        file = if let path { try OutputFile(path, apartFrom: inputs) } else { nil }
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
        if console.drawsProgress { console.draw("\(text), \(Figures.counted(sessionCount, "session"))") }
    }

    private func flush() {
        defer { pending = [] }
        if path == nil { console.output(pending) } else { file?.write(pending) }
    }

    func close() throws(CommandError) {
        flush()
        console.draw("")
        guard sessionCount > 0 else { throw .usage("there are no sessions in what was read") }
        try file?.finish()
        console.message(
            "\(path ?? "-"): \(Figures.counted(sessionCount, "session")), \(Figures.counted(callCount, "call"))")
    }
}
