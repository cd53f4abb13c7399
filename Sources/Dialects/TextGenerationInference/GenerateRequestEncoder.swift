import Encodings
import Quantities
public import Workloads

/// Requests of TGI's own interface (`POST /generate_stream`): one text, which holds the conversation.
///
/// It knows no messages and no tools: they are written out in the text, so that its size is that of the conversation.
public struct GenerateRequestEncoder: RequestEncoder {
    /// Makes an encoder.
    public init() {}

    /// `/generate_stream`.
    public var path: String { "/generate_stream" }

    /// The opening of the text: tools and system prompt.
    public func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.add(raw: #"{"inputs":""#)
        if !prefix.system.isEmpty { Self.append("System: \(prefix.system)\n", &bytes) }
        for tool in prefix.tools { Self.append("Tool: \(tool.json.text())\n", &bytes) }
        return bytes
    }

    /// One paragraph per item.
    public func items(_ items: [ConversationItem], after previous: MessageRole?, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        for item in items {
            switch item {
            case .system(let text): Self.append("System: \(text)\n", &bytes)
            case .user(let text): Self.append("User: \(text)\n", &bytes)
            case .toolResult(let result): Self.append("Result: \(result.text)\n", &bytes)
            case .assistant(let answer):
                Self.append("Assistant: \(answer.text ?? "")\n", &bytes)
                for call in answer.toolCalls { Self.append("Call: \(call.name) \(call.arguments)\n", &bytes) }
            }
        }
        return bytes
    }

    /// The end of the text, and the parameters.
    public func suffix(_ options: CallOptions, prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.add(raw: #"Assistant:","parameters":"#)
        var parameters = JSONObject([("details", true)])
        for member in target.extra.members { parameters[member.key] = member.value }
        if let limit = options.outputLimit { parameters["max_new_tokens"] = .integer(limit.value) }
        // A temperature of zero is refused: greedy decoding is the default.
        if let temperature = options.temperature, temperature > 0, !target.omitted.contains("temperature") {
            parameters["temperature"] = .number(temperature)
        }
        if let seed = options.seed, !target.omitted.contains("seed") { parameters["seed"] = .integer(seed) }
        bytes.add(json: .object(parameters))
        bytes.append(0x7D)
        return bytes
    }

    private static func append(_ text: String, _ bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { buffer in
            unsafe JSONText.appendEscaped(buffer.span, to: &bytes)
        }
    }
}
