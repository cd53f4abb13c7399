import Encodings
import Quantities
public import Workloads

/// Requests of Bedrock's ConverseStream (`POST /model/{model}/converse-stream`).
///
/// Messages must alternate between user and assistant: all results of one answer's tools, and what the user says after
/// them, are one message. A cache point is a block of its own.
public struct ConverseRequestEncoder: RequestEncoder {
    /// Makes an encoder.
    public init() {}

    /// `/model/{model}/converse-stream`.
    public var path: String { "/model/{model}/converse-stream" }

    /// Amazon's event stream is accepted.
    public var headers: [(name: String, value: String)] { [("Accept", "application/vnd.amazon.eventstream")] }

    /// Extra members, tools, system prompt, and the opening of the messages.
    public func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.add(extra: target)
        let point: [JSONValue] = target.marksCache ? [["cachePoint": ["type": "default"]]] : []
        if !prefix.tools.isEmpty {
            let tools = prefix.tools.map { tool -> JSONValue in
                [
                    "toolSpec": [
                        "name": .string(tool.name), "description": .string(tool.description),
                        "inputSchema": ["json": tool.parameters],
                    ]
                ]
            }
            var configuration = JSONObject([("tools", .array(tools + point))])
            if !target.omitted.contains("tool_choice") { configuration["toolChoice"] = ["auto": .object(JSONObject())] }
            bytes.add(member: "toolConfig", .object(configuration))
        }
        if !prefix.system.isEmpty {
            bytes.add(member: "system", .array([["text": .string(prefix.system)]] + point))
        }
        bytes.add(raw: #","messages":["#)
        bytes[0] = 0x7B
        return bytes
    }

    /// Blocks, in messages that alternate; the last message stays open.
    public func items(_ items: [ConversationItem], after previous: MessageRole?, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        var speaker = previous.flatMap(Self.speaker)
        for item in items {
            let next = Self.speaker(item.role) ?? "user"
            if speaker != next {
                if speaker != nil { bytes.add(raw: "]},") }
                bytes.add(raw: #"{"role":"#)
                bytes.add(quoted: next)
                bytes.add(raw: #","content":["#)
            }
            for (index, block) in Self.blocks(item).enumerated() {
                if index > 0 || speaker == next { bytes.append(0x2C) }
                bytes.add(json: block)
            }
            speaker = next
        }
        return bytes
    }

    /// The cache point, the end of the messages, and the options.
    public func suffix(_ options: CallOptions, prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        if target.marksCache { bytes.add(raw: #",{"cachePoint":{"type":"default"}}"#) }
        bytes.add(raw: "]}]")
        var configuration = JSONObject()
        if let limit = options.outputLimit { configuration["maxTokens"] = .integer(limit.value) }
        if let temperature = options.temperature, !target.omitted.contains("temperature") {
            configuration["temperature"] = .number(temperature)
        }
        if !configuration.members.isEmpty { bytes.add(member: "inferenceConfig", .object(configuration)) }
        if let field = target.sessionField, let key = options.sessionKey {
            bytes.add(member: "requestMetadata", [field: .string(key)])
        }
        bytes.append(0x7D)
        return bytes
    }

    private static func speaker(_ role: MessageRole) -> String? {
        switch role {
        case .system: nil
        case .user, .tool: "user"
        case .assistant: "assistant"
        }
    }

    private static func blocks(_ item: ConversationItem) -> [JSONValue] {
        switch item {
        case .system(let text), .user(let text): return [["text": .string(text)]]
        case .toolResult(let result):
            return [
                [
                    "toolResult": [
                        "toolUseId": .string(result.callIdentifier), "content": [["text": .string(result.text)]],
                        "status": result.isError ? "error" : "success",
                    ]
                ]
            ]
        case .assistant(let answer):
            // An empty text block is refused.
            let text = answer.text.map { $0.isEmpty ? [] : [["text": .string($0)]] as [JSONValue] } ?? []
            let calls = answer.toolCalls.map { call -> JSONValue in
                [
                    "toolUse": [
                        "toolUseId": .string(call.identifier), "name": .string(call.name),
                        "input": call.argumentsObject,
                    ]
                ]
            }
            return text.isEmpty && calls.isEmpty ? [["text": "…"]] : text + calls
        }
    }
}

/// Requests of Bedrock's InvokeModelWithResponseStream, whose body is another dialect's.
public struct InvokeRequestEncoder: RequestEncoder {
    /// Makes an encoder.
    public init() {}

    /// `/model/{model}/invoke-with-response-stream`.
    public var path: String { "/model/{model}/invoke-with-response-stream" }

    /// Amazon's event stream is accepted; the chunks are JSON.
    public var headers: [(name: String, value: String)] {
        [("Accept", "application/vnd.amazon.eventstream"), ("X-Amzn-Bedrock-Accept", "application/json")]
    }

    /// True where the provider wants it.
    public func sendsReasoning(_ target: RequestTarget) -> Bool { target.reasoningField != nil }

    /// The opening of the inner body.
    public func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        inner(target).prefix(prefix, target: target)
    }

    /// The items of the inner body.
    public func items(_ items: [ConversationItem], after previous: MessageRole?, target: RequestTarget) -> [UInt8] {
        inner(target).items(items, after: previous, target: target)
    }

    /// The end of the inner body.
    public func suffix(_ options: CallOptions, prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        inner(target).suffix(options, prefix: prefix, target: target)
    }

    private func inner(_ target: RequestTarget) -> any RequestEncoder {
        target.innerDialect == .anthropicMessages
            ? AnthropicRequestEncoder(isInner: true) : ChatRequestEncoder(isInner: true)
    }
}
