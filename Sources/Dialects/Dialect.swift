public import Encodings
public import Quantities
public import Workloads

/// What a request is made for: the model as the wire names it, and the provider's habits.
public struct RequestTarget: Hashable, Sendable {
    /// The model's name on the wire.
    public var model: String
    /// The member that limits the output, for OpenAI's chat: `max_tokens` or `max_completion_tokens`.
    public var outputLimitField: String
    /// The member that holds the least number of output tokens, for OpenAI's chat; nil for none.
    public var outputMinimumField: String?
    /// The member that passes over the model's wish to end, for OpenAI's chat; nil for none.
    public var ignoreEndField: String?
    /// True if the stream must be asked for its usage.
    public var asksForUsage: Bool
    /// Members that the provider wants in every body.
    public var extra: JSONObject
    /// Members that the provider does not accept and that are left out.
    public var omitted: Set<String>
    /// The member in which earlier reasoning is sent back; nil if the provider does not want it.
    public var reasoningField: String?
    /// True if the places up to which a prompt should be cached are to be marked.
    public var marksCache: Bool
    /// What recorded tool calls carry in place of a signature that only the model could give; nil for nothing.
    public var toolCallSignature: String?
    /// The member that keeps the calls of a session together; nil for none.
    public var sessionField: String?
    /// Whose body is sent, for Bedrock's InvokeModel: `openai-chat` or `anthropic-messages`.
    public var innerDialect: DialectName

    /// Makes a target.
    public init(
        model: String, outputLimitField: String = "max_tokens", outputMinimumField: String? = nil,
        ignoreEndField: String? = nil, asksForUsage: Bool = true,
        extra: JSONObject = JSONObject(), omitted: Set<String> = [], reasoningField: String? = nil,
        marksCache: Bool = false, toolCallSignature: String? = nil, sessionField: String? = nil,
        innerDialect: DialectName = .openAIChat
    ) {
        self.model = model
        self.outputLimitField = outputLimitField
        self.outputMinimumField = outputMinimumField
        self.ignoreEndField = ignoreEndField
        self.asksForUsage = asksForUsage
        self.extra = extra
        self.omitted = omitted
        self.reasoningField = reasoningField
        self.marksCache = marksCache
        self.toolCallSignature = toolCallSignature
        self.sessionField = sessionField
        self.innerDialect = innerDialect
    }
}

/// What a call asks for beyond its messages.
public struct CallOptions: Hashable, Sendable {
    /// The most tokens that may be generated.
    public var outputLimit: TokenCount?
    /// The least tokens that are to be generated; nil leaves the end to the model.
    ///
    /// Only servers that speak OpenAI's chat are known to take it: the other dialects leave it out.
    public var outputMinimum: TokenCount?
    /// The sampling temperature.
    public var temperature: Double?
    /// The sampling seed.
    public var seed: Int?
    /// What all calls of the session have in common, and no others.
    public var sessionKey: String?
    /// Whether a tool is to be called; nil leaves it to the model.
    ///
    /// Converse has it among the tools, which belong to the prefix, and TGI's own form has no tools: they leave it out.
    public var toolChoice: Call.RequestControl.ToolChoice?
    /// Whether several tools may be called at once; nil leaves it to the provider.
    public var allowsParallelTools: Bool?

    /// Makes options; what is left out is not sent.
    public init(
        outputLimit: TokenCount? = nil, outputMinimum: TokenCount? = nil, temperature: Double? = nil,
        seed: Int? = nil, sessionKey: String? = nil, toolChoice: Call.RequestControl.ToolChoice? = nil,
        allowsParallelTools: Bool? = nil
    ) {
        self.toolChoice = toolChoice
        self.allowsParallelTools = allowsParallelTools
        self.outputLimit = outputLimit
        self.outputMinimum = outputMinimum
        self.temperature = temperature
        self.seed = seed
        self.sessionKey = sessionKey
    }
}

/// Turns calls into request bodies.
///
/// A body is the bytes of the prefix, the bytes of each kept call's items, and the bytes of the suffix, in that order. The
/// parts are immutable and shared: the prefix by all sessions that begin alike, the items by all later calls of a session.
/// Where a dialect wants messages of one role merged, the last message of a part stays open and the next part, or the
/// suffix, closes it; for that the role of the message before is handed in.
public protocol RequestEncoder: Sendable {
    /// The path that is appended to the provider's base URL; `{model}` stands for the model's name, percent-encoded.
    var path: String { get }

