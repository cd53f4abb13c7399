import Quantities
import Statistics

/// How the answers of an agent are drawn.
struct Answers: Sendable {
    /// The size of an answer and of the reasoning in it.
    struct Answer {
        let tokens: TokenCount
        var reasoning = TokenCount.zero
    }

    /// The size of one answer, reasoning included.
    let tokens: Distribution
    /// The share of answers that hold reasoning.
    var reasoningChance = 0.0
    /// Which part of such an answer is reasoning, from 0 to 1.
    var reasoningShare = Distribution.constant(0)

    /// Draws an answer; an answer without any chance of reasoning takes one draw.
    func draw(_ draft: inout SessionDraft) -> Answer {
        let size = draft.tokens(tokens)
        guard reasoningChance > 0, draft.happens(reasoningChance) else { return Answer(tokens: size) }
        let share = min(max(reasoningShare.sample(using: &draft.random), 0), 1)
        return Answer(tokens: size, reasoning: TokenCount(Int(Double(size.value) * share)))
    }
}

/// How the tools of an agent behave.
struct ToolUse: Sendable {
    /// The size of one result.
    let resultTokens: Distribution
    /// The time from the end of the answer that called the tools to the next call.
    let seconds: Distribution
    /// The share of answers that call two or three tools at once.
    var parallelShare = 0.0
    /// The share of results that are errors.
    var errorShare = 0.0
    /// The tools by name; nil where only sizes are known.
    var set: ToolSet?

    /// Draws what the tools of one answer return.
    func results(_ draft: inout SessionDraft) -> [Call.AddedItem] {
        let number = draft.happens(parallelShare) ? 2 + draft.random.below(2) : 1
        return results(number, &draft)
    }

    /// Draws what so many tools return.
    func results(_ number: Int, _ draft: inout SessionDraft) -> [Call.AddedItem] {
        (0..<number).map { _ in
            let size = draft.tokens(resultTokens)
            let isError = draft.happens(errorShare)
            return Call.AddedItem(
                role: "tool", tokens: size, name: set?.name(using: &draft.random), isError: isError)
        }
    }
}

/// Agents that another agent starts with a fresh context and whose last answers it waits for.
struct SubAgents: Sendable {
    /// The tools and the system prompt of each.
    let prefixTokens: TokenCount
    /// What each is told.
    let briefTokens: Distribution
    /// How many calls each makes.
    let calls: Distribution
    /// Their tools.
    let tools: ToolUse
    /// Their answers but the last.
    let answers: Answers
    /// The last answer of each, which its parent reads.
    let reportTokens: Distribution
}

extension SessionDraft {
    /// A message that somebody sends, and the answer to it.
    mutating func message(
        _ added: [Call.AddedItem], after seconds: Double = 0, _ kind: Call.WaitKind, _ answers: Answers,
        context: Call.Context? = nil
    ) {
        let answer = answers.draw(&self)
        add(Step(waitSeconds: seconds, waitKind: kind, context: context, added: added, answer: answer))
    }

    /// What the tools return, and the answer to it.
    mutating func toolCall(_ tools: ToolUse, _ answers: Answers) {
        let results = tools.results(&self)
        let seconds = tools.seconds.sample(using: &random)
        let answer = answers.draw(&self)
        add(Step(waitSeconds: seconds, added: results, answer: answer))
    }

    /// A wave of sub-agents side by side, then the call of the main agent that waits for all of them and reads their reports.
    mutating func wave(_ number: Int, of agents: SubAgents, _ answers: Answers) {
        guard let parent = last?.identifier, number > 0 else { return }
        var lastCalls: [CallIdentifier] = []
        var reports: [Call.AddedItem] = []
        for _ in 0..<number {
            let report = tokens(agents.reportTokens)
            lastCalls.append(subAgent(agents, parent: parent, report: report))
            reports.append(Call.AddedItem(role: "tool", tokens: report))
        }
        let answer = answers.draw(&self)
        add(Step(after: lastCalls, added: reports, answer: answer))
    }

    private mutating func subAgent(
        _ agents: SubAgents, parent: CallIdentifier, report: TokenCount
    ) -> CallIdentifier {
        let number = "\(subAgentCount + 1)"
        let name = "agent_" + String(repeating: "0", count: max(0, 3 - number.count)) + number
        addAgent(name, prefixTokens: agents.prefixTokens)
        let callCount = count(agents.calls)
        var call = parent
        for index in 0..<callCount {
            let added =
                index == 0
                ? [Call.AddedItem(role: "user", tokens: tokens(agents.briefTokens))] : agents.tools.results(&self)
            let seconds = index == 0 ? 0 : agents.tools.seconds.sample(using: &random)
            let answer = index == callCount - 1 ? Answers.Answer(tokens: report) : agents.answers.draw(&self)
            call = add(
                Step(
                    agent: name, after: [call], waitSeconds: seconds, added: added, answer: answer, role: "small"))
        }
        return call
    }

    /// A message of the user.
    mutating func userItem(_ distribution: Distribution) -> [Call.AddedItem] {
        [Call.AddedItem(role: "user", tokens: tokens(distribution))]
    }
}

extension Distribution {
    /// A distribution that has given quantiles: between two of them all values are equally likely.
    ///
    /// - Parameters:
    ///   - points: shares in ascending order from 0 to 1, each with the value that this share does not exceed.
    ///   - scale: multiplies every value.
    /// - Returns: a mixture of uniform distributions.
    static func quantiles(_ points: [(share: Double, value: Double)], scale: Double = 1) -> Distribution {
        precondition(points.first?.share == 0 && points.last?.share == 1, "quantiles must cover 0 to 1")
        return .mixture(
            zip(points, points.dropFirst()).map { low, high in
                precondition(low.share < high.share && low.value <= high.value, "quantiles must ascend")
                return Component(
                    weight: high.share - low.share, .uniform(lower: low.value * scale, upper: high.value * scale))
            })
    }

    /// Sizes in tokens by the quantiles of sizes in characters.
    static func characters(_ points: [(share: Double, value: Double)]) -> Distribution {
        quantiles(points, scale: 1 / ApproximateTokenizer.usualBytesPerToken)
    }
}
