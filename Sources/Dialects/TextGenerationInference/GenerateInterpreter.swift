import Encodings
import Quantities

/// What the events of TGI's own interface mean (protocols.md §7.3).
///
/// The only dialect in which one event is one token. Errors of validation come under a status of 200.
struct GenerateInterpreter: StreamInterpreter {
    mutating func take(
        _ name: String, _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void
    ) {
        if let error = root["error"], !error.isNull {
            return answer.fail(ErrorTaxonomy.readInStream(root), handle)
        }
        var isKnown = false
        if let token = root["token"], token["special"]?.bool != true {
            isKnown = answer.take(token["text"], .text, handle)
        }
        if isWhole { isKnown = answer.take(root["generated_text"], .text, handle) || isKnown }
        if let details = root["details"], details.kind == .object {
            isKnown = true
            takeDetails(details, &answer, handle)
        }
        if root["generated_text"]?.string != nil { answer.isTerminated = true }
        if !isKnown { handle(.other) }
    }

    private func takeDetails(_ details: JSONView, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {
        var prompt = UsageReader.count(details["input_length"])
        if prompt == nil, let prefill = details["prefill"], prefill.kind == .array {
            var count = 0
            prefill.forEachElement { _ in count += 1 }
            prompt = count > 0 ? TokenCount(count) : nil
        }
        let usage = TokenUsage(inputTotal: prompt, outputTotal: UsageReader.count(details["generated_tokens"]))
        if usage != TokenUsage() { answer.noteUsage(usage, source: details, handle) }
        if let reason = details["finish_reason"]?.string { answer.noteFinish(reason, handle) }
    }
}
