public import Quantities
public import Workloads

/// What is known of a response before its body.
public struct ResponseHead: Hashable, Sendable {
    /// The HTTP status.
    public var status: Int
    /// The `content-type` header in lower case; empty if there is none.
    public var contentType: String
    /// The header `x-amzn-ErrorType`, in which Amazon names errors; empty if there is none.
    public var errorType: String

    /// Makes a head.
    public init(status: Int, contentType: String, errorType: String = "") {
        self.status = status
        self.contentType = contentType
        self.errorType = errorType
    }

    /// True if the status says that there is no answer; zero stands for a body whose status is not known.
    var isFailed: Bool { !(200..<300).contains(status) && status != 0 }
}

/// How the transport of a response ended.
public enum TransportEnd: Hashable, Sendable {
    /// As HTTP has it.
    case complete
    /// The connection broke or we closed it.
    case cut
}

/// One thing that a decoder met in a stream.
public enum DecodedEvent: Hashable, Sendable {
    /// Content, with its size in bytes of UTF-8.
    case content(ContentKind, byteCount: Int)
    /// A comment or an event without content.
    case other
    /// Token usage.
    case usage
    /// The reason why the answer ended.
    case finish(String)
    /// The mark at the end of the stream.
    case done
    /// An error inside the stream.
    case error
}

/// An error as the provider reported it.
public struct ProviderError: Hashable, Sendable {
    /// Its class.
    public var outcome: OutcomeClass
    /// The provider's text, cut to 500 characters.
    public var message: String

    /// Makes an error.
    public init(outcome: OutcomeClass, message: String) {
        self.outcome = outcome
        self.message = String(message.prefix(500))
    }
}

/// A whole response in the words of no dialect.
public struct DecodedResponse: Hashable, Sendable {
    /// How the response ended.
    public var outcome = OutcomeClass.truncated
    /// The visible text, if the decoder was asked to keep it.
    public var text = ""
    /// The reasoning, if the decoder was asked to keep it.
    public var reasoning = ""
    /// The tool calls in their order.
    public var toolCalls: [ToolCall] = []
    /// The provider's own word for why the answer ended.
    public var finishReasonRaw: String?
    /// The normalised usage.
    public var usage = TokenUsage()
    /// The usage as it came.
    public var usageText: String?
    /// What the provider says the call cost.
    public var reportedCost: Money?
    /// The provider that served the call, where the response names one.
    public var provider: String?
    /// The model that answered.
    public var model: String?
    /// The build, tier or region that served the call, where the response names it.
    public var fingerprint: String?
    /// The response's own identifier.
    public var responseIdentifier: String?
    /// The provider's error.
    public var error: ProviderError?
    /// How many events held content.
    public var contentEventCount = 0
    /// The size of the visible text, in bytes of UTF-8.
    public var textByteCount = 0

    /// A response of which nothing is known yet.
    public init() {}
}
