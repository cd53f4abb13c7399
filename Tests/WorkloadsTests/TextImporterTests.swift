import Encodings
import Quantities
import Testing

@testable import Workloads

/// What every importer of texts must bear.
private let hostile: [String] = [
    "null", "[]", "{}", "0", "\"x\"", "[[[[1]]]]", "{\"messages\":{}}", "{\"messages\":[1,null,{\"role\":5}]}",
    "{\"conversation_id\":\"a\",\"turn\":1e300,\"role\":\"user\",\"content\":{\"a\":1},\"delay_seconds\":-1e300}",
    "{\"spans\":[{\"trace_id\":1,\"attributes\":[]},null,{\"attributes\":{\"gen_ai.input.messages\":\"[{\"}}]}",
    "{\"history\":[{\"role\":\"assistant\"}],\"trajectory\":[{\"execution_time\":1e308}]}",
    "{\"request\":{\"messages\":[{\"role\":\"user\",\"content\":[{}]}],\"tools\":[{}]},\"response\":{\"choices\":[]}}",
    "{\"request\":{\"system\":[1],\"messages\":[]},\"response\":{\"usage\":{\"output_tokens\":-9e18}}}",
    "{\"id\":\"x\",\"question\":[[],[[]],3],\"function\":{}}", "{\"traj\":[{\"role\":\"tool\"}]}",
    "{\"type\":\"assistant\",\"sessionId\":\"s\",\"uuid\":\"u\",\"parentUuid\":\"u\",\"message\":{\"content\":7}}",
]

@Suite struct TextImporterTests {
    @Test func `hostile input is refused or left out`() throws {
        for type in TraceImporters.all {
            for text in hostile {
                do throws(SessionFileError) {
                    let library = try TraceImport.library(type, [("file", Array(text.utf8))])
                    let errors = SessionLint.findings(library).filter { $0.severity == .error }
                    #expect(library.sessions.isEmpty || errors.isEmpty, "\(text): \(errors)")
                } catch {
                    #expect(!error.message.isEmpty)
                }
            }
        }
    }

    @Test(arguments: TraceImporters.formats.filter { $0.unit == .line }.map(\.name))
    func `a byte order mark and a carriage return are no part of a file`(name: String) throws {
        let type = try #require(TraceImporters.named(name))
        let texts = [
            "openai-log": #"{"messages":[{"role":"user","content":"go"}]}"#,
            "azure": "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,2",
        ]
        guard let text = texts[name] else {
            // The mark is taken off before any importer sees the line, so a line that is refused is so for its own sake.
            let (plain, marked) = (refusal(type, "{\"x\":1}"), refusal(type, "\u{FEFF}{\"x\":1}"))
            #expect(plain == marked)
            return
        }
        let plain = try TextTraces.library(type, text, text)
        let marked = try TextTraces.library(type, "\u{FEFF}" + text.replacing("\n", with: "\r\n"), "\u{FEFF}" + text)
        #expect(plain.sessions.flatMap(\.calls).count == 2)
        #expect(marked == plain)
    }

    private func refusal(_ type: any TraceImporter.Type, _ text: String) -> String? {
        LengthTraces.refusal(type, [text])
    }

    @Test func `an MLPerf conversation is handed out when it ends`() throws {
        let lines = [
            #"{"conversation_id":"a","role":"user","content":"go","system":"S","tools":[{"function":{"name":"ls"}}]}"#,
            #"{"conversation_id":"a","role":"assistant","reasoning_content":"r","tool_calls":"#
                + #"[{"id":"1","function":{"name":"ls","arguments":"{}"}}]}"#,
            #"{"conversation_id":"a","role":"tool","tool_results":[{"tool_call_id":"1","content":"x"}],"#
                + #""delay_seconds":1.5}"#,
            #"{"conversation_id":"a","role":"assistant","content":"x it is"}"#,
            #"{"conversation_id":"b","role":"user","content":"hi"}"#,
            #"{"conversation_id":"b","role":"assistant","content":"hello"}"#,
        ]
        let library = try TextTraces.library(MLPerfImporter.self, lines.joined(separator: "\n"))
        #expect(library.sessions.map(\.identifier) == ["a", "b"])
        #expect(library.sessions[0].calls[1].wait == .milliseconds(1500))
        #expect(
            TextTraces.texts(library, call: 1) == ["system: S", "user: go", "assistant: (r) ls {}", "tool: x"])
        #expect(try TextTraces.faults(library) == [])
        #expect(throws: SessionFileError.self) {
            try TextTraces.library(MLPerfImporter.self, (lines + [lines[0]]).joined(separator: "\n"))
        }
    }
}

