import Encodings
import Quantities
public import Workloads

/// Requests of OpenAI's Responses (`POST /responses`, streamed and not stored).
///
/// Every message, tool call and tool result is an item of its own.
public struct ResponsesRequestEncoder: RequestEncoder {
    /// Makes an encoder.
    public init() {}

    /// `/responses`.
    public var path: String { "/responses" }

    /// Model, extra members, tools, instructions, and the opening of the input.
    public func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.add(member: "model", .string(target.model))
        bytes.add(raw: #","stream":true,"store":false"#)
        bytes.add(extra: target)
        if !prefix.tools.isEmpty {
            let tools = prefix.tools.map { tool -> JSONValue in
                [
                    "type": "function", "name": .string(tool.name), "description": .string(tool.description),
                    "parameters": tool.parameters, "strict": false,
                ]
            }
            bytes.add(member: "tools", .array(tools))
        }
        if !prefix.system.isEmpty { bytes.add(member: "instructions", .string(prefix.system)) }
        bytes.add(raw: #","input":["#)
        bytes[0] = 0x7B
        return bytes
    }

    /// Items.
    public func items(_ items: [ConversationItem], after previous: MessageRole?, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        var isFirst = previous == nil || previous == .system
        for object in items.flatMap(objects) {
            if !isFirst { bytes.append(0x2C) }
            isFirst = false
            bytes.add(json: object)
        }
        return bytes
    }

    /// Output limit, temperature and session.
    public func suffix(_ options: CallOptions, prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = [0x5D]
        if !prefix.tools.isEmpty {
            if !target.omitted.contains("tool_choice") {
                bytes.add(member: "tool_choice", options.openAIToolChoice(namesFunctionFlat: true))
            }
            if let parallel = options.allowsParallelTools, !target.omitted.contains("parallel_tool_calls") {
                bytes.add(member: "parallel_tool_calls", .bool(parallel))
            }
        }
        if let limit = options.outputLimit { bytes.add(member: "max_output_tokens", .integer(limit.value)) }
        if let temperature = options.temperature, !target.omitted.contains("temperature") {
            bytes.add(member: "temperature", .number(temperature))
        }
        if let field = target.sessionField, let key = options.sessionKey { bytes.add(member: field, .string(key)) }
        bytes.append(0x7D)
        return bytes
    }

    private func objects(_ item: ConversationItem) -> [JSONValue] {
        switch item {
        case .system(let text): return [["role": "system", "content": .string(text)]]
        case .user(let text): return [["role": "user", "content": .string(text)]]
        case .toolResult(let result):
            return [
                [
                    "type": "function_call_output", "call_id": .string(result.callIdentifier),
                    "output": .string(result.text),
                ]
            ]
        case .assistant(let answer):
            let text = answer.text ?? ""
            return (text.isEmpty ? [] : [Self.message(text, answer)])
                + answer.toolCalls.map { call in
                    [
                        "type": "function_call", "call_id": .string(call.identifier), "name": .string(call.name),
                        "arguments": .string(call.arguments),
                    ]
                }
        }
    }

    /// An answer as a whole output item, as OpenAI's SDKs send one back: llama.cpp takes no shorter form, and vLLM, which
    /// checks requests against the types of OpenAI's SDK, takes no item of this form without an identifier.
    private static func message(_ text: String, _ answer: AssistantMessage) -> JSONValue {
        [
            "type": "message", "id": .string(identifier(of: text, answer)), "role": "assistant", "status": "completed",
            "content": [["type": "output_text", "text": .string(text), "annotations": []]],
        ]
    }

    /// An identifier that the same answer always has (FNV-1a of its text and the identifiers of its calls).
    private static func identifier(of text: String, _ answer: AssistantMessage) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for part in [text] + answer.toolCalls.map(\.identifier) {
            for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        let digits = String(hash, radix: 16)
        return "msg_" + String(repeating: "0", count: 16 - digits.count) + digits
    }
}
