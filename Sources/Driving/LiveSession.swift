import Dialects
import Planning
import Profiles
import Quantities
import Statistics
import Workloads

/// One session under way: its transcript, and the bytes of the calls that later calls send again.
struct LiveSession: Sendable {
    let transcript: Transcript
    /// Which of its calls are made before they are due.
    let large: LargeCalls
    /// When it began.
    var began: Instant
    let salts: Salts
    /// What all calls of the session have in common, for routers that keep them at one server.
    let stickinessKey: String
    private var additions: [Int: CallAddition] = [:]
    /// What the endpoint answered to calls whose answers are sent back.
    private var answers: [Int: AssistantMessage] = [:]
    /// How many live tool calls were replaced by recorded ones in the prompt that was made last.
    private(set) var substitutedCallCount = 0
    private let history: PlanProfile.HistoryPolicy

    init(
        _ transcript: Transcript, stickinessKey: String, salts: Salts, history: PlanProfile.HistoryPolicy,
        leastTokensAhead: TokenCount, began: Instant
    ) {
        self.transcript = transcript
        large = LargeCalls(transcript.session, transcript.graph, leastTokens: leastTokensAhead)
        self.history = history
        self.stickinessKey = stickinessKey
        self.salts = salts
        self.began = began
    }

    /// Keeps what the endpoint answered to a call, for the calls that send it back.
    mutating func note(_ answer: AssistantMessage, of call: Int) {
        if history != .recorded { answers[call] = answer }
    }

    /// What decides what a call will add, if it is near and all of that is known.
    ///
    /// It is near if all calls that it depends on have been started, and it has not been.
    ///
    /// - Returns: nil if what it keeps has not been written, or an answer is missing that may be sent back.
    func recipeAhead(of call: Int) -> CallRecipe? {
        let entry = transcript.graph.entries[call]
        guard additions[call] == nil, (entry.dependencies + entry.kept.suffix(1)).allSatisfy({ additions[$0] != nil })
        else { return nil }
        if history != .recorded, let answered = entry.answered, answers[answered] == nil { return nil }
        return recipe(of: call, after: entry.kept.last.flatMap { additions[$0]?.lastRole })
    }

    /// The body of a call as shared segments: prefix, kept calls, own items, suffix.
    ///
    /// - Parameters:
    ///   - call: the call.
    ///   - prefix: what it begins with.
    ///   - encoder: writes what is not written yet.
    ///   - options: what the call asks for.
    ///   - target: what the request is made for.
    ///   - prepared: hands out what was made ahead for a call; nil if nothing was.
    /// - Returns: the segments.
    mutating func body(
        _ call: Int, prefix: SharedPrefix, encoder: any RequestEncoder, options: CallOptions, target: RequestTarget,
        prepared: (Int) -> CallAddition? = { _ in nil }
    ) -> [[UInt8]] {
        substitutedCallCount = 0
        var segments = [prefix.bytes]
        var previous: MessageRole?
        for index in transcript.graph.entries[call].kept + [call] {
            let addition = additions[index] ?? written(index, after: previous, prefix, encoder, target, prepared)
            segments.append(addition.bytes)
            previous = addition.lastRole
        }
        segments.append(encoder.suffix(options, prefix: prefix.prompt, target: target))
        return segments
    }

    private mutating func written(
        _ index: Int, after previous: MessageRole?, _ prefix: SharedPrefix, _ encoder: any RequestEncoder,
        _ target: RequestTarget, _ prepared: (Int) -> CallAddition?
    ) -> CallAddition {
        let addition =
            prepared(index)
            ?? recipe(of: index, after: previous).addition(prefix, encoder: encoder, target: target)
        substitutedCallCount += addition.substitutedCallCount
        additions[index] = addition
        return addition
    }

    private func recipe(of call: Int, after previous: MessageRole?) -> CallRecipe {
        CallRecipe(
            transcript: transcript, salts: salts, call: call, keptRole: previous,
            live: transcript.graph.entries[call].answered.flatMap { answers[$0] }, isPinned: history == .pinned)
    }
}
