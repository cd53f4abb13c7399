import Encodings
import Quantities
import Workloads

/// Responses of Bedrock's Converse (protocols.md §4.4).
struct ConverseResponseWriter: ResponseWriter {
    private enum Block: Hashable { case none, text, reasoning, tool(Int) }

    let context: ResponseContext
    private var block = Block.none
    private var index = -1

    init(_ context: ResponseContext) { self.context = context }

    var contentType: String { "application/vnd.amazon.eventstream" }
    var interleavesToolCalls: Bool { false }
    var sendsWholeArguments: Bool { false }
    var endMark: [UInt8] { [] }

    mutating func opening(_ report: ServedReport) -> [UInt8] { Self.event("messageStart", [("role", "assistant")]) }

    mutating func write(_ piece: ServedPiece, _ report: ServedReport) -> [UInt8] {
        switch piece {
        case .reasoning(let text): return begin(.reasoning) + delta(["reasoningContent": ["text": .string(text)]])
        case .text(let text): return begin(.text) + delta(["text": .string(text)])
        case .toolCall(let place, let identifier, let name):
            let bytes = begin(.tool(place))
            let start: JSONValue = ["toolUse": ["toolUseId": .string(identifier), "name": .string(name)]]
            return bytes + Self.event("contentBlockStart", [("contentBlockIndex", .integer(index)), ("start", start)])
        case .arguments(let place, let piece):
            precondition(block == .tool(place), "Bedrock's blocks come one after the other")
            return delta(["toolUse": ["input": .string(piece)]])
        }
    }

    mutating func closing(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        let bytes = close() + Self.event("messageStop", [("stopReason", .string(Self.reason(finish)))])
        guard tellsUsage else { return bytes }
        return bytes + Self.event("metadata", [("usage", Self.usage(report)), ("metrics", Self.metrics(report))])
    }

    func failure(_ refusal: ServedRefusal) -> [UInt8] { Self.exception(refusal) }

    func whole(_ answer: ServedAnswer, _ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        var content: [JSONValue] = []
        if !answer.reasoning.isEmpty {
            content.append(["reasoningContent": ["reasoningText": ["text": .string(answer.reasoning)]]])
        }
        if !answer.text.isEmpty { content.append(["text": .string(answer.text)]) }
        for call in answer.calls {
            content.append([
                "toolUse": [
                    "toolUseId": .string(call.identifier), "name": .string(call.name),
                    "input": argumentsObject(call.arguments),
                ]
            ])
        }
        var object = JSONObject([
            ("output", ["message": ["role": "assistant", "content": .array(content)]]),
            ("stopReason", .string(Self.reason(finish))),
        ])
        if tellsUsage { object["usage"] = Self.usage(report) }
        object["metrics"] = Self.metrics(report)
        return JSONValue.object(object).serialized()
    }

    // MARK: Frames

    /// A modelled exception; its name begins in lower case inside a stream.
    static func exception(_ refusal: ServedRefusal) -> [UInt8] {
        let name = ErrorShape.bedrock.code(refusal.kind)
        let payload = (["message": .string(refusal.message)] as JSONValue).serialized()
        return EventStreamWriter.exception(name.prefix(1).lowercased() + name.dropFirst(), payload: payload)
    }

    private static func reason(_ finish: ServedFinish) -> String {
        switch finish {
        case .stop: "end_turn"
        case .length: "max_tokens"
        case .toolCalls: "tool_use"
        case .contentFilter: "content_filtered"
        }
    }

    private static func usage(_ report: ServedReport) -> JSONValue {
        [
            "inputTokens": .integer(report.fresh), "outputTokens": .integer(report.output),
            "totalTokens": .integer(report.total), "cacheReadInputTokens": .integer(report.cacheRead),
            "cacheWriteInputTokens": .integer(report.cacheWrite),
        ]
    }

    private static func metrics(_ report: ServedReport) -> JSONValue {
        ["latencyMs": .integer(Int(report.elapsed.milliseconds))]
    }

    /// Every payload is padded to hide its length.
    private static func event(_ type: String, _ members: [(String, JSONValue)]) -> [UInt8] {
        let padding = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ01234567".prefix(4 + type.utf8.count % 20)
        let object = JSONObject(members + [("p", .string(String(padding)))])
        return EventStreamWriter.event(type, payload: JSONValue.object(object).serialized())
    }

    private mutating func begin(_ wanted: Block) -> [UInt8] {
        guard block != wanted else { return [] }
        let bytes = close()
        block = wanted
        index += 1
        return bytes
    }

    private func delta(_ delta: JSONValue) -> [UInt8] {
        Self.event("contentBlockDelta", [("contentBlockIndex", .integer(index)), ("delta", delta)])
    }

    private mutating func close() -> [UInt8] {
        defer { block = .none }
        guard block != .none else { return [] }
        let signature = block == .reasoning ? delta(["reasoningContent": ["signature": "cmVoZWFyc2Fs"]]) : []
        return signature + Self.event("contentBlockStop", [("contentBlockIndex", .integer(index))])
    }
}
