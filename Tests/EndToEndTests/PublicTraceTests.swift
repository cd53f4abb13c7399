import Driving
import Foundation
import Planning
import Profiles
import Quantities
import Records
import Rehearsal
import Synchronization
import Testing
import Workloads

@testable import Commands

/// A public trace, what it holds, and how much of it is replayed.
private struct PublicTrace: CustomTestStringConvertible {
    /// As `--format` has it; nil if the file is a library already.
    let format: String?
    /// Below the folder of traces.
    let files: [String]
    /// What the whole library holds.
    let sessionCount: Int
    let callCount: Int
    /// How many sessions, and how many of the first calls of each, are replayed.
    var replayed = (sessions: 2, calls: 6)
    /// How many of the replayed sessions must have a second call, at least.
    var chains = 0
    /// True if sessions have equal tools with different system prompts, or tools that are alike in part.
    ///
    /// The fleet puts tools first and compares bytes, so it may hold as much of a session's first prompt as its tools are; a
    /// plan takes different system prompts to part what comes with them, since providers differ in what comes first.
    var hasLikeTools = false
    /// A text of our own that goes with the files, for sources that hold only a part.
    var extra: (name: String, text: String)?
    /// Every warning that lint may give, by what it says, and why that is right.
    var warnings: [String: String] = [:]

    var testDescription: String { files.joined(separator: " ") }
}

private let traces = [
    PublicTrace(
        format: "weka", files: ["weka_claude_code_sample12.jsonl"], sessionCount: 12, callCount: 577,
        replayed: (sessions: 12, calls: 6)),
    PublicTrace(
        format: "weka", files: ["weka_claude_code_rle.jsonl.gz"], sessionCount: 692, callCount: 46218,
        warnings: [
            "no output is recorded": "27 requests have out: 0 in the source, mostly cancelled ones",
            "before what it comes after had ended": "four requests of two logs that hold two conversations at once",
            "it waits for more than a day": "two people came back to their session after days",
        ]),
    PublicTrace(
        format: "mlperf", files: ["mlperf_endpoints/agentic_coding_2.5h.jsonl.gz"], sessionCount: 20, callCount: 1007,
        replayed: (sessions: 4, calls: 12)),
    PublicTrace(
        format: "swe-agent", files: ["swe_agent/marshmallow-1867_function_calling.traj"], sessionCount: 1,
        callCount: 11, replayed: (sessions: 1, calls: 11)),
    PublicTrace(
        format: "bfcl", files: ["bfcl/BFCL_v4_live_multiple.json.gz"], sessionCount: 1053, callCount: 1053,
        replayed: (sessions: 40, calls: 1), hasLikeTools: true),
    PublicTrace(
        format: "tau-bench", files: ["taubench/airline_tools.json", "taubench/airline_policy.md"], sessionCount: 1,
        callCount: 2, extra: ("gpt-airline-run.json", conversation)),
    PublicTrace(
        format: "tau-bench", files: ["taubench/retail_tools.json", "taubench/retail_policy.md"], sessionCount: 1,
        callCount: 2, extra: ("gpt-retail-run.json", conversation)),
    PublicTrace(
        format: "otel", files: ["inference_perf_otel/simple_chain.json"], sessionCount: 1, callCount: 3),
    PublicTrace(
        format: "otel", files: ["inference_perf_otel/fan_in_dependencies.json"], sessionCount: 1, callCount: 4),
    PublicTrace(
        format: "otel", files: ["inference_perf_otel/parallel_requests.json"], sessionCount: 1, callCount: 5),
    PublicTrace(
        format: "otel", files: ["inference_perf_otel/code_review_workflow.json"], sessionCount: 1, callCount: 15,
        replayed: (sessions: 1, calls: 15)),
    PublicTrace(
        format: "mooncake", files: ["mooncake/conversation_trace.head200.jsonl"], sessionCount: 193, callCount: 200,
        replayed: (sessions: 20, calls: 2), chains: 1,
        warnings: ["they were recorded in batches": "the source has one time for all requests of about three seconds"]),
    PublicTrace(
        format: "azure", files: ["azure/AzureLLMInferenceTrace_code.csv.gz"], sessionCount: 8819, callCount: 8819,
        replayed: (sessions: 40, calls: 1)),
    PublicTrace(
        format: nil, files: ["submeter_format_example.jsonl"], sessionCount: 3, callCount: 191,
        replayed: (sessions: 3, calls: 8),
        warnings: ["all 178 waits are whole seconds": "the source rounds its times to seconds"]),
]

