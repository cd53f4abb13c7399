import Quantities
import Statistics

/// Applications that send few calls each.
extension SessionGenerator {
    /// `rag`: questions with six retrieved passages each, after RAGPulse.
    ///
    /// Each question is a fresh context, since the passages of the question before it are not sent again. An item's name is its
    /// passage; the same passage has the same size everywhere.
    public static let retrieval = SessionGenerator(
        "rag", purpose: "questions with six retrieved passages in changing order", source: "RAGPulse, 7,106 requests",
        prefix: .everyone(tools: 0, system: 1010)
    ) { draft in
        let answers = Answers(tokens: .clipped(.logNormal(mu: 5.42, sigma: 0.72), lower: 20, upper: 2200))
        let turns = draft.count(
            .mixture([
                .init(weight: 0.62, .constant(1)), .init(weight: 0.22, .constant(2)),
                .init(weight: 0.08, .constant(3)), .init(weight: 0.05, .constant(4)),
                .init(weight: 0.03, .uniform(lower: 5, upper: 12)),
            ]))
        for turn in 0..<turns {
            let added = Passages.draw(&draft) + draft.userItem(.uniform(lower: 30, upper: 60))
            let gap = Distribution.gamma(shape: 0.3, scale: 200).sample(using: &draft.random)
            draft.message(
                added, after: turn == 0 ? 0 : gap, turn == 0 ? .start : .human, answers, context: .new)
        }
    }

    /// `api-average`: the mean request of a large router: mostly a tenant's system prompt, one to four calls.
    public static let averageRequest = SessionGenerator(
        "api-average", purpose: "the average API request: 6K in, 400 out, 69% of it system prompt",
        source: "OpenRouter 2025, Datadog 2026 (second-hand)",
        prefix: .tenants([
            (1000, 3000), (1500, 4500), (500, 1500), (1500, 4000), (500, 1000), (1000, 2500), (2000, 6000),
            (500, 2000),
        ])
    ) { draft in
        let answers = Answers(
            tokens: .clipped(.logNormal(mu: 5.75, sigma: 0.7), lower: 16, upper: 4000), reasoningChance: 1,
            reasoningShare: .uniform(lower: 0.3, upper: 0.7))
        let tools = ToolUse(
            resultTokens: .uniform(lower: 500, upper: 2000), seconds: .gamma(shape: 0.5, scale: 4))
        draft.message(
            draft.userItem(.clipped(.logNormal(mu: 5.8, sigma: 0.7), lower: 20, upper: 4000)), .start, answers)
        for _ in 0..<draft.random.below(4) { draft.toolCall(tools, answers) }
    }
}

/// The passages of `rag`: a tenth of them is hot and makes 59% of all uses.
enum Passages {
    static let count = 1000

    /// Six passages that differ, for four questions of five; none for the others.
    static func draw(_ draft: inout SessionDraft) -> [Call.AddedItem] {
        guard draft.happens(0.8) else { return [] }
        var chosen: [Int] = []
        while chosen.count < 6 {
            let isHot = draft.happens(0.59)
            let passage = isHot ? draft.random.below(count / 10) : count / 10 + draft.random.below(count * 9 / 10)
            if !chosen.contains(passage) { chosen.append(passage) }
        }
        return chosen.map { .init(role: "doc", tokens: tokens(of: $0), name: "passage-\($0)") }
    }

    /// The size of a passage, the same for every session and seed.
    static func tokens(of passage: Int) -> TokenCount {
        var random = SeededGenerator(seed: Seed(0).derived("passage", passage))
        let size = Distribution.clipped(.logNormal(mu: 5.81, sigma: 0.5), lower: 60, upper: 1500).sample(using: &random)
        return TokenCount(Int(size))
    }
}
