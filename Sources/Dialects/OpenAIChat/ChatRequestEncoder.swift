import Encodings
import Quantities
public import Workloads

/// Requests of OpenAI's Chat Completions (`POST /chat/completions`, streamed).
public struct ChatRequestEncoder: RequestEncoder {
    /// True if the body is one of Bedrock's InvokeModel, where the path names the model and asks for the stream.
    let isInner: Bool

    /// Makes an encoder.
    public init() { isInner = false }

    init(isInner: Bool) { self.isInner = isInner }

    /// `/chat/completions`.
    public var path: String { "/chat/completions" }

    /// True where the provider wants it.
    public func sendsReasoning(_ target: RequestTarget) -> Bool { target.reasoningField != nil }

    /// Model, stream options, extra members, tools, and the system message.
    public func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        if !isInner {
            bytes.add(member: "model", .string(target.model))
            bytes.add(raw: #","stream":true"#)
            if target.asksForUsage, target.extra["stream_options"] == nil, !target.omitted.contains("stream_options") {
                bytes.add(raw: #","stream_options":{"include_usage":true}"#)
            }
        }
        bytes.add(extra: target)
        if !prefix.tools.isEmpty {
            bytes.add(raw: #","tools":["#)
            for (index, tool) in prefix.tools.enumerated() {
                bytes.add(raw: index > 0 ? #",{"type":"function","function":"# : #"{"type":"function","function":"#)
                bytes.add(json: tool.json)
                bytes.append(0x7D)
            }
            bytes.append(0x5D)
        }
        bytes.add(raw: #","messages":["#)
        if !prefix.system.isEmpty {
            if target.marksCache {
                bytes.add(raw: #"{"role":"system","content":"#)
                bytes.add(json: [["type": "text", "text": .string(prefix.system), "cache_control": Self.mark]])
                bytes.append(0x7D)
            } else {
                Self.message("system", prefix.system, &bytes)
            }
        }
        // The first member has no comma before it.
        bytes[0] = 0x7B
        return bytes
    }

    /// One message per item.
    public func items(_ items: [ConversationItem], after previous: MessageRole?, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, item) in items.enumerated() {
            // The last message of the part before was left open, for the mark that it did not get.
            let isAfterOpen = index == 0 && target.marksCache && (previous == .user || previous == .tool)
            if isAfterOpen { bytes.add(raw: "}]}") }
            if index > 0 || previous != nil { bytes.append(0x2C) }
            if target.marksCache, index == items.count - 1, appendOpen(item, &bytes) { continue }
            Self.append(item, reasoningField: target.reasoningField, &bytes)
        }
        return bytes
    }

    private static let mark: JSONValue = ["type": "ephemeral"]

    /// Appends a message of the user or of a tool whose one part of text is left open; false for any other.
    private func appendOpen(_ item: ConversationItem, _ bytes: inout [UInt8]) -> Bool {
        var members: [(String, JSONValue)]
        let text: String
        switch item {
        case .user(let said): (members, text) = ([("role", "user")], said)
        case .toolResult(let result):
            members = [("role", "tool"), ("tool_call_id", .string(result.callIdentifier))]
            text = result.text
        case .system, .assistant: return false
        }
        members.append(("content", [["type": "text", "text": .string(text)]]))
        bytes += JSONValue.object(JSONObject(members)).serialized().dropLast(3)
        return true
    }

    /// Output limit and minimum, temperature, seed and session.
    public func suffix(_ options: CallOptions, prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        if target.marksCache {
            bytes.add(member: "cache_control", Self.mark)
            bytes.add(raw: "}]}")
        }
        bytes.append(0x5D)
        if !prefix.tools.isEmpty {
            if !target.omitted.contains("tool_choice") {
                bytes.add(member: "tool_choice", options.openAIToolChoice(namesFunctionFlat: false))
            }
            if let parallel = options.allowsParallelTools, !target.omitted.contains("parallel_tool_calls") {
                bytes.add(member: "parallel_tool_calls", .bool(parallel))
            }
        }
        if let limit = options.outputLimit, !target.omitted.contains(target.outputLimitField) {
            bytes.add(member: target.outputLimitField, .integer(limit.value))
        }
        if let minimum = options.outputMinimum {
            if let field = target.outputMinimumField { bytes.add(member: field, .integer(minimum.value)) }
            if let field = target.ignoreEndField { bytes.add(member: field, true) }
        }
        if let temperature = options.temperature, !target.omitted.contains("temperature") {
            bytes.add(member: "temperature", .number(temperature))
        }
        if let seed = options.seed, !target.omitted.contains("seed") { bytes.add(member: "seed", .integer(seed)) }
        if let field = target.sessionField, let key = options.sessionKey { bytes.add(member: field, .string(key)) }
        bytes.append(0x7D)
        return bytes
    }

    /// One message as OpenAI writes it, which Alibaba's native form shares.
    static func append(_ item: ConversationItem, reasoningField: String?, _ bytes: inout [UInt8]) {
        switch item {
        case .system(let text): message("system", text, &bytes)
        case .user(let text): message("user", text, &bytes)
        case .assistant(let answer): assistant(answer, reasoningField, &bytes)
        case .toolResult(let result):
            bytes.add(raw: #"{"role":"tool","tool_call_id":"#)
            bytes.add(quoted: result.callIdentifier)
            bytes.add(raw: #","content":"#)
            bytes.add(quoted: result.text)
            bytes.append(0x7D)
        }
    }

    static func message(_ role: String, _ text: String, _ bytes: inout [UInt8]) {
        bytes.add(raw: #"{"role":"#)
        bytes.add(quoted: role)
        bytes.add(raw: #","content":"#)
        bytes.add(quoted: text)
        bytes.append(0x7D)
    }

    private static func assistant(_ answer: AssistantMessage, _ reasoningField: String?, _ bytes: inout [UInt8]) {
        bytes.add(raw: #"{"role":"assistant","content":"#)
        bytes.add(json: answer.text.map { .string($0) } ?? .null)
        // Providers that want reasoning back refuse a tool call without it, even where it is empty.
        if let reasoningField, answer.reasoning != nil || !answer.toolCalls.isEmpty {
            bytes.add(member: reasoningField, .string(answer.reasoning ?? ""))
        }
        if !answer.toolCalls.isEmpty {
            bytes.add(raw: #","tool_calls":["#)
            for (index, call) in answer.toolCalls.enumerated() {
                bytes.add(raw: index > 0 ? #",{"id":"# : #"{"id":"#)
                bytes.add(quoted: call.identifier)
                bytes.add(raw: #","type":"function","function":{"name":"#)
                bytes.add(quoted: call.name)
                bytes.add(raw: #","arguments":"#)
                bytes.add(quoted: call.arguments)
                bytes.add(raw: "}}")
            }
            bytes.append(0x5D)
        }
        bytes.append(0x7D)
    }
}
