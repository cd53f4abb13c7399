import Quantities

/// What a cache of prompts could hold of a library's input, if all sessions ran once, in the order of their recorded times.
struct PrefixReuse: Hashable, Sendable {
    /// Input tokens that a cache holds which forgets nothing and is shared by all sessions.
    private(set) var idealTokens = 0
    /// The same for one that forgets what was not used for ``lifetime``.
    private(set) var fiveMinuteTokens = 0

    /// How long the second cache remembers.
    static let lifetime = Duration.seconds(300)

    init(_ library: SessionLibrary) {
        var prefixes: Set<String> = []
        var timed: [(at: Duration, call: Call, owner: SessionIdentifier?)] = []
        for session in library.sessions {
            let graph = ContextGraph(session)
            let starts = Self.starts(session, graph)
            for (index, call) in session.calls.enumerated() {
                guard call.blocks.isEmpty else {
                    timed.append((starts[index], call, session.share == .session ? session.identifier : nil))
                    continue
                }
                let isNew = prefixes.insert(session.prefixKey(of: call.agent, owner: session.identifier.rawValue))
                    .inserted
                let prefix = session.prefixTokens(of: call.agent)
                let kept = graph.entries[index].keptTokens
                let cached = min(
                    (isNew && graph.entries[index].kept.isEmpty ? kept - min(kept, prefix) : kept), call.input)
                idealTokens += cached.value
                if call.wait < Self.lifetime { fiveMinuteTokens += cached.value }
            }
        }
        timed.sort { $0.at < $1.at }
        take(timed, blockTokens: library.blockTokens)
    }

    private struct Block: Hashable {
        let owner: SessionIdentifier?
        let identifier: Int
    }

    private mutating func take(
        _ calls: [(at: Duration, call: Call, owner: SessionIdentifier?)], blockTokens: Int
    ) {
        var lastUses: [Block: Duration] = [:]
        for (at, call, owner) in calls {
            var (isIdeal, isFresh) = (true, true)
            for (position, identifier) in call.blocks.joined().enumerated() {
                let block = Block(owner: owner, identifier: identifier)
                let last = lastUses.updateValue(at, forKey: block)
                isIdeal = isIdeal && last != nil
                isFresh = isFresh && last.map { at - $0 < Self.lifetime } ?? false
                let tokens = min(blockTokens, max(0, call.input.value - position * blockTokens))
                if isIdeal { idealTokens += tokens }
                if isFresh { fiveMinuteTokens += tokens }
            }
        }
    }

    /// When each call begins, if each takes as long as was recorded, or no time.
    private static func starts(_ session: Session, _ graph: ContextGraph) -> [Duration] {
        var starts: [Duration] = []
        for (index, call) in session.calls.enumerated() {
            let ends = graph.entries[index].dependencies.map {
                starts[$0] + (session.calls[$0].recorded.duration ?? .zero)
            }
            starts.append((ends.max() ?? session.start ?? .zero) + call.wait)
        }
        return starts
    }
}
