public import Encodings
public import Quantities

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
    public enum WaitKind: String, CaseIterable, Hashable, Sendable {
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
        /// What an item may be.
        static let roles = ["user", "tool", "doc"]

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
    /// What the model answered, where the source tells.
    public var answer: Answer
    /// What is asked of the endpoint beside the prompt.
    public var request: RequestControl
    /// What was measured when the call was recorded; it does not set the pace.
    public var recorded: Recorded
    /// The identifiers of the prompt's blocks, as ranges: equal identifiers stand for equal text.
    ///
    /// They decide the text of what a call adds and of the answer before it, where those have none; see
    /// ``SessionLibrary/blockTokens``.
    public var blocks: [Range<Int>]
    /// Members of the line that this version does not use, kept for writing.
    public var other: JSONObject

    /// Makes a call.
    public init(
        identifier: CallIdentifier, agent: String = Call.mainAgent, after: [CallIdentifier], wait: Duration = .zero,
        waitKind: WaitKind, context: Context, carry: TokenCount = .zero, added: [AddedItem], input: TokenCount,
        output: TokenCount, reasoning: TokenCount = .zero, stop: String? = nil, role: String = "main",
        answer: Answer = Answer(), request: RequestControl = RequestControl(), recorded: Recorded = Recorded(),
        blocks: [Range<Int>] = [], other: JSONObject = JSONObject()
    ) {
        self.answer = answer
        self.request = request
        self.recorded = recorded
        self.blocks = blocks
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

extension Call {
    /// A recorded answer.
    public struct Answer: Hashable, Sendable {
        /// The visible text.
        public var text: String?
        /// The reasoning.
        public var reasoning: String?
        /// The tool calls.
        public var toolCalls: [RecordedToolCall]

        /// Makes an answer.
        public init(text: String? = nil, reasoning: String? = nil, toolCalls: [RecordedToolCall] = []) {
            self.text = text
            self.reasoning = reasoning
            self.toolCalls = toolCalls
        }
    }

    /// A tool call as it was recorded.
    public struct RecordedToolCall: Hashable, Sendable {
        /// The tool.
        public var name: String
        /// The size of the call.
        public var tokens: TokenCount
        /// The arguments as JSON text, where the source has them.
        public var arguments: String?

        /// Makes a tool call.
        public init(name: String, tokens: TokenCount = .zero, arguments: String? = nil) {
            self.name = name
            self.tokens = tokens
            self.arguments = arguments
        }
    }

    /// What is asked of the endpoint beside the prompt.
    public struct RequestControl: Hashable, Sendable {
        /// Whether the model may, must or must not call a tool.
        public enum ToolChoice: Hashable, Sendable {
            /// It may.
            case auto
            /// It must call some tool.
            case required
            /// It must not.
            case forbidden
            /// It must call this one.
            case named(String)
        }

        /// When the client hangs up.
        public enum Abort: Hashable, Sendable {
            /// After so many content events, taken as tokens.
            case tokens(TokenCount)
            /// So long after the request was sent.
            case after(Duration)
        }

        /// The most tokens that may be generated, in place of what the plan allows.
        public var outputLimit: TokenCount?
        /// When the client hangs up; nil for never.
        public var abort: Abort?
        /// Whether a tool is to be called; nil leaves it out of the request.
        public var toolChoice: ToolChoice?
        /// Whether several tools may be called at once; nil leaves it out of the request.
        public var allowsParallelTools: Bool?
        /// The sampling temperature, in place of the plan's.
        public var temperature: Double?

        /// Makes a control that asks for nothing.
        public init() {}
    }

    /// What was measured when a call was recorded.
    public struct Recorded: Hashable, Sendable {
        /// When it was sent, from the session's beginning.
        public var start: Duration?
        /// The time to its first token.
        public var timeToFirstToken: Duration?
        /// How long it took.
        public var duration: Duration?
        /// How much of its prompt was read from a cache.
        public var cached: TokenCount?

        /// Makes a record of nothing.
        public init() {}
    }
}
