import Encodings
import Quantities

/// Imports logged requests of Anthropic's messages API, one JSON object a line.
///
/// A line is `{request: {system, messages, tools}, response: {content, usage, stop_reason}, timestamp}` or a bare request body;
/// `request` and `response` may hold their content as `body`, or as JSON text.
public struct AnthropicLogImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "anthropic-log", summary: "logged requests of Anthropic's messages API, one a line", unit: .line,
        content: "text", guesses: MessageLog.guesses)

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
        request.failedCalls = MessageReader.failedCalls(body["messages"])
        let system = MessageReader.text(body["system"])
        if !system.isEmpty { request.items.insert(.system(system), at: 0) }
        request.tools = MessageReader.tools(body["tools"])
        let response = MessageLog.body(value["response"])
        if let response, response["content"] != nil { request.answer = MessageReader.answer(response) }
        request.measured = MessageMeasures(usage: response?["usage"])
        request.measured.stop = response?["stop_reason"]?.stringValue
        return request
    }

    /// The requests that failed, and what messages hold beside text.
    public var leftOut: LeftOut { log.leftOut }

    /// Hands out the sessions that waited for more requests.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) { log.finish(emit) }
}
