import Encodings
import Quantities
import Workloads

/// Responses of Bedrock's InvokeModel: the events of another dialect, each in base64 inside a frame (protocols.md §4.7).
struct InvokeResponseWriter: ResponseWriter {
    private var inner: any ResponseWriter
    private let innerDialect: DialectName

    init(_ context: ResponseContext) {
        var context = context
        context.framing = EventFraming()
        innerDialect = context.request.innerDialect ?? .openAIChat
        inner =
            innerDialect == .anthropicMessages ? AnthropicResponseWriter(context) : ChatResponseWriter(context)
    }

    var contentType: String { "application/vnd.amazon.eventstream" }
    var interleavesToolCalls: Bool { inner.interleavesToolCalls }
    var sendsWholeArguments: Bool { inner.sendsWholeArguments }
    var endMark: [UInt8] { [] }

    mutating func opening(_ report: ServedReport) -> [UInt8] { Self.frames(inner.opening(report)) }

    mutating func write(_ piece: ServedPiece, _ report: ServedReport) -> [UInt8] {
        Self.frames(inner.write(piece, report))
    }

    mutating func closing(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        let metrics: JSONValue = [
            "inputTokenCount": .integer(report.fresh), "outputTokenCount": .integer(report.output),
            "invocationLatency": .integer(Int(report.elapsed.milliseconds)),
            "firstByteLatency": .integer(Int(report.firstToken.milliseconds)),
            "cacheReadInputTokenCount": .integer(report.cacheRead),
            "cacheWriteInputTokenCount": .integer(report.cacheWrite),
        ]
        let events = inner.closing(finish, report, tellsUsage: tellsUsage)
        return tellsUsage ? Self.frames(events, last: metrics) : Self.frames(events)
    }

    func failure(_ refusal: ServedRefusal) -> [UInt8] { ConverseResponseWriter.exception(refusal) }

    func whole(_ answer: ServedAnswer, _ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        inner.whole(answer, finish, report, tellsUsage: tellsUsage)
    }

    /// The data of each event as a frame; the metrics of the invocation go into the last one.
    private static func frames(_ events: [UInt8], last: JSONValue? = nil) -> [UInt8] {
        let data = events.split(separator: 0x0A).filter { $0.starts(with: Array("data: ".utf8)) }
        var bytes: [UInt8] = []
        for (index, line) in data.enumerated() {
            var json = Array(line.dropFirst(6))
            if let last, index == data.count - 1 {
                json.removeLast()
                json.add(member: "amazon-bedrock-invocationMetrics", last)
                json.append(0x7D)
            }
            let payload: JSONValue = ["bytes": .string(base64(json)), "p": "abcdefghijkl"]
            bytes += EventStreamWriter.event("chunk", payload: payload.serialized())
        }
        return bytes
    }

    /// RFC 4648 §4.
    static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            let word = (0..<3).reduce(0) { $0 << 8 | ($1 < count ? Int(bytes[start + $1]) : 0) }
            for place in 0..<4 {
                text.append(place <= count ? digits[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
