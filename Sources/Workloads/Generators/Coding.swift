import Quantities
import Statistics

/// Coding agents that work on a task of their own: one message, then tools to the end.
extension SessionGenerator {
    /// How long tools of autonomous coding agents run: file tools, shell commands, long runs.
    static let codingToolSeconds = Distribution.mixture([
        .init(weight: 0.49, .logNormal(mu: -3.5, sigma: 0.5)), .init(weight: 0.49, .logNormal(mu: 0.5, sigma: 1.2)),
        .init(weight: 0.02, .logNormal(mu: 4.5, sigma: 0.7)),
    ])

    /// `coding-S`: a small coding session for gates, about 0.2 M input tokens.
    public static let codingSmall = autonomous(
        "coding-S", purpose: "a short coding task for gates, 12 calls", source: "coding-autonomous, scaled down",
        prefix: .everyone(tools: 8000, system: 2000), calls: .constant(12), task: .constant(800),
        tools: ToolUse(
            resultTokens: .clipped(.logNormal(mu: 5.92, sigma: 0.98), lower: 16, upper: 6000),
            seconds: .clipped(codingToolSeconds, lower: 0, upper: 5), parallelShare: 0.14, errorShare: 0.12),
        answers: Answers(tokens: .clipped(.logNormal(mu: 5.1, sigma: 0.63), lower: 16, upper: 1000)))

    /// `coding-autonomous`: fitted to 111 autonomous runs on SWE-rebench (AgentCgroup).
    public static let codingAutonomous = autonomous(
        "coding-autonomous", purpose: "a coding agent that works on its own", source: "AgentCgroup, 111 runs",
        prefix: .everyone(tools: 10700, system: 2700),
        calls: .clipped(.logNormal(mu: 3.807, sigma: 0.55), lower: 18, upper: 92),
        task: .uniform(lower: 1000, upper: 2000),
        tools: ToolUse(
            resultTokens: .clipped(.logNormal(mu: 5.93, sigma: 1.22), lower: 4, upper: 20_000),
            seconds: .clipped(codingToolSeconds, lower: 0, upper: 600), parallelShare: 0.14, errorShare: 0.12),
        answers: Answers(tokens: .clipped(.logNormal(mu: 5.1, sigma: 0.95), lower: 8, upper: 4000)))

    /// `swe-mini`: mini-swe-agent on SWE-bench, one shell tool and reasoning that goes back to the model.
    public static let sweMini = autonomous(
        "swe-mini", purpose: "a coding agent with one shell tool and a tiny prompt",
        source: "mini-swe-agent (MLPerf edge), 20 runs", prefix: .everyone(tools: 65, system: 25),
        carriesReasoning: true,
        calls: .quantiles([(0, 27), (0.05, 42), (0.1, 44), (0.25, 47), (0.5, 52), (0.75, 55), (0.9, 58), (1, 61)]),
        task: .characters([
            (0, 4800), (0.05, 4958), (0.1, 5134), (0.25, 5266), (0.5, 6104), (0.75, 6896), (0.9, 8128),
            (0.95, 13_907), (1, 14_762),
        ]),
        tools: ToolUse(
            resultTokens: .characters([
                (0, 45), (0.1, 45), (0.25, 123), (0.5, 419), (0.75, 1077), (0.9, 2103), (0.95, 3097), (0.99, 7842),
                (1, 10_613),
            ]),
            seconds: .quantiles([
                (0, 0.042), (0.05, 0.0473), (0.1, 0.0491), (0.25, 0.0542), (0.5, 0.0635), (0.75, 0.2065),
                (0.9, 0.479), (0.95, 1.08), (0.99, 4.18), (1, 120),
            ]), set: .shell),
        answers: Answers(
            tokens: .characters([
                (0, 60), (0.01, 66), (0.05, 88), (0.1, 105), (0.25, 138), (0.5, 215), (0.75, 582), (0.9, 1363),
                (0.95, 2027), (0.99, 3972), (1, 8000),
            ]), reasoningChance: 1, reasoningShare: .uniform(lower: 0.4, upper: 0.75)))

    private static func autonomous(
        _ name: String, purpose: String, source: String, prefix: SharedPrefix, carriesReasoning: Bool = false,
        calls: Distribution, task: Distribution, tools: ToolUse, answers: Answers
    ) -> SessionGenerator {
        SessionGenerator(
            name, purpose: purpose, source: source, prefix: prefix, tools: tools.set,
            carriesReasoning: carriesReasoning
        ) { draft in
            let count = draft.count(calls)
            draft.message(draft.userItem(task), .start, answers)
            for _ in 1..<max(1, count) { draft.toolCall(tools, answers) }
        }
    }
}
