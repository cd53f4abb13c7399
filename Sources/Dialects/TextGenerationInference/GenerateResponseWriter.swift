import Encodings
import Quantities
import Workloads

/// Responses of the native interface of Text Generation Inference, which knows no tools (protocols.md §7.3).
struct GenerateResponseWriter: ResponseWriter {
    let context: ResponseContext
    private var count = 0
    private var text = ""
    /// The last token waits: its event also tells the end.
    private var held: String?

    init(_ context: ResponseContext) { self.context = context }

    var contentType: String { "text/event-stream" }
    var interleavesToolCalls: Bool { false }
    var sendsWholeArguments: Bool { true }
    var endMark: [UInt8] { [] }

    mutating func opening(_ report: ServedReport) -> [UInt8] { [] }

    mutating func write(_ piece: ServedPiece, _ report: ServedReport) -> [UInt8] {
        let bytes = held.map { event($0, generated: nil, details: nil) } ?? []
        switch piece {
        case .reasoning(let piece), .text(let piece), .arguments(_, let piece): held = piece
        case .toolCall(_, _, let name): held = name
        }
        text += held ?? ""
        return bytes
    }

    mutating func closing(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        event(
            held ?? "", generated: text, details: Self.details(finish, report, tellsUsage: tellsUsage))
    }

    func failure(_ refusal: ServedRefusal) -> [UInt8] {
        EventFraming.unspaced.event(ErrorShape.tgi.body(refusal, identifier: context.identifier))
    }

    func whole(_ answer: ServedAnswer, _ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        var object = JSONObject([("generated_text", .string(answer.reasoning + answer.text))])
        if context.request.wantsUsage { object["details"] = Self.details(finish, report, tellsUsage: tellsUsage) }
        return JSONValue.object(object).serialized()
    }

    private static func details(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> JSONValue {
        var details = JSONObject([("finish_reason", .string(finish == .length ? "length" : "eos_token"))])
        if tellsUsage { details["generated_tokens"] = .integer(report.output + report.error) }
        details["seed"] = .null
        if tellsUsage { details["input_length"] = .integer(report.input) }
        return .object(details)
    }

    private mutating func event(_ text: String, generated: String?, details: JSONValue?) -> [UInt8] {
        count += 1
        let value: JSONValue = [
            "index": .integer(count),
            "token": ["id": .integer(1000 + count), "text": .string(text), "logprob": -0.5, "special": false],
            "generated_text": .optional(generated), "details": details ?? .null,
        ]
        return context.framing.event(value.serialized())
    }
}

extension EventFraming {
    /// Nothing stands between `data:` and the data.
    static let unspaced: EventFraming = {
        var framing = EventFraming()
        framing.hasSpace = false
        return framing
    }()
}
