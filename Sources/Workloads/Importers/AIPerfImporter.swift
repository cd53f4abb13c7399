import Encodings
import Quantities

/// Imports what AIPerf (ai-dynamo/aiperf) made of Mooncake's format: one JSON object a line and turn with `input_length`,
/// `output_length` and, where known, `session_id`, `delay` and `timestamp` in milliseconds, and `hash_ids`.
public struct AIPerfImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "aiperf", summary: "AIPerf's sessions of turns with lengths and delays", unit: .line, blockTokens: 512,
        guesses: [
            "Texts are made up; turns that hold texts (text_input, messages or payload) are refused, and extra is ignored.",
            "The input_length of a session's later turn is what the turn adds to all that stands before it, the whole answer "
                + "included, unless context_mode says that each turn holds its whole prompt.",
            "Blocks have 512 tokens; those of a turn that only adds are not used, since they do not begin where a block does.",
            "A line without a session_id is a session of its own.",
            "The wait before a turn is its delay, else the time between the turns' timestamps, which is too long by the time "
                + "that the answer took; it is taken for a human's.",
            "Starts count from the earliest timestamp; all lines are held in memory until the end.",
        ])

    private struct Turn {
        let request: TraceRequest
        let isWhole: Bool
    }

    private var held = HeldRecords<Turn>()

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let record = try source.object(source.json(bytes))
        for text in ["text_input", "messages", "payload"] where (record[text] ?? .null) != .null {
            throw source.problem("the turn holds a text (\(text)); only turns with an input_length can be imported")
        }
        var request = TraceRequest(
            input: try source.tokens(record["input_length"], "input_length"),
            output: try source.tokens(record["output_length"], "output_length"))
        let size = Self.format.blockTokens
        let most = (request.input.value + size - 1) / size
        request.blocks = try BlockIdentifiers(record["hash_ids"], most: most, source).ranges
        if let delay = record["delay"], delay != .null {
            request.wait = TraceTime.duration(try source.seconds(delay, "delay", scale: 0.001))
        }
        var seconds: Double?
        if let time = record["timestamp"], time != .null {
            seconds = try source.seconds(time, "timestamp", scale: 0.001)
        }
        let turn = Turn(request: request, isWhole: try isWhole(record["context_mode"], source))
        let session = source.name(record["session_id"]) ?? "line-\(source.fileKey)-\(source.line)"
        held.add(turn, session: session, seconds: seconds, source)
    }

    private func isWhole(_ mode: JSONValue?, _ source: TraceSource) throws(SessionFileError) -> Bool {
        switch mode?.stringValue {
        case nil, "deltas_without_responses": return false
        case "message_array_with_responses": return true
        case let other?:
            throw source.problem(
                "context_mode is \(other); known: deltas_without_responses, message_array_with_responses")
        }
    }

    /// Hands out all sessions.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        let (earliest, sessions) = held.sessions()
        for (name, turns) in sessions {
            var work = TraceSession(name, profile: "aiperf")
            for turn in turns {
                var request = turn.record.request
                if let seconds = turn.seconds {
                    request.start = try TraceClock.time(seconds, from: earliest, turn.source)
                }
                guard let last = work.requests.last, !turn.record.isWhole else {
                    work.appendFresh(request, after: work.requests.isEmpty ? nil : work.requests.count - 1)
                    continue
                }
                request.input += last.input + last.output
                guard request.input.value <= TraceSource.maximumTokens else {
                    throw turn.source.problem("the prompt of the session grows beyond 100,000,000 tokens")
                }
                request.blocks = []
                work.appendContinuing(request, after: work.requests.count - 1)
            }
            emit(.session(work.session))
        }
    }
}
