/// How a model reaches its user.
public enum DeliveryPath: String, CaseIterable, Codable, Sendable {
    /// A marketplace that routes to the platforms of others.
    case aggregator
    /// A company that serves open-weight models on its own machines.
    case inferencePlatform = "inference-platform"
    /// A shelf of one of the large clouds.
    case hyperscaler
    /// A server that the user runs.
    case selfHosted = "self-hosted"
    /// The API of the model's own maker.
    case directVendor = "direct-vendor"
}

/// The wire format that an endpoint speaks.
public enum DialectName: String, CaseIterable, Codable, Sendable {
    /// OpenAI Chat Completions and everything compatible with it.
    case openAIChat = "openai-chat"
    /// OpenAI Responses.
    case openAIResponses = "openai-responses"
    /// Anthropic Messages, which several vendors and servers speak beside their own.
    case anthropicMessages = "anthropic-messages"
    /// AWS Bedrock's Converse, over Amazon's event stream.
    case bedrockConverse = "bedrock-converse"
    /// AWS Bedrock's InvokeModel: another dialect's events inside Amazon's event stream.
    case bedrockInvoke = "bedrock-invoke"
    /// Google's Gemini API, at Google AI and at Vertex AI.
    case gemini
    /// The native interface of Hugging Face's Text Generation Inference.
    case tgi
    /// The native interface of Alibaba's Model Studio.
    case dashScope = "dashscope"

    /// The least limit of output tokens that requests may name: 16 for OpenAI's Responses, one elsewhere.
    public var leastOutputLimit: TokenCount { TokenCount(self == .openAIResponses ? 16 : 1) }
}

/// How the text of later events of a stream relates to that of earlier ones.
public enum StreamAccumulation: String, CaseIterable, Codable, Sendable {
    /// Each event brings what is new.
    case incremental
    /// Each event repeats everything so far.
    case cumulative
    /// Whichever it turns out to be: an event that begins with all that came before repeats it.
    case automatic
}
