import Encodings
import Quantities

/// Imports BurstGPT (HPMLL/BurstGPT): rows of `Timestamp, Session ID, Elapsed time, Model, Request tokens, Response tokens,
/// Total tokens, Log Type`, times in seconds; the files of the first release have neither sessions nor elapsed times.
public struct BurstGPTImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "burstgpt", summary: "BurstGPT: months of ChatGPT and GPT-4 use at a university (CSV)", unit: .line,
        guesses: [
            "Texts are made up: the source holds sizes.",
            "A row without response tokens is a request that failed, and is left out; how many there were is not kept.",
            "A row without a session ID is a session of its own; a session ends when a day passes without a row of it, and "
                + "until then it is held in memory.",
            "Each prompt is one new message, since what the prompts of a session share is not recorded.",
            "The wait before a call is a human's, from the end of the call before it (its elapsed time); where no elapsed "
                + "time is recorded it is too long by the time that the answer took.",
            "Sessions are handed out when they end, so that long ones stand late in the file; plans take them by their starts.",
            TraceClock.guess,
        ])

    private var table = TraceTable(needed: ["timestamp", "request tokens", "response tokens"])
    private var clock = TraceClock()
    private var open = OpenSessions<String, TraceSession>(idleLimit: .seconds(86_400))
    private var count = 0

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        guard let row = try table.row(bytes, source) else { return }
        let seconds = try source.seconds(row["timestamp"].map { .string($0) }, "Timestamp")
        let start = try clock.time(seconds, source)
        var request = TraceRequest(
            start: start, input: try source.tokens(row["request tokens"], "Request tokens"),
            output: try source.tokens(row["response tokens"], "Response tokens"))
        if let text = row["elapsed time"] {
            request.duration = TraceTime.duration(try source.seconds(.string(text), "Elapsed time"))
        }
        request.model = row["model"]
        open.closeIdle(at: start) { _, done in emit(.session(done.session)) }
        guard request.output > .zero else { return }
        let key = row["session id"]
        if let key, var work = open.remove(key) {
            work.appendFresh(request, after: work.requests.count - 1)
            open.use(key, at: start, work)
            return
        }
        count += 1
        var work = TraceSession("burstgpt-\(count)", profile: row["log type"] ?? "burstgpt")
        work.appendFresh(request, after: nil)
        if let key { open.use(key, at: start, work) } else { emit(.session(work.session)) }
    }

    /// Hands out the sessions that were waiting for more.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        try table.finish()
        open.closeAll { _, done in emit(.session(done.session)) }
    }
}
