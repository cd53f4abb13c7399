public import Encodings
public import Quantities

/// A set of sessions with what they share: the content of one `submeter.sessions` file.
public struct SessionLibrary: Hashable, Sendable {
    /// The file's first line: name, content kind, tokenizer, source and licence; unknown keys are kept.
    public var header: JSONObject
    /// Texts and tools that sessions refer to by name, each stored once.
    public var assets: [String: Asset]
    /// The sessions in their order.
    public var sessions: [Session]

    /// Makes a library.
    public init(header: JSONObject, assets: [String: Asset] = [:], sessions: [Session]) {
        self.header = header
        self.assets = assets
        self.sessions = sessions
    }

    /// The library's name.
    public var name: String { header["name"]?.stringValue ?? "unnamed" }

    /// How many tokens a block of ``Call/blocks`` holds.
    public var blockTokens: Int { Self.blockTokens(header) }

    /// How many tokens a block holds by a header.
    static func blockTokens(_ header: JSONObject) -> Int { max(1, header["block"]?.integerValue ?? 64) }

    /// The library with its sessions by their starts, if all are known; else as it is.
    ///
    /// Importers that read a stream hand a session out when it has ended, so that without this long ones would come last.
    public var inOrderOfStarts: SessionLibrary {
        let starts = sessions.compactMap(\.start)
        guard starts.count == sessions.count else { return self }
        let order = starts.indices.sorted { (starts[$0], $0) < (starts[$1], $1) }
        var library = self
        library.sessions = order.map { sessions[$0] }
        return library
    }
}

/// A text or a set of tools that sessions refer to by name.
public struct Asset: Hashable, Sendable {
    /// What an asset is.
    public enum Content: Hashable, Sendable {
        /// Tool definitions.
        case tools([ToolDefinition])
        /// A system prompt.
        case system(String)
        /// A document that calls bring into their context.
        case document(String)
    }

    /// The name, unique in its library.
    public var identifier: String
    /// The size, counted or guessed.
    public var tokens: TokenCount
    /// The content.
    public var content: Content

    /// Makes an asset.
    public init(identifier: String, tokens: TokenCount, content: Content) {
        self.identifier = identifier
        self.tokens = tokens
        self.content = content
    }

    /// How many tokens the content is, counted approximately; of tools, that of the definitions as compact JSON.
    var countedTokens: TokenCount {
        let size =
            switch content {
            case .tools(let tools): tools.reduce(0) { $0 + $1.centitokens }
            case .system(let text), .document(let text): text.centitokens
            }
        return ApproximateTokenizer().tokens(centitokens: size)
    }
}

/// One agent task: calls that depend on each other.
public struct Session: Hashable, Sendable {
    /// The session's name, unique in its library.
    public var identifier: SessionIdentifier
    /// Whose session it is, for salting.
    public var tenant: String
    /// What kind of workload it belongs to.
    public var profile: String
    /// The size of the main agent's tool definitions.
    public var toolsTokens: TokenCount
    /// The size of the main agent's system prompt.
    public var systemTokens: TokenCount
    /// Who shares the prefix.
    public var share: PrefixShare
    /// The sizes of the sub-agents' prefixes (tools and system prompt together) by agent name.
    public var agentPrefixTokens: [String: TokenCount]
    /// The names of the assets that hold an agent's tools and system prompt, by agent name.
    public var prefixAssets: [String: PrefixAssets] = [:]
    /// The calls; a call comes after those it depends on.
    public var calls: [Call]
    /// True if the session's answer is that of its last call, whoever makes it: where agents are told apart only by their model
    /// or system prompt, and nothing says that one works for another.
    public var endsWithLastCall = false
    /// When the session began in its source, from the source's beginning; nil if it does not say.
    public var start: Duration?

    /// Which assets an agent's prefix is made of; nil where a text of the stated size is made up.
    public struct PrefixAssets: Hashable, Sendable {
        /// The tools.
        public var tools: String?
        /// The system prompt.
        public var system: String?

        /// Makes a pair of names.
        public init(tools: String? = nil, system: String? = nil) {
            self.tools = tools
            self.system = system
        }
    }

    /// Makes a session.
    public init(
        identifier: SessionIdentifier, tenant: String = "t0", profile: String = "", toolsTokens: TokenCount,
        systemTokens: TokenCount, share: PrefixShare = .corpus, agentPrefixTokens: [String: TokenCount] = [:],
        calls: [Call], start: Duration? = nil
    ) {
        self.start = start
        self.identifier = identifier
        self.tenant = tenant
        self.profile = profile
        self.toolsTokens = toolsTokens
        self.systemTokens = systemTokens
        self.share = share
        self.agentPrefixTokens = agentPrefixTokens
        self.calls = calls
    }

    /// Which bytes an agent's prefix has: equal keys, equal bytes.
    ///
    /// - Parameters:
    ///   - agent: the agent.
    ///   - owner: tells a session with a prefix of its own from all others.
    /// - Returns: the key.
    public func prefixKey(of agent: String, owner: String) -> String {
        let sharer =
            switch share {
            case .corpus: ""
            case .tenant: tenant
            case .session: owner
            }
        let main = agent == Call.mainAgent
        let sizes = main ? "\(toolsTokens.value)+\(systemTokens.value)" : "\(prefixTokens(of: agent).value)"
        let names = prefixAssets[agent].map { "/\($0.tools ?? "")/\($0.system ?? "")" } ?? ""
        return "\(share.rawValue)/\(sharer)/\(main ? "main" : "agent")/\(sizes)\(names)"
    }

    /// The call whose answer is the session's: the last of the main agent, or the last of all in a session without one, or in
    /// one that says so.
    public var finalCall: Int? {
        let last = endsWithLastCall ? nil : calls.lastIndex { $0.agent == Call.mainAgent }
        return last ?? calls.indices.last
    }

    /// The size of an agent's prefix.
    public func prefixTokens(of agent: String) -> TokenCount {
        agent == Call.mainAgent ? toolsTokens + systemTokens : agentPrefixTokens[agent] ?? .zero
    }
}

/// Which sessions begin with the same bytes.
public enum PrefixShare: String, CaseIterable, Hashable, Sendable {
    /// All sessions of the library.
    case corpus
    /// The sessions of one tenant.
    case tenant
    /// Nobody else.
    case session
}
