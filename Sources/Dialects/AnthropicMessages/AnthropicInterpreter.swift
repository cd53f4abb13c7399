import Encodings
import Quantities

/// What the events of Anthropic's Messages mean (protocols.md §9).
///
/// Usage comes in pieces: at the start, and again, cumulative, with the reason for the end. Of each field the last value
/// that is given counts, since compatible servers tell the truth only at the end; the output count of the start is a
/// placeholder and is left out.
struct AnthropicInterpreter: StreamInterpreter {
    private var fresh: TokenCount?
    private var read: TokenCount?
    private var write: TokenCount?
    private var output: TokenCount?
    private var reasoning: TokenCount?
    /// The blocks that are tool calls, by their index, and how many calls came before each.
    private var toolPlaces: [Int: Int] = [:]

    mutating func take(
        _ name: String, _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void
    ) {
        let type = root["type"]?.string ?? name
        switch type {
        case "message_start": takeMessage(root["message"], isWhole: false, &answer, handle)
        case "message": takeMessage(root, isWhole: true, &answer, handle)
        case "content_block_start": takeBlock(root["content_block"], root["index"]?.integer ?? 0, &answer, handle)
        case "content_block_delta": takeDelta(root["delta"], root["index"]?.integer ?? 0, &answer, handle)
        case "message_delta":
            takeUsage(root["usage"], countsOutput: true, &answer, handle)
            takeStop(root["delta"], &answer, handle)
        case "message_stop":
            answer.isTerminated = true
            takeInvocationMetrics(root["amazon-bedrock-invocationMetrics"], &answer, handle)
            handle(.done)
        case "error": answer.fail(ErrorTaxonomy.readInStream(root), handle)
        default:
            guard let error = root["error"], !error.isNull else { return handle(.other) }
            answer.fail(ErrorTaxonomy.readInStream(root), handle)
        }
    }

    private mutating func takeMessage(
        _ message: JSONView?, isWhole: Bool, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        guard let message else { return handle(.other) }
        answer.noteOrigin(model: message["model"]?.string, identifier: message["id"]?.string)
        var index = 0
        message["content"]?.forEachElement { block in
            takeBlock(block, index, &answer, handle)
            index += 1
        }
        takeUsage(message["usage"], countsOutput: isWhole, &answer, handle)
        takeStop(message, &answer, handle)
        if isWhole { answer.isTerminated = true } else if index == 0 { handle(.other) }
    }

    private mutating func takeBlock(
        _ block: JSONView?, _ index: Int, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        guard let block else { return handle(.other) }
        switch block["type"]?.string {
        case "text": if !answer.take(block["text"], .text, handle) { handle(.other) }
        case "thinking": if !answer.take(block["thinking"], .reasoning, handle) { handle(.other) }
        case "tool_use":
            guard let place = answer.toolCall(index) else { return }
            toolPlaces[index] = place
            answer.name(place, identifier: block["id"]?.string, name: block["name"]?.string, handle)
            // A stream opens the block with an empty object and sends the arguments in pieces.
            if let input = block["input"], hasMembers(input) { answer.arguments(place, input, handle) }
        default: handle(.other)
        }
    }

    private func hasMembers(_ view: JSONView) -> Bool {
        var isEmpty = true
        view.forEachMember { _, _ in isEmpty = false }
        return !isEmpty
    }

    private func takeDelta(
        _ delta: JSONView?, _ index: Int, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        guard let delta else { return handle(.other) }
        var isContent = false
        switch delta["type"]?.string {
        case "text_delta": isContent = answer.take(delta["text"], .text, handle)
        case "thinking_delta": isContent = answer.take(delta["thinking"], .reasoning, handle)
        case "input_json_delta":
            guard let place = toolPlaces[index] else { break }
            isContent = answer.arguments(place, delta["partial_json"], handle)
        default: break
        }
        if !isContent { handle(.other) }
    }

    private func takeStop(_ view: JSONView?, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {
        guard let reason = view?["stop_reason"]?.string, !reason.isEmpty else { return }
        answer.noteFinish(reason, handle)
    }

    private mutating func takeUsage(
        _ view: JSONView?, countsOutput: Bool, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        guard let view, view.kind == .object else { return }
        fresh = UsageReader.count(view["input_tokens"]) ?? fresh
        read = UsageReader.count(view["cache_read_input_tokens"]) ?? read
        write = UsageReader.count(view["cache_creation_input_tokens"]) ?? write
        if countsOutput {
            output = UsageReader.count(view["output_tokens"]) ?? output
            reasoning = UsageReader.count(view["output_tokens_details"]?["thinking_tokens"]) ?? reasoning
        }
        let usage = UsageReader.apart(fresh: fresh, read: read, write: write, output: output, reasoning: reasoning)
        answer.noteUsage(usage, source: view, handle)
    }

    /// What Bedrock adds at the end; it counts only where the model's own events told no usage.
    private mutating func takeInvocationMetrics(
        _ view: JSONView?, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        guard let view, answer.usage.outputTotal == nil else { return }
        let usage = UsageReader.apart(
            fresh: UsageReader.count(view["inputTokenCount"]) ?? fresh,
            read: UsageReader.count(view["cacheReadInputTokenCount"]) ?? read,
            write: UsageReader.count(view["cacheWriteInputTokenCount"]) ?? write,
            output: UsageReader.count(view["outputTokenCount"]))
        answer.noteUsage(usage, source: view, handle)
    }

    mutating func finish(_ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {
        // A tool without arguments sends none: its input is the empty object.
        for place in toolPlaces.values.sorted() { answer.completeArguments(place) }
    }
}