    /// Headers that every request of the dialect has.
    var headers: [(name: String, value: String)] { get }

    /// True if the reasoning of earlier answers is part of what is sent.
    func sendsReasoning(_ target: RequestTarget) -> Bool

    /// The opening of a body, up to and including the system message.
    func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8]

    /// The bytes that a call's items add.
    ///
    /// - Parameters:
    ///   - items: the items; at least one, the last of them of the user or a tool.
    ///   - previous: the role of the message before them; nil if none precedes them, not even a system message.
    ///   - target: what the request is made for.
    /// - Returns: a piece of the body.
    func items(_ items: [ConversationItem], after previous: MessageRole?, target: RequestTarget) -> [UInt8]

    /// The end of a body.
    ///
    /// - Parameters:
    ///   - options: what the call asks for.
    ///   - prefix: the prefix with which the body began.
    ///   - target: what the request is made for.
    /// - Returns: the last piece of the body.
    func suffix(_ options: CallOptions, prefix: PromptPrefix, target: RequestTarget) -> [UInt8]
}

extension RequestEncoder {
    /// Server-sent events are accepted.
    public var headers: [(name: String, value: String)] { [("Accept", "text/event-stream")] }

    /// Reasoning is not sent back, whatever the target wants.
    public func sendsReasoning(_ target: RequestTarget) -> Bool { false }

    /// The path of a request.
    ///
    /// - Parameters:
    ///   - template: a provider's own path in place of the dialect's; nil for none.
    ///   - model: the model's name on the wire.
    /// - Returns: the path with the model's name put in.
    public func path(template: String?, model: String) -> String {
        var path = template ?? self.path
        guard let place = path.firstRange(of: "{model}") else { return path }
        path.replaceSubrange(place, with: PercentEncoding.segment(model))
        return path
    }

    /// A whole body in one piece.
    public func body(
        _ prompt: PromptPrefix, _ items: [ConversationItem], _ options: CallOptions, target: RequestTarget
    ) -> [UInt8] {
        prefix(prompt, target: target)
            + self.items(items, after: prompt.system.isEmpty ? nil : .system, target: target)
            + suffix(options, prefix: prompt, target: target)
    }
}

/// The dialects by name.
public enum Dialects {
    /// The encoder of a dialect.
    public static func encoder(_ name: DialectName) -> any RequestEncoder {
        switch name {
        case .openAIChat: ChatRequestEncoder()
        case .openAIResponses: ResponsesRequestEncoder()
        case .anthropicMessages: AnthropicRequestEncoder()
        case .bedrockConverse: ConverseRequestEncoder()
        case .bedrockInvoke: InvokeRequestEncoder()
        case .gemini: GeminiRequestEncoder()
        case .tgi: GenerateRequestEncoder()
        case .dashScope: DashScopeRequestEncoder()
        }
    }

    /// A decoder for one response of a dialect.
    ///
    /// - Parameters:
    ///   - name: the dialect.
    ///   - head: status and content type; an empty content type means that the body itself must tell.
    ///   - parser: may serve many decoders of one thread.
    ///   - options: how to read it.
    /// - Returns: a decoder that has seen nothing yet.
    public static func decoder(
        _ name: DialectName, head: ResponseHead, parser: JSONParser, options: DecodingOptions = DecodingOptions()
    ) -> any ResponseDecoder {
        func events<Interpreter: StreamInterpreter>(_ interpreter: Interpreter) -> any ResponseDecoder {
            ServerSentEventDecoder(interpreter, head: head, parser: parser, options: options)
        }
        return switch name {
        case .openAIChat: events(ChatInterpreter())
        case .openAIResponses: events(ResponsesInterpreter())
        case .anthropicMessages: events(AnthropicInterpreter())
        case .bedrockConverse:
            EventStreamDecoder(ConverseInterpreter(), head: head, parser: parser, options: options)
        case .bedrockInvoke: EventStreamDecoder(InvokeInterpreter(), head: head, parser: parser, options: options)
        case .gemini: events(GeminiInterpreter())
        case .tgi: events(GenerateInterpreter())
        case .dashScope: events(DashScopeInterpreter())
        }
    }
}
