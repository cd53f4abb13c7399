import Encodings
public import Quantities
public import Workloads

/// One thing that a server sends of an answer.
public enum ServedPiece: Hashable, Sendable {
    /// A piece of reasoning.
    case reasoning(String)
    /// A piece of visible text.
    case text(String)
    /// The opening of a tool call, with its place among the answer's tool calls.
    case toolCall(Int, identifier: String, name: String)
    /// A piece of a tool call's arguments.
    case arguments(Int, String)
}

/// Why an answer ended.
public enum ServedFinish: String, Hashable, Sendable {
    /// The model was done.
    case stop
    /// The limit of output tokens was met.
    case length
    /// The model waits for its tools.
    case toolCalls = "tool_calls"
    /// A filter took the rest away.
    case contentFilter = "content_filter"
}

/// What a server knows about its answer so far.
public struct ServedReport: Hashable, Sendable {
    /// Tokens; the input with what a cache held, the output with its reasoning.
    public var tokens: TokenUsage
    /// What it costs; nil if the server does not say.
    public var cost: Money?
    /// From the request to the first token.
    public var firstToken: Duration
    /// From the request until now.
    public var elapsed: Duration
    /// Tokens by which the total is told wrong.
    public var error: Int

    /// Makes a report.
    public init(
        tokens: TokenUsage = TokenUsage(), cost: Money? = nil, firstToken: Duration = .zero, elapsed: Duration = .zero,
        error: Int = 0
    ) {
        self.tokens = tokens
        self.cost = cost
        self.firstToken = firstToken
        self.elapsed = elapsed
        self.error = error
    }

    var input: Int { tokens.inputTotal?.value ?? 0 }
    var cacheRead: Int { tokens.inputCacheRead?.value ?? 0 }
    var cacheWrite: Int { tokens.inputCacheWrite?.value ?? 0 }
    /// What no cache held nor will.
    var fresh: Int { max(0, input - cacheRead - cacheWrite) }
    var output: Int { tokens.outputTotal?.value ?? 0 }
    var reasoning: Int { tokens.outputReasoning?.value ?? 0 }
    var total: Int { input + output + error }
}

/// How server-sent events look on the wire.
public struct EventFraming: Hashable, Sendable {
    /// True if lines end in CR LF, as Google's do.
    public var usesCarriageReturn = false
    /// False if nothing stands between `data:` and the data, as Alibaba's native form has it.
    public var hasSpace = true
    /// True if the data comes before the event's name, as at Bedrock's mantle.
    public var putsDataFirst = false

    /// The usual form: LF, one space, the name first.
    public init() {}

    var lineEnd: [UInt8] { usesCarriageReturn ? [0x0D, 0x0A] : [0x0A] }

    /// An event.
    ///
    /// - Parameters:
    ///   - data: one line.
    ///   - name: the event's name; nil for none.
    ///   - more: lines that come before, such as an identifier or a comment.
    /// - Returns: the event with its empty line.
    public func event(_ data: [UInt8], name: String? = nil, more: [String] = []) -> [UInt8] {
        let space: [UInt8] = hasSpace ? [0x20] : []
        var bytes: [UInt8] = []
        let nameLine = name.map { Array("event:".utf8) + space + Array($0.utf8) + lineEnd } ?? []
        if !putsDataFirst { bytes += nameLine }
        for line in more { bytes += Array(line.utf8) + lineEnd }
        bytes += Array("data:".utf8) + space + data + lineEnd
        if putsDataFirst { bytes += nameLine }
        return bytes + lineEnd
    }

    /// A comment, followed by an empty line.
    public func comment(_ text: String) -> [UInt8] { Array(": \(text)".utf8) + lineEnd + lineEnd }
}

