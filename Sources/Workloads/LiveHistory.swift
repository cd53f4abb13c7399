import Encodings

/// Puts what an endpoint answered in the place of what was recorded.
///
/// The recorded tool results stay: they are matched to the live calls by name, then in their order, and their identifiers
/// become those of the live calls. What would break the next request is replaced and counted: arguments that are no JSON
/// object, and names of tools that are not offered.
enum LiveHistory {
    /// What a call appends when the live answer before it is sent back.
    ///
    /// - Parameters:
    ///   - recorded: the items with the recorded answer first.
    ///   - live: what the endpoint answered.
    ///   - tools: the tools that are offered.
    ///   - sendsReasoning: true if reasoning is sent back too, so that it counts in the size of an answer.
    ///   - filler: makes up text of a size in hundredths of a token; nil leaves the live answer as long as it is (`pinned` gives
    ///     one).
    /// - Returns: the items, and how many tool calls were replaced by recorded ones.
    static func merged(
        _ recorded: [ConversationItem], _ live: AssistantMessage, tools: [ToolDefinition],
        sendsReasoning: Bool = false, filler: ((Int) -> String)? = nil
    ) -> (items: [ConversationItem], substitutedCount: Int) {
        guard case .assistant(let original)? = recorded.first else { return (recorded, 0) }
        let results = recorded.compactMap { item -> ToolResult? in
            if case .toolResult(let result) = item { result } else { nil }
        }
        var answer = live
        var made: [ConversationItem] = []
        var substitutedCount = 0
        if results.isEmpty {
            // Nothing answers the tools that it called, if it did.
            answer.toolCalls = []
            if (answer.text ?? "").isEmpty { answer.text = original.text }
        } else {
            // Without a call there is nothing that the results could answer: the recorded pair stays.
            guard !live.toolCalls.isEmpty else { return (recorded, 0) }
            (answer.toolCalls, made, substitutedCount) = answered(live.toolCalls, original.toolCalls, results, tools)
        }
        if let filler {
            let wanted = size(original, sendsReasoning) + size(results)
            fit(&answer, missing: wanted - size(answer, sendsReasoning) - size(made), sendsReasoning, filler)
        }
        let rest = recorded.dropFirst().filter { if case .toolResult = $0 { false } else { true } }
        return ([.assistant(answer)] + made + rest, substitutedCount)
    }

    private static func answered(
        _ live: [ToolCall], _ recorded: [ToolCall], _ results: [ToolResult], _ tools: [ToolDefinition]
    ) -> ([ToolCall], [ConversationItem], Int) {
        let pairs = pairs(live, Array(zip(recorded, results)))
        var (calls, items, substitutedCount): ([ToolCall], [ConversationItem], Int) = ([], [], 0)
        var identifiers: Set<String> = []
        for (position, call) in live.enumerated() {
            let pair = pairs[position]
            var call = call
            let isOffered = tools.contains { $0.name == call.name }
            if !isOffered || !isObject(call.arguments) {
                substitutedCount += 1
                if !isOffered { call.name = pair?.0.name ?? tools.first?.name ?? call.name }
                call.arguments = pair.flatMap { isObject($0.0.arguments) ? $0.0.arguments : nil } ?? "{}"
            }
            if !isUsable(call.identifier) || !identifiers.insert(call.identifier).inserted {
                let recorded = pair.flatMap { identifiers.contains($0.0.identifier) ? nil : $0.0.identifier }
                call.identifier = recorded ?? "call_extra\(position)"
                identifiers.insert(call.identifier)
            }
            calls.append(call)
            let text = pair?.1.text ?? "No result was recorded for this call."
            items.append(
                .toolResult(
                    ToolResult(
                        callIdentifier: call.identifier, name: call.name, text: text, isError: pair?.1.isError ?? false)
                ))
        }
        return (calls, items, substitutedCount)
    }

    /// What was recorded for each live call: by name for all that can have it so, and then what is left, in its order.
    private static func pairs(
        _ live: [ToolCall], _ recorded: [(ToolCall, ToolResult)]
    ) -> [(ToolCall, ToolResult)?] {
        var open = recorded
        var pairs = live.map { call in
            open.firstIndex { $0.0.name == call.name }.map { open.remove(at: $0) }
        }
        for position in pairs.indices where pairs[position] == nil && !open.isEmpty {
            pairs[position] = open.removeFirst()
        }
        return pairs
    }

    /// Makes the live answer and the results after it as large as the recorded ones, by the answer's text, and by its reasoning
    /// where that is sent and there is too little text to take away.
    private static func fit(
        _ answer: inout AssistantMessage, missing: Int, _ sendsReasoning: Bool, _ filler: (Int) -> String
    ) {
        if missing > 0 {
            let text = answer.text ?? ""
            answer.text = (text.isEmpty ? "" : text + " ") + filler(missing)
        } else {
            var excess = -missing
            answer.text = answer.text.map { cut($0, by: &excess) }
            if sendsReasoning { answer.reasoning = answer.reasoning.map { cut($0, by: &excess) } }
        }
        if answer.text?.isEmpty == true, !answer.toolCalls.isEmpty { answer.text = nil }
        if answer.reasoning?.isEmpty == true { answer.reasoning = nil }
    }

    /// A text without as much of its end as it has to lose, which is counted down.
    private static func cut(_ text: String, by excess: inout Int) -> String {
        guard excess > 0 else { return text }
        let (bytes, size) = (Array(text.utf8), text.centitokens)
        let end = TokenMeter().end(of: max(0, size - excess), in: bytes[...])
        excess = max(0, excess - size)
        return String(decoding: bytes[..<end], as: UTF8.self)
    }

    private static func size(_ answer: AssistantMessage, _ sendsReasoning: Bool) -> Int {
        let reasoning = sendsReasoning ? answer.reasoning?.centitokens ?? 0 : 0
        return answer.toolCalls.reduce((answer.text?.centitokens ?? 0) + reasoning) { $0 + $1.centitokens }
    }

    private static func size(_ results: [ToolResult]) -> Int { results.reduce(0) { $0 + $1.text.centitokens } }

    private static func size(_ items: [ConversationItem]) -> Int {
        size(
            items.compactMap { item -> ToolResult? in
                if case .toolResult(let result) = item { result } else { nil }
            })
    }

    private static func isObject(_ arguments: String) -> Bool {
        (try? JSONValue(parsing: Array(arguments.utf8)))?.objectValue != nil
    }

    /// What every dialect takes as an identifier (protocols.md §4: Bedrock is the strictest).
    private static func isUsable(_ identifier: String) -> Bool {
        (1...64).contains(identifier.utf8.count)
            && identifier.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
                    UInt8(ascii: ":"):
                    true
                default: false
                }
            }
    }
}
