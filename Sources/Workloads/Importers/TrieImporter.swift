import Encodings
import Quantities

/// Imports workloads of trie (Applied-Compute/trie), which evalscope and DynoSim read too: one JSON object a line and session
/// with `input_prompt_length`, the lists `assistant_response_length`, `tool_call_output_length` and `tool_call_latency` (in
/// seconds) of its `num_turns` tool turns, and `final_assistant_response_length`.
public struct TrieImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "trie", summary: "trie's agent sessions: prompt, tool outputs and latencies by turn", unit: .line,
        guesses: [
            "Texts are made up: the source holds sizes.",
            "Of a first prompt of 2,000 tokens or more, a fourth but at most 8,000 tokens are tool definitions, which sessions "
                + "do not share; the rest is one user message.",
            "Each turn calls one tool, whose name is not recorded, and waits for it only: times of humans and of the model are "
                + "not recorded.",
        ])

    private var count = 0

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let record = try source.object(source.json(bytes))
        let first = try source.tokens(record["input_prompt_length"], "input_prompt_length")
        let outputs = try source.tokenList(record["assistant_response_length"], "assistant_response_length")
        let results = try source.tokenList(record["tool_call_output_length"], "tool_call_output_length")
        guard let latencies = record["tool_call_latency"]?.arrayValue else {
            throw source.problem("tool_call_latency must be a list")
        }
        let turnCount = record["num_turns"].flatMap { $0 == .null ? nil : $0.integerValue } ?? outputs.count
        guard [outputs.count, results.count, latencies.count].allSatisfy({ $0 == turnCount }) else {
            throw source.problem(
                "the session has \(Counted.text(turnCount, "turn")), but \(Counted.text(outputs.count, "response")), "
                    + "\(Counted.text(results.count, "tool output")) and \(latencies.count) "
                    + (latencies.count == 1 ? "latency" : "latencies"))
        }
        let last = try source.tokens(record["final_assistant_response_length"], "final_assistant_response_length")
        count += 1
        var work = TraceSession(source.name(record["session_id"]) ?? "trie-\(count)", profile: "trie")
        let tools = first >= 2000 ? TokenCount(min(first.value / 4, 8000)) : .zero
        work.setPrefix(tools: tools, system: .zero, share: .session)
        var request = TraceRequest(input: first, output: outputs.first ?? last)
        work.appendFresh(request, after: nil)
        for (turn, result) in results.enumerated() {
            let input = request.input + request.output + result
            guard input.value <= TraceSource.maximumTokens else {
                throw source.problem("the prompt of the session grows beyond 100,000,000 tokens")
            }
            request = TraceRequest(input: input, output: turn + 1 < outputs.count ? outputs[turn + 1] : last)
            request.waitKind = .tool
            request.wait = TraceTime.duration(try source.seconds(latencies[turn], "each of tool_call_latency"))
            work.appendContinuing(request, after: turn) { [Call.AddedItem(role: "tool", tokens: $0)] }
        }
        emit(.session(work.session))
    }
}
