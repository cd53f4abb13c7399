import Encodings
import Quantities
import Workloads

/// Responses of Anthropic's Messages (protocols.md §9).
struct AnthropicResponseWriter: ResponseWriter {
    /// Which block is open.
    private enum Block: Hashable { case none, text, thinking, tool(Int) }

    let context: ResponseContext
    private var block = Block.none
    private var index = -1
    private var hasPinged = false

    init(_ context: ResponseContext) { self.context = context }

    var contentType: String { "text/event-stream; charset=utf-8" }
    var interleavesToolCalls: Bool { false }
    var sendsWholeArguments: Bool { false }
    var endMark: [UInt8] { [] }

    mutating func opening(_ report: ServedReport) -> [UInt8] {
        var usage = Self.usage(report)
        usage["output_tokens"] = 1
        usage["service_tier"] = "standard"
        let message: JSONValue = [
            "id": .string("msg_" + context.identifier), "type": "message", "role": "assistant",
            "model": .string(context.model), "content": [], "stop_reason": nil, "stop_sequence": nil,
            "usage": .object(usage),
        ]
        return event("message_start", [("message", message)])
    }

    mutating func write(_ piece: ServedPiece, _ report: ServedReport) -> [UInt8] {
        switch piece {
        case .reasoning(let text):
            return begin(.thinking, ["type": "thinking", "thinking": "", "signature": ""])
                + delta(["type": "thinking_delta", "thinking": .string(text)])
        case .text(let text):
            return begin(.text, ["type": "text", "text": ""]) + delta(["type": "text_delta", "text": .string(text)])
        case .toolCall(let place, let identifier, let name):
            return begin(
                .tool(place),
                [
                    "type": "tool_use", "id": .string(identifier), "name": .string(name),
                    "input": .object(JSONObject()),
                ]) + delta(["type": "input_json_delta", "partial_json": ""])
        case .arguments(let place, let piece):
            precondition(block == .tool(place), "Anthropic's blocks come one after the other")
            return delta(["type": "input_json_delta", "partial_json": .string(piece)])
        }
    }

    mutating func closing(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        var members: [(String, JSONValue)] = [
            ("delta", ["stop_reason": .string(Self.reason(finish)), "stop_sequence": nil])
        ]
        if tellsUsage { members.append(("usage", .object(Self.usage(report)))) }
        return close() + event("message_delta", members) + event("message_stop", [])
    }

    func failure(_ refusal: ServedRefusal) -> [UInt8] {
        let error: JSONValue = [
            "type": .string(ErrorShape.anthropic.code(refusal.kind)), "message": .string(refusal.message),
        ]
        return event("error", [("error", error)])
    }

    func whole(_ answer: ServedAnswer, _ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        var content: [JSONValue] = []
        if !answer.reasoning.isEmpty {
            content.append(
                ["type": "thinking", "thinking": .string(answer.reasoning), "signature": .string(Self.signature)])
        }
        if !answer.text.isEmpty { content.append(["type": "text", "text": .string(answer.text)]) }
        for call in answer.calls {
            content.append([
                "type": "tool_use", "id": .string(call.identifier), "name": .string(call.name),
                "input": argumentsObject(call.arguments),
            ])
        }
        var object = JSONObject([
            ("id", .string("msg_" + context.identifier)), ("type", "message"), ("role", "assistant"),
            ("model", .string(context.model)), ("content", .array(content)),
            ("stop_reason", .string(Self.reason(finish))), ("stop_sequence", nil),
        ])
        if tellsUsage { object["usage"] = .object(Self.usage(report)) }
        return JSONValue.object(object).serialized()
    }

    // MARK: Events

    private static let signature = "cmVoZWFyc2Fs"

    private static func reason(_ finish: ServedFinish) -> String {
        switch finish {
        case .stop: "end_turn"
        case .length: "max_tokens"
        case .toolCalls: "tool_use"
        case .contentFilter: "refusal"
        }
    }

    /// The input without what a cache held or will hold.
    private static func usage(_ report: ServedReport) -> JSONObject {
        JSONObject([
            ("input_tokens", .integer(report.fresh)), ("cache_creation_input_tokens", .integer(report.cacheWrite)),
            ("cache_read_input_tokens", .integer(report.cacheRead)),
            (
                "cache_creation",
                ["ephemeral_5m_input_tokens": .integer(report.cacheWrite), "ephemeral_1h_input_tokens": 0]
            ),
            ("output_tokens", .integer(report.output + report.error)),
        ])
    }

    private func event(_ type: String, _ members: [(String, JSONValue)]) -> [UInt8] {
        let object = JSONObject([("type", .string(type))] + members)
        return context.framing.event(JSONValue.object(object).serialized(), name: type)
    }

    private mutating func begin(_ wanted: Block, _ start: JSONValue) -> [UInt8] {
        guard block != wanted else { return [] }
        let bytes = close()
        block = wanted
        index += 1
        let opened = event("content_block_start", [("index", .integer(index)), ("content_block", start)])
        defer { hasPinged = true }
        return bytes + opened + (hasPinged ? [] : event("ping", []))
    }

    private func delta(_ delta: JSONValue) -> [UInt8] {
        event("content_block_delta", [("index", .integer(index)), ("delta", delta)])
    }

    private mutating func close() -> [UInt8] {
        defer { block = .none }
        guard block != .none else { return [] }
        let signature =
            block == .thinking ? delta(["type": "signature_delta", "signature": .string(Self.signature)]) : []
        return signature + event("content_block_stop", [("index", .integer(index))])
    }
}
