import Encodings
import Quantities

/// Imports spans of OpenTelemetry's GenAI conventions, as inference-perf, exporters and collectors write them.
///
/// A file is `{spans: […]}`, a list of spans, OTLP's `resourceSpans`, or any of them a line. A span of a model request holds
/// `gen_ai.input.messages` and `gen_ai.output.messages` (or `gen_ai.output.text`) among its attributes; content that was not
/// captured cannot be imported. All spans are held until the import ends, since a trace may stand in several files.
public struct OpenTelemetryImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "otel", summary: "OpenTelemetry spans with GenAI attributes and message content", unit: .file,
        content: "text",
        guesses: [
            "A session is a gen_ai.conversation.id, or else a trace.",
            "A call depends on the spans that had ended when it began and that no other of them depends on; it waits from "
                + "the last end to its beginning.",
            "A call continues the earlier one whose messages and answer begin its own; one that runs beside others is "
                + "another agent's.",
            "An answer that a prompt holds out of turn, from a parallel branch, is sent as user text.",
            "Sizes of texts are counted by words, numbers and signs; outputs are as long as usage says, if it is there.",
            "Of several output messages the first is the answer, and its output is counted from its text.",
            "Spans that failed (an error.type, or the status ERROR without output) are left out and counted when the import "
                + "ends; the time that they took is part of the wait before the next call.",
        ])

    private var groups: [String: [OpenTelemetrySpan]] = [:]
    private var order: [String] = []
    /// The spans of requests that failed.
    public private(set) var leftOut = LeftOut()

    /// Makes an importer.
    public init() {}

    /// Takes a file.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        var found = 0
        for value in try source.documents(bytes) {
            for span in Self.spans(value) {
                guard let span = OpenTelemetrySpan(span, source) else { continue }
                found += 1
                guard !span.isFailed else {
                    leftOut.add(LoggedFailure.what)
                    continue
                }
                if groups[span.session] == nil { order.append(span.session) }
                groups[span.session, default: []].append(span)
            }
        }
        guard found > 0 else { throw source.problem("no span with times and gen_ai.input.messages") }
    }

    /// Hands out the sessions.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        var assets = MessageAssets()
        let begin = groups.values.joined().map(\.start).min() ?? 0
        for name in order {
            guard let spans = groups.removeValue(forKey: name), let first = spans.first else { continue }
            var session = MessageSession(identifier: name, profile: "agent", first.source)
            try Self.append(spans, to: &session, begin, &assets)
            assets.emit(emit)
            emit(.session(session.session))
        }
        order = []
    }

    private static func spans(_ value: JSONValue) -> [JSONValue] {
        if let list = value.arrayValue { return list.flatMap { spans($0) } }
        if let list = value["spans"]?.arrayValue { return list }
        if let list = value["resourceSpans"]?.arrayValue {
            return list.flatMap { $0["scopeSpans"]?.arrayValue ?? [] }.flatMap { $0["spans"]?.arrayValue ?? [] }
        }
        return value["attributes"] == nil ? [] : [value]
    }

    private static func append(
        _ spans: [OpenTelemetrySpan], to session: inout MessageSession, _ begin: Double, _ assets: inout MessageAssets
    ) throws(SessionFileError) {
        let spans = spans.sorted { ($0.start, $0.end) < ($1.start, $1.end) }
        let first = spans.first?.start ?? 0
        var identifiers: [CallIdentifier] = []
        session.begin(at: TraceTime.between(begin, first))
        for (span, place) in zip(spans, RecordedOrder.places(spans.map { (start: $0.start, end: $0.end) })) {
            var request = span.request
            request.after = place.dependencies.map { identifiers[$0] }
            request.isParallel = place.isParallel
            request.wait = TraceTime.between(place.end ?? first, span.start)
            request.measured.start = TraceTime.between(first, span.start)
            identifiers.append(try session.take(request, &assets))
        }
    }
}

/// One span of a model request.
private struct OpenTelemetrySpan {
    let source: TraceSource
    let session: String
    let start: Double
    let end: Double
    /// Whether the request failed.
    private(set) var isFailed = false
    var request: MessageRequest

