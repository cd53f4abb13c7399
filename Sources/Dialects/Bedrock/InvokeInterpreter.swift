import Encodings
import Quantities

/// What the events of Bedrock's InvokeModel mean: another dialect's events, in base64 (protocols.md §4.7).
///
/// Which dialect it is, the first event tells: Anthropic's have a type.
struct InvokeInterpreter: StreamInterpreter {
    private enum Inner {
        case anthropic(AnthropicInterpreter)
        case chat(ChatInterpreter)
    }

    private var inner: Inner?
    private let parser = JSONParser(limits: JSONLimits(maximumBytes: 24 << 20, maximumDepth: 64))

    mutating func take(
        _ name: String, _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void
    ) {
        guard !isWhole else { return takeInner(root, isWhole: true, &answer, handle) }
        guard name == "chunk", let bytes = root["bytes"] else { return handle(.other) }
        guard let decoded = bytes.withString({ Base64.decoded($0) }) ?? nil else {
            return answer.fail(malformed: "a chunk is no base64")
        }
        do throws(JSONError) {
            try parser.parse(decoded.span) { takeInner($0, isWhole: false, &answer, handle) }
        } catch {
            answer.fail(malformed: "a chunk holds no JSON: \(error.message)")
        }
    }

    private mutating func takeInner(
        _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        if inner == nil {
            inner = root["type"]?.string == nil ? .chat(ChatInterpreter()) : .anthropic(AnthropicInterpreter())
        }
        switch inner {
        case .anthropic(var interpreter):
            interpreter.take("", root, isWhole: isWhole, &answer, handle)
            inner = .anthropic(interpreter)
        case .chat(var interpreter):
            interpreter.take("", root, isWhole: isWhole, &answer, handle)
            inner = .chat(interpreter)
            takeMetrics(root["amazon-bedrock-invocationMetrics"], &answer, handle)
        case nil: break
        }
    }

    /// The last chunk of any model; its counts matter only where the model's own events have none.
    private func takeMetrics(_ view: JSONView?, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {
        guard let view, answer.usage.outputTotal == nil else { return }
        let usage = TokenUsage(
            inputTotal: UsageReader.count(view["inputTokenCount"]),
            inputCacheRead: UsageReader.count(view["cacheReadInputTokenCount"]),
            inputCacheWrite: UsageReader.count(view["cacheWriteInputTokenCount"]),
            outputTotal: UsageReader.count(view["outputTokenCount"]))
        answer.noteUsage(usage, source: view, handle)
    }

    mutating func finish(_ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {
        if case .anthropic(var interpreter)? = inner { interpreter.finish(&answer, handle) }
    }
}
