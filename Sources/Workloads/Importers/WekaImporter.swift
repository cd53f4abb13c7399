import Encodings
import Quantities

/// Imports traces of coding agents in Weka's format (callanjfox/kv-cache-tester; format in agentic-coding-analysis).
///
/// One JSON object a line, or one per file: `id, block_size, tool_tokens, system_tokens, requests`, where a request holds
/// `t, in, out, think_time, api_time, stop, input_types` and its block hashes as `hash_ids` or as ranges
/// `h: [[start, length]]`, and an entry of type `subagent` holds requests of its own.
public struct WekaImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "weka", summary: "Claude Code sessions as the kv-cache-tester project publishes them", unit: .line,
        guesses: [
            "Texts are made up: the source holds sizes and block hashes.",
            "A request that keeps 90 % of the prompt before it goes on from it; one that keeps less is a compaction.",
            "What a prompt grows by is the answer before it and then one tool result or user message, since parallel "
                + "tools are not recorded.",
            "A request that shares nothing and is smaller than the prefix is a helper's, with a context of its own.",
            "The time of a sub-agent's entry is when it ended: it began duration_ms before, or at that time if it has no "
                + "duration, after the last call of the main agent that was sent by then.",
            "The first call of the main agent that was sent after a sub-agent's last answer waits for it, and then for the "
                + "time that passed between them; for a sub-agent that was launched in the background (async_launched) no "
                + "call waits.",
            RecordedRole.guess,
        ])

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let value = try source.json(bytes)
        guard let identifier = value["id"]?.stringValue, let requests = value["requests"]?.arrayValue else {
            throw source.problem("a Weka trace needs an id and a list of requests")
        }
        var builder = WekaSession(identifier: identifier, value)
        for (position, request) in requests.enumerated() { builder.take(request, position) }
        builder.launchAgents()
        if !builder.session.calls.isEmpty { emit(.session(builder.session)) }
    }
}

/// One trace on its way to a session.
private struct WekaSession {
    var session: Session
    private let blockTokens: Int
    private var last: [String: Request] = [:]
    private var mainCalls: [Request] = []
    /// When the first call was sent.
    private var origin: Double?
    /// The model of the main agent's first call.
    private var mainModel: String?
    /// The sub-agents that stand between two requests of the main agent, with their positions.
    private var entries: [(value: JSONValue, position: Int)] = []
    /// The last calls of the sub-agents that a call of the main agent still waits for.
    private var openAgents: [Request] = []

    private struct Request {
        let identifier: CallIdentifier
        let input: Int
        let output: Int
        /// When it was sent, in seconds from the trace's beginning; nil if the source does not say.
        let start: Double?
        /// When its answer ended; its beginning if the source does not say.
        let end: Double?
        let blocks: [Range<Int>]

        init(_ value: JSONValue, identifier: String, start: Double?) {
            self.identifier = CallIdentifier(identifier)
            input = max(0, value["in"]?.integerValue ?? 0)
            output = max(0, value["out"]?.integerValue ?? 0)
            self.start = start
            end = start.map { $0 + max(0, value["api_time"]?.doubleValue ?? 0) }
            blocks = WekaSession.blocks(value)
        }
    }

    init(identifier: String, _ value: JSONValue) {
        blockTokens = max(1, value["block_size"]?.integerValue ?? 64)
        session = Session(
            identifier: SessionIdentifier(identifier), profile: "coding-agent",
            toolsTokens: TokenCount(max(0, value["tool_tokens"]?.integerValue ?? 0)),
            systemTokens: TokenCount(max(0, value["system_tokens"]?.integerValue ?? 0)), calls: [])
    }

    mutating func take(_ request: JSONValue, _ position: Int) {
        if request["type"]?.stringValue == "subagent" {
            entries.append((request, position))
        } else {
            launchAgents()
            append(request, agent: Call.mainAgent, identifier: "\(position)", startedAt: request["t"]?.doubleValue)
        }
    }