/// What a response is written for.
public struct ResponseContext: Hashable, Sendable {
    /// The response's own identifier, which is given the dialect's prefix.
    public var identifier: String
    /// The model that answers.
    public var model: String
    /// The upstream that an aggregator names; nil for none.
    public var provider: String?
    /// How events look.
    public var framing: EventFraming
    /// The habits of a server of OpenAI's chat.
    public var habits: ChatHabits
    /// The request that is answered.
    public var request: ServedRequest
    /// True if each event repeats all text so far.
    public var isCumulative: Bool

    /// Makes a context.
    public init(
        identifier: String, model: String, provider: String? = nil, framing: EventFraming = EventFraming(),
        habits: ChatHabits = ChatHabits(), request: ServedRequest = ServedRequest(), isCumulative: Bool = false
    ) {
        self.identifier = identifier
        self.model = model
        self.provider = provider
        self.framing = framing
        self.habits = habits
        self.request = request
        self.isCumulative = isCumulative
    }
}

/// Writes one response of a dialect, streamed or whole: what the embedded fleet sends.
///
/// The bytes of a stream are, in this order, those of ``opening(_:)``, of each piece, of ``closing(_:_:tellsUsage:)``, and the
/// ``endMark``. A server that fails leaves off at any of these and may send ``failure(_:)``.
public protocol ResponseWriter: Sendable {
    /// The content type of the stream.
    var contentType: String { get }
    /// True if the arguments of parallel tool calls may come by turns.
    var interleavesToolCalls: Bool { get }
    /// True if the arguments of a tool call come in one piece.
    var sendsWholeArguments: Bool { get }
    /// What the dialect has at its end, such as `[DONE]`; empty for nothing.
    var endMark: [UInt8] { get }

    /// What comes before the first token.
    mutating func opening(_ report: ServedReport) -> [UInt8]

    /// A piece of the answer; empty if the dialect keeps it for a later event.
    mutating func write(_ piece: ServedPiece, _ report: ServedReport) -> [UInt8]

    /// What comes after the last token, without the end mark.
    ///
    /// - Parameters:
    ///   - finish: why the answer ended.
    ///   - report: the final figures.
    ///   - tellsUsage: false to keep the usage to oneself.
    /// - Returns: events.
    mutating func closing(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8]

    /// An error inside a stream that began with HTTP 200.
    func failure(_ refusal: ServedRefusal) -> [UInt8]

    /// The body of a response that is no stream.
    func whole(_ answer: ServedAnswer, _ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8]
}

/// An answer put together from its pieces.
public struct ServedAnswer: Hashable, Sendable {
    /// The reasoning.
    public var reasoning = ""
    /// The visible text.
    public var text = ""
    /// The tool calls.
    public var calls: [ToolCall] = []

    /// Puts pieces together.
    public init(_ pieces: [ServedPiece]) {
        for piece in pieces {
            switch piece {
            case .reasoning(let text): reasoning += text
            case .text(let piece): text += piece
            case .toolCall(_, let identifier, let name):
                calls.append(ToolCall(identifier: identifier, name: name, arguments: ""))
            case .arguments(let index, let piece):
                if calls.indices.contains(index) { calls[index].arguments += piece }
            }
        }
    }
}

/// The writers by dialect.
public enum ResponseWriters {
    /// A writer for one response.
    public static func writer(_ dialect: DialectName, _ context: ResponseContext) -> any ResponseWriter {
        switch dialect {
        case .openAIChat: ChatResponseWriter(context)
        case .openAIResponses: ResponsesResponseWriter(context)
        case .anthropicMessages: AnthropicResponseWriter(context)
        case .bedrockConverse: ConverseResponseWriter(context)
        case .bedrockInvoke: InvokeResponseWriter(context)
        case .gemini: GeminiResponseWriter(context)
        case .tgi: GenerateResponseWriter(context)
        case .dashScope: DashScopeResponseWriter(context)
        }
    }
}

/// The arguments of a tool call as an object, which a model may have got wrong.
func argumentsObject(_ text: String) -> JSONValue {
    let value = try? JSONValue(parsing: Array(text.utf8))
    return value?.objectValue == nil ? .object(JSONObject()) : value ?? .null
}
