public import Encodings
public import Quantities
public import Workloads

/// What a request is made for: the model as the wire names it, and the provider's habits.
public struct RequestTarget: Hashable, Sendable {
    /// The model's name on the wire.
    public var model: String
    /// The member that limits the output: `max_tokens` or `max_completion_tokens`.
    public var outputLimitField: String
    /// True if the stream must be asked for its usage.
    public var asksForUsage: Bool
    /// Members that the provider wants in every body.
    public var extra: JSONObject

    /// Makes a target.
    public init(
        model: String, outputLimitField: String = "max_tokens", asksForUsage: Bool = true,
        extra: JSONObject = JSONObject()
    ) {
        self.model = model
        self.outputLimitField = outputLimitField
        self.asksForUsage = asksForUsage
        self.extra = extra
    }
}

/// What a call asks for beyond its messages.
public struct CallOptions: Hashable, Sendable {
    /// The most tokens that may be generated.
    public var outputLimit: TokenCount?
    /// The sampling temperature.
    public var temperature: Double?
    /// The sampling seed.
    public var seed: Int?

    /// Makes options; what is left out is not sent.
    public init(outputLimit: TokenCount? = nil, temperature: Double? = nil, seed: Int? = nil) {
        self.outputLimit = outputLimit
        self.temperature = temperature
        self.seed = seed
    }
}

/// Turns calls into request bodies.
///
/// A body is the bytes of the prefix, the bytes of each kept call's items, and the bytes of the suffix, in that order. The
/// parts are immutable and shared: the prefix by all sessions that begin alike, the items by all later calls of a session.
public protocol RequestEncoder: Sendable {
    /// The path that is appended to the provider's base URL.
    var path: String { get }

    /// The opening of a body, up to and including the system message.
    func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8]

    /// The bytes that a call's items add.
    ///
    /// - Parameters:
    ///   - items: the items.
    ///   - isFirst: true if no message precedes them.
    /// - Returns: a piece of the body.
    func items(_ items: [ConversationItem], isFirst: Bool) -> [UInt8]

    /// The end of a body.
    func suffix(_ options: CallOptions, target: RequestTarget) -> [UInt8]
}

/// The dialects by name.
public enum Dialects {
    /// The encoder of a dialect.
    public static func encoder(_ name: DialectName) -> any RequestEncoder {
        switch name {
        case .openAIChat: ChatRequestEncoder()
        }
    }
}