    /// Takes the sub-agents that were launched since the main agent's last request, in the order in which they began: entries
    /// stand in that of their ends.
    mutating func launchAgents() {
        let begins = entries.map { entry in
            let first = entry.value["requests"]?.arrayValue?.first?["t"]?.doubleValue ?? 0
            return (((beginning(of: entry.value, first) ?? 0) + first) * 1e6).rounded()
        }
        for index in entries.indices.sorted(by: { (begins[$0], $0) < (begins[$1], $1) }) {
            takeAgent(entries[index].value, entries[index].position)
        }
        entries = []
    }

    private mutating func takeAgent(_ entry: JSONValue, _ position: Int) {
        var agent = entry["agent_id"]?.stringValue ?? "agent_\(position)"
        while agent == Call.mainAgent || session.agentPrefixTokens[agent] != nil { agent += "+" }
        let prefix = (entry["tool_tokens"]?.integerValue ?? 0) + (entry["system_tokens"]?.integerValue ?? 0)
        session.agentPrefixTokens[agent] = TokenCount(max(0, prefix))
        let requests = entry["requests"]?.arrayValue ?? []
        let begin = beginning(of: entry, requests.first?["t"]?.doubleValue ?? 0)
        for (index, request) in requests.enumerated() {
            let start = begin.flatMap { begin in request["t"]?.doubleValue.map { begin + $0 } }
            append(request, agent: agent, identifier: "\(agent).\(index)", startedAt: start)
        }
        // Nothing waits for what was launched in the background.
        if !Self.isBackground(entry), let end = last[agent] { openAgents.append(end) }
    }

    /// What the times of a sub-agent's requests count from.
    ///
    /// The entry's own time is when the agent had ended, and its `duration_ms` how long it took; one without a duration was
    /// launched at that time. In copies whose requests have times of the whole trace it is zero: an agent's first request
    /// has the time zero else.
    private func beginning(of entry: JSONValue, _ firstTime: Double) -> Double? {
        if firstTime > 0, firstTime >= mainCalls.last?.start ?? 0 { return 0 }
        guard let time = entry["t"]?.doubleValue else { return nil }
        let milliseconds = Self.isBackground(entry) ? 0 : entry["duration_ms"]?.doubleValue ?? 0
        return max(0, time - max(0, milliseconds) / 1000)
    }

    private static func isBackground(_ entry: JSONValue) -> Bool { entry["status"]?.stringValue == "async_launched" }

    private mutating func append(_ value: JSONValue, agent: String, identifier: String, startedAt start: Double?) {
        let request = Request(value, identifier: identifier, start: start)
        let isTool = value["input_types"]?.arrayValue?.contains("tool_result") ?? false
        var call = Call(
            identifier: request.identifier, agent: agent, after: [], waitKind: isTool ? .tool : .human, context: .new,
            added: [], input: TokenCount(request.input), output: TokenCount(request.output),
            stop: value["stop"]?.stringValue)
        let model = value["model"]?.stringValue
        if agent == Call.mainAgent, mainModel == nil { mainModel = model }
        if agent != Call.mainAgent { call.role = RecordedRole.role(of: model, besides: mainModel) }
        place(&call, request, after: last[agent], isTool: isTool)
        let previous = last[agent] ?? (agent == Call.mainAgent ? nil : parent(startedAt: start))
        wait(&call, request, previous, isFirst: last[agent] == nil, value["think_time"]?.doubleValue)
        record(&call, request, value)
        last[call.agent] = request
        if call.agent == Call.mainAgent { mainCalls.append(request) }
        session.calls.append(call)
    }

    /// The call that launched an agent: the last of the main agent that was sent before it began.
    private func parent(startedAt start: Double?) -> Request? {
        guard let start else { return mainCalls.last }
        return mainCalls.last { $0.start ?? 0 <= start } ?? mainCalls.last
    }

