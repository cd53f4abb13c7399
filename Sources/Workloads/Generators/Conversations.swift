import Quantities
import Statistics

/// People who talk to an assistant.
extension SessionGenerator {
    /// `customer-service`: a caller and an assistant with tools and a policy, after tau-bench's airline runs.
    public static let customerService = SessionGenerator(
        "customer-service", purpose: "a caller, a policy and short tool calls", source: "tau-bench airline, 200 runs",
        prefix: .tenants([(2500, 1500), (3000, 1500), (3500, 1500), (2800, 1500)]), tools: .shop
    ) { draft in
        let user = Distribution.characters([
            (0, 10), (0.05, 34), (0.1, 43), (0.25, 63), (0.5, 92), (0.75, 130), (0.9, 165), (0.95, 189), (0.99, 247),
            (1, 318),
        ])
        let answers = Answers(
            tokens: .characters([
                (0, 91), (0.05, 127), (0.1, 147), (0.25, 158), (0.5, 213), (0.75, 360), (0.9, 531), (0.95, 656),
                (0.99, 927), (1, 1256),
            ]))
        let tools = ToolUse(
            resultTokens: .characters([
                (0, 1), (0.1, 2), (0.25, 51), (0.5, 667), (0.75, 810), (0.9, 960), (0.95, 1253), (0.99, 4723),
                (1, 8117),
            ]), seconds: .uniform(lower: 0.2, upper: 1), set: .shop)
        let human = Distribution.clipped(.logNormal(mu: 2.7, sigma: 1), lower: 1, upper: 600)
        let calls = draft.count(
            .quantiles([(0, 3), (0.05, 5), (0.25, 7), (0.5, 11), (0.75, 16), (0.9, 20), (0.95, 23), (1, 30)]))
        draft.message(draft.userItem(user), .start, answers)
        for _ in 1..<max(1, calls) {
            // 47% of the answers call a tool, but the last never does.
            if draft.happens(0.516) {
                draft.toolCall(tools, answers)
            } else {
                let seconds = human.sample(using: &draft.random)
                draft.message(draft.userItem(user), after: seconds, .human, answers)
            }
        }
    }

    /// `chat-reason`: short questions and long thoughts, after ServeGen's reasoning model and Mooncake's conversations.
    public static let chatReasoning = SessionGenerator(
        "chat-reason", purpose: "questions to a model that thinks long; decode speed and the price of reasoning",
        source: "ServeGen (R1), Mooncake conversation", prefix: .everyone(tools: 0, system: 0)
    ) { draft in
        let answers = Answers(
            tokens: .clipped(.logNormal(mu: 6.605, sigma: 1.2), lower: 16, upper: 20_000), reasoningChance: 1,
            reasoningShare: .quantiles([(0, 0.15), (0.25, 0.61), (0.5, 0.74), (0.75, 0.85), (1, 0.97)]))
        let question = Distribution.clipped(.logNormal(mu: 4.6, sigma: 2.25), lower: 8, upper: 25_000)
        draft.message(draft.userItem(question), .start, answers)
        while draft.happens(1.0 / 3) {
            let seconds = Distribution.clipped(.logNormal(mu: 4.836, sigma: 1), lower: 2, upper: 3600)
                .sample(using: &draft.random)
            draft.message(draft.userItem(question), after: seconds, .human, answers)
        }
    }

    /// `always-on`: an assistant that is sent a message, uses tools, and is woken by a clock every half hour.
    public static let alwaysOn = SessionGenerator(
        "always-on", purpose: "an assistant woken every half hour; shows what cache expiry costs",
        source: "OpenClaw's documents and issues; answer sizes chosen",
        prefix: .tenants([(9000, 6000), (8000, 7000), (10_000, 5000), (9500, 5500)])
    ) { draft in
        let answers = Answers(tokens: .clipped(.logNormal(mu: 5.1, sigma: 0.63), lower: 16, upper: 1000))
        let note = Answers(tokens: .uniform(lower: 10, upper: 60))
        let tools = ToolUse(
            resultTokens: .uniform(lower: 500, upper: 2000), seconds: .clipped(codingToolSeconds, lower: 0, upper: 60))
        draft.message(draft.userItem(.clipped(.logNormal(mu: 4.5, sigma: 0.5), lower: 20, upper: 400)), .start, answers)
        for _ in 0..<(5 + draft.random.below(6)) { draft.toolCall(tools, answers) }
        for _ in 0..<2 {
            draft.message(draft.userItem(.uniform(lower: 60, upper: 140)), after: 1800, .timer, note)
        }
    }
}
