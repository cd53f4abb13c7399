import Quantities
import Statistics

/// Many agents at once.
extension SessionGenerator {
    /// `swarm`: a parent of 20 calls that starts waves of 4, 8 and 16 sub-agents and waits for each wave.
    public static let swarm = SessionGenerator(
        "swarm", purpose: "a parent agent and waves of 4, 8 and 16 sub-agents",
        source: "sizes: Claude Code sub-agents, AgentCgroup; waves chosen below Kimi K2.5's limit",
        prefix: .everyone(tools: 12_000, system: 3000)
    ) { draft in
        let answers = Answers(tokens: .clipped(.logNormal(mu: 5.3, sigma: 0.67), lower: 16, upper: 2000))
        let tools = ToolUse(
            resultTokens: .clipped(.logNormal(mu: 5.93, sigma: 1.22), lower: 4, upper: 20_000),
            seconds: .clipped(codingToolSeconds, lower: 0, upper: 120), parallelShare: 0.14, errorShare: 0.12)
        let children = SubAgents(
            prefixTokens: 10_300, briefTokens: .clipped(.logNormal(mu: 8.1, sigma: 0.2), lower: 1000, upper: 8000),
            calls: .clipped(.logNormal(mu: 2.35, sigma: 0.35), lower: 3, upper: 24), tools: tools, answers: answers,
            reportTokens: .uniform(lower: 1000, upper: 2000))
        let waves = [4: 4, 9: 8, 14: 16]
        draft.message(
            draft.userItem(.clipped(.logNormal(mu: 8.1, sigma: 0.2), lower: 1000, upper: 8000)), .start, answers)
        for index in 1..<20 {
            if let number = waves[index] {
                draft.wave(number, of: children, answers)
            } else {
                draft.toolCall(tools, answers)
            }
        }
    }
}
