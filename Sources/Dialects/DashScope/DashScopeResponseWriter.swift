import Encodings
import Quantities
import Workloads

/// Responses of the native interface of Alibaba's Model Studio (protocols.md §8.2).
struct DashScopeResponseWriter: ResponseWriter {
    let context: ResponseContext
    private var number = 0
    private var pieces: [ServedPiece] = []

    init(_ context: ResponseContext) { self.context = context }

    private var isCumulative: Bool { context.isCumulative || context.request.isCumulative }

    var contentType: String { "text/event-stream;charset=UTF-8" }
    var interleavesToolCalls: Bool { !isCumulative }
    var sendsWholeArguments: Bool { false }
    var endMark: [UInt8] { [] }

    mutating func opening(_ report: ServedReport) -> [UInt8] { [] }

    mutating func write(_ piece: ServedPiece, _ report: ServedReport) -> [UInt8] {
        guard !isCumulative else {
            pieces.append(piece)
            return event(Self.message(ServedAnswer(pieces)), "null", report)
        }
        var message = JSONObject([("content", ""), ("reasoning_content", ""), ("role", "assistant")])
        switch piece {
        case .reasoning(let text): message["reasoning_content"] = .string(text)
        case .text(let text): message["content"] = .string(text)
        case .toolCall(let index, let identifier, let name):
            message["tool_calls"] = [Self.call(index, identifier, ["name": .string(name), "arguments": ""])]
        case .arguments(let index, let piece):
            message["tool_calls"] = [Self.call(index, "", ["arguments": .string(piece)])]
        }
        return event(.object(message), "null", report)
    }

    mutating func closing(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        let message: JSONValue =
            isCumulative
            ? Self.message(ServedAnswer(pieces)) : ["content": "", "reasoning_content": "", "role": "assistant"]
        return event(message, finish.rawValue, report, tellsUsage: tellsUsage)
    }

    func failure(_ refusal: ServedRefusal) -> [UInt8] {
        EventFraming.unspaced.event(
            ErrorShape.dashScope.body(refusal, identifier: context.identifier),
            more: ["id:\(number + 1)", "event:error", ":HTTP_STATUS/\(ErrorShape.dashScope.status(refusal))"])
    }

    func whole(_ answer: ServedAnswer, _ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        body(Self.message(answer), finish.rawValue, report, tellsUsage: tellsUsage).serialized()
    }

    private static func call(_ index: Int, _ identifier: String, _ function: JSONValue) -> JSONValue {
        ["index": .integer(index), "id": .string(identifier), "type": "function", "function": function]
    }

    private static func message(_ answer: ServedAnswer) -> JSONValue {
        var message = JSONObject([
            ("content", .string(answer.text)), ("reasoning_content", .string(answer.reasoning)), ("role", "assistant"),
        ])
        if !answer.calls.isEmpty {
            message["tool_calls"] = .array(
                answer.calls.enumerated().map { index, item in
                    call(
                        index, item.identifier, ["name": .string(item.name), "arguments": .string(item.arguments)])
                })
        }
        return .object(message)
    }

    private mutating func event(
        _ message: JSONValue, _ reason: String, _ report: ServedReport, tellsUsage: Bool = true
    ) -> [UInt8] {
        number += 1
        // The identifier, the name and the status have no space either.
        return EventFraming.unspaced.event(
            body(message, reason, report, tellsUsage: tellsUsage).serialized(),
            more: ["id:\(number)", "event:result", ":HTTP_STATUS/200"])
    }

    private func body(_ message: JSONValue, _ reason: String, _ report: ServedReport, tellsUsage: Bool) -> JSONValue {
        var object = JSONObject([
            ("output", ["choices": [["message": message, "finish_reason": .string(reason)]]])
        ])
        if tellsUsage {
            object["usage"] = [
                "total_tokens": .integer(report.total), "input_tokens": .integer(report.input),
                "output_tokens": .integer(report.output),
                "prompt_tokens_details": ["cached_tokens": .integer(report.cacheRead)],
                "output_tokens_details": ["reasoning_tokens": .integer(report.reasoning)],
            ]
        }
        object["request_id"] = .string(context.identifier)
        return .object(object)
    }
}
