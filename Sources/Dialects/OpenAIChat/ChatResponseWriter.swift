import Encodings
import Quantities
import Workloads

/// Responses of OpenAI's Chat Completions, with the habits of those that are compatible with it.
struct ChatResponseWriter: ResponseWriter {
    let context: ResponseContext
    private let opened: [UInt8]
    private var sentText = ""
    private var isInReasoning = false
    /// Tool calls whose arguments are still to come, for servers that send them whole.
    private var pending: [Int: ToolCall] = [:]

    var habits: ChatHabits { context.habits }

    init(_ context: ResponseContext) {
        self.context = context
        let habits = context.habits
        var object = JSONObject([
            ("id", .string(habits.extras.contains(.emptyIdentifier) ? "" : habits.prefix + context.identifier)),
            ("object", "chat.completion.chunk"), ("created", 1_760_000_000), ("model", .string(context.model)),
        ])
        if let provider = context.provider { object["provider"] = .string(provider) }
        if habits.extras.contains(.serviceTier) { object["service_tier"] = "default" }
        if habits.extras.contains(.fingerprint) { object["system_fingerprint"] = "fp_rehearsal" }
        opened = JSONValue.object(object).serialized().dropLast()
    }

    var contentType: String { "text/event-stream; charset=utf-8" }
    var interleavesToolCalls: Bool { !habits.sendsWholeArguments }
    var sendsWholeArguments: Bool { habits.sendsWholeArguments }
    var endMark: [UInt8] { habits.hasEndMark ? context.framing.event(Array("[DONE]".utf8)) : [] }

    mutating func opening(_ report: ServedReport) -> [UInt8] {
        var bytes: [UInt8] = []
        if let comment = habits.comment { bytes += context.framing.comment(comment) }
        if habits.extras.contains(.filterResults) { bytes += filterEvent() }
        guard habits.role == .first else { return bytes }
        var delta = JSONObject([("role", "assistant"), ("content", "")])
        if habits.extras.contains(.bothContents) {
            (delta["content"], delta["reasoning_content"]) = (.null, "")
        }
        if habits.extras.contains(.obfuscation) { delta["refusal"] = .null }
        return bytes + event(delta, report)
    }

    mutating func write(_ piece: ServedPiece, _ report: ServedReport) -> [UInt8] {
        switch piece {
        case .reasoning(let text): return reasoning(text, report)
        case .text(let text):
            let close = closingTag()
            return event(contents(close + text), report, text: close + text)
        case .toolCall(let index, let identifier, let name):
            guard !habits.sendsWholeArguments else {
                pending[index] = ToolCall(identifier: identifier, name: name, arguments: "")
                return tag(report)
            }
            let call: JSONValue = [
                "index": .integer(index), "id": .string(identifier), "type": "function",
                "function": ["name": .string(name), "arguments": ""],
            ]
            return tag(report) + event(JSONObject([("tool_calls", [call])]), report)
        case .arguments(let index, let piece):
            if let call = pending.removeValue(forKey: index) {
                return wholeCall(
                    index, ToolCall(identifier: call.identifier, name: call.name, arguments: piece), report)
            }
            var call = JSONObject([("index", .integer(index))])
            if habits.extras.contains(.repeatedToolType) { (call["id"], call["type"]) = ("", "function") }
            call["function"] = ["arguments": .string(piece)]
            return event(JSONObject([("tool_calls", [.object(call)])]), report)
        }
    }

    /// A whole tool call in one event, for servers that do not send pieces.
    private func wholeCall(_ index: Int, _ call: ToolCall, _ report: ServedReport) -> [UInt8] {
        let value: JSONValue = [
            "index": .integer(index), "id": .string(call.identifier), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
        ]
        return event(JSONObject([("tool_calls", [value])]), report)
    }

    mutating func closing(_ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        let usage = usageObject(report)
        let isTold = tellsUsage && (habits.alwaysTellsUsage || context.request.wantsUsage)
        var bytes = tag(report)
        let word = finish == .stop ? habits.stopWord : finish.rawValue
        switch habits.usage {
        case .finish, .insideChoice, .insideChoiceAndTop:
            bytes += event(emptyDelta, report, finish: word, usage: isTold ? usage : Optional.none, isLast: true)
        case .ownEvent, .ownEventWithChoice, .every:
            bytes += event(emptyDelta, report, finish: word, isLast: !isTold)
            guard isTold else { return bytes }
            let choices: [JSONValue] = habits.usage == .ownEventWithChoice ? [choice(emptyDelta, nil, nil)] : []
            bytes += frame(choices, usage: usage, report, isLast: true)
        }
        return bytes
    }

    func failure(_ refusal: ServedRefusal) -> [UInt8] {
        var object = habits.errors.streamed(refusal)
        if habits.errors == .openRouter {
            let head = JSONObject([
                ("id", .string(habits.prefix + context.identifier)), ("model", .string(context.model)),
            ])
            var all = head
            for member in object.members { all[member.key] = member.value }
            all["choices"] = [["index": 0, "delta": ["content": ""], "finish_reason": "error"]]
            object = all
        }
        let endsProperly: Set<ErrorShape> = [.openRouter, .vLLM, .flat]
        let event = context.framing.event(JSONValue.object(object).serialized())
        return endsProperly.contains(habits.errors) ? event + endMark : event
    }

    // MARK: Events

    /// Azure's first event: what the filters said of the prompt.
    private func filterEvent() -> [UInt8] {
        let safe: JSONValue = ["filtered": false, "severity": "safe"]
        let results: JSONValue = [
            "hate": safe, "jailbreak": ["filtered": false, "detected": false], "self_harm": safe, "sexual": safe,
            "violence": safe,
        ]
        let object: JSONValue = [
            "choices": [], "created": 0, "id": "", "model": "", "object": "",
            "prompt_filter_results": [["prompt_index": 0, "content_filter_results": results]],
        ]
        return context.framing.event(object.serialized())
    }

