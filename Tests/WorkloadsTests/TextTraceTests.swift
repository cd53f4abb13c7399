import Encodings
import Quantities
import Testing

@testable import Workloads

@Suite(.enabled(if: SharedData.exists, "needs ../shared/data, which only developers have"))
struct TextTraceTests {
    @Test func `the MLPerf conversations replay as they were recorded`() throws {
        let bytes = try TextTraces.bytes("mlperf_endpoints/agentic_coding_2.5h.jsonl.gz")
        let library = try TraceImport.library(
            MLPerfImporter.self, [("mlperf", bytes)], ImportOptions(licence: "none"))
        #expect(library.sessions.count == 20)
        #expect(library.sessions.reduce(0) { $0 + $1.calls.count } == 1007)
        #expect(try TextTraces.faults(library) == [])
        var rows: [String: [String]] = [:]
        for line in bytes.split(separator: 0x0A) {
            let row = try JSONValue(parsing: Array(line))
            let name = row["conversation_id"]?.stringValue ?? ""
            if let system = row["system"]?.stringValue { rows[name, default: []].append("system: \(system)") }
            let results = row["tool_results"]?.arrayValue
            rows[name, default: []] +=
                results?.map { "tool: \($0["content"]?.stringValue ?? "")" }
                ?? TextTraces.texts(MessageReader.items(message: row))
        }
        for (index, session) in library.sessions.enumerated() {
            let expected = Array(rows[session.identifier.rawValue]?.dropLast() ?? [])
            #expect(TextTraces.texts(library, session: index, call: session.calls.count - 1) == expected)
        }
    }

    @Test(arguments: ["simple_chain", "fan_in_dependencies", "parallel_requests", "code_review_workflow"])
    func `the published spans import with their branches`(name: String) throws {
        let bytes = try TextTraces.bytes("inference_perf_otel/\(name).json")
        let library = try TraceImport.library(
            OpenTelemetryImporter.self, [(name, bytes)], ImportOptions(licence: "none"))
        #expect(try TextTraces.faults(library) == [])
        let session = try #require(library.sessions.first)
        let spans = try JSONValue(parsing: bytes)["spans"]?.arrayValue ?? []
        #expect(session.calls.count == spans.count)
        let after = session.calls.map { $0.after.map(\.rawValue).joined(separator: " ") }
        let expected = [
            "simple_chain": ["", "0", "1"], "fan_in_dependencies": ["", "0", "0", "1 2"],
            "parallel_requests": ["", "0", "0", "1 2", "3"],
        ]
        if let wanted = expected[name] { #expect(after == wanted) }
        for (index, span) in spans.enumerated() {
            let messages = MessageReader.unpacked(span["attributes"]?["gen_ai.input.messages"])
            let sent = TextTraces.conversation(TextTraces.transcript(session, library), index)
            #expect(sent.map { MessageSession.text($0) } == MessageReader.items(messages).map(MessageSession.text))
        }
    }

    @Test func `the SWE-agent run replays as it was recorded`() throws {
        let bytes = try TextTraces.bytes("swe_agent/marshmallow-1867_function_calling.traj")
        let library = try TraceImport.library(SWEAgentImporter.self, [("run", bytes)], ImportOptions(licence: "none"))
        #expect(try TextTraces.faults(library) == [])
        let session = try #require(library.sessions.first)
        #expect(session.calls.count == 11)
        #expect(session.calls.dropFirst().allSatisfy { $0.wait > .zero && $0.waitKind == .tool })
        let history = MessageReader.items(try JSONValue(parsing: bytes)["history"])
        #expect(TextTraces.texts(library, call: 10) == TextTraces.texts(Array(history.dropLast(2))))
    }

    @Test func `the BFCL questions import with their functions`() throws {
        let bytes = try TextTraces.bytes("bfcl/BFCL_v4_live_multiple.json.gz")
        let library = try TraceImport.library(BFCLImporter.self, [("bfcl", bytes)], ImportOptions(licence: "none"))
        #expect(library.sessions.count == 1053)
        #expect(try TextTraces.faults(library) == [])
        #expect(library.sessions.allSatisfy { $0.prefixAssets["main"]?.tools != nil })
    }

    @Test(arguments: ["airline", "retail"])
    func `the documents of tau-bench become assets`(domain: String) throws {
        let result = #"{"task_id":1,"traj":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes"}]}"#
        let files = [
            ("run", Array(result.utf8)),
            ("\(domain)_tools", try TextTraces.bytes("taubench/\(domain)_tools.json")),
            ("\(domain)_policy", try TextTraces.bytes("taubench/\(domain)_policy.md")),
        ].map { (name: $0.0, bytes: $0.1) }
        let library = try TraceImport.library(TauBenchImporter.self, files, ImportOptions(licence: "none"))
        #expect(try TextTraces.faults(library) == [])
        #expect(library.assets.count == 2)
        let prefix = TextTraces.transcript(library.sessions[0], library).prefix(agent: "main", runSalt: "")
        #expect(prefix.tools.count == (domain == "airline" ? 14 : 16))
        #expect(Array(prefix.system.utf8) == files[2].bytes)
    }
}
