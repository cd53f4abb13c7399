import Encodings
import Quantities

/// One request of a trace that holds lengths and no texts.
struct TraceRequest: Hashable {
    /// When it was sent, from the trace's beginning; nil if the source does not say.
    var start: Duration?
    /// The size of the whole prompt.
    var input: TokenCount
    /// The size of the answer, reasoning included.
    var output: TokenCount
    /// The part of the answer that was reasoning.
    var reasoning = TokenCount.zero
    /// How long it took, if that is known.
    var duration: Duration?
    /// The time to its first token, if that is known.
    var timeToFirstToken: Duration?
    /// How much of the prompt came from a cache, if that is known.
    var cached: TokenCount?
    /// The prompt's blocks.
    var blocks: [Range<Int>] = []
    /// What the client did before it.
    var waitKind = Call.WaitKind.human
    /// For how long, if the source tells; else it is counted from the end of the answer before.
    var wait: Duration?
    /// The size of the prompt that the source states, if its parts are more.
    var statedInput: TokenCount?
    /// The model, if the source tells.
    var model: String?
    /// The tools that the answer called.
    var toolCalls: [Call.RecordedToolCall] = []

    /// What is left of the answer in later prompts: all but the reasoning.
    var visibleOutput: TokenCount { max(.zero, output - reasoning) }

    /// When its answer was whole, as far as that is known.
    var end: Duration? { start.map { $0 + (duration ?? .zero) } }
}

/// A session that is made of requests of which only lengths are known.
struct TraceSession {
    /// The session so far.
    private(set) var session: Session
    /// The requests in the order of its calls.
    private(set) var requests: [TraceRequest] = []
    private var indices: [String: Int] = [:]

    /// Begins a session.
    ///
    /// - Parameters:
    ///   - identifier: its name.
    ///   - profile: what kind of workload it is.
    init(_ identifier: String, profile: String) {
        session = Session(
            identifier: SessionIdentifier(identifier), profile: profile, toolsTokens: .zero, systemTokens: .zero,
            calls: [])
    }

    /// The agent's last call.
    func lastCall(of agent: String) -> Int? { indices[agent] }

    /// Sets the size of the tools and the system prompt, and who shares them.
    mutating func setPrefix(tools: TokenCount, system: TokenCount, share: PrefixShare) {
        session.toolsTokens = tools
        session.systemTokens = system
        session.share = share
    }

    /// Says that no agent works for another, so that the session's answer is that of its last call.
    mutating func endWithLastCall() { session.endsWithLastCall = true }

    /// Gives an agent a system prompt that is stored in the library.
    mutating func setPrefix(of agent: String, _ system: Asset) {
        if agent == Call.mainAgent {
            session.systemTokens = system.tokens
        } else {
            session.agentPrefixTokens[agent] = system.tokens
        }
        session.prefixAssets[agent] = Session.PrefixAssets(system: system.identifier)
    }

    /// Appends a request whose prompt holds nothing of what was sent before.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - agent: who sends it.
    ///   - previous: the call that it waits for; nil if it is the first.
    ///   - items: what the prompt is made of beside the prefix; nil for one message.
    mutating func appendFresh(
        _ request: TraceRequest, agent: String = Call.mainAgent, after previous: Int?,
        items: [Call.AddedItem]? = nil
    ) {
        if agent != Call.mainAgent, session.agentPrefixTokens[agent] == nil { session.agentPrefixTokens[agent] = .zero }
        let size = max(.zero, request.input - session.prefixTokens(of: agent))
        append(
            request, agent: agent, after: previous, context: .new, carry: .zero,
            items: items ?? [Call.AddedItem(role: "user", tokens: size)])
    }

    /// Appends a request whose prompt holds an earlier call's prompt and, as far as there is room, its answer.
    ///
    /// The prompt must not be smaller than that of the earlier call.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - previous: the call that it goes on from.
    ///   - items: what is new, of the size that it is handed; nil for one message.
    mutating func appendContinuing(
        _ request: TraceRequest, after previous: Int, items: ((TokenCount) -> [Call.AddedItem])? = nil
    ) {
        let earlier = requests[previous]
        let agent = session.calls[previous].agent
        let growth = request.input - earlier.input
        precondition(growth >= .zero, "a request cannot go on from a larger prompt")
        let carry = min(earlier.visibleOutput, growth)
        let isLast = lastCall(of: agent) == previous
        append(
            request, agent: agent, after: previous,
            context: isLast ? .continuing : .fork(session.calls[previous].identifier), carry: carry,
            items: items?(growth - carry) ?? Self.message(growth - carry))
    }

    /// Appends a request whose prompt keeps only the first tokens of its agent's context.
    mutating func appendKeeping(_ kept: TokenCount, _ request: TraceRequest, after previous: Int) {
        append(
            request, agent: session.calls[previous].agent, after: previous, context: .keep(kept), carry: .zero,
            items: Self.message(request.input - kept))
    }

    /// A message of the user, unless it is empty.
    static func message(_ tokens: TokenCount) -> [Call.AddedItem] {
        tokens > .zero ? [Call.AddedItem(role: "user", tokens: tokens)] : []
    }

    private mutating func append(
        _ request: TraceRequest, agent: String, after previous: Int?, context: Call.Context, carry: TokenCount,
        items: [Call.AddedItem]
    ) {
        if session.calls.isEmpty { session.start = request.start }
        var call = Call(
            identifier: CallIdentifier("\(session.calls.count)"), agent: agent,
            after: previous.map { [session.calls[$0].identifier] } ?? [], waitKind: request.waitKind, context: context,
            carry: carry, added: items, input: request.input, output: request.output, reasoning: request.reasoning,
            blocks: request.blocks)
        call.wait = TraceTime.bounded(request.wait ?? gap(before: request, after: previous))
        if previous == nil { call.waitKind = .start }
        call.answer.toolCalls = request.toolCalls
        if let start = request.start, let first = session.start {
            call.recorded.start = max(.zero, start - first)
        }
        call.recorded.duration = request.duration.map(TraceTime.bounded)
        call.recorded.timeToFirstToken = request.timeToFirstToken.map(TraceTime.bounded)
        call.recorded.cached = request.cached
        if let model = request.model { call.other["recorded_model"] = .string(model) }
        if let stated = request.statedInput { call.other["recorded_in"] = .integer(stated.value) }
        indices[agent] = session.calls.count
        session.calls.append(call)
        requests.append(request)
    }

    private func gap(before request: TraceRequest, after previous: Int?) -> Duration {
        guard let previous, let start = request.start, let end = requests[previous].end else { return .zero }
        return start - end
    }
}