    /// Sets what the call waits for, and for how long after the last of it.
    private mutating func wait(
        _ call: inout Call, _ request: Request, _ previous: Request?, isFirst: Bool, _ thinkTime: Double?
    ) {
        var awaited = previous.map { [$0] } ?? []
        if call.agent == Call.mainAgent {
            let isOver = { (agent: Request) in
                guard let end = agent.end, let start = request.start else { return true }
                return end <= start
            }
            awaited += openAgents.filter(isOver)
            openAgents.removeAll(where: isOver)
        }
        call.after = awaited.map(\.identifier)
        if isFirst { call.waitKind = .start }
        // The recorded wait counts from the request before, of whichever agent.
        if let thinkTime, !isFirst, call.after.count == 1, call.after[0] == session.calls.last?.identifier {
            call.wait = TraceTime.duration(thinkTime)
        } else {
            call.wait = TraceTime.between(awaited.compactMap(\.end).max(), request.start)
        }
    }

    /// Keeps what was measured, which does not set the pace.
    private mutating func record(_ call: inout Call, _ request: Request, _ value: JSONValue) {
        func duration(_ seconds: Double?) -> Duration? {
            guard let seconds, (0..<1e9).contains(seconds) else { return nil }
            return .microseconds(Int64((seconds * 1e6).rounded()))
        }
        origin = origin ?? request.start
        call.recorded.start = duration(request.start.map { $0 - (origin ?? 0) })
        call.recorded.duration = duration(value["api_time"]?.doubleValue)
        call.recorded.timeToFirstToken = duration(value["ttft"]?.doubleValue)
    }

    /// Decides what the call keeps, carries and adds, so that the token equation holds.
    private mutating func place(_ call: inout Call, _ request: Request, after previous: Request?, isTool: Bool) {
        let prefix = session.prefixTokens(of: call.agent).value
        var added = request.input - prefix
        var role = "user"
        if let previous {
            let shared = sharedTokens(previous.blocks, request.blocks)
            let whole = previous.input / blockTokens * blockTokens
            if request.input >= previous.input, Double(shared) >= 0.9 * Double(whole) {
                call.context = .continuing
                call.carry = TokenCount(min(previous.output, request.input - previous.input))
                added = request.input - previous.input - call.carry.value
                role = isTool ? "tool" : "user"
            } else if shared > 0, request.input >= max(shared, prefix) {
                call.context = .keep(TokenCount(shared))
                added = request.input - shared
            }
        }
        if added < 0 {
            call.agent = "helper_\(call.identifier)"
            session.agentPrefixTokens[call.agent] = .zero
            call.context = .new
            call.carry = .zero
            added = request.input
            role = "user"
        }
        call.added = [Call.AddedItem(role: role, tokens: TokenCount(added))]
    }

    private func sharedTokens(_ left: [Range<Int>], _ right: [Range<Int>]) -> Int {
        var count = 0
        var (i, j, leftOffset, rightOffset) = (0, 0, 0, 0)
        while i < left.count, j < right.count {
            guard left[i].lowerBound + leftOffset == right[j].lowerBound + rightOffset else { break }
            let step = min(left[i].count - leftOffset, right[j].count - rightOffset)
            count += step
            leftOffset += step
            rightOffset += step
            if leftOffset == left[i].count { (i, leftOffset) = (i + 1, 0) }
            if rightOffset == right[j].count { (j, rightOffset) = (j + 1, 0) }
        }
        return count * blockTokens
    }

    private static func blocks(_ value: JSONValue) -> [Range<Int>] {
        if let ranges = value["h"]?.arrayValue {
            return ranges.compactMap { range in
                guard let pair = range.arrayValue, pair.count == 2, let start = pair[0].integerValue,
                    let count = pair[1].integerValue, start >= 0, (1...10_000_000).contains(count), start < 1 << 40
                else { return nil }
                return start..<(start + count)
            }
        }
        return (value["hash_ids"]?.arrayValue ?? []).compactMap { $0.integerValue }.filter {
            (0..<(1 << 40)).contains($0)
        }
        .map { $0..<($0 + 1) }
    }
}
