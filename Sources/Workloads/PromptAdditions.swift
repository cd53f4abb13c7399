import Quantities

/// What of a prompt a session does not count.
///
/// What is made up is as large as the session says, salts included. What was recorded is sent whole and grows by the salts in
/// front of it; and recorded reasoning goes back only to providers that want it (workload studies call it interleaved thinking).
enum PromptAdditions: Hashable, Sendable {
    /// Nothing is added: sizes are those of the session.
    case none
    /// Salts.
    case salts
    /// Salts and recorded reasoning.
    case saltsAndReasoning
}

extension Transcript {
    /// What the salts of a run add to an agent's tools and to its system prompt.
    ///
    /// - Parameters:
    ///   - agent: the agent.
    ///   - policy: which salts there are.
    /// - Returns: tokens, zero for what is made up.
    func prefixAdditions(agent: String, _ policy: ReuseSalts) -> (tools: TokenCount, system: TokenCount) {
        let names = session.prefixAssets[agent]
        func size(_ end: String) -> TokenCount {
            guard policy.run else { return .zero }
            return tokenizer.tokens(centitokens: SaltMarks.size(policy) { SaltMarks.run($0.run) + end })
        }
        return (
            assetTools(names?.tools)?.isEmpty == false ? size(" ") : .zero,
            assetText(names?.system) != nil ? size("\n") : .zero
        )
    }

    /// What the salts and the reasoning add to what a call appends to its context.
    ///
    /// - Parameters:
    ///   - index: the call.
    ///   - policy: which salts there are.
    ///   - additions: what is to be counted.
    /// - Returns: tokens.
    func additions(_ index: Int, _ policy: ReuseSalts, _ additions: PromptAdditions) -> (
        salts: TokenCount, reasoning: TokenCount
    ) {
        guard additions != .none else { return (.zero, .zero) }
        let (call, entry) = (session.calls[index], graph.entries[index])
        let source = entry.answered.flatMap { source in
            call.carry > .zero || call.added.contains { $0.role == "tool" } ? session.calls[source].answer : nil
        }
        let reasoning = additions == .saltsAndReasoning ? source?.reasoning ?? "" : ""
        return (
            opensRecordedText(call, entry, hasAnswer: source != nil) ? openingSize(call.agent, policy) : .zero,
            tokenizer.tokens(in: reasoning)
        )
    }

    /// True if salts stand in front of a text that is not made up to a size.
    private func opensRecordedText(_ call: Call, _ entry: ContextGraph.Entry, hasAnswer: Bool) -> Bool {
        guard entry.kept.isEmpty, call.blocks.isEmpty, entry.remainder <= .zero else { return false }
        guard let first = call.added.first(where: { !(hasAnswer && $0.role == "tool") }) else { return false }
        return first.text != nil || first.role == "doc"
    }

    private func openingSize(_ agent: String, _ policy: ReuseSalts) -> TokenCount {
        let size = SaltMarks.size(policy) { salts in
            SaltMarks.openings(salts, needsRun: !hasSystemSalt(agent, salts.run)).first ?? ""
        }
        return tokenizer.tokens(centitokens: size)
    }
}
