import Encodings
import Quantities

/// Imports Mooncake's traces (kvcache-ai/Mooncake): one JSON object a line with `timestamp` in milliseconds, `input_length`,
/// `output_length` and `hash_ids`, the blocks of 512 tokens that the prompt is made of; the last one may not be full.
public struct MooncakeImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "mooncake", summary: "Mooncake's traces of requests with block hashes", unit: .line, blockTokens: 512,
        guesses: [
            "Texts are made up: the source holds sizes and block hashes; equal blocks are equal text in all sessions.",
            "A request goes on from an earlier one if its prompt begins with all full blocks of that prompt, at least two and "
                + "some of them new, is at least as large as that prompt and its answer, and no second request does the same; "
                + "every other request is a session of its own.",
            "What a continued prompt has beyond the prompt and the answer before it is one user message.",
            "The wait before a continued call is a human's, and too long by the time that the answer before it took, which is "
                + "not recorded.",
            "A chain ends when an hour passes without a request of it; until then it is held in memory, as are all block "
                + "identifiers until the end.",
            "Arrivals are as recorded, in batches of about three seconds, which a load with recorded arrivals spreads if its "
                + "quantum is 3s.",
            "Sessions are handed out when they end, so that long ones stand late in the file; plans take them by their starts.",
            TraceClock.guess,
        ])

    private var clock = TraceClock()
    private var chains = PromptChains(blockTokens: format.blockTokens, idleLimit: .seconds(3600))
    private var count = 0

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let record = try source.object(source.json(bytes))
        let seconds = try source.seconds(record["timestamp"], "timestamp", scale: 0.001)
        let start = try clock.time(seconds, source)
        var request = TraceRequest(
            start: start, input: try source.tokens(record["input_length"], "input_length"),
            output: try source.tokens(record["output_length"], "output_length"))
        let size = Self.format.blockTokens
        let blocks = try BlockIdentifiers(
            record["hash_ids"], most: (request.input.value + size - 1) / size, source)
        request.blocks = blocks.ranges
        for requests in chains.take(request, at: start, blocks) { emit(session(requests)) }
    }

    /// Hands out the sessions that were waiting for more.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        for requests in chains.finish() { emit(session(requests)) }
    }

    private mutating func session(_ requests: [TraceRequest]) -> ImportedPiece {
        count += 1
        var work = TraceSession("mooncake-\(count)", profile: "mooncake")
        for (index, request) in requests.enumerated() {
            if index == 0 {
                work.appendFresh(request, after: nil)
            } else {
                work.appendContinuing(request, after: index - 1)
            }
        }
        return .session(work.session)
    }
}
