public import Quantities

/// What each call of a session has in its context: the prefix of its agent, and the items that earlier calls added.
public struct ContextGraph: Hashable, Sendable {
    /// The context of one call.
    public struct Entry: Hashable, Sendable {
        /// The earlier calls whose items precede this call's own, in their order.
        public let kept: [Int]
        /// The calls, by index, that must have ended.
        public let dependencies: [Int]
        /// The call whose context this one goes on from, of which it may keep only a part; nil for a fresh context.
        public let source: Int?
        /// The call whose output opens this call's own items, if any.
        public let answered: Int?
        /// Tokens that a compaction keeps but that do not fill whole calls; this call's own items make them up.
        ///
        /// Negative if the agent's prefix alone is larger than what is kept; then this call's own items are that much shorter.
        public let remainder: TokenCount
        /// The size of the context before this call's own items.
        public let keptTokens: TokenCount
    }

    /// One entry per call, in the session's order.
    public let entries: [Entry]

    /// Follows the contexts of a session.
    ///
    /// A dependency or fork that names no earlier call is left out here; ``SessionLint`` reports it.
    public init(_ session: Session) {
        var entries: [Entry] = []
        var indices: [CallIdentifier: Int] = [:]
        var lastOfAgent: [String: Int] = [:]
        for (index, call) in session.calls.enumerated() {
            let prefix = session.prefixTokens(of: call.agent)
            let source: Int? =
                switch call.context {
                case .new: nil
                case .continuing, .keep: lastOfAgent[call.agent]
                case .fork(let other): indices[other]
                }
            entries.append(
                Self.entry(
                    call, prefix: prefix, source: source, entries: entries,
                    calls: session.calls, dependencies: call.after.compactMap { indices[$0] }))
            indices[call.identifier] = index
            lastOfAgent[call.agent] = index
        }
        self.entries = entries
    }

    private static func entry(
        _ call: Call, prefix: TokenCount, source: Int?, entries: [Entry], calls: [Call], dependencies: [Int]
    ) -> Entry {
        let chain = source.map { entries[$0].kept + [$0] } ?? []
        guard case .keep(let limit) = call.context else {
            let kept = source.map { entries[$0].keptTokens + own(calls[$0], entries[$0]) } ?? prefix
            return Entry(
                kept: chain, dependencies: dependencies, source: source, answered: source, remainder: .zero,
                keptTokens: kept)
        }
        var kept: [Int] = []
        var size = prefix
        for index in chain {
            let next = size + own(calls[index], entries[index])
            guard next <= limit else { break }
            size = next
            kept.append(index)
        }
        return Entry(
            kept: kept, dependencies: dependencies, source: source, answered: call.carry > .zero ? source : nil,
            remainder: limit - size, keptTokens: size)
    }

    /// What one call appends to its context: the carried output, its items, and what a compaction made it repeat.
    private static func own(_ call: Call, _ entry: Entry) -> TokenCount {
        call.carry + call.addedTokens + entry.remainder
    }

    /// The prompt of a call as the token equation has it: prefix + kept + carry + added.
    public func promptTokens(_ index: Int, in session: Session) -> TokenCount {
        entries[index].keptTokens + Self.own(session.calls[index], entries[index])
    }

    /// The call whose whole prompt and answer open a call's prompt.
    ///
    /// - Returns: nil for the first call of a context, for one after a compaction, and for one that takes the context of
    ///   another agent to a prefix of its own.
    public func previousCall(_ index: Int, in session: Session) -> Int? {
        let call = session.calls[index]
        guard let source = entries[index].answered else { return nil }
        if case .keep = call.context { return nil }
        let prefixes = [call.agent, session.calls[source].agent].map { session.prefixKey(of: $0, owner: "") }
        return prefixes[0] == prefixes[1] ? source : nil
    }
}
