import Encodings
import Quantities
import Testing

@testable import Workloads

@Suite struct ToolFidelityTests {
    private let tools = [
        ToolDefinition(
            name: "read", description: "",
            parameters: [
                "type": "object", "properties": ["path": ["type": "string"], "line": ["type": "integer"]],
                "required": ["path"],
            ]),
        ToolDefinition(name: "list", description: "", parameters: ["type": "object"]),
    ]

    private func call(_ name: String, _ arguments: String) -> ToolCall {
        ToolCall(identifier: "x", name: name, arguments: arguments)
    }

    @Test(arguments: [
        ("nosuch", "{}", ToolLevel.unknownName), ("read", #"{"path":"#, .invalidJSON),
        ("read", "[]", .invalidJSON), ("read", #"{"line":1}"#, .schemaMismatch),
        ("read", #"{"path":"a","line":"1"}"#, .schemaMismatch), ("read", #"{"path":"b"}"#, .nameMatch),
        ("read", #"{"line":1, "path":"a"}"#, .argumentMatch), ("list", "", .valid),
    ])
    func `a tool call climbs the ladder as far as it holds`(name: String, arguments: String, level: ToolLevel) {
        let expected = ExpectedTools(names: ["read"], arguments: [#"{"path":"a","line":1}"#])
        #expect(ToolFidelity([call(name, arguments)], tools: tools, expected: expected).level == level)
    }

    @Test(
        arguments: [
            ([], [], .agreeing), ([], ["read"], .noCall), (["read"], [], .unaskedCall),
            (["list"], ["read"], .otherTool),
            (["read", "list"], ["read"], .extraCalls), (["read"], ["read", "list"], .fewerCalls),
            (["list", "read"], ["read", "list"], .agreeing), (["read"], [nil], .agreeing),
        ] as [([String], [String?], ToolDivergence?)])
    func `how an answer leaves the recorded path is named`(
        live: [String], recorded: [String?], divergence: ToolDivergence?
    ) {
        let expected = ExpectedTools(names: recorded, arguments: recorded.map { _ in nil })
        let made = live.map { call($0, #"{"path":"a"}"#) }
        #expect(ToolFidelity(made, tools: tools, expected: expected).divergence == divergence)
        #expect(ToolFidelity(made, tools: tools, expected: nil).divergence == nil)
    }

    @Test func `other arguments diverge only where all are known, and the best counterpart is taken`() {
        let known = ExpectedTools(names: ["read", "read"], arguments: [#"{"path":"a"}"#, #"{"path":"b"}"#])
        let swapped = [call("read", #"{"path":"b"}"#), call("read", #"{"path":"a"}"#)]
        let agreement = ToolFidelity(swapped, tools: tools, expected: known)
        #expect(agreement.level == .argumentMatch && agreement.divergence == .agreeing)
        let other = [call("read", #"{"path":"c"}"#), call("read", #"{"path":"a"}"#)]
        let judged = ToolFidelity(other, tools: tools, expected: known)
        #expect(judged.level == .nameMatch && judged.divergence == .otherArguments)
    }

    @Test func `what is expected comes from the answer, else from the results that follow, else from the stop`() {
        func session(stop: String?, results: [String?], recorded: [String] = []) -> Session {
            let answer = Call.Answer(toolCalls: recorded.map { Call.RecordedToolCall(name: $0) })
            let first = Call(
                identifier: "0", after: [], waitKind: .start, context: .new, added: [], input: .zero,
                output: TokenCount(5), stop: stop, answer: answer)
            let added = results.map { Call.AddedItem(role: "tool", tokens: .zero, name: $0) }
            let second = Call(
                identifier: "1", after: ["0"], waitKind: .tool, context: .continuing, carry: TokenCount(5),
                added: added, input: TokenCount(5), output: TokenCount(1))
            return Session(
                identifier: "s", toolsTokens: .zero, systemTokens: .zero,
                calls: results.isEmpty ? [first] : [first, second])
        }
        func names(_ session: Session) -> [String?]? {
            ExpectedTools(0, in: session, ContextGraph(session))?.calls.map(\.name)
        }
        #expect(names(session(stop: "tool_use", results: ["a", nil], recorded: ["b"])) == ["b"])
        #expect(names(session(stop: nil, results: ["a", nil])) == ["a", nil])
        #expect(names(session(stop: "end_turn", results: [])) == [])
        #expect(names(session(stop: "tool_use", results: [])) == nil)
        #expect(names(session(stop: nil, results: [])) == nil)
    }
}
