import Encodings
import Quantities
import Workloads

/// Responses of OpenAI's Responses API (protocols.md §1.2).
struct ResponsesResponseWriter: ResponseWriter {
    /// An item of the output while it is open.
    private struct Item {
        let type: String
        let identifier: String
        let place: Int
        var call = ToolCall(identifier: "", name: "", arguments: "")
        var text = ""

        func value(isDone: Bool) -> JSONValue {
            let status: JSONValue = isDone ? "completed" : "in_progress"
            switch type {
            case "reasoning":
                let part: JSONValue = ["type": "summary_text", "text": .string(text)]
                return ["id": .string(identifier), "type": "reasoning", "summary": isDone ? [part] : []]
            case "message":
                let part: JSONValue = ["type": "output_text", "annotations": [], "text": .string(text)]
                return [
                    "id": .string(identifier), "type": "message", "status": status, "role": "assistant",
                    "content": isDone ? [part] : [],
                ]
            default:
                return [
                    "id": .string(identifier), "type": "function_call", "status": status,
                    "call_id": .string(call.identifier), "name": .string(call.name),
                    "arguments": .string(isDone ? call.arguments : ""),
                ]
            }
        }
    }

    let context: ResponseContext
    private var number = 0
    private var placeCount = 0
    private var open: [Item] = []
    private var calls: [Int: Int] = [:]
    private var done: [JSONValue] = []

    init(_ context: ResponseContext) { self.context = context }

    var contentType: String { "text/event-stream; charset=utf-8" }
    var interleavesToolCalls: Bool { true }
    var sendsWholeArguments: Bool { false }
    var endMark: [UInt8] { [] }

    mutating func opening(_ report: ServedReport) -> [UInt8] {
        let response = response("in_progress", report, output: [], tellsUsage: false)
        return event("response.created", [("response", response)])
            + event("response.in_progress", [("response", response)])
    }

    mutating func write(_ piece: ServedPiece, _ report: ServedReport) -> [UInt8] {
        switch piece {
        case .reasoning(let text):
            let (bytes, index) = begin("reasoning")
            open[index].text += text
            return bytes + delta("response.reasoning_summary_text.delta", index, "summary_index", text)
        case .text(let text):
            let (bytes, index) = begin("message")
            open[index].text += text
            return bytes + delta("response.output_text.delta", index, "content_index", text)
        case .toolCall(let index, let identifier, let name):
            var bytes = calls.isEmpty ? closeAll() : []
            var item = Item(type: "function_call", identifier: "fc_\(context.identifier)_\(index)", place: placeCount)
            item.call = ToolCall(identifier: identifier, name: name, arguments: "")
            placeCount += 1
            calls[index] = item.place
            open.append(item)
            bytes += event(
                "response.output_item.added",
                [("output_index", .integer(item.place)), ("item", item.value(isDone: false))])
            return bytes
        case .arguments(let index, let piece):
            guard let place = open.firstIndex(where: { $0.place == calls[index] }) else { return [] }
            open[place].call.arguments += piece
            return delta("response.function_call_arguments.delta", place, nil, piece)
        }
    }

    mutating func closing(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        let bytes = closeAll()
        let isWhole = finish != .length && finish != .contentFilter
        var value = response(isWhole ? "completed" : "incomplete", report, output: done, tellsUsage: tellsUsage)
        if !isWhole, var object = value.objectValue {
            object["incomplete_details"] = ["reason": finish == .length ? "max_output_tokens" : "content_filter"]
            value = .object(object)
        }
        return bytes + event(isWhole ? "response.completed" : "response.incomplete", [("response", value)])
    }

    func failure(_ refusal: ServedRefusal) -> [UInt8] {
        let object = JSONObject([
            ("type", "error"), ("code", .string(ErrorShape.openAI.code(refusal.kind))),
            ("message", .string(refusal.message)), ("param", nil), ("sequence_number", .integer(number)),
        ])
        return context.framing.event(JSONValue.object(object).serialized(), name: "error")
    }

