import Quantities
import Statistics

/// A coding agent with a person beside it, after 398 sessions of Claude Code (kv-cache-tester, sessions that start small).
extension SessionGenerator {
    /// `coding-interactive`: a person and a coding agent; many short turns, few long ones, compaction, some sub-agents.
    ///
    /// The number of calls and the number of user turns of a session are drawn by themselves and the calls are then dealt
    /// to the turns with very unequal weights. Turns times calls per turn, each drawn alone, would make half of the sessions
    /// far too short: in the source a session with few turns has long ones.
    public static let codingInteractive = SessionGenerator(
        "coding-interactive", purpose: "a person and a coding agent, with pauses and compaction",
        source: "Claude Code (kv-cache-tester), 398 sessions", prefix: .everyone(tools: 12_500, system: 2800)
    ) { draft in
        let callCount = draft.count(InteractiveCoding.calls)
        let turns = InteractiveCoding.deal(
            callCount, turns: min(callCount, draft.count(InteractiveCoding.turns)), &draft)
        var waveAt = draft.happens(0.25) ? draft.random.below(callCount) : callCount
        for (turn, count) in turns.enumerated() {
            InteractiveCoding.open(turn, &draft)
            for _ in 1..<max(1, count) {
                waveAt -= 1
                if waveAt == 0 {
                    draft.wave(1 + draft.random.below(4), of: InteractiveCoding.explorers, InteractiveCoding.answers)
                } else {
                    draft.toolCall(InteractiveCoding.tools, InteractiveCoding.answers, InteractiveCoding.breaks)
                }
            }
        }
    }
}

/// The figures of `coding-interactive`.
enum InteractiveCoding {
    static let calls = Distribution.quantiles([
        (0, 1), (0.01, 3), (0.05, 7), (0.1, 12), (0.25, 29), (0.5, 67), (0.75, 119), (0.9, 177), (0.95, 239),
        (0.99, 351), (1, 514),
    ])
    static let turns = Distribution.quantiles([
        (0, 1), (0.25, 2), (0.5, 3.5), (0.75, 10), (0.9, 29), (0.95, 48), (0.99, 117), (1, 147),
    ])
    /// The person's first message with the files and instructions that the client puts in front of it.
    static let firstTokens = Distribution.quantiles([
        (0, 200), (0.25, 1574), (0.5, 3774), (0.75, 5877), (0.9, 10_948), (0.95, 16_732), (0.99, 27_380), (1, 29_300),
    ])
    static let userTokens = Distribution.quantiles([
        (0, 0), (0.1, 2), (0.25, 41), (0.5, 151), (0.75, 564), (0.9, 1664), (0.95, 2921), (0.99, 12_574), (1, 30_000),
    ])
    /// All gaps that a provider's cache may or may not survive: a third under a minute, a third over five.
    static let humanSeconds = Distribution.quantiles([
        (0, 1), (0.01, 2), (0.05, 4.35), (0.1, 11), (0.25, 32), (0.5, 117), (0.75, 385), (0.9, 1635), (0.95, 3117),
        (0.99, 6613), (1, 7200),
    ])
    /// Most answers hold some text; the share of reasoning in a thinking answer is not public and chosen.
    static let answers = Answers(
        tokens: .quantiles([
            (0, 40), (0.01, 56), (0.05, 88), (0.1, 103), (0.25, 137), (0.5, 211), (0.75, 399), (0.9, 812),
            (0.95, 1389), (0.99, 3619), (1, 8000),
        ]), reasoningChance: 0.41, reasoningShare: .uniform(lower: 0.1, upper: 0.6))
    static let tools = ToolUse(
        resultTokens: .quantiles([
            (0, 0), (0.1, 0), (0.25, 32), (0.5, 271), (0.75, 1074), (0.9, 3094), (0.95, 5634), (0.99, 15_805),
            (1, 24_000),
        ]),
        seconds: .quantiles([
            (0, 2), (0.01, 3), (0.05, 3), (0.1, 4), (0.25, 5), (0.5, 8), (0.75, 19), (0.9, 79), (0.95, 165),
            (0.99, 842), (1, 3600),
        ]), errorShare: 0.12)
    static let breaks = ContextBreaks(
        rewriteChance: 0.0134,
        rewriteKeptShare: .quantiles([
            (0, 0), (0.1, 0), (0.25, 0.097), (0.5, 0.155), (0.75, 0.34), (0.9, 0.506), (1, 0.9),
        ]), summaryChance: 0.0013, pressedSummaryChance: 0.04, pressure: 140_000, limit: 190_000,
        summaryTokens: .quantiles([
            (0, 200), (0.1, 1500), (0.25, 11_000), (0.5, 16_500), (0.75, 29_000), (0.9, 41_000), (1, 60_000),
        ]))
    static let explorers = SubAgents(
        prefixTokens: 10_000, briefTokens: .clipped(.logNormal(mu: 5.8, sigma: 0.6), lower: 50, upper: 4000),
        calls: .clipped(.logNormal(mu: 2.24, sigma: 0.5), lower: 3, upper: 24),
        tools: ToolUse(
            resultTokens: tools.resultTokens, seconds: .clipped(SessionGenerator.codingToolSeconds, lower: 0, upper: 60)
        ), answers: Answers(tokens: answers.tokens),
        reportTokens: .clipped(.logNormal(mu: 6.9, sigma: 0.5), lower: 200, upper: 4000))

    /// Deals calls to turns, at least one to each; the weights are log-normal.
    static func deal(_ calls: Int, turns: Int, _ draft: inout SessionDraft) -> [Int] {
        let weights = (0..<turns).map { _ in Distribution.logNormal(mu: 0, sigma: 1.35).sample(using: &draft.random) }
        let whole = weights.reduce(0, +)
        var (sum, dealt) = (0.0, 0)
        return weights.map { weight in
            sum += 1 + Double(calls - turns) * weight / whole
            let count = max(1, Int(sum.rounded()) - dealt)
            dealt += count
            return count
        }
    }

    static func open(_ turn: Int, _ draft: inout SessionDraft) {
        let message = draft.tokens(userTokens)
        guard turn == 0 else {
            let seconds = humanSeconds.sample(using: &draft.random)
            return draft.message([.init(role: "user", tokens: message)], after: seconds, .human, answers)
        }
        let whole = draft.tokens(firstTokens)
        let own = min(message, TokenCount(whole.value / 2))
        draft.message([.init(role: "doc", tokens: whole - own), .init(role: "user", tokens: own)], .start, answers)
    }
}
