import Encodings
import Quantities
import Workloads

/// Responses of Google's Gemini API (protocols.md §6.2).
struct GeminiResponseWriter: ResponseWriter {
    let context: ResponseContext
    private var calls: [Int: ToolCall] = [:]

    init(_ context: ResponseContext) {
        self.context = context
    }

    var contentType: String { "text/event-stream" }
    var interleavesToolCalls: Bool { false }
    var sendsWholeArguments: Bool { true }
    var endMark: [UInt8] { [] }

    mutating func opening(_ report: ServedReport) -> [UInt8] { [] }

    mutating func write(_ piece: ServedPiece, _ report: ServedReport) -> [UInt8] {
        switch piece {
        case .reasoning(let text): return event([["text": .string(text), "thought": true]], nil, report)
        case .text(let text): return event([["text": .string(text)]], nil, report)
        case .toolCall(let index, let identifier, let name):
            calls[index] = ToolCall(identifier: identifier, name: name, arguments: "")
            return []
        case .arguments(let index, let arguments):
            guard var call = calls.removeValue(forKey: index) else { return [] }
            call.arguments = arguments
            return event([Self.part(call)], nil, report)
        }
    }

    mutating func closing(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        event([["text": ""]], Self.reason(finish), report, tellsUsage: tellsUsage)
    }

    func failure(_ refusal: ServedRefusal) -> [UInt8] {
        context.framing.event(ErrorShape.google.body(refusal, identifier: context.identifier))
    }

    func whole(_ answer: ServedAnswer, _ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        var parts: [JSONValue] = []
        if !answer.reasoning.isEmpty { parts.append(["text": .string(answer.reasoning), "thought": true]) }
        if !answer.text.isEmpty { parts.append(["text": .string(answer.text)]) }
        parts += answer.calls.map(Self.part)
        return response(parts, Self.reason(finish), report, tellsUsage: tellsUsage).serialized()
    }

    /// A tool call, with the signature that must be sent back.
    private static func part(_ call: ToolCall) -> JSONValue {
        [
            "functionCall": [
                "name": .string(call.name), "args": argumentsObject(call.arguments), "id": .string(call.identifier),
            ], "thoughtSignature": "cmVoZWFyc2Fs",
        ]
    }

    /// A tool call ends with STOP too.
    private static func reason(_ finish: ServedFinish) -> String {
        switch finish {
        case .stop, .toolCalls: "STOP"
        case .length: "MAX_TOKENS"
        case .contentFilter: "SAFETY"
        }
    }

    private func event(
        _ parts: [JSONValue], _ reason: String?, _ report: ServedReport, tellsUsage: Bool = true
    ) -> [UInt8] {
        context.framing.event(response(parts, reason, report, tellsUsage: tellsUsage).serialized())
    }

    private func response(
        _ parts: [JSONValue], _ reason: String?, _ report: ServedReport, tellsUsage: Bool
    ) -> JSONValue {
        var candidate = JSONObject([("content", ["role": "model", "parts": .array(parts)])])
        if let reason { candidate["finishReason"] = .string(reason) }
        candidate["index"] = 0
        var usage = JSONObject([
            ("promptTokenCount", .integer(report.input)),
            ("candidatesTokenCount", .integer(report.output - report.reasoning)),
        ])
        if report.reasoning > 0 { usage["thoughtsTokenCount"] = .integer(report.reasoning) }
        if report.cacheRead > 0 { usage["cachedContentTokenCount"] = .integer(report.cacheRead) }
        usage["totalTokenCount"] = .integer(report.total)
        usage["promptTokensDetails"] = [["modality": "TEXT", "tokenCount": .integer(report.input)]]
        usage["trafficType"] = "ON_DEMAND"
        // Early events may tell nothing but the kind of traffic.
        let shown: JSONValue = tellsUsage ? .object(usage) : ["trafficType": "ON_DEMAND"]
        return [
            "candidates": [.object(candidate)], "usageMetadata": shown, "modelVersion": .string(context.model),
            "responseId": .string(context.identifier),
        ]
    }
}