extension TextImporterTests {
    @Test func `OTLP spans and the parts of the conventions are read`() throws {
        let text = #"""
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"t","spanId":"1","startTimeUnixNano":"1700000000000000000",
            "endTimeUnixNano":"1700000001000000000","attributes":[
            {"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
            {"key":"gen_ai.conversation.id","value":{"stringValue":"c"}},
            {"key":"gen_ai.usage.output_tokens","value":{"intValue":"77"}},
            {"key":"gen_ai.system_instructions","value":{"stringValue":"[{\"type\":\"text\",\"content\":\"S\"}]"}},
            {"key":"gen_ai.tool.definitions","value":{"stringValue":"[{\"type\":\"function\",\"name\":\"ls\"}]"}},
            {"key":"gen_ai.input.messages","value":{"stringValue":
            "[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"go\"}]}]"}},
            {"key":"gen_ai.output.messages","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[
            {"key":"finish_reason","value":{"stringValue":"tool_call"}},{"key":"parts","value":{"arrayValue":{"values":[
            {"kvlistValue":{"values":[{"key":"type","value":{"stringValue":"tool_call"}},
            {"key":"id","value":{"stringValue":"a"}},{"key":"name","value":{"stringValue":"ls"}}]}}]}}}]}}]}}}]},
            {"traceId":"u","spanId":"2","start_time":"2023-11-14T22:13:23.5Z","end_time":"2023-11-14T22:13:24Z",
            "attributes":{"gen_ai.conversation.id":"c","gen_ai.tool.definitions":[{"name":"ls"}],
            "gen_ai.system_instructions":"S","gen_ai.output.text":"done","gen_ai.input.messages":[
            {"role":"user","content":"go"},
            {"role":"assistant","parts":[{"type":"tool_call","id":"a","name":"ls","arguments":"{}"}]},
            {"role":"tool","parts":[{"type":"tool_call_response","id":"a","response":"x"}]}]}}]}]}]}
            """#
        let library = try TextTraces.library(OpenTelemetryImporter.self, text)
        #expect(try TextTraces.faults(library) == [])
        let session = try #require(library.sessions.first)
        #expect(session.calls.map(\.context) == [.new, .continuing])
        #expect(session.calls[0].output == 77)
        #expect(session.calls[0].stop == "tool_call")
        #expect(session.calls[1].wait == .milliseconds(2500))
        #expect(TextTraces.texts(library, call: 1) == ["system: S", "user: go", "assistant: () ls {}", "tool: x"])
    }

    @Test func `lists of messages are read with their times`() throws {
        let list = #"""
            [{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"go"}]},
            {"role":"assistant","content":"ls","extra":{"timestamp":10.5,"response":{"usage":{"prompt_tokens":9,
            "completion_tokens":40}}}},{"role":"user","content":"x","extra":{"timestamp":12}},
            {"role":"assistant","content":"done"}]
            """#
        for text in [list, "{\"messages\":\(list)}"] {
            let library = try TextTraces.library(MiniSWEAgentImporter.self, text, text)
            #expect(try TextTraces.faults(library) == [])
            #expect(library.sessions.count == 2)
            #expect(library.sessions[0].calls[0].output == 40)
            #expect(library.sessions[0].calls[0].other["recorded_in"] == 9)
            #expect(library.sessions[0].calls[1].wait == .milliseconds(1500))
            #expect(TextTraces.texts(library, call: 1) == ["system: S", "user: go", "assistant: () ls", "user: x"])
        }
    }

    @Test func `a trajectory without a history is made of its steps`() throws {
        let text = #"""
            {"trajectory":[{"query":[{"role":"user","content":"go"}],"response":"ls","observation":"x",
            "execution_time":2},{"response":"done","observation":""}]}
            """#
        let library = try TextTraces.library(SWEAgentImporter.self, text)
        #expect(library.sessions.first?.calls.count == 2)
        #expect(TextTraces.texts(library, call: 1) == ["user: go", "assistant: () ls", "user: x"])
        #expect(library.sessions.first?.calls[1].wait == .seconds(2))
    }
}