/// tau-bench publishes tools and policies apart from the conversations, of which none lie beside the project.
private let conversation = #"""
    [{"task_id":1,"trial":0,"traj":[{"role":"user","content":"Please cancel it."},{"role":"assistant","content":null,
    "tool_calls":[{"id":"c","type":"function","function":{"name":"think","arguments":"{\"thought\":\"hm\"}"}}]},
    {"role":"tool","tool_call_id":"c","content":"done"},{"role":"assistant","content":"It is cancelled."}]}]
    """#

/// What a call must be counted as, from the library alone.
private struct Expected {
    let input: Int
    let tools: ClosedRange<Int>
    /// The most tokens by which salts make recorded text longer: of the run twice, of tenant and session.
    let saltTokens: Int

    init(_ call: Call, _ session: Session, _ library: SessionLibrary) {
        input = call.input.value
        saltTokens = library.header["content"]?.stringValue == "lengths" ? 0 : 48
        let names = session.prefixAssets[call.agent]
        guard case .tools(let recorded)? = names?.tools.flatMap({ library.assets[$0]?.content }) else {
            // Sizes alone are played by the eight tools of a coding agent, or as many of them as there is room for.
            let size = call.agent == Call.mainAgent ? session.toolsTokens : session.prefixTokens(of: call.agent)
            tools = names != nil || size == .zero ? 0...0 : size.value > 1000 ? 8...8 : 1...8
            return
        }
        tools = recorded.count...recorded.count
    }
}

extension EndToEnd {
    @Suite(.serialized, .enabled(if: SharedTraces.exist, SharedTraces.skipReason)) struct PublicTraceTests {
        /// Runs a command in this process.
        private func submeter(_ words: [String]) -> (code: ExitCode, output: String) {
            let written = Mutex<[UInt8]>([])
            let console = Console(arguments: words, environment: [:]) { _, bytes in written.withLock { $0 += bytes } }
            let code = Submeter.run(console)
            return (code, String(decoding: written.withLock(\.self), as: UTF8.self))
        }

        @Test(arguments: traces)
        fileprivate func `a public trace imports, passes lint, and the fleet counts what it holds`(
            trace: PublicTrace
        ) throws {
            let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let library = try imported(trace, folder)
            try replay(library, trace)
        }

        /// Imports, checks and describes as a user would.
        private func imported(_ trace: PublicTrace, _ folder: URL) throws -> SessionLibrary {
            var paths = trace.files.map { SharedTraces.root.appending(path: $0).path }
            if let extra = trace.extra {
                let file = folder.appending(path: extra.name)
                try Data(extra.text.utf8).write(to: file)
                paths.append(file.path)
            }
            var path = paths[0]
            if let format = trace.format {
                path = folder.appending(path: "sessions.jsonl").path
                var words = ["workload", "import", "--format", format, "--licence", "as published", "--output", path]
                words += paths
                let done = submeter(words)
                #expect(done.code == .good, "\(done.output)")
            }
            let lint = submeter(["workload", "lint", path])
            #expect(lint.code == .good && !lint.output.contains("error:"), "\(lint.output.prefix(500))")
            let warnings = lint.output.split(separator: "\n").filter { $0.contains(": warning: ") }
            let strange = warnings.filter { line in !trace.warnings.keys.contains { line.contains($0) } }
            #expect(strange == [], "warnings that nobody has explained")
            for known in trace.warnings.keys { #expect(warnings.contains { $0.contains(known) }, "no more: \(known)") }
            let library = try SessionFile.read(Array(try Data(contentsOf: URL(filePath: path))))
            let description = WorkloadDescription(library)
            #expect(description.sessionCount == trace.sessionCount && description.callCount == trace.callCount)
            #expect(submeter(["workload", "describe", path]).code == .good)
            return library
        }

        private func replay(_ whole: SessionLibrary, _ trace: PublicTrace) throws {
            // In the order of the plan.
            var library = whole.inOrderOfStarts
            library.sessions = Array(library.sessions.prefix(trace.replayed.sessions))
            for index in library.sessions.indices {
                library.sessions[index].calls = Array(library.sessions[index].calls.prefix(trace.replayed.calls))
            }
            let persona = Persona(
                name: "a", network: .milliseconds(1), prefillTokensPerSecond: 1e9, decodeTokensPerSecond: 1e6,
                jitter: 0)
            // One after another, as what is cached was planned.
            let settings = "rounds: 1\nlive_sessions: 1\nsessions_per_round: \(library.sessions.count)"
            // A person's pause of a day takes about a second.
            let stage = try Stage([persona], settings: settings, sessions: library, timeScale: "0.00001")
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(library.sessions.count { $0.calls.count > 1 } >= trace.chains)
            let callCount = library.sessions.reduce(0) { $0 + $1.calls.count }
            #expect(reason == .complete && file.attempts.count == callCount && stage.fleet.truths.count == callCount)
            let truths = Dictionary(uniqueKeysWithValues: stage.fleet.truths.map { ($0.requestIdentifier, $0) })
            for row in file.attempts {
                let truth = try #require(truths[RunDriver.requestIdentifier(CallKey(row.place))])
                try compare(row, truth, library, hasLikeTools: trace.hasLikeTools)
            }
        }

        private func compare(
            _ row: AttemptRow, _ truth: GroundTruth, _ library: SessionLibrary, hasLikeTools: Bool
        ) throws {
            let session = library.sessions[row.place.session]
            let call = session.calls[row.place.call]
            let expected = Expected(call, session, library)
            let place = "session \(session.identifier), call \(call.identifier)"
            #expect(row.outcome == .ok, "\(place): \(row.errorText ?? "")")
            #expect(row.usage.inputTotal == truth.inputTokens && row.usage.outputTotal == truth.outputTokens)
            #expect(row.usage.inputCacheRead == truth.cachedTokens)
            #expect((expected.input...expected.input + expected.saltTokens).contains(row.plannedInput.value))
            #expect(row.plannedOutput == call.output)
            #expect(expected.tools.contains(truth.toolCount), "\(place): \(truth.toolCount) of \(expected.tools) tools")
            // Each of some twenty texts may be half a token off.
            let difference = abs(truth.inputTokens.value - row.plannedInput.value)
            let bound = max(row.plannedInput.value / 50, expected.saltTokens > 0 ? 3 : 1)
            #expect(difference <= bound, "\(place): \(truth.inputTokens) of \(row.plannedInput) tokens")
            let (cached, planned) = (truth.cachedTokens.value, row.plannedCached.value)
            let slack = max(24 + expected.saltTokens / 4, planned / 100)
            let surplus = hasLikeTools ? max(0, session.toolsTokens.value - planned) : 0
            #expect(
                (planned - slack...planned + slack + surplus).contains(cached),
                "\(place): \(cached) cached, \(planned) planned")
        }
    }
}
