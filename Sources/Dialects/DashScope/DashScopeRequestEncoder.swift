import Encodings
import Quantities
public import Workloads

/// Requests of Alibaba's native interface (`POST /services/aigc/text-generation/generation`, with incremental output).
///
/// The messages are OpenAI's; everything else, tools included, stands under `parameters`, behind them.
public struct DashScopeRequestEncoder: RequestEncoder {
    /// Makes an encoder.
    public init() {}

    /// `/services/aigc/text-generation/generation`.
    public var path: String { "/services/aigc/text-generation/generation" }

    /// A stream is asked for by a header.
    public var headers: [(name: String, value: String)] {
        [("Accept", "text/event-stream"), ("X-DashScope-SSE", "enable")]
    }

    /// True where the provider wants it.
    public func sendsReasoning(_ target: RequestTarget) -> Bool { target.reasoningField != nil }

    /// Model, and the opening of the messages.
    public func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.add(raw: #"{"model":"#)
        bytes.add(quoted: target.model)
        bytes.add(raw: #","input":{"messages":["#)
        if !prefix.system.isEmpty { ChatRequestEncoder.message("system", prefix.system, &bytes) }
        return bytes
    }

    /// One message per item.
    public func items(_ items: [ConversationItem], after previous: MessageRole?, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, item) in items.enumerated() {
            if index > 0 || previous != nil { bytes.append(0x2C) }
            ChatRequestEncoder.append(item, reasoningField: target.reasoningField, &bytes)
        }
        return bytes
    }

    /// The end of the messages, and the parameters.
    public func suffix(_ options: CallOptions, prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var parameters = JSONObject([("result_format", "message"), ("incremental_output", true)])
        for member in target.extra.members { parameters[member.key] = member.value }
        if !prefix.tools.isEmpty {
            parameters["tools"] = .array(prefix.tools.map { ["type": "function", "function": $0.json] })
        }
        if let limit = options.outputLimit { parameters["max_tokens"] = .integer(limit.value) }
        if let temperature = options.temperature, !target.omitted.contains("temperature") {
            parameters["temperature"] = .number(temperature)
        }
        if let seed = options.seed, !target.omitted.contains("seed") { parameters["seed"] = .integer(seed) }
        var bytes: [UInt8] = []
        bytes.add(raw: "]}")
        bytes.add(member: "parameters", .object(parameters))
        bytes.append(0x7D)
        return bytes
    }
}
