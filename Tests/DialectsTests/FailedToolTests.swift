import Encodings
import Quantities
import Testing
import Workloads

@testable import Dialects

/// How each dialect says that a tool failed, byte by byte.
@Suite struct FailedToolTests {
    private static func item(failed: Bool) -> ConversationItem {
        .toolResult(ToolResult(callIdentifier: "c1", name: "read", text: "no \"a\"", isError: failed))
    }

    private static func target(_ dialect: DialectName, marksCache: Bool = false) -> RequestTarget {
        var target = RequestTarget(model: "m")
        target.marksCache = marksCache
        if dialect == .bedrockInvoke { target.innerDialect = .anthropicMessages }
        return target
    }

    private static func encoded(_ dialect: DialectName, failed: Bool) -> String {
        let bytes = Dialects.encoder(dialect).items(
            [item(failed: failed), .user("and?")], after: .assistant, target: target(dialect))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The dialects with a field for it: what is sent of a tool that worked, and of one that failed.
    static let said: [(DialectName, String, String)] = [
        (
            .anthropicMessages,
            #"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"no \"a\""},"#
                + #"{"type":"text","text":"and?""#,
            #"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"no \"a\"","is_error":true},"#
                + #"{"type":"text","text":"and?""#
        ),
        (
            .bedrockInvoke,
            #"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"no \"a\""},"#
                + #"{"type":"text","text":"and?""#,
            #"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"no \"a\"","is_error":true},"#
                + #"{"type":"text","text":"and?""#
        ),
        (
            .bedrockConverse,
            #"]},{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"no \"a\""}],"#
                + #""status":"success"}},{"text":"and?"}"#,
            #"]},{"role":"user","content":[{"toolResult":{"toolUseId":"c1","content":[{"text":"no \"a\""}],"#
                + #""status":"error"}},{"text":"and?"}"#
        ),
    ]

    @Test(arguments: said)
    func `a tool that failed is said to have failed`(dialect: DialectName, worked: String, failed: String) {
        #expect(Self.encoded(dialect, failed: false) == worked)
        #expect(Self.encoded(dialect, failed: true) == failed)
    }

    @Test(arguments: DialectName.allCases.filter { dialect in !said.contains { $0.0 == dialect } })
    func `a dialect without a field for it sends what the tool wrote`(dialect: DialectName) {
        let text = Self.encoded(dialect, failed: true)
        #expect(text == Self.encoded(dialect, failed: false) && text.contains("no "))
    }

    @Test func `a mark of the cache stands behind a failed result that comes last`() throws {
        let call = ToolCall(identifier: "c1", name: "read", arguments: "{}")
        let body = Dialects.encoder(.anthropicMessages).body(
            PromptPrefix(tools: [], system: "", key: ""),
            [.user("u"), .assistant(AssistantMessage(text: nil, toolCalls: [call])), Self.item(failed: true)],
            CallOptions(outputLimit: 9), target: Self.target(.anthropicMessages, marksCache: true))
        let block = try JSONValue(parsing: body)["messages"]?.arrayValue?.last?["content"]?.arrayValue?.last
        #expect(block?["is_error"] == true && block?["cache_control"]?["type"] == "ephemeral")
    }

    @Test(arguments: said.map(\.0))
    func `the server's side takes a failed result`(dialect: DialectName) throws {
        let encoder = Dialects.encoder(dialect)
        let tool = ToolDefinition(name: "read", description: "d", parameters: ["type": "object"])
        let call = ToolCall(identifier: "c1", name: "read", arguments: "{}")
        let body = encoder.body(
            PromptPrefix(tools: [tool], system: "s", key: ""),
            [.user("u"), .assistant(AssistantMessage(text: "t", toolCalls: [call])), Self.item(failed: true)],
            CallOptions(outputLimit: 9), target: Self.target(dialect))
        let head = ServedHead(method: "POST", target: encoder.path(template: nil, model: "m"))
        let request = try RequestReader.read(dialect, head: head, body: body, parser: JSONParser())
        #expect(String(decoding: request.prompt, as: UTF8.self).hasSuffix(#"sutread{}no "a""#))
    }
}
