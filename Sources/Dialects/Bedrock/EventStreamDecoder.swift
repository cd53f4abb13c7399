import Encodings
import Quantities

/// Decodes responses over Amazon's event stream, or one JSON document where no stream came.
final class EventStreamDecoder<Interpreter: StreamInterpreter>: ResponseDecoder {
    private let head: ResponseHead
    private let parser: JSONParser
    private var splitter = EventStreamSplitter()
    private var plain: [UInt8] = []
    private var isPlain: Bool?
    private var interpreter: Interpreter
    private var answer: AnswerAssembly

    init(_ interpreter: Interpreter, head: ResponseHead, parser: JSONParser, options: DecodingOptions) {
        self.interpreter = interpreter
        self.head = head
        self.parser = parser
        answer = AnswerAssembly(options)
        if head.isFailed || head.contentType.hasPrefix("application/json") { isPlain = true }
    }

    var isTerminated: Bool { answer.isTerminated }
    var isComplete: Bool { answer.isComplete }

    func consume(_ bytes: Span<UInt8>, _ handle: (DecodedEvent) -> Void) {
        guard !answer.isMalformed, bytes.count > 0 else { return }
        // A message begins with its length, which is far below 2 GB: no text begins so.
        let isPlain = isPlain ?? (bytes[0] == 0x7B)
        self.isPlain = isPlain
        guard !isPlain else { return keepPlain(bytes) }
        do throws(EventStreamError) {
            try splitter.consume(bytes) { take($0, handle) }
        } catch {
            answer.fail(malformed: "the event stream is broken: \(error)")
        }
    }

    func finish(_ end: TransportEnd, _ handle: (DecodedEvent) -> Void) -> DecodedResponse {
        // A message that was cut off says nothing; the stream is whole only if its last message was.
        if isPlain == true { finishPlain(end, handle) }
        interpreter.finish(&answer, handle)
        return answer.finished(end, isFailedStatus: head.isFailed, handle)
    }

    private func take(_ message: EventStreamMessage, _ handle: (DecodedEvent) -> Void) {
        guard !answer.isMalformed else { return }
        let kind = message.text(":message-type") ?? "event"
        if kind == "error" {
            let code = message.text(":error-code") ?? ""
            let text = message.text(":error-message") ?? ""
            let outcome = ErrorTaxonomy.outcome(status: 500, codes: [code], message: text)
            return answer.fail(ProviderError(outcome: outcome, message: "\(code): \(text)"), handle)
        }
        guard !message.payload.isEmpty else { return handle(.other) }
        let payload = message.payload
        do throws(JSONError) {
            try parser.parse(payload.span) { root in
                if kind == "exception" {
                    let code = message.text(":exception-type") ?? ""
                    let status = Self.status(code)
                    answer.fail(ErrorTaxonomy.readInStream(root, status: status, moreCodes: [code]), handle)
                } else {
                    interpreter.take(
                        message.text(":event-type") ?? "", root, isWhole: false, &answer, handle)
                }
            }
        } catch {
            answer.fail(malformed: "a message of the event stream holds no JSON: \(error.message)")
        }
    }

    /// What HTTP would have said (protocols.md §4.6).
    private static func status(_ exception: String) -> Int {
        exception.lowercased().hasPrefix("validation") ? 400 : 500
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
            try parser.parse(body.span) { interpreter.take("", $0, isWhole: true, &answer, handle) }
        } catch {
            if end == .complete { answer.fail(malformed: "the body is neither an event stream nor JSON") }
        }
    }
}
