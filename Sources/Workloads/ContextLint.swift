import Quantities

/// Finds what a call says of its context that cannot be: more than there is, or what it does not wait for.
///
/// Replayed all the same, missing tokens would be made up, and the token equation would still hold.
struct ContextLint {
    private let session: Session
    private let graph: ContextGraph
    private let blockTokens: Int

    init(_ session: Session, _ graph: ContextGraph, blockTokens: Int) {
        self.session = session
        self.graph = graph
        self.blockTokens = blockTokens
    }

    /// What is wrong with the context of a call, one text for each fault.
    func problems(_ index: Int) -> [String] {
        let source = graph.entries[index].source
        return [keptTooMuch(index, source), carriedTooMuch(index, source), unawaited(index, source)].compactMap(\.self)
    }

    private func keptTooMuch(_ index: Int, _ source: Int?) -> String? {
        let call = session.calls[index]
        guard case .keep(let tokens) = call.context else { return nil }
        let limit = source.map { contextTokens(session.calls[$0]) } ?? session.prefixTokens(of: call.agent)
        guard tokens > limit else { return nil }
        return "it keeps \(Counted.text(tokens.value, "token")), but its agent's context has at most \(limit.value)"
    }

    /// The most that a call leaves to keep: its prompt with its answer, or its blocks, of which the last need not be full.
    private func contextTokens(_ call: Call) -> TokenCount {
        let blocks = min(call.blocks.reduce(0) { $0 + $1.count }, call.input.value / blockTokens + 1)
        return max(call.input + call.output, TokenCount(blocks * blockTokens))
    }

    private func carriedTooMuch(_ index: Int, _ source: Int?) -> String? {
        let call = session.calls[index]
        guard call.carry > .zero else { return nil }
        let carried = Counted.text(call.carry.value, "token")
        guard let source else { return "it carries \(carried) of an answer, but none precedes it" }
        let output = session.calls[source].output
        guard call.carry > output else { return nil }
        return "it carries \(carried) of an answer that has \(output.value)"
    }

    private func unawaited(_ index: Int, _ source: Int?) -> String? {
        guard let source, !awaits(index, source) else { return nil }
        return "it goes on from \(session.calls[source].identifier), but does not wait for it: after must lead there"
    }

    /// Whether a call comes after another, directly or by way of calls between them.
    private func awaits(_ index: Int, _ wanted: Int) -> Bool {
        var open = [index]
        var seen: Set<Int> = []
        while let next = open.popLast() {
            let dependencies = graph.entries[next].dependencies
            if dependencies.contains(wanted) { return true }
            // Dependencies stand before what depends on them, so that earlier ones lead nowhere.
            open += dependencies.filter { $0 > wanted && seen.insert($0).inserted }
        }
        return false
    }
}
