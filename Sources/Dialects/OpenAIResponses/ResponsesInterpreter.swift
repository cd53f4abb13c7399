import Encodings
import Quantities

/// What the events of OpenAI's Responses mean (protocols.md §1.2).
///
/// The kind of an event is taken from its own `type`, since some servers send the `event:` line after the data. A final
/// event may hold an empty output: text and tool calls come from the items' events.
struct ResponsesInterpreter: StreamInterpreter {
    /// Places of tool calls by the item's place in the output.
    private var toolPlaces: [Int: Int] = [:]
    /// Items of which text or reasoning came in pieces.
    private var streamedItems: Set<Int> = []

    mutating func take(
        _ name: String, _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void
    ) {
        let type = root["type"]?.string ?? name
        let index = root["output_index"]?.integer ?? 0
        switch type {
        case "response.output_text.delta", "response.refusal.delta":
            takeText(root["delta"], .text, index, &answer, handle)
        case "response.reasoning_text.delta", "response.reasoning_summary_text.delta":
            takeText(root["delta"], .reasoning, index, &answer, handle)
        case "response.output_item.added": takeItem(root["item"], index, isDone: false, &answer, handle)
        case "response.output_item.done": takeItem(root["item"], index, isDone: true, &answer, handle)
        case "response.function_call_arguments.delta":
            guard let place = toolPlaces[index], answer.arguments(place, root["delta"], handle) else {
                return handle(.other)
            }
        case "response.function_call_arguments.done":
            guard let place = toolPlaces[index], !answer.hasArguments(place),
                answer.arguments(place, root["arguments"], handle)
            else { return handle(.other) }
        case "response.completed", "response.incomplete", "response.failed":
            takeEnd(root["response"] ?? root, &answer, handle)
        case "error": answer.fail(ErrorTaxonomy.readInStream(root), handle)
        default: takeOther(root, isWhole: isWhole, &answer, handle)
        }
    }

    private mutating func takeOther(
        _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        if let error = root["error"], !error.isNull, root["object"]?.string != "response" {
            return answer.fail(ErrorTaxonomy.readInStream(root), handle)
        }
        guard isWhole, root["object"]?.string == "response" || root["output"] != nil else {
            noteOrigin(root["response"], &answer)
            return handle(.other)
        }
        var index = 0
        root["output"]?.forEachElement { item in
            takeItem(item, index, isDone: true, &answer, handle)
            index += 1
        }
        takeEnd(root, &answer, handle)
    }

    private func noteOrigin(_ response: JSONView?, _ answer: inout AnswerAssembly) {
        answer.noteOrigin(model: response?["model"]?.string, identifier: response?["id"]?.string)
    }

    private mutating func takeText(
        _ delta: JSONView?, _ kind: ContentKind, _ index: Int, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void
    ) {
        guard answer.take(delta, kind, handle) else { return handle(.other) }
        if streamedItems.count < AnswerAssembly.maximumToolCalls { streamedItems.insert(index) }
    }

    private mutating func takeItem(
        _ item: JSONView?, _ index: Int, isDone: Bool, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        var isContent = false
        switch item?["type"]?.string {
        case "function_call":
            guard let item, let place = toolPlaces[index] ?? answer.toolCall(index) else { return }
            toolPlaces[index] = place
            let identifier = item["call_id"]?.string ?? item["id"]?.string
            isContent = answer.name(place, identifier: identifier, name: item["name"]?.string, handle)
            if !answer.hasArguments(place) {
                isContent = answer.arguments(place, item["arguments"], handle) || isContent
            }
        case "message" where isDone && !streamedItems.contains(index):
            item?["content"]?.forEachElement { part in
                isContent = answer.take(part["text"] ?? part["refusal"], .text, handle) || isContent
            }
        case "reasoning" where isDone && !streamedItems.contains(index):
            for list in [item?["summary"], item?["content"]] {
                list?.forEachElement { isContent = answer.take($0["text"], .reasoning, handle) || isContent }
            }
        default: break
        }
        if !isContent { handle(.other) }
    }

    private func takeEnd(_ response: JSONView, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {
        noteOrigin(response, &answer)
        if let view = response["usage"], let usage = UsageReader.responses(view) {
            answer.noteUsage(usage, source: view, handle)
        }
        if let error = response["error"], !error.isNull { answer.fail(ErrorTaxonomy.readInStream(error), handle) }
        let reason = response["incomplete_details"]?["reason"]?.string ?? response["status"]?.string ?? "completed"
        answer.noteFinish(reason, handle)
        answer.isTerminated = true
        handle(.done)
    }
}
