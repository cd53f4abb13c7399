import Encodings
public import Statistics

/// A kind of workload that can be drawn: what its sessions begin with and how their calls follow each other.
///
/// A generator is put together from parts (``SessionDraft``, ``ToolUse``, ``Answers``, ``ContextBreaks``, ``SubAgents``) in a
/// file of its own; it is pure, so equal seeds give equal sessions.
public struct SessionGenerator: Sendable {
    /// The name of the profile.
    public let name: String
    /// What it is for, in one line.
    public let purpose: String
    /// Where its figures come from.
    public let source: String

    let prefix: SharedPrefix
    let tools: ToolSet?
    let carriesReasoning: Bool
    let draw: @Sendable (inout SessionDraft) -> Void

    init(
        _ name: String, purpose: String, source: String, prefix: SharedPrefix, tools: ToolSet? = nil,
        carriesReasoning: Bool = false, draw: @escaping @Sendable (inout SessionDraft) -> Void
    ) {
        self.name = name
        self.purpose = purpose
        self.source = source
        self.prefix = prefix
        self.tools = tools
        self.carriesReasoning = carriesReasoning
        self.draw = draw
    }

    /// All generators, in the order in which they are listed.
    public static let all: [SessionGenerator] = [
        .codingInteractive, .codingAutonomous, .codingSmall, .sweMini, .swarm, .customerService, .retrieval,
        .chatReasoning, .averageRequest, .alwaysOn, .research, .long256K, .long1M,
    ]

    /// The generators by name.
    public static let named: [String: SessionGenerator] = Dictionary(
        uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The name of the asset that holds an owner's tools.
    func toolsIdentifier(_ owner: SharedPrefix.Owner) -> String { "\(name)/tools/\(owner.name)" }

    /// The tools of all owners as assets, by their names.
    var assets: [String: Asset] {
        guard let tools else { return [:] }
        let assets = prefix.owners.map { tools.asset(toolsIdentifier($0), tokens: $0.toolsTokens) }
        return Dictionary(uniqueKeysWithValues: assets.map { ($0.identifier, $0) })
    }

    func session(number: Int, seed: Seed) -> Session {
        var draft = SessionDraft(self, number: number, seed: seed)
        draw(&draft)
        return draft.finished()
    }
}

/// Draws sessions.
public enum WorkloadGenerator {
    /// Draws sessions; the same generator and seed give the same sessions, and more sessions begin with the same ones.
    ///
    /// No two sessions have the same calls: one that repeats an earlier one is drawn again, at most eight times.
    ///
    /// - Parameters:
    ///   - generator: what they look like.
    ///   - count: how many.
    ///   - seed: where the draws come from.
    /// - Returns: the sessions, with a header that names their source.
    public static func generate(_ generator: SessionGenerator, count: Int, seed: Seed) -> SessionLibrary {
        var seen: Set<[Call]> = []
        let sessions = (0..<count).map { number in
            let own = seed.derived("session", number)
            var session = generator.session(number: number, seed: own)
            var attempt = 0
            while !seen.insert(session.calls).inserted, attempt < 8 {
                session = generator.session(number: number, seed: own.derived("again", attempt))
                attempt += 1
            }
            return session
        }
        let source = SessionFile.header(
            name: generator.name, content: generator.tools == nil ? "lengths" : "mixed",
            source: [
                "generator": .string(generator.name), "seed": .string(String(seed.value)), "licence": "Apache-2.0",
            ])
        let named = Set(sessions.compactMap { $0.prefixAssets[Call.mainAgent]?.tools })
        var library = SessionLibrary(header: source, sessions: sessions)
        library.assets = generator.assets.filter { named.contains($0.key) }
        return library
    }
}
