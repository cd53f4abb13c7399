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
            "The call after sub-agents waits for all of them.",
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
        if !builder.session.calls.isEmpty { emit(.session(builder.session)) }
    }
}

/// One trace on its way to a session.
private struct WekaSession {
    var session: Session
    private let blockTokens: Int
    private var last: [String: Request] = [:]
    private var openAgents: [CallIdentifier] = []

    private struct Request {
        let identifier: CallIdentifier
        let input: Int
        let output: Int
        let end: Double
        let blocks: [Range<Int>]
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
            takeAgent(request, position)
        } else {
            let after = openAgents
            openAgents = []
            append(request, agent: Call.mainAgent, identifier: "\(position)", joining: after, startedAt: nil)
        }
    }

    private mutating func takeAgent(_ entry: JSONValue, _ position: Int) {
        var agent = entry["agent_id"]?.stringValue ?? "agent_\(position)"
        while session.agentPrefixTokens[agent] != nil { agent += "+" }
        let prefix = (entry["tool_tokens"]?.integerValue ?? 0) + (entry["system_tokens"]?.integerValue ?? 0)
        session.agentPrefixTokens[agent] = TokenCount(max(0, prefix))
        for (index, request) in (entry["requests"]?.arrayValue ?? []).enumerated() {
            let start = index == 0 ? entry["t"]?.doubleValue : nil
            append(request, agent: agent, identifier: "\(agent).\(index)", joining: [], startedAt: start)
        }
        if let end = last[agent] { openAgents.append(end.identifier) }
    }

    private mutating func append(
        _ value: JSONValue, agent: String, identifier: String, joining: [CallIdentifier], startedAt: Double?
    ) {
        let input = max(0, value["in"]?.integerValue ?? 0)
        let isTool = value["input_types"]?.arrayValue?.contains("tool_result") ?? false
        let start = value["t"]?.doubleValue ?? 0
        let request = Request(
            identifier: CallIdentifier(identifier), input: input, output: max(0, value["out"]?.integerValue ?? 0),
            end: start + (value["api_time"]?.doubleValue ?? 0), blocks: Self.blocks(value))
        var call = Call(
            identifier: request.identifier, agent: agent, after: [], waitKind: isTool ? .tool : .human, context: .new,
            added: [], input: TokenCount(input), output: TokenCount(request.output), stop: value["stop"]?.stringValue,
            role: agent == Call.mainAgent ? "main" : "small")
        let previous = last[agent] ?? (agent == Call.mainAgent ? nil : last[Call.mainAgent])
        call.after = (previous.map { [$0.identifier] } ?? []) + joining
        let gap = startedAt.map { max(0, $0 - (previous?.end ?? 0)) } ?? value["think_time"]?.doubleValue ?? 0
        call.wait = joining.isEmpty ? .milliseconds(Int64((max(0, min(gap, 1e6)) * 1000).rounded())) : .zero
        if call.after.isEmpty { call.waitKind = .start }
        place(&call, request, after: last[agent], isTool: isTool)
        last[call.agent] = request
        session.calls.append(call)
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
