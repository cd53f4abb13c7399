public import Encodings
public import Quantities

/// A set of sessions with what they share: the content of one `submeter.sessions` file.
public struct SessionLibrary: Hashable, Sendable {
    /// The file's first line: name, content kind, tokenizer, source and licence; unknown keys are kept.
    public var header: JSONObject
    /// The sessions in their order.
    public var sessions: [Session]

    /// Makes a library.
    public init(header: JSONObject, sessions: [Session]) {
        self.header = header
        self.sessions = sessions
    }

    /// The library's name.
    public var name: String { header["name"]?.stringValue ?? "unnamed" }

    /// The licence of the sessions' source, if stated.
    public var licence: String? { header["source"]?["licence"]?.stringValue }
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
    /// The calls; a call comes after those it depends on.
    public var calls: [Call]

    /// Makes a session.
    public init(
        identifier: SessionIdentifier, tenant: String = "t0", profile: String = "", toolsTokens: TokenCount,
        systemTokens: TokenCount, share: PrefixShare = .corpus, agentPrefixTokens: [String: TokenCount] = [:],
        calls: [Call]
    ) {
        self.identifier = identifier
        self.tenant = tenant
        self.profile = profile
        self.toolsTokens = toolsTokens
        self.systemTokens = systemTokens
        self.share = share
        self.agentPrefixTokens = agentPrefixTokens
        self.calls = calls
    }

    /// The size of an agent's prefix.
    public func prefixTokens(of agent: String) -> TokenCount {
        agent == Call.mainAgent ? toolsTokens + systemTokens : agentPrefixTokens[agent] ?? .zero
    }
}

/// Which sessions begin with the same bytes.
public enum PrefixShare: String, Hashable, Sendable {
    /// All sessions of the library.
    case corpus
    /// The sessions of one tenant.
    case tenant
    /// Nobody else.
    case session
}

/// One request to a model inside a session.
public struct Call: Hashable, Sendable {
    /// The name of the agent that every session has.
    public static let mainAgent = "main"

    /// What precedes the items that a call adds.
    public enum Context: Hashable, Sendable {
        /// Everything up to and including the output of the agent's previous call.
        case continuing
        /// Only the agent's prefix.
        case new
        /// The context and output of another call.
        case fork(CallIdentifier)
        /// The first tokens of the agent's context: a compaction.
        case keep(TokenCount)
    }

    /// For whom the client waits before it sends the call.
    public enum WaitKind: String, Hashable, Sendable {
        /// Nobody: the session starts.
        case start
        /// A tool.
        case tool
        /// A human.
        case human
        /// A clock.
        case timer
    }

    /// What a call appends to its context.
    public struct AddedItem: Hashable, Sendable {
        /// `user`, `tool` or `doc`.
        public var role: String
        /// The item's size.
        public var tokens: TokenCount
        /// The tool's name.
        public var name: String?
        /// True for a tool that failed.
        public var isError: Bool
        /// The text, where the source has it.
        public var text: String?

        /// Makes an item.
        public init(
            role: String, tokens: TokenCount, name: String? = nil, isError: Bool = false, text: String? = nil
        ) {
            self.role = role
            self.tokens = tokens
            self.name = name
            self.isError = isError
            self.text = text
        }
    }

    /// The call's name, unique in its session.
    public var identifier: CallIdentifier
    /// Which agent makes it.
    public var agent: String
    /// The calls that must have ended.
    public var after: [CallIdentifier]
    /// The client's own time between the end of the last dependency and the call.
    public var wait: Duration
    /// What that time is spent on.
    public var waitKind: WaitKind
    /// What precedes the added items.
    public var context: Context
    /// How much of the previous output enters the context again.
    public var carry: TokenCount
    /// The added items in their order.
    public var added: [AddedItem]
    /// The recorded size of the whole prompt.
    public var input: TokenCount
    /// The recorded size of the output, reasoning included.
    public var output: TokenCount
    /// The recorded part of the output that was reasoning.
    public var reasoning: TokenCount
    /// The recorded reason why the output ended.
    public var stop: String?
    /// The role that the model plays: `main` or `small`.
    public var role: String
    /// Members of the line that this version does not use, kept for writing.
    public var other: JSONObject

    /// Makes a call.
    public init(
        identifier: CallIdentifier, agent: String = Call.mainAgent, after: [CallIdentifier], wait: Duration = .zero,
        waitKind: WaitKind, context: Context, carry: TokenCount = .zero, added: [AddedItem], input: TokenCount,
        output: TokenCount, reasoning: TokenCount = .zero, stop: String? = nil, role: String = "main",
        other: JSONObject = JSONObject()
    ) {
        self.identifier = identifier
        self.agent = agent
        self.after = after
        self.wait = wait
        self.waitKind = waitKind
        self.context = context
        self.carry = carry
        self.added = added
        self.input = input
        self.output = output
        self.reasoning = reasoning
        self.stop = stop
        self.role = role
        self.other = other
    }

    /// The size of the added items together.
    public var addedTokens: TokenCount { added.reduce(.zero) { $0 + $1.tokens } }
}
