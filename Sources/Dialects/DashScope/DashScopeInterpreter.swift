import Encodings
import Quantities

/// What the events of Alibaba's native interface mean (protocols.md §8.2).
///
/// The reason for the end is the text `null` until there is one; usage stands in every event. Without incremental output
/// every event repeats the whole text, which the decoder must be told.
struct DashScopeInterpreter: StreamInterpreter {
    mutating func take(
        _ name: String, _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void
    ) {
        guard name != "error", root["output"] != nil else {
            let isError = name == "error" || !(root["code"]?.string ?? "").isEmpty
            return isError ? answer.fail(ErrorTaxonomy.readInStream(root), handle) : handle(.other)
        }
        answer.noteOrigin(identifier: root["request_id"]?.string)
        var isKnown = false
        let output = root["output"]
        var isFirst = true
        output?["choices"]?.forEachElement { choice in
            guard isFirst else { return }
            isFirst = false
            isKnown = takeMessage(choice["message"], &answer, handle) || isKnown
            isKnown = takeFinish(choice["finish_reason"], &answer, handle) || isKnown
        }
        if isFirst {
            isKnown = answer.take(output?["text"], .text, handle) || isKnown
            isKnown = takeFinish(output?["finish_reason"], &answer, handle) || isKnown
        }
        if let view = root["usage"], let usage = UsageReader.responses(view) {
            answer.noteUsage(usage, source: view, handle)
            isKnown = true
        }
        if !isKnown { handle(.other) }
    }

    private func takeFinish(
        _ view: JSONView?, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        guard let reason = view?.string, !reason.isEmpty, reason != "null" else { return false }
        answer.noteFinish(reason, handle)
        return true
    }

    private func takeMessage(
        _ message: JSONView?, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        var hasContent = answer.take(message?["reasoning_content"], .reasoning, handle)
        if let content = message?["content"] {
            if content.kind == .array {
                content.forEachElement { hasContent = answer.take($0["text"], .text, handle) || hasContent }
            } else {
                hasContent = answer.take(content, .text, handle) || hasContent
            }
        }
        var position = 0
        message?["tool_calls"]?.forEachElement { call in
            let key =
                call["index"]?.integer
                ?? answer.toolCallKey(identifier: call["id"]?.string ?? "", position: position)
            position += 1
            guard let place = answer.toolCall(key) else { return }
            let function = call["function"]
            hasContent =
                answer.name(place, identifier: call["id"]?.string, name: function?["name"]?.string, handle)
                || hasContent
            hasContent = answer.arguments(place, function?["arguments"], handle) || hasContent
        }
        return hasContent
    }
}