    private var emptyDelta: JSONObject {
        var delta = JSONObject()
        if habits.extras.contains(.bothContents) { (delta["content"], delta["reasoning_content"]) = ("", .null) }
        if habits.usage == .ownEventWithChoice { delta["content"] = "" }
        return delta
    }

    private mutating func contents(_ text: String) -> JSONObject {
        var shown = text
        if context.isCumulative {
            sentText += text
            shown = sentText
        }
        var delta = JSONObject([("content", .string(shown))])
        if habits.extras.contains(.bothContents) { delta["reasoning_content"] = .null }
        return delta
    }

    private mutating func reasoning(_ text: String, _ report: ServedReport) -> [UInt8] {
        let tag = habits.reasoning == .thinkTag ? "think" : "reasoning"
        switch habits.reasoning {
        case .hidden: return []
        case .thinkTag where !context.request.splitsReasoning, .reasoningTag:
            let opening = isInReasoning ? "" : "<\(tag)>"
            isInReasoning = true
            return event(contents(opening + text), report, text: opening + text)
        case .thinkTag:
            let part: JSONValue = [
                "type": "reasoning.text", "id": "reasoning-text-1", "format": "MiniMax-response-v1", "index": 0,
                "text": .string(text),
            ]
            let delta = JSONObject([
                ("content", ""), ("reasoning_content", .string(text)), ("reasoning_details", [part]),
            ])
            return event(delta, report)
        case .short: return event(JSONObject([("reasoning", .string(text))]), report)
        case .both:
            return event(JSONObject([("reasoning", .string(text)), ("reasoning_content", .string(text))]), report)
        case .details:
            let part: JSONValue = ["type": "reasoning.text", "text": .string(text), "format": "unknown", "index": 0]
            return event(
                JSONObject([("content", ""), ("reasoning", .string(text)), ("reasoning_details", [part])]), report)
        case .long:
            var delta = JSONObject([("reasoning_content", .string(text))])
            if habits.extras.contains(.bothContents) { delta["content"] = .null }
            return event(delta, report)
        }
    }

    /// The end of a tag that is still open.
    private mutating func closingTag() -> String {
        defer { isInReasoning = false }
        return isInReasoning ? (habits.reasoning == .thinkTag ? "</think>" : "</reasoning>") : ""
    }

    private mutating func tag(_ report: ServedReport) -> [UInt8] {
        let close = closingTag()
        return close.isEmpty ? [] : event(contents(close), report)
    }

    private func event(
        _ delta: JSONObject, _ report: ServedReport, finish: String? = nil, usage: JSONValue? = nil, text: String = "",
        isLast: Bool = false
    ) -> [UInt8] {
        let inside = habits.usage == .insideChoice || habits.usage == .insideChoiceAndTop ? usage : Optional.none
        let top = habits.usage == .insideChoice ? Optional.none : usage
        let running =
            habits.usage == .every || context.request.wantsContinuousUsage
            ? Optional(usageObject(report)) : Optional.none
        return frame(
            [choice(delta, finish, inside, text: text)], usage: top ?? running, report,
            isLast: isLast)
    }

    private func choice(_ delta: JSONObject, _ finish: String?, _ usage: JSONValue?, text: String = "") -> JSONValue {
        let extras = habits.extras
        var delta = delta
        if habits.role == .every, delta["role"] == nil {
            delta = JSONObject([("role", "assistant")] + delta.members.map { ($0.key, $0.value) })
        }
        if extras.contains(.nulls) {
            for key in ["role", "content", "reasoning_content", "tool_calls"] where delta[key] == nil {
                delta[key] = .null
            }
        }
        if extras.contains(.textCopy) { delta["token_id"] = text.isEmpty ? .null : .integer(text.utf8.count) }
        var choice = JSONObject([("index", 0), ("delta", .object(delta))])
        if extras.contains(.nulls) || extras.contains(.obfuscation) { choice["logprobs"] = .null }
        if finish != nil || !extras.contains(.noEarlyFinish) { choice["finish_reason"] = .optional(finish) }
        if extras.contains(.nativeFinish) {
            choice["native_finish_reason"] = .optional(finish.map { $0 == "stop" ? "completed" : $0 })
        }
        if extras.contains(.textCopy) { (choice["text"], choice["seed"]) = (.string(text), .null) }
        if extras.contains(.nulls) { choice["matched_stop"] = .null }
        if extras.contains(.engineDetails), finish != nil {
            (choice["stop_reason"], choice["token_ids"]) = (.null, .null)
        }
        if extras.contains(.filterResults) { choice["content_filter_results"] = .object(JSONObject()) }
        if let usage { choice["usage"] = usage }
        return .object(choice)
    }

    private func frame(_ choices: [JSONValue], usage: JSONValue?, _ report: ServedReport, isLast: Bool) -> [UInt8] {
        var data = opened + Array(",\"choices\":".utf8)
        JSONValue.array(choices).append(to: &data)
        if usage != nil || habits.extras.contains(.nullUsage) { data.add(member: "usage", usage ?? .null) }
        if habits.extras.contains(.obfuscation) {
            data.add(member: "obfuscation", .string(String("x9Kq2mZp7Lw4Rt".prefix(3 + report.output % 12))))
        }
        if habits.extras.contains(.baseResponse) {
            data.add(raw: #","input_sensitive":false,"output_sensitive":false"#)
            data.add(raw: #","base_resp":{"status_code":0,"status_msg":""}"#)
        }
        if isLast { addLastMembers(report, &data) }
        data.append(0x7D)
        return context.framing.event(data)
    }
}
