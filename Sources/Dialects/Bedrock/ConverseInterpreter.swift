import Encodings
import Quantities

/// What the events of Bedrock's Converse mean (protocols.md §4.4).
struct ConverseInterpreter: StreamInterpreter {
    private var toolPlaces: [Int: Int] = [:]

    mutating func take(
        _ name: String, _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void
    ) {
        guard !isWhole else { return takeWhole(root, &answer, handle) }
        let index = root["contentBlockIndex"]?.integer ?? 0
        switch name {
        case "contentBlockStart": takeStart(root["start"]?["toolUse"], index, &answer, handle)
        case "contentBlockDelta": takeDelta(root["delta"], index, &answer, handle)
        case "messageStop": takeStop(root, &answer, handle)
        case "metadata": takeUsage(root["usage"], &answer, handle)
        default: handle(.other)
        }
    }

    private mutating func takeStart(
        _ tool: JSONView?, _ index: Int, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        guard let tool, let place = answer.toolCall(index) else { return handle(.other) }
        toolPlaces[index] = place
        answer.name(place, identifier: tool["toolUseId"]?.string, name: tool["name"]?.string, handle)
    }

    private func takeDelta(
        _ delta: JSONView?, _ index: Int, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        var isContent = answer.take(delta?["text"], .text, handle)
        isContent = answer.take(delta?["reasoningContent"]?["text"], .reasoning, handle) || isContent
        if let input = delta?["toolUse"]?["input"], let place = toolPlaces[index] {
            isContent = answer.arguments(place, input, handle) || isContent
        }
        if !isContent { handle(.other) }
    }

    private func takeStop(_ root: JSONView, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {
        answer.isTerminated = true
        answer.noteFinish(root["stopReason"]?.string ?? "", handle)
    }

    private func takeUsage(_ view: JSONView?, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {
        guard let view else { return handle(.other) }
        let usage = UsageReader.apart(
            fresh: UsageReader.count(view["inputTokens"]),
            read: UsageReader.count(view["cacheReadInputTokens"])
                ?? UsageReader.count(view["cacheReadInputTokenCount"]),
            write: UsageReader.count(view["cacheWriteInputTokens"])
                ?? UsageReader.count(view["cacheWriteInputTokenCount"]),
            output: UsageReader.count(view["outputTokens"]), total: UsageReader.count(view["totalTokens"]))
        answer.noteUsage(usage, source: view, handle)
    }

    private mutating func takeWhole(
        _ root: JSONView, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) {
        guard let content = root["output"]?["message"]?["content"] else {
            return answer.fail(ErrorTaxonomy.readInStream(root), handle)
        }
        var index = 0
        content.forEachElement { block in
            answer.take(block["reasoningContent"]?["reasoningText"]?["text"], .reasoning, handle)
            answer.take(block["text"], .text, handle)
            if let tool = block["toolUse"] {
                takeStart(tool, index, &answer, handle)
                if let place = toolPlaces[index] { answer.arguments(place, tool["input"], handle) }
            }
            index += 1
        }
        takeUsage(root["usage"], &answer, handle)
        takeStop(root, &answer, handle)
    }

    mutating func finish(_ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {
        for place in toolPlaces.values.sorted() { answer.completeArguments(place) }
    }
}
