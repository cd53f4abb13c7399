import Encodings
import Quantities

/// Imports logged requests of OpenAI's chat completions, one JSON object a line.
///
/// A line is `{request: {messages, tools}, response: {choices: [{message, finish_reason}], usage}, timestamp}` or a bare request
/// body; `request` and `response` may hold their content as `body`, or as JSON text.
public struct OpenAILogImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "openai-log", summary: "logged chat completion requests, one a line", unit: .line, content: "text",
        guesses: MessageLog.guesses + [
            "Of several choices the first is the answer, and its output is counted from its text, since usage counts all."
        ])

    private var log = MessageLog()

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let value = try source.json(bytes)
        try log.take(exchange: value, source, emit) { () throws(SessionFileError) in try Self.request(value, source) }
    }

    private static func request(
        _ value: JSONValue, _ source: TraceSource
    ) throws(SessionFileError) -> MessageRequest {
        let body = MessageLog.body(value["request"]) ?? MessageLog.body(value)
        guard let body, body["messages"]?.arrayValue != nil else {
            throw source.problem("a logged request needs a list of messages")
        }
        var request = MessageRequest(items: MessageReader.items(body["messages"]))
        request.leftOut = MessageReader.leftOut(body["messages"])
        request.tools = MessageReader.tools(body["tools"] ?? body["functions"])
        let response = MessageLog.body(value["response"])
        let choices = (response?["choices"] ?? value["choices"])?.arrayValue
        let choice = choices?.first
        if let message = choice?["message"], message.objectValue != nil {
            request.answer = MessageReader.answer(message)
        }
        request.measured = MessageMeasures(usage: response?["usage"] ?? value["usage"])
        if choices?.count ?? 0 > 1 { (request.measured.output, request.measured.reasoning) = (nil, nil) }
        request.measured.stop = choice?["finish_reason"]?.stringValue
        return request
    }

    /// The requests that failed, and what messages hold beside text.
    public var leftOut: LeftOut { log.leftOut }

    /// Hands out the sessions that waited for more requests.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) { log.finish(emit) }
}
