import Quantities
import Encodings
public import Workloads

/// Requests of OpenAI's Chat Completions (`POST /chat/completions`, streamed).
public struct ChatRequestEncoder: RequestEncoder {
    /// Makes an encoder.
    public init() {}

    /// `/chat/completions`.
    public var path: String { "/chat/completions" }

    /// Model, stream options, extra members, tools, and the system message.
    public func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = Array(#"{"model":"#.utf8)
        JSONText.append(target.model, to: &bytes)
        bytes += #","stream":true"#.utf8
        if target.asksForUsage { bytes += #","stream_options":{"include_usage":true}"#.utf8 }
        for member in target.extra.members {
            bytes.append(0x2C)
            JSONText.append(member.key, to: &bytes)
            bytes.append(0x3A)
            member.value.append(to: &bytes)
        }
        if !prefix.tools.isEmpty {
            bytes += #","tools":["#.utf8
            for (index, tool) in prefix.tools.enumerated() {
                bytes += (index > 0 ? "," : "").utf8
                bytes += #"{"type":"function","function":"#.utf8
                tool.json.append(to: &bytes)
                bytes.append(0x7D)
            }
            bytes += #"],"tool_choice":"auto""#.utf8
        }
        bytes += #","messages":["#.utf8
        if !prefix.system.isEmpty { message("system", prefix.system, &bytes) }
        return bytes
    }

    /// One message per item.
    public func items(_ items: [ConversationItem], isFirst: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for (index, item) in items.enumerated() {
            if index > 0 || !isFirst { bytes.append(0x2C) }
            switch item {
            case .system(let text): message("system", text, &bytes)
            case .user(let text): message("user", text, &bytes)
            case .assistant(let answer): assistant(answer, &bytes)
            case .toolResult(let result):
                bytes += #"{"role":"tool","tool_call_id":"#.utf8
                JSONText.append(result.callIdentifier, to: &bytes)
                bytes += #","content":"#.utf8
                JSONText.append(result.text, to: &bytes)
                bytes.append(0x7D)
            }
        }
        return bytes
    }

    /// Output limit, temperature and seed.
    public func suffix(_ options: CallOptions, target: RequestTarget) -> [UInt8] {
        var text = "]"
        if let limit = options.outputLimit { text += ",\"\(target.outputLimitField)\":\(limit.value)" }
        if let temperature = options.temperature { text += ",\"temperature\":\(JSONValue.number(temperature).text())" }
        if let seed = options.seed { text += ",\"seed\":\(seed)" }
        return Array((text + "}").utf8)
    }

    private func message(_ role: String, _ text: String, _ bytes: inout [UInt8]) {
        bytes += "{\"role\":\"\(role)\",\"content\":".utf8
        JSONText.append(text, to: &bytes)
        bytes.append(0x7D)
    }

    private func assistant(_ answer: AssistantMessage, _ bytes: inout [UInt8]) {
        bytes += #"{"role":"assistant","content":"#.utf8
        if let text = answer.text { JSONText.append(text, to: &bytes) } else { bytes += "null".utf8 }
        if let reasoning = answer.reasoning {
            bytes += #","reasoning_content":"#.utf8
            JSONText.append(reasoning, to: &bytes)
        }
        if !answer.toolCalls.isEmpty {
            bytes += #","tool_calls":["#.utf8
            for (index, call) in answer.toolCalls.enumerated() {
                bytes += (index > 0 ? "," : "").utf8
                bytes += #"{"id":"#.utf8
                JSONText.append(call.identifier, to: &bytes)
                bytes += #","type":"function","function":{"name":"#.utf8
                JSONText.append(call.name, to: &bytes)
                bytes += #","arguments":"#.utf8
                JSONText.append(call.arguments, to: &bytes)
                bytes += "}}".utf8
            }
            bytes.append(0x5D)
        }
        bytes.append(0x7D)
    }
}
