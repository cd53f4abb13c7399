import Encodings
import Quantities

/// Imports TraceLab (uw-syfi/TraceLab): one JSON object a line and round of a coding agent with `session_id, round_index,
/// input_tokens_total, prefix_tokens, output_tokens, reasoning_output_tokens`, the times of its `timing_events`, and its `tools`.
public struct TraceLabImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "tracelab", summary: "TraceLab's rounds of Claude Code and Codex sessions", unit: .line,
        guesses: [
            "Texts are made up: the source holds sizes; the tools that are offered are made up too, so that the recorded names "
                + "of tool calls are not among them.",
            "What a session's first round read from a cache, at most 30,000 tokens, is its prefix, three quarters of it tools; "
                + "sessions with prefixes of one size share it.",
            "A round goes on from the one before it unless its prompt is smaller; then it keeps what it read from a cache.",
            "What a prompt grows by is the answer before it without its reasoning, and then the tools' results, parted by their "
                + "characters, or one user message.",
            "A wait is the time from the last event of an answer to the last input of the next round; it is a human's if that "
                + "round begins with a user's message, and a tool's if it begins with a result, and is at most eleven days.",
            "Who started a sub-agent is not recorded: it is a session of its own.",
            "Of rounds with one round_id the first counts. Starts count from the earliest; all rounds are held in memory until "
                + "the end.",
        ])

    /// The most tokens that a guessed prefix has.
    private static let longestPrefix = TokenCount(30_000)

    private struct Round {
        var request: TraceRequest
        var prefix: TokenCount
        var tools: [Tool] = []
        var identifier: String?
    }

    private struct Tool {
        let name: String
        let resultCharacters: Int
        let isError: Bool
    }

    private var held = HeldRecords<Round>()

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let record = try source.object(source.json(bytes))
        guard let session = source.name(record["session_id"]) else {
            throw source.problem("a round needs a session_id")
        }
        guard let index = record["round_index"]?.integerValue else {
            throw source.problem("round_index must be a whole number")
        }
        let output = try source.tokens(record["output_tokens"], "output_tokens")
        var request = TraceRequest(
            input: try source.tokens(record["input_tokens_total"], "input_tokens_total"), output: output)
        let reasoning = try source.optionalTokens(record["reasoning_output_tokens"], "reasoning_output_tokens")
        request.reasoning = min(reasoning ?? .zero, output)
        request.cached = try source.optionalTokens(record["prefix_tokens"], "prefix_tokens")
        request.model = record["model"]?.stringValue
        var round = Round(request: request, prefix: min(request.cached ?? .zero, request.input))
        round.identifier = record["round_id"]?.stringValue
        for tool in record["tools"]?.arrayValue ?? [] { try take(tool, &round, source) }
        let seconds = try takeEvents(record, &round.request, source)
        held.add(round, session: session, seconds: seconds, order: Double(index), source)
    }

    private func take(_ tool: JSONValue, _ round: inout Round, _ source: TraceSource) throws(SessionFileError) {
        guard let name = tool["tool_name"]?.stringValue, !name.isEmpty else {
            throw source.problem("a tool needs a tool_name")
        }
        let input = try source.optionalTokens(tool["input_chars"], "input_chars") ?? .zero
        let result = try source.optionalTokens(tool["result_chars"], "result_chars") ?? .zero
        round.request.toolCalls.append(
            Call.RecordedToolCall(name: name, tokens: MessageSession.tokens(bytes: input.value)))
        round.tools.append(
            Tool(name: name, resultCharacters: result.value, isError: tool["is_error"]?.boolValue ?? false))
    }

    /// Reads when a round was asked and answered.
    ///
    /// - Returns: the time of its last input in seconds from 1970, if any is recorded.
    private func takeEvents(
        _ record: JSONValue, _ request: inout TraceRequest, _ source: TraceSource
    ) throws(SessionFileError) -> Double? {
        let events = record["timing_events"]?.arrayValue ?? []
        let first = record["first_input_event_type"]?.stringValue ?? events.first?["event_type"]?.stringValue
        request.waitKind = first == "tool_result" ? .tool : .human
        var (asked, answered): (Double?, Double?)
        for event in events {
            guard let seconds = TraceTime.seconds(event["timestamp"]) else {
                throw source.problem("the timestamp of each event must be a date")
            }
            if ["user_message", "tool_result"].contains(event["event_type"]?.stringValue) {
                asked = max(asked ?? seconds, seconds)
            } else {
                answered = max(answered ?? seconds, seconds)
            }
        }
        if let asked, let answered, answered >= asked { request.duration = TraceTime.between(asked, answered) }
        return asked ?? answered
    }

    /// Hands out all sessions.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        let (earliest, sessions) = held.sessions()
        for (name, rounds) in sessions {
            var work = TraceSession(name, profile: "coding-agent")
            var seen: Set<String> = []
            var tools: [Tool] = []
            for held in rounds {
                var round = held.record
                if let identifier = round.identifier, !seen.insert(identifier).inserted { continue }
                if let seconds = held.seconds {
                    round.request.start = try TraceClock.time(seconds, from: earliest, held.source)
                }
                if Self.append(round, after: tools, to: &work) { tools = round.tools }
            }
            emit(.session(work.session))
        }
    }

    /// Appends a round after one that called these tools.
    ///
    /// - Returns: false if it is not of the main agent's context.
    private static func append(_ round: Round, after tools: [Tool], to work: inout TraceSession) -> Bool {
        guard let previous = work.lastCall(of: Call.mainAgent) else {
            let prefix = min(round.prefix, longestPrefix)
            let size = TokenCount(prefix.value * 3 / 4)
            work.setPrefix(tools: size, system: prefix - size, share: .corpus)
            work.appendFresh(round.request, after: nil)
            return true
        }
        let prefix = work.session.prefixTokens(of: Call.mainAgent)
        guard round.request.input >= prefix else {
            work.appendFresh(round.request, agent: "helper_\(work.requests.count)", after: previous)
            return false
        }
        if round.request.input >= work.requests[previous].input {
            let isTool = round.request.waitKind == .tool
            work.appendContinuing(
                round.request, after: previous, items: isTool ? { results($0, of: tools) } : nil)
        } else if round.prefix > prefix {
            work.appendKeeping(round.prefix, round.request, after: previous)
        } else {
            work.appendFresh(round.request, after: previous)
        }
        return true
    }

    /// The results of tools, parted by their characters.
    private static func results(_ tokens: TokenCount, of tools: [Tool]) -> [Call.AddedItem] {
        guard !tools.isEmpty else { return [Call.AddedItem(role: "tool", tokens: tokens)] }
        let all = tools.reduce(0) { $0 + $1.resultCharacters + 1 }
        var (passed, given) = (0, 0)
        return tools.map { tool in
            passed += tool.resultCharacters + 1
            let upTo = Int(Double(tokens.value) * (Double(passed) / Double(all)))
            defer { given = upTo }
            return Call.AddedItem(
                role: "tool", tokens: TokenCount(upTo - given), name: tool.name, isError: tool.isError)
        }
    }
}
