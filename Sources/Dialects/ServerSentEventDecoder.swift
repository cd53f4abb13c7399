import Encodings
import Quantities

/// Decodes responses that are streams of server-sent events, or, where a server does not stream, one JSON document.
final class ServerSentEventDecoder<Interpreter: StreamInterpreter>: ResponseDecoder {
    private enum Form { case unknown, stream, plain }

    private let head: ResponseHead
    private let parser: JSONParser
    private var splitter = ServerSentEventSplitter()
    private var form: Form
    private var plain: [UInt8] = []
    private var interpreter: Interpreter
    private var answer: AnswerAssembly
    private var isDone = false

    init(_ interpreter: Interpreter, head: ResponseHead, parser: JSONParser, options: DecodingOptions) {
        self.interpreter = interpreter
        self.head = head
        self.parser = parser
        answer = AnswerAssembly(options)
        let isPlain = head.isFailed || head.contentType.hasPrefix("application/json")
        form = isPlain ? .plain : head.contentType.isEmpty ? .unknown : .stream
    }

    var isTerminated: Bool { answer.isTerminated }
    var isComplete: Bool { isDone || answer.isComplete }

    func consume(_ bytes: Span<UInt8>, _ handle: (DecodedEvent) -> Void) {
        guard !answer.isMalformed else { return }
        var start = 0
        if form == .unknown {
            // What stands before the first sign belongs to neither form, however the body is cut.
            guard let first = bytes.indices.first(where: { bytes[$0] > 0x20 }) else { return }
            form = bytes[first] == 0x7B || bytes[first] == 0x5B ? .plain : .stream
            start = first
        }
        let bytes = bytes.extracting(start..<bytes.count)
        guard form == .stream else { return keepPlain(bytes) }
        do throws(ServerSentEventError) {
            try splitter.consume(bytes) { item, data in take(item, data, handle) }
        } catch {
            answer.fail(malformed: "a line or an event of the stream is over its limit")
        }
    }

    func finish(_ end: TransportEnd, _ handle: (DecodedEvent) -> Void) -> DecodedResponse {
        if form == .stream {
            do throws(ServerSentEventError) {
                try splitter.finish { item, data in
                    // An event without its blank line counts only if it is whole; a cut one proves the truncation instead.
                    if isWhole(data) { take(item, data, handle) }
                }
            } catch {
                answer.fail(malformed: "the last event of the stream is over its limit")
            }
        } else {
            finishPlain(end, handle)
        }
        interpreter.finish(&answer, handle)
        return answer.finished(end, isFailedStatus: head.isFailed, handle)
    }

    private func isWhole(_ data: Span<UInt8>) -> Bool {
        data.equals("[DONE]") || (try? parser.parse(data) { _ in true }) ?? false
    }

    private func take(_ item: ServerSentEventItem, _ data: Span<UInt8>, _ handle: (DecodedEvent) -> Void) {
        guard !answer.isMalformed else { return }
        guard case .event(let name) = item else { return handle(.other) }
        if data.equals("[DONE]") {
            (isDone, answer.isTerminated) = (true, true)
            return handle(.done)
        }
        guard !isDone else { return handle(.other) }
        do throws(JSONError) {
            try parser.parse(data) { root in interpreter.take(name, root, isWhole: false, &answer, handle) }
        } catch {
            answer.fail(malformed: "an event of the stream is no JSON: \(error.message)")
        }
    }

    private func keepPlain(_ bytes: Span<UInt8>) {
        guard plain.count + bytes.count <= PlainBody.maximumBytes else {
            plain = []
            return answer.fail(malformed: "a body that is no stream is over \(PlainBody.maximumBytes) bytes")
        }
        unsafe bytes.withUnsafeBufferPointer { unsafe plain.append(contentsOf: $0) }
    }

    private func finishPlain(_ end: TransportEnd, _ handle: (DecodedEvent) -> Void) {
        guard !head.isFailed else {
            return answer.fail(status: PlainBody.error(head, plain, parser), handle)
        }
        guard !answer.isMalformed, !plain.isEmpty else { return }
        let body = plain
        do throws(JSONError) {
            try parser.parse(body.span) { root in
                guard root.kind == .array else { return interpreter.take("", root, isWhole: true, &answer, handle) }
                root.forEachElement { interpreter.take("", $0, isWhole: true, &answer, handle) }
            }
        } catch {
            if end == .complete { answer.fail(malformed: "the body is neither a stream nor JSON") }
        }
    }
}

/// Bodies that are no streams.
enum PlainBody {
    /// The longest body that is not a stream, in bytes.
    static let maximumBytes = 16 << 20

    /// The error that a body with an error status tells.
    static func error(_ head: ResponseHead, _ body: [UInt8], _ parser: JSONParser) -> ProviderError {
        let text = String(decoding: body.prefix(500), as: UTF8.self)
        let found = try? parser.parse(body.span) { ErrorTaxonomy.read(head, body: $0, text: text) }
        return found ?? ErrorTaxonomy.read(head, body: nil, text: text)
    }
}
