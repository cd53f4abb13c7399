import Encodings
import Quantities
public import Workloads

/// Requests of Anthropic's Messages (`POST /v1/messages`, streamed).
///
/// Messages of one role are merged: the results of all tools of an answer, and what the user says after them, are one
/// message. The last block of a part stays open, so that the suffix can mark the place up to which the prompt is cached.
public struct AnthropicRequestEncoder: RequestEncoder {
    /// True if the body is one of Bedrock's InvokeModel, where the path names the model and asks for the stream.
    let isInner: Bool

    /// Makes an encoder.
    public init() { isInner = false }

    init(isInner: Bool) { self.isInner = isInner }

    /// `/v1/messages`.
    public var path: String { "/v1/messages" }

    /// True where the provider wants it.
    public func sendsReasoning(_ target: RequestTarget) -> Bool { target.reasoningField != nil }

    /// The version of the interface.
    public var headers: [(name: String, value: String)] {
        [("Accept", "text/event-stream"), ("anthropic-version", "2023-06-01")]
    }

    /// Model, extra members, tools, system prompt, and the opening of the messages.
    public func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        if isInner {
            bytes.add(member: "anthropic_version", "bedrock-2023-05-31")
        } else {
            bytes.add(member: "model", .string(target.model))
            bytes.add(member: "stream", true)
        }
        bytes.add(extra: target)
        if !prefix.tools.isEmpty {
            bytes.add(raw: #","tools":["#)
            for (index, tool) in prefix.tools.enumerated() {
                if index > 0 { bytes.append(0x2C) }
                var object = JSONObject([
                    ("name", .string(tool.name)), ("description", .string(tool.description)),
                    ("input_schema", tool.parameters),
                ])
                // Tools come before the system prompt in the cached order; with one, its mark covers both.
                if target.marksCache, prefix.system.isEmpty, index == prefix.tools.count - 1 {
                    object["cache_control"] = Self.mark
                }
                bytes.add(json: .object(object))
            }
            bytes.append(0x5D)
        }
        if !prefix.system.isEmpty {
            var block = JSONObject([("type", "text"), ("text", .string(prefix.system))])
            if target.marksCache { block["cache_control"] = Self.mark }
            bytes.add(member: "system", .array([.object(block)]))
        }
        bytes.add(raw: #","messages":["#)
        bytes[0] = 0x7B
        return bytes
    }

    private static let mark: JSONValue = ["type": "ephemeral"]

    /// Blocks, in messages that alternate between user and assistant; the last block stays open.
    public func items(_ items: [ConversationItem], after previous: MessageRole?, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        var speaker = previous.flatMap(Self.speaker)
        for item in items {
            for block in blocks(item, target) {
                let next = Self.speaker(item.role) ?? "user"
                // What is open before a block: nothing, a block of the same speaker, or a whole message of the other.
                if speaker == nil {
                    bytes.add(raw: #"{"role":"#)
                } else if speaker == next {
                    bytes.add(raw: "},")
                } else {
                    bytes.add(raw: #"}]},{"role":"#)
                }
                if speaker != next {
                    bytes.add(quoted: next)
                    bytes.add(raw: #","content":["#)
                }
                speaker = next
                bytes += block
            }
        }
        return bytes
    }

    /// The mark of the cache, the end of the messages, and the options.
    public func suffix(_ options: CallOptions, prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        if target.marksCache { bytes.add(member: "cache_control", Self.mark) }
        bytes.add(raw: "}]}]")
        if !prefix.tools.isEmpty, !target.omitted.contains("tool_choice") {
            bytes.add(member: "tool_choice", options.anthropicToolChoice)
        }
        // The limit is not optional here.
        bytes.add(member: "max_tokens", .integer(options.outputLimit?.value ?? 4096))
        if let temperature = options.temperature, !target.omitted.contains("temperature") {
            bytes.add(member: "temperature", .number(temperature))
        }
        if let field = target.sessionField, let key = options.sessionKey { bytes.add(member: field, .string(key)) }
        bytes.append(0x7D)
        return bytes
    }

    /// A tool's results belong to the user, and instructions stand elsewhere.
    private static func speaker(_ role: MessageRole) -> String? {
        switch role {
        case .system: nil
        case .user, .tool: "user"
        case .assistant: "assistant"
        }
    }

    /// The blocks of one item, each without its closing brace.
    private func blocks(_ item: ConversationItem, _ target: RequestTarget) -> [[UInt8]] {
        switch item {
        case .system(let text), .user(let text): return [Self.open([("type", "text"), ("text", .string(text))])]
        case .toolResult(let result):
            var members: [(String, JSONValue)] = [
                ("type", "tool_result"), ("tool_use_id", .string(result.callIdentifier)),
                ("content", .string(result.text)),
            ]
            if result.isError { members.append(("is_error", true)) }
            return [Self.open(members)]
        case .assistant(let answer):
            var blocks: [[UInt8]] = []
            if target.reasoningField != nil, let reasoning = answer.reasoning, !reasoning.isEmpty {
                blocks.append(Self.open([("type", "thinking"), ("thinking", .string(reasoning))]))
            }
            // An empty text block is refused.
            if let text = answer.text, !text.isEmpty {
                blocks.append(Self.open([("type", "text"), ("text", .string(text))]))
            }
            for call in answer.toolCalls {
                blocks.append(
                    Self.open([
                        ("type", "tool_use"), ("id", .string(call.identifier)), ("name", .string(call.name)),
                        ("input", call.argumentsObject),
                    ]))
            }
            return blocks.isEmpty ? [Self.open([("type", "text"), ("text", "…")])] : blocks
        }
    }

    private static func open(_ members: [(String, JSONValue)]) -> [UInt8] {
        JSONValue.object(JSONObject(members)).serialized().dropLast()
    }
}
