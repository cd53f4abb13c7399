import Encodings
import Quantities
import Testing

@testable import Workloads

@Suite struct BenchmarkImporterTests {
    private let trajectory = #"""
        {"task_id":3,"trial":0,"traj":[{"role":"assistant","content":"Hello!"},{"role":"user","content":"cancel"},
        {"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"cancel","arguments":"{}"}}]},
        {"role":"tool","tool_call_id":"c","content":"done"},{"role":"assistant","content":"Cancelled."}]}
        """#

    @Test func `tau-bench results get the tools and the policy of their domain`() throws {
        let files = [
            ("gpt-retail-run", trajectory), ("retail_tools", #"[{"function":{"name":"cancel"}}]"#),
            ("retail_policy", "Be kind."), ("airline_policy", "Fly."), ("other", "[\(trajectory)]"),
        ].map { (name: $0.0, bytes: Array($0.1.utf8)) }
        let library = try TraceImport.library(TauBenchImporter.self, files, ImportOptions(licence: "none"))
        #expect(try TextTraces.faults(library) == [])
        #expect(library.sessions.map(\.identifier) == ["gpt-retail-run-3-0", "other-3-0"])
        #expect(
            TextTraces.texts(library, call: 1) == [
                "system: Be kind.", "user: Hello!", "user: cancel", "assistant: () cancel {}", "tool: done",
            ])
        #expect(library.sessions[1].prefixAssets.isEmpty)
    }

    @Test func `tau2's messages have times, usages and errors`() throws {
        let result = #"""
            {"simulations":[{"task_id":"7","trial":1,"messages":[
            {"role":"assistant","content":"Hello!","timestamp":"2025-06-01T10:00:00.5","usage":{"completion_tokens":5}},
            {"role":"user","content":"cancel","timestamp":"2025-06-01T10:00:04.5","cost":0.1,"usage":{"completion_tokens":900}},
            {"role":"assistant","tool_calls":[{"id":"c","name":"cancel","arguments":{}},{"id":"d","name":"cancel",
            "arguments":{"id":2}}],"timestamp":"2025-06-01T10:00:06.5","cost":0.2,
            "usage":{"completion_tokens":57,"prompt_tokens":5032}},
            {"id":"c","role":"tool","content":"no such order","error":true,"timestamp":"2025-06-01T10:00:06.75"},
            {"id":"d","role":"tool","content":"done","error":false,"timestamp":"2025-06-01T10:00:07.5"},
            {"role":"assistant","content":"Cancelled.","timestamp":"2025-06-01T10:00:09"},
            {"role":"user","content":null,"tool_calls":[{"id":"u","name":"look","requestor":"user","arguments":{}}]},
            {"id":"u","role":"tool","requestor":"user","content":"a slow phone"},
            {"role":"user","content":"thanks"},{"role":"assistant","content":"Bye."}]}]}
            """#
        let library = try TextTraces.library(TauBenchImporter.self, result)
        #expect(try TextTraces.faults(library) == [])
        let calls = library.sessions[0].calls
        #expect(calls.map(\.wait) == [.seconds(4), .seconds(1), .zero])
        #expect(calls.map(\.recorded.start) == [.seconds(4), .seconds(7), nil])
        #expect(calls.map(\.recorded.duration) == [.seconds(2), .milliseconds(1500), nil])
        #expect(calls[0].output == 57 && calls[0].other["recorded_in"] == 5032)
        #expect(calls[1].output == MessageSession.tokens(of: "Cancelled."))
        #expect(calls[1].added.map(\.isError) == [true, false])
        #expect(calls[1].added.map(\.text) == ["no such order", "done"])
        #expect(calls[2].added.map(\.text) == ["thanks"])
        #expect(!TauBenchImporter.format.guesses.contains { $0.hasPrefix("Times are not recorded") })
    }

    @Test func `every turn of a BFCL question is a call, and its functions become JSON Schema`() throws {
        let lines = [
            #"{"name":"fly","parameters":{"type":"dict","properties":{"to":{"type":"float"}}}}"#,
            #"{"id":"a","question":[[{"role":"system","content":"S"},{"role":"user","content":"go"}],[],"#
                + #"[{"role":"user","content":"on"}]],"function":{"name":"a.b","parameters":{"type":"dict"}},"#
                + #""involved_classes":["TravelAPI"]}"#,
        ]
        let files = [("travel_booking", lines[0]), ("multi", lines[1])].map { (name: $0.0, bytes: Array($0.1.utf8)) }
        let library = try TraceImport.library(BFCLImporter.self, files, ImportOptions(licence: "none"))
        #expect(try TextTraces.faults(library) == [])
        #expect(library.sessions[0].calls.map(\.context) == [.new, .continuing])
        #expect(library.sessions[0].calls[1].carry == 64)
        let prefix = TextTraces.transcript(library.sessions[0], library).prefix(agent: "main", runSalt: "")
        #expect(prefix.tools.map(\.name) == ["a_b", "fly"])
        #expect(prefix.tools[1].parameters["properties"]?["to"]?["type"] == "number")
        #expect(TextTraces.texts(library, call: 0) == ["system: S", "user: go"])
    }

    private static let turns = #""question":[[{"role":"user","content":"go"}],[{"role":"user","content":"on"}]]"#
    private static let travel = #"{"name":"fly","parameters":{"type":"dict"}}"#

    @Test func `the documents of a BFCL question's classes may come after it`() throws {
        let files = [
            ("multi", #"{"id":"a",\#(Self.turns),"involved_classes":["TravelAPI","TradingBot"]}"#),
            ("travel_booking", Self.travel), ("trading_bot", Self.travel.replacing("fly", with: "buy")),
            ("single", #"{"id":"b",\#(Self.turns),"function":{"name":"f"}}"#),
        ].map { (name: $0.0, bytes: Array($0.1.utf8)) }
        let library = try TraceImport.library(BFCLImporter.self, files, ImportOptions(licence: "none"))
        #expect(library.sessions.map(\.identifier) == ["b", "a"])
        let prefix = TextTraces.transcript(library.sessions[1], library).prefix(agent: "main", runSalt: "")
        #expect(prefix.tools.map(\.name) == ["fly", "buy"])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test(arguments: [
        ("TradingBot", "trading_bot"), ("GorillaFileSystem", "gorilla_file_system"), ("MathAPI", "math_api"),
        ("TwitterAPI", "posting_api"), ("VehicleControlAPI", "vehicle_control"), ("WebSearchAPI", "web_search"),
    ])
    func `a BFCL question whose class is not described is refused by the file that is missing`(
        name: String, file: String
    ) throws {
        let row = #"{"id":"a",\#(Self.turns),"involved_classes":["TravelAPI","\#(name)"]}"#
        let files = [("travel_booking", Self.travel), ("multi", row)].map { (name: $0.0, bytes: Array($0.1.utf8)) }
        let error = #expect(throws: SessionFileError.self) { try TraceImport.library(BFCLImporter.self, files) }
        let message = try #require(error).message
        #expect(
            message.hasPrefix("multi asks for functions of the class \(name),") && message.contains("/\(file).json"),
            "\(message)")
        let described = files + [(name: file, bytes: Array(Self.travel.utf8))]
        #expect(try TraceImport.library(BFCLImporter.self, described).sessions.count == 1)
    }

    private let claudeCode = #"""
        {"type":"summary","summary":"x"}
        {"type":"user","uuid":"1","sessionId":"s","timestamp":"2026-01-01T00:00:00Z","message":{"role":"user","content":"go"}}
        {"type":"assistant","uuid":"2","sessionId":"s","timestamp":"2026-01-01T00:00:02Z","message":{"id":"m","content":[{"type":"thinking","thinking":"hm"}],"usage":{"input_tokens":2,"cache_read_input_tokens":101,"output_tokens":1}}}
        {"type":"assistant","uuid":"3","sessionId":"s","timestamp":"2026-01-01T00:00:03Z","message":{"id":"m","content":[{"type":"tool_use","id":"a","name":"Task","input":{}}],"usage":{"input_tokens":2,"output_tokens":1}}}
        {"type":"user","uuid":"r","sessionId":"s","timestamp":"2026-01-01T00:00:09Z","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"found"}]}}
        {"type":"assistant","uuid":"4","sessionId":"s","timestamp":"2026-01-01T00:00:03Z","message":{"id":"m","content":[{"type":"tool_use","id":"b","name":"Read","input":{}}]}}
        {"type":"user","uuid":"q","sessionId":"s","timestamp":"2026-01-01T00:00:10Z","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"b","content":"read"}]}}
        {"type":"assistant","uuid":"5","sessionId":"s","timestamp":"2026-01-01T00:00:12Z","message":{"id":"n","content":[{"type":"text","text":"done"}],"stop_reason":"end_turn"}}
        {"type":"user","sessionId":"s","isCompactSummary":true,"timestamp":"2026-01-01T00:01:00Z","message":{"role":"user","content":"so far"}}
        {"type":"assistant","sessionId":"s","timestamp":"2026-01-01T00:01:02Z","message":{"id":"o","content":[{"type":"text","text":"fine"}]}}
        """#
    @Test func `results that Claude Code marks are errors`() throws {
        let library = try TextTraces.library(
            ClaudeCodeImporter.self,
            claudeCode.replacing(#""content":"found""#, with: #""is_error":true,"content":"found""#))
        #expect(library.sessions.first?.calls.map { $0.added.map(\.isError) } == [[false], [true, false], [false]])
    }

    private let agent = #"""
        {"type":"user","sessionId":"s","isSidechain":true,"agentId":"x","timestamp":"2026-01-01T00:00:04Z","message":{"role":"user","content":"find"}}
        {"type":"assistant","sessionId":"s","isSidechain":true,"agentId":"x","timestamp":"2026-01-01T00:00:08Z","message":{"id":"p","content":[{"type":"text","text":"found"}]}}
        """#

    @Test(arguments: [("claude-haiku-4-5", "small"), ("claude-opus-4-5", "main")])
    func `a sub-agent's role is that of its model`(model: String, role: String) throws {
        let main = claudeCode.replacing(#""message":{"id":"#, with: #""message":{"model":"claude-opus-4-5","id":"#)
        let library = try TextTraces.library(
            ClaudeCodeImporter.self, main,
            agent.replacing(#""message":{"id":"#, with: #""message":{"model":"\#(model)","id":"#))
        #expect(library.sessions.first?.calls.map(\.role) == ["main", role, "main", "main"])
    }

    @Test func `Claude Code's rows become calls, and its sub-agents join`() throws {
        let library = try TextTraces.library(ClaudeCodeImporter.self, claudeCode, agent)
        #expect(try TextTraces.faults(library) == [])
        let session = try #require(library.sessions.first)
        #expect(session.calls.map(\.agent) == ["main", "agent-x", "main", "main"])
        #expect(session.calls.map(\.after) == [[], ["0"], ["0", "1"], ["2"]])
        #expect(session.calls.map(\.context) == [.new, .new, .continuing, .new])
        #expect(session.calls.map(\.wait) == [.zero, .seconds(1), .seconds(2), .seconds(48)])
        #expect(session.toolsTokens + session.systemTokens == 102)
        #expect(session.calls[0].answer.toolCalls.map(\.name) == ["Task", "Read"])
        #expect(session.calls[2].added.map(\.text) == ["found", "read"])
        #expect(
            TextTraces.texts(library, call: 2).dropFirst() == [
                "user: go", "assistant: (hm) Task {}\nRead {}", "tool: found", "tool: read",
            ])
    }
}
