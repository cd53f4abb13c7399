import Encodings
import Quantities
import Testing

@testable import Workloads

@Suite struct MessageLogTests {
    @Test func `OpenAI requests are chained by what they repeat`() throws {
        let call = #"{"id":"c","type":"function","function":{"name":"ls","arguments":"{}"}}"#
        let tools = #""tools":[{"type":"function","function":{"name":"ls","parameters":{"type":"object"}}}]"#
        let first = #"{"role":"system","content":"S"},{"role":"user","content":"go"}"#
        let answer = #"{"role":"assistant","content":null,"tool_calls":[\#(call)]}"#
        let lines = [
            #"{"timestamp":100,"duration_ms":1500,"request":{"messages":[\#(first)],\#(tools)},"response":"#
                + #"{"choices":[{"message":\#(answer),"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":50,"#
                + #""completion_tokens":20,"prompt_tokens_details":{"cached_tokens":8}}}}"#,
            #"{"timestamp":101,"request":{"body":{"messages":[{"role":"user","content":"other"}]}}}"#,
            #"{"timestamp":103.5,"request":{"messages":[\#(first),\#(answer),"#
                + #"{"role":"tool","tool_call_id":"c","content":"x"}],\#(tools)}}"#,
            #"{"messages":[{"role":"user","content":"other"},{"role":"assistant","content":"so"},"#
                + #"{"role":"user","content":"and"}]}"#,
        ]
        let library = try TextTraces.library(OpenAILogImporter.self, lines.joined(separator: "\n"))
        #expect(try TextTraces.faults(library) == [])
        #expect(library.sessions.map { $0.calls.count } == [2, 2])
        let calls = library.sessions[0].calls
        #expect(calls[0].output == 20 && calls[0].recorded.cached == 8 && calls[0].stop == "tool_calls")
        #expect(calls[1].wait == .seconds(2) && calls[1].waitKind == .tool)
        #expect(TextTraces.texts(library, call: 1) == ["system: S", "user: go", "assistant: () ls {}", "tool: x"])
        #expect(
            TextTraces.texts(library, session: 1, call: 1) == ["user: other", "assistant: () so", "user: and"])
    }

    @Test func `Anthropic requests are chained by what they repeat`() throws {
        let first = #"{"role":"user","content":[{"type":"text","text":"go"}]}"#
        let content =
            #"[{"type":"thinking","thinking":"hm"},{"type":"text","text":"I look."},"#
            + #"{"type":"tool_use","id":"c","name":"ls","input":{"at":"/"}}]"#
        let rest = #""system":[{"type":"text","text":"S"}],"tools":[{"name":"ls","input_schema":{"type":"object"}}]"#
        let result =
            #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"#
            + #"[{"type":"text","text":"x"}]},{"type":"text","text":"go on"}]}"#
        let lines = [
            #"{"request":{"messages":[\#(first)],\#(rest)},"response":{"content":\#(content),"stop_reason":"tool_use","#
                + #""usage":{"input_tokens":3,"cache_read_input_tokens":4,"output_tokens":30}}}"#,
            #"{"request":{"messages":[\#(first),{"role":"assistant","content":\#(content)},\#(result)],\#(rest)}}"#,
        ]
        let library = try TextTraces.library(AnthropicLogImporter.self, lines.joined(separator: "\n"))
        #expect(try TextTraces.faults(library) == [])
        let calls = try #require(library.sessions.first?.calls)
        #expect(calls.map(\.context) == [.new, .continuing])
        #expect(calls[0].other["recorded_in"] == 7)
        #expect(calls[0].reasoning == 1)
        #expect(
            TextTraces.texts(library, call: 1) == [
                "system: S", "user: go", "assistant: (hm) I look.\nls {\"at\":\"/\"}", "tool: x", "user: go on",
            ])
    }

    @Test func `results that Anthropic's messages mark are errors`() throws {
        let calls = ["a", "b"].map { #"{"type":"tool_use","id":"\#($0)","name":"ls","input":{}}"# }
        let results = [
            #"{"type":"tool_result","tool_use_id":"a","content":"x","is_error":false}"#,
            #"{"type":"tool_result","tool_use_id":"b","content":"no such file","is_error":true}"#,
        ]
        let go = #"{"role":"user","content":"go"}"#
        let lines = [
            #"{"request":{"messages":[\#(go)]},"response":{"content":[\#(calls.joined(separator: ","))]}}"#,
            #"{"request":{"messages":[\#(go),{"role":"assistant","content":[\#(calls.joined(separator: ","))]},"#
                + #"{"role":"user","content":[\#(results.joined(separator: ","))]}]}}"#,
        ]
        let library = try TextTraces.library(AnthropicLogImporter.self, lines.joined(separator: "\n"))
        #expect(try TextTraces.faults(library) == [])
        #expect(library.sessions[0].calls.map { $0.added.map(\.isError) } == [[false], [false, true]])
    }

    @Test func `no more than so many sessions wait`() throws {
        let lines = (0..<300).map { #"{"messages":[{"role":"user","content":"\#($0)"}]}"# }
        var seen = 0
        var importer = OpenAILogImporter()
        for (index, line) in lines.enumerated() {
            try importer.take(Array(line.utf8)[...], TraceSource(name: "log", line: index + 1)) { _ in seen += 1 }
        }
        #expect(seen == 300 - MessageLog.maximumOpen)
        try importer.finish { _ in seen += 1 }
        #expect(seen == 300)
    }
}