    /// Reads a span; nil if it is no model request, or its messages or times were not captured.
    init?(_ span: JSONValue, _ source: TraceSource) {
        var attributes = Self.attributes(span["attributes"])
        for event in span["events"]?.arrayValue ?? [] {
            for (key, value) in Self.attributes(event["attributes"]) where key.hasPrefix("gen_ai.") {
                attributes[key] = attributes[key] ?? value
            }
        }
        let operations = ["chat", "text_completion", "generate_content"]
        guard operations.contains(attributes["gen_ai.operation.name"]?.stringValue ?? "chat"),
            let messages = MessageReader.unpacked(attributes["gen_ai.input.messages"]),
            let start = TraceTime.seconds(span["start_time"] ?? span["startTimeUnixNano"] ?? span["startTime"]),
            let end = TraceTime.seconds(span["end_time"] ?? span["endTimeUnixNano"] ?? span["endTime"])
        else { return nil }
        let trace = (span["trace_id"] ?? span["traceId"] ?? span["context"]?["trace_id"])?.stringValue
        self.source = source
        self.start = start
        self.end = max(start, end)
        session = attributes["gen_ai.conversation.id"]?.stringValue ?? trace ?? source.fileKey
        request = MessageRequest(items: MessageReader.items(messages))
        let system = MessageReader.text(MessageReader.unpacked(attributes["gen_ai.system_instructions"]))
        if !system.isEmpty { request.items.insert(.system(system), at: 0) }
        request.tools = MessageReader.tools(MessageReader.unpacked(attributes["gen_ai.tool.definitions"]))
        request.agent = (attributes["gen_ai.agent.name"] ?? attributes["gen_ai.agent.id"])?.stringValue
        request.measured = Self.measures(attributes)
        request.measured.duration = TraceTime.between(start, end)
        readAnswer(attributes)
        isFailed =
            attributes["error.type"]?.stringValue != nil || (request.answer == nil && Self.isError(span["status"]))
    }

    /// Whether a status is OTLP's 2, or is named as exporters name it.
    private static func isError(_ status: JSONValue?) -> Bool {
        let code = status?["code"] ?? status?["status_code"] ?? status
        return code?.integerValue == 2 || ["STATUS_CODE_ERROR", "ERROR", "Error"].contains(code?.stringValue)
    }

    private mutating func readAnswer(_ attributes: [String: JSONValue]) {
        if let messages = MessageReader.unpacked(attributes["gen_ai.output.messages"]),
            let first = messages.arrayValue.map({ $0.first }) ?? messages
        {
            if messages.arrayValue?.count ?? 0 > 1 {
                (request.measured.output, request.measured.reasoning) = (nil, nil)
            }
            request.answer = MessageReader.answer(first)
            request.measured.stop = request.measured.stop ?? first["finish_reason"]?.stringValue
        } else if let text = attributes["gen_ai.output.text"]?.stringValue {
            request.answer = AssistantMessage(text: text)
        }
    }

    private static func measures(_ attributes: [String: JSONValue]) -> MessageMeasures {
        func count(_ names: String...) -> Int? { names.lazy.compactMap { attributes[$0]?.integerValue }.first }
        var measures = MessageMeasures()
        measures.input = count("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
        measures.output = count("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
        measures.cached = count("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
        measures.reasoning = count("gen_ai.usage.reasoning.output_tokens")
        let reasons = MessageReader.unpacked(attributes["gen_ai.response.finish_reasons"])
        measures.stop = (reasons?.arrayValue?.first ?? reasons)?.stringValue
        measures.timeToFirstToken = attributes["gen_ai.response.time_to_first_chunk"]?.doubleValue.map {
            TraceTime.duration($0)
        }
        return measures
    }

    /// Attributes as an object has them, or as OTLP lists them.
    private static func attributes(_ value: JSONValue?) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        for member in value?.objectValue?.members ?? [] { result[member.key] = member.value }
        for entry in value?.arrayValue ?? [] {
            if let key = entry["key"]?.stringValue, let value = entry["value"] { result[key] = plain(value) }
        }
        return result
    }

    private static func plain(_ value: JSONValue) -> JSONValue {
        if let text = value["intValue"]?.stringValue { return Int(text).map(JSONValue.integer) ?? .string(text) }
        if let list = value["arrayValue"] { return .array((list["values"]?.arrayValue ?? []).map { plain($0) }) }
        if let list = value["kvlistValue"] {
            let members = attributes(list["values"]).sorted { $0.key < $1.key }
            return .object(JSONObject(members.map { ($0.key, $0.value) }))
        }
        return value["stringValue"] ?? value["intValue"] ?? value["doubleValue"] ?? value["boolValue"] ?? value
    }
}

extension TraceSource {
    /// The JSON values of a file: one, or one a line.
    ///
    /// - Throws: ``SessionFileError`` if it is neither.
    func documents(_ bytes: ArraySlice<UInt8>) throws(SessionFileError) -> [JSONValue] {
        do throws(SessionFileError) {
            return [try json(bytes)]
        } catch {
            var source = self
            var values: [JSONValue] = []
            let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            guard lines.count > 1 else { throw error }
            for (index, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
                source.line = index + 1
                values.append(try source.json(line))
            }
            return values
        }
    }
}
