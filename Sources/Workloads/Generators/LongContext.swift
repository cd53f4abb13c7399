import Quantities
import Statistics

/// Contexts that are large.
extension SessionGenerator {
    /// `research`: a question, parallel searches, and pages that fill the context up to about 150K tokens.
    public static let research = SessionGenerator(
        "research", purpose: "parallel web searches and long pages, up to about 150K tokens",
        source: "shape: deep-research papers; sizes chosen", prefix: .everyone(tools: 2500, system: 1500)
    ) { draft in
        let answers = Answers(tokens: .clipped(.logNormal(mu: 5.5, sigma: 0.63), lower: 16, upper: 2000))
        let seconds = Distribution.mixture([
            .init(weight: 0.95, .uniform(lower: 1, upper: 10)), .init(weight: 0.05, .uniform(lower: 10, upper: 30)),
        ])
        let search = ToolUse(resultTokens: .uniform(lower: 500, upper: 1200), seconds: seconds)
        let page = ToolUse(resultTokens: .uniform(lower: 3000, upper: 8000), seconds: seconds, errorShare: 0.05)
        draft.message(
            draft.userItem(.clipped(.logNormal(mu: 5.2, sigma: 0.5), lower: 40, upper: 1000)), .start, answers)
        for index in 1..<30 {
            let tools = index % 3 == 1 ? search : page
            let results = tools.results(index % 3 == 1 ? 3 : 1, &draft)
            let last = Answers(tokens: .uniform(lower: 2500, upper: 3500))
            let wait = tools.seconds.sample(using: &draft.random)
            draft.message(results, after: wait, .tool, index == 29 ? last : answers)
        }
    }

    /// `long-256k`: the last five calls of a coding session of more than 200K tokens; the first is cold.
    public static let long256K = long("long-256k", window: "256K", depth: .uniform(lower: 200_000, upper: 220_000))

    /// `long-1M`: the same in a window of a million tokens.
    public static let long1M = long("long-1M", window: "1M", depth: .uniform(lower: 800_000, upper: 880_000))

    /// A context that leaves room for four more calls where a provider counts a tenth more tokens than we do.
    private static func long(_ name: String, window: String, depth: Distribution) -> SessionGenerator {
        SessionGenerator(
            name, purpose: "the last five calls of a session that nearly fills a window of \(window) tokens",
            source: "coding-interactive, depth after AgentX", prefix: .everyone(tools: 12_500, system: 2800)
        ) { draft in
            let answers = Answers(tokens: .clipped(.logNormal(mu: 5.5, sigma: 0.63), lower: 16, upper: 1000))
            let tools = ToolUse(
                resultTokens: .clipped(.logNormal(mu: 5.8, sigma: 1.2), lower: 4, upper: 2000), seconds: .constant(5))
            let history = draft.tokens(depth) - draft.prefixTokens
            let message = draft.tokens(InteractiveCoding.userTokens)
            draft.message(
                [.init(role: "doc", tokens: history), .init(role: "user", tokens: min(message, 2000))], .start, answers)
            for _ in 0..<4 { draft.toolCall(tools, answers) }
        }
    }
}