    func whole(_ answer: ServedAnswer, _ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        var output: [JSONValue] = []
        if !answer.reasoning.isEmpty {
            let item = Item(type: "reasoning", identifier: "rs_" + context.identifier, place: 0, text: answer.reasoning)
            output.append(item.value(isDone: true))
        }
        if !answer.text.isEmpty {
            let item = Item(type: "message", identifier: "msg_" + context.identifier, place: 0, text: answer.text)
            output.append(item.value(isDone: true))
        }
        for (index, call) in answer.calls.enumerated() {
            let item = Item(
                type: "function_call", identifier: "fc_\(context.identifier)_\(index)", place: 0, call: call)
            output.append(item.value(isDone: true))
        }
        let status = finish == .length ? "incomplete" : "completed"
        return response(status, report, output: output, tellsUsage: tellsUsage).serialized()
    }

    // MARK: Events

    private func response(_ status: String, _ report: ServedReport, output: [JSONValue], tellsUsage: Bool) -> JSONValue
    {
        var object = JSONObject([
            ("id", .string("resp_" + context.identifier)), ("object", "response"), ("created_at", 1_760_000_000),
            ("status", .string(status)), ("error", nil), ("incomplete_details", nil), ("model", .string(context.model)),
            ("output", .array(output)),
        ])
        object["usage"] =
            tellsUsage
            ? [
                "input_tokens": .integer(report.input),
                "input_tokens_details": [
                    "cached_tokens": .integer(report.cacheRead), "cache_write_tokens": .integer(report.cacheWrite),
                ],
                "output_tokens": .integer(report.output),
                "output_tokens_details": ["reasoning_tokens": .integer(report.reasoning)],
                "total_tokens": .integer(report.total),
            ] : .null
        return .object(object)
    }

    private mutating func event(_ type: String, _ members: [(String, JSONValue)]) -> [UInt8] {
        let object = JSONObject([("type", .string(type)), ("sequence_number", .integer(number))] + members)
        number += 1
        return context.framing.event(JSONValue.object(object).serialized(), name: type)
    }

    private mutating func delta(_ type: String, _ index: Int, _ inner: String?, _ text: String) -> [UInt8] {
        var members: [(String, JSONValue)] = [
            ("item_id", .string(open[index].identifier)), ("output_index", .integer(open[index].place)),
        ]
        if let inner { members.append((inner, 0)) }
        return event(type, members + [("delta", .string(text))])
    }

    /// The item of a type that is open, or a new one after all others are closed.
    private mutating func begin(_ type: String) -> ([UInt8], Int) {
        if let index = open.firstIndex(where: { $0.type == type }) { return ([], index) }
        var bytes = closeAll()
        let prefix = type == "message" ? "msg_" : "rs_"
        let item = Item(type: type, identifier: prefix + context.identifier, place: placeCount)
        placeCount += 1
        open.append(item)
        bytes += event(
            "response.output_item.added", [("output_index", .integer(item.place)), ("item", item.value(isDone: false))])
        let place: [(String, JSONValue)] = [
            ("item_id", .string(item.identifier)), ("output_index", .integer(item.place)),
        ]
        if type == "message" {
            let part: JSONValue = ["type": "output_text", "annotations": [], "text": ""]
            bytes += event("response.content_part.added", place + [("content_index", 0), ("part", part)])
        } else {
            let part: JSONValue = ["type": "summary_text", "text": ""]
            bytes += event("response.reasoning_summary_part.added", place + [("summary_index", 0), ("part", part)])
        }
        return (bytes, 0)
    }

    private mutating func closeAll() -> [UInt8] {
        var bytes: [UInt8] = []
        let items = open
        open = []
        for item in items {
            let place: [(String, JSONValue)] = [
                ("item_id", .string(item.identifier)), ("output_index", .integer(item.place)),
            ]
            switch item.type {
            case "message":
                let part: JSONValue = ["type": "output_text", "annotations": [], "text": .string(item.text)]
                bytes += event(
                    "response.output_text.done", place + [("content_index", 0), ("text", .string(item.text))])
                bytes += event("response.content_part.done", place + [("content_index", 0), ("part", part)])
            case "reasoning":
                let part: JSONValue = ["type": "summary_text", "text": .string(item.text)]
                bytes += event(
                    "response.reasoning_summary_text.done",
                    place + [("summary_index", 0), ("text", .string(item.text))])
                bytes += event("response.reasoning_summary_part.done", place + [("summary_index", 0), ("part", part)])
            default:
                bytes += event(
                    "response.function_call_arguments.done", place + [("arguments", .string(item.call.arguments))])
            }
            bytes += event(
                "response.output_item.done",
                [("output_index", .integer(item.place)), ("item", item.value(isDone: true))])
            done.append(item.value(isDone: true))
        }
        return bytes
    }
}
