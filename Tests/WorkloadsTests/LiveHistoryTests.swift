import Testing

@testable import Workloads

@Suite struct LiveHistoryTests {
    private let tools = ["read", "list"].map {
        ToolDefinition(name: $0, description: "", parameters: ["type": "object"])
    }
    private let recorded: [ConversationItem] = [
        .assistant(
            AssistantMessage(
                text: "recorded",
                toolCalls: [
                    ToolCall(identifier: "r1", name: "read", arguments: #"{"path":"a"}"#),
                    ToolCall(identifier: "r2", name: "list", arguments: "{}"),
                ])),
        .toolResult(ToolResult(callIdentifier: "r1", name: "read", text: "A")),
        .toolResult(ToolResult(callIdentifier: "r2", name: "list", text: "L", isError: true)), .user("go on"),
    ]

    private func merged(_ text: String?, _ calls: [(String, String, String)]) -> ([ConversationItem], Int) {
        let live = calls.map { ToolCall(identifier: $0.0, name: $0.1, arguments: $0.2) }
        let result = LiveHistory.merged(recorded, AssistantMessage(text: text, toolCalls: live), tools: tools)
        return (result.items, result.substitutedCount)
    }

    private func results(_ items: [ConversationItem]) -> [String] {
        items.compactMap {
            if case .toolResult(let result) = $0 {
                "\(result.callIdentifier) \(result.text)\(result.isError ? " failed" : "")"
            } else {
                nil
            }
        }
    }

    private func calls(_ items: [ConversationItem]) -> [String] {
        guard case .assistant(let answer)? = items.first else { return [] }
        return answer.toolCalls.map { "\($0.identifier) \($0.name) \($0.arguments)" }
    }

    @Test func `recorded results answer the live calls of the same name, under their identifiers`() {
        let (items, count) = merged("live", [("x", "list", "{}"), ("y", "read", #"{"path":"b"}"#)])
        #expect(calls(items) == ["x list {}", #"y read {"path":"b"}"#])
        #expect(results(items) == ["x L failed", "y A"])
        #expect(items.last == .user("go on") && count == 0)
    }

    @Test func `what would break the next request is replaced and counted`() {
        let (items, count) = merged(
            nil, [("bad id!", "read", #"{"path":"#), ("y", "nosuch", "{}"), ("y", "list", "{}")])
        #expect(calls(items) == [#"r1 read {"path":"a"}"#, "y read {}", "r2 list {}"])
        #expect(results(items) == ["r1 A", "y No result was recorded for this call.", "r2 L failed"])
        #expect(count == 2)
    }

    @Test func `no call takes the result of a tool that another call asks for`() {
        let (items, count) = merged("live", [("x", "search", "{}"), ("y", "read", "{}"), ("z", "read", "{}")])
        // Each gets what was recorded for its name before what nothing asks for goes to the rest, in their order.
        #expect(calls(items) == ["x list {}", "y read {}", "z read {}"])
        #expect(results(items) == ["x L failed", "y A", "z No result was recorded for this call."])
        #expect(count == 1)
    }

    @Test func `no identifier stands twice, whatever the endpoint calls its calls`() {
        let (items, _) = merged(nil, [("r2", "read", "{}"), ("bad id!", "list", "{}"), ("r2", "list", "{}")])
        #expect(calls(items) == ["r2 read {}", "call_extra1 list {}", "call_extra2 list {}"])
    }

    @Test func `without a live call the recorded pair stays, and without results live calls go`() {
        let (items, count) = merged("no tools for me", [])
        #expect(items == recorded && count == 0, "no live tool call was replaced, since there was none")
        let text: [ConversationItem] = [.assistant(AssistantMessage(text: "recorded")), .user("next")]
        let live = AssistantMessage(text: nil, toolCalls: [ToolCall(identifier: "x", name: "read", arguments: "{}")])
        #expect(LiveHistory.merged(text, live, tools: tools).items == text)
        #expect(LiveHistory.merged([.user("first")], live, tools: tools).items == [.user("first")])
    }

    @Test(arguments: [0, 5, 30, 60, 400], [0, 5, 30, 60, 400])
    func `a pinned answer is as large as the recorded one where its reasoning is sent too`(text: Int, reasoning: Int) {
        // Each word is a token.
        func words(_ word: String, _ count: Int) -> String { String(repeating: word + " ", count: count) }
        let original = AssistantMessage(text: words("recorded", 36), reasoning: words("thought", 18))
        let live = AssistantMessage(text: words("text", text), reasoning: words("hint", reasoning))
        func pinned(_ sendsReasoning: Bool) -> (text: Int, reasoning: Int) {
            let items = LiveHistory.merged(
                [.assistant(original), .user("go on")], live, tools: tools, sendsReasoning: sendsReasoning
            ) { words("fill", $0 / 100) }.items
            guard case .assistant(let answer)? = items.first else { return (-1, -1) }
            return ((answer.text ?? "").centitokens, (answer.reasoning ?? "").centitokens)
        }
        let texts = words("recorded", 36).centitokens
        let whole = texts + 1800
        let sent = pinned(true)
        #expect(abs(sent.text + sent.reasoning - whole) <= 100)
        // Text goes first, and reasoning only where it alone is too much.
        #expect(abs(sent.reasoning - min(reasoning * 100, whole)) <= 100)
        let unsent = pinned(false)
        #expect(abs(unsent.text - texts) <= 100 && unsent.reasoning == reasoning * 100)
    }

    @Test(arguments: ["", "short", String(repeating: "long ", count: 40), String(repeating: "日本", count: 30)])
    func `a pinned answer is as large as the recorded one`(text: String) {
        let live = AssistantMessage(text: text, toolCalls: [ToolCall(identifier: "x", name: "list", arguments: "{}")])
        let items = LiveHistory.merged(recorded, live, tools: tools) { String(repeating: "a ", count: $0 / 100) }.items
        guard case .assistant(let answer)? = items.first else { return #expect(Bool(false)) }
        // One recorded result is left out, since nothing asks for it.
        let size = ([answer.text ?? ""] + ["list", "{}", "L"]).reduce(0) { $0 + $1.centitokens }
        let wanted = ["recorded", "read", #"{"path":"a"}"#, "list", "{}", "A", "L"].reduce(0) { $0 + $1.centitokens }
        #expect(abs(wanted - size) <= 100, "\(size) for \(wanted)")
        #expect(answer.text?.contains("\u{FFFD}") != true)
    }
}
