import Encodings
import Quantities

/// What the events of OpenAI's Chat Completions mean, and of everything compatible with it.
struct ChatInterpreter: StreamInterpreter {
    private var hasTopLevelUsage = false

    mutating func take(
        _ name: String, _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void
    ) {
        guard name != "error" else {
            return answer.fail(ErrorTaxonomy.readInStream(root["error"] ?? root), handle)
        }
        var isKnown = false
        root.forEachMember { key, value in
            if key.equals("choices") {
                value.forEachElement { choice in takeChoice(choice, &isKnown, &answer, handle) }
            } else if key.equals("usage") {
                isKnown = takeUsage(value, isTopLevel: true, &answer, handle) || isKnown
            } else if key.equals("error") {
                guard !value.isNull else { return }
                isKnown = true
                answer.fail(ErrorTaxonomy.readInStream(value), handle)
            } else if key.equals("base_resp") {
                guard (value["status_code"]?.integer ?? 0) != 0 else { return }
                isKnown = true
                answer.fail(ErrorTaxonomy.readInStream(root), handle)
            } else if !answer.hasOrigin {
                noteOrigin(key, value, &answer)
            } else if key.equals("provider") {
                answer.noteOrigin(provider: value.string)
            }
        }
        if !isKnown { handle(.other) }
    }

    private func noteOrigin(_ key: Span<UInt8>, _ value: JSONView, _ answer: inout AnswerAssembly) {
        if key.equals("model") {
            answer.noteOrigin(model: nonEmpty(value))
        } else if key.equals("id") {
            answer.noteOrigin(identifier: nonEmpty(value))
        } else if key.equals("provider") {
            answer.noteOrigin(provider: value.string)
        } else if key.equals("system_fingerprint") {
            answer.noteFingerprint(nonEmpty(value))
        }
    }

    /// Azure's first chunk has empty texts where later ones have names.
    private func nonEmpty(_ value: JSONView) -> String? { value.string.flatMap { $0.isEmpty ? nil : $0 } }

    private mutating func takeChoice(
        _ choice: JSONView, _ isKnown: inout Bool, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        var finish: String?
        var isOther = false
        choice.forEachMember { key, value in
            if key.equals("delta") || key.equals("message") {
                isKnown = takeDelta(value, &answer, handle) || isKnown
            } else if key.equals("finish_reason") {
                finish = value.string
            } else if key.equals("index") {
                isOther = (value.integer ?? 0) != 0
            } else if key.equals("usage"), !hasTopLevelUsage {
                isKnown = takeUsage(value, isTopLevel: false, &answer, handle) || isKnown
            }
        }
        if let finish, !isOther, !finish.isEmpty, finish != "null" {
            isKnown = true
            answer.noteFinish(finish, handle)
        }
    }

    /// Returns whether the delta held content.
    private func takeDelta(
        _ delta: JSONView, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        var hasContent = false
        var hasReasoning = false
        delta.forEachMember { key, value in
            if key.equals("content") || key.equals("refusal") {
                hasContent = takeText(value, &answer, handle) || hasContent
            } else if key.equals("reasoning") || key.equals("reasoning_content") {
                // Some servers send the same piece under both names.
                if !hasReasoning { hasReasoning = answer.take(value, .reasoning, handle) }
            } else if key.equals("tool_calls") {
                var position = 0
                value.forEachElement { call in
                    hasContent = takeToolCall(call, position, &answer, handle) || hasContent
                    position += 1
                }
            }
        }
        return hasContent || hasReasoning
    }

    /// Text, or a list of parts with text.
    private func takeText(
        _ value: JSONView, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        guard value.kind == .array else { return answer.take(value, .text, handle) }
        var hasContent = false
        value.forEachElement { hasContent = answer.take($0["text"], .text, handle) || hasContent }
        return hasContent
    }

    private func takeToolCall(
        _ view: JSONView, _ position: Int, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        let identifier = view["id"]?.string ?? ""
        let key = view["index"]?.integer ?? answer.toolCallKey(identifier: identifier, position: position)
        guard let place = answer.toolCall(key) else { return false }
        let function = view["function"]
        let isNamed = answer.name(place, identifier: identifier, name: function?["name"]?.string, handle)
        return answer.arguments(place, function?["arguments"], handle) || isNamed
    }

    private mutating func takeUsage(
        _ view: JSONView, isTopLevel: Bool, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        guard let usage = UsageReader.openAI(view) else { return false }
        answer.noteUsage(usage, source: view, handle)
        answer.noteCost(view["cost"]?.double)
        hasTopLevelUsage = hasTopLevelUsage || isTopLevel
        return true
    }
}
