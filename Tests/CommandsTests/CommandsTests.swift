import Dialects
import Driving
import Encodings
import Foundation
import Planning
import Profiles
import Quantities
import Scheduling
import Synchronization
import Testing

@testable import Commands

/// What a command wrote and how it ended.
struct Outcome {
    var code: ExitCode
    var output: String
    var messages: String
}

/// Runs the program as `submeter WORDS…`.
func submeter(_ words: [String], environment: [String: String] = [:]) -> Outcome {
    let written = Mutex<[Int32: [UInt8]]>([:])
    let console = Console(arguments: words, environment: environment) { descriptor, bytes in
        written.withLock { $0[descriptor, default: []] += bytes }
    }
    let code = Submeter.run(console)
    func text(_ descriptor: Int32) -> String {
        String(decoding: written.withLock { $0[descriptor] ?? [] }, as: UTF8.self)
    }
    return Outcome(code: code, output: text(1), messages: text(2))
}

/// A file that is gone when the test is over.
final class TemporaryFile {
    let path: String

    init(_ text: String, _ name: String = "file.yaml") throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appending(path: name).path
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    deinit { try? FileManager.default.removeItem(at: URL(filePath: path).deletingLastPathComponent()) }
}

@Suite struct CommandLineTests {
    @Test(arguments: [
        (["rnk"], "did you mean 'submeter rank'?"), (["workload", "lnt"], "did you mean 'submeter workload lint'?"),
        (["worklod"], "did you mean 'submeter workload'?"),
        (["rank", "--formt", "csv", "x"], "did you mean '--format'?"),
        (["rank", "--format", "cvs", "x"], "did you mean 'csv'?"), (["rank"], "takes RUN…, but 0 were given"),
        (["estimate"], "takes PLAN, but 0 were given"), (["demo", "x"], "takes no arguments, but 1 was given"),
        (["rank", "--format"], "'--format' needs a value: --format table|markdown|csv|json"),
        (["rank", "--by=cost", "--by", "cost", "x"], "'--by' is given twice"),
        (["run", "--quiet=1", "x"], "takes no value"),
        (["run"], "needs a PLAN"), (["run", "--resume", "x", "y"], "give no PLAN"),
        (["rank", "/nowhere.sqlite"], "/nowhere.sqlite"), (["decode", "x"], "needs --dialect"),
        (["workload", "generate", "coding-s"], "did you mean 'coding-S'?"),
        (["workload", "generate", "coding-S", "--count", "0"], "no whole number from 1"),
        (["xyzzy"], "see 'submeter help'"),
    ])
    func `a wrong command line ends with 64 and says what would be right`(words: [String], hint: String) {
        let outcome = submeter(words)
        #expect(outcome.code == .usage)
        #expect(outcome.messages.contains(hint), "\(outcome.messages)")
        #expect(outcome.output.isEmpty)
    }

    @Test func `every command has a summary, an example and a help that names every option`() {
        for command in Submeter.commands {
            let specification = command.specification
            let outcome = submeter(specification.name.split(separator: " ").map(String.init) + ["--help"])
            #expect(outcome.code == .good && outcome.messages.isEmpty)
            #expect(outcome.output.contains("usage: submeter \(specification.name)"))
            #expect(!specification.examples.isEmpty, "\(specification.name) has no example")
            for option in specification.options { #expect(outcome.output.contains(option.name)) }
            for line in outcome.output.split(separator: "\n") { #expect(line.count <= 140, "\(line)") }
        }
        #expect(submeter(["help", "rank"]).output == submeter(["rank", "-h"]).output)
        #expect(submeter([]).code == .usage && submeter(["--help"]).code == .good)
        #expect(submeter(["--version"]).output == "submeter \(Submeter.version)\n")
        #expect(submeter(["workload", "--help"]).output.contains("workload import"))
    }

    @Test func `the help of what judges a run says when it was in vain`() {
        for command in ["rank", "report"] {
            let help = submeter([command, "--help"]).output
            #expect(help.contains("no call was answered") || help.contains("Exit codes as of 'rank'"), "\(help)")
        }
        #expect(submeter(["rank", "--help"]).output.contains("4 if no call was answered or the run is invalid"))
    }

    @Test func `the help and the README list the same exit codes`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        for code in ExitCode.allCases {
            #expect(Submeter.help.contains("  \(code.rawValue)"))
            #expect(
                readme.contains("| \(code.rawValue) | \(code.meaning) |"), "README lacks exit code \(code.rawValue)")
        }
    }

    @Test func `options may stand anywhere, and after two dashes there are none`() throws {
        let rank = RankCommand.specification
        let arguments = try Arguments(["a", "--format=json", "b", "--", "--by"], for: rank)
        #expect(arguments.operands == ["a", "b", "--by"] && arguments["--format"] == "json")
        #expect(try Arguments(["-"], for: DecodeCommand.specification).operands == ["-"])
    }
}

@Suite struct DocumentCommandTests {
    static let profiles = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "profiles")

    @Test func `all shipped documents are right`() throws {
        let enumerator = try #require(
            FileManager.default.enumerator(at: Self.profiles, includingPropertiesForKeys: nil))
        let paths = enumerator.compactMap { ($0 as? URL)?.path }.filter { $0.hasSuffix(".yaml") }
        #expect(paths.count >= 11)
        let outcome = submeter(["check"] + paths)
        #expect(outcome.code == .good, "\(outcome.messages)")
        #expect(outcome.output.split(separator: "\n").count { $0.hasPrefix("ok: ") } == paths.count)
    }

    @Test func `all problems of all documents are listed, with their places`() throws {
        let wrong = try TemporaryFile("submeter: policy\nversion: 1\nnme: x\nrequire: {a: perhaps}\n")
        let outcome = submeter(["check", wrong.path, "/nowhere.yaml"])
        #expect(outcome.code == .usage)
        #expect(outcome.messages.contains("\(wrong.path):3:1: nme:"))
        #expect(outcome.messages.contains("\(wrong.path):4:"))
        #expect(outcome.messages.contains("/nowhere.yaml: No such file"))
    }

    @Test func `an estimate is a table or JSON`() throws {
        let plan = Self.profiles.appending(path: "plans/demo.yaml").path
        #expect(submeter(["estimate", plan]).output.contains("demo-vendor"))
        let json = try JSONValue(parsing: Array(submeter(["estimate", "--format", "json", plan]).output.utf8))
        #expect(json["endpoints"]?.arrayValue?.count == 5)
        let lowest = try #require(json["lowest_cost_usd"]?.doubleValue)
        #expect(lowest > 0 && lowest < (json["highest_cost_usd"]?.doubleValue ?? 0))
    }

    @Test(arguments: [
        ("a", "cost between $0.", ", without b, whose price is not known"),
        ("c", "the cost is not known", ": no endpoint has a price"),
    ])
    func `an estimate counts the endpoints that have a price and names the others`(
        priced: String, start: String, end: String
    ) throws {
        let price = "input_per_million: 1 USD, output_per_million: 2 USD, source: s, date: d"
        let files = [
            "prices.yaml": "submeter: prices\nversion: 1\nrows: [{provider: \(priced), model: m, \(price)}]",
            "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S",
            "p.yaml": "submeter: plan\nversion: 1\nname: p\nmodel: m\nproviders: [a.yaml, b.yaml]\n"
                + "prices: [prices.yaml]\nworkload: w.yaml\nendpoints: [{provider: a}, {provider: b}]\n"
                + "rounds: 1\nsessions_per_round: 1",
        ].merging(
            ["a", "b"].map { name in
                (
                    "\(name).yaml",
                    "submeter: provider\nversion: 1\nname: \(name)\ndelivery_path: self-hosted\n"
                        + "dialect: openai-chat\nbase_url: http://127.0.0.1:1\nmodels: [{name: m, id: m}]"
                )
            }
        ) { $1 }
        let documents = try DocumentSet(planFile: "p.yaml") { files[$0].map { Array($0.utf8) } }
        let plan = try Plan(documents)
        let report = EstimateCommand.report(PlanEstimate(plan), plan)
        #expect(report.introduction[0].hasPrefix(start) && report.introduction[0].hasSuffix(end))
    }

    @Test func `a missing secret stops a run before anything is sent, and its name is said`() throws {
        let provider = """
            submeter: provider
            version: 1
            name: p
            delivery_path: self-hosted
            dialect: openai-chat
            base_url: http://127.0.0.1:1/v1
            authentication: {kind: bearer, environment: NO_SUCH_KEY_HERE}
            models: [{name: m, id: m}]
            """
        let file = try TemporaryFile(provider, "p.yaml")
        let folder = URL(filePath: file.path).deletingLastPathComponent()
        let plan = """
            submeter: plan
            version: 1
            name: x
            model: m
            providers: [p.yaml]
            prices: []
            workload: \(Self.profiles.path)/workloads/demo.yaml
            endpoints: [{provider: p}]
            """
        try Data(plan.utf8).write(to: folder.appending(path: "plan.yaml"))
        let run = folder.appending(path: "run.sqlite").path
        let outcome = submeter(["run", "--output", run, folder.appending(path: "plan.yaml").path])
        #expect(outcome.code == .usage)
        #expect(outcome.messages.contains("NO_SUCH_KEY_HERE"))
        #expect(!FileManager.default.fileExists(atPath: run))
    }
}

@Suite struct ConnectionCheckTests {
    @Test(arguments: [
        ("environment: NO_SUCH_KEY_HERE", "missing"), ("file: nowhere.txt", "missing"), ("file: open.txt", "unusable"),
    ])
    func `a key that is not to be had was not refused`(place: String, word: String) throws {
        let folder = try PlanFolder()
        try folder.writeSessions(1)
        try folder.write("secret", to: "open.txt")
        try folder.write(
            """
            submeter: provider
            version: 1
            name: p
            delivery_path: self-hosted
            dialect: openai-chat
            base_url: http://127.0.0.1:1/v1
            authentication: {kind: bearer, \(place.replacing("file: ", with: "file: \(folder.path)/"))}
            models: [{name: m, id: m}]
            """, to: "p.yaml")
        let outcome = submeter(["check", "--connect", "--format", "json", folder.path + "/plan.yaml"])
        #expect(outcome.code == .notMeasured, "\(outcome.messages)")
        let json = try JSONValue(parsing: Array(outcome.output.utf8))
        #expect(json.arrayValue?.first?["key"]?.stringValue == word, "\(outcome.output)")
    }
}

@Suite struct RunEndTests {
    @Test func `a run that reached nobody ends with 4 and says whom it did not reach, and why`() throws {
        let file = try TemporaryFile(
            """
            submeter: provider
            version: 1
            name: p
            delivery_path: self-hosted
            dialect: openai-chat
            base_url: http://127.0.0.1:1/v1
            models: [{name: m, id: m}]
            """, "p.yaml")
        let folder = URL(filePath: file.path).deletingLastPathComponent()
        let workload = "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\nmaximum_calls: 2"
        try Data(workload.utf8).write(to: folder.appending(path: "w.yaml"))
        let plan = """
            submeter: plan
            version: 1
            name: x
            model: m
            providers: [p.yaml]
            prices: []
            workload: w.yaml
            endpoints: [{provider: p}]
            rounds: 1
            sessions_per_round: 2
            time_scale: 0.001
            """
        try Data(plan.utf8).write(to: folder.appending(path: "plan.yaml"))
        let run = folder.appending(path: "run.sqlite").path
        let outcome = submeter(["run", "--output", run, folder.appending(path: "plan.yaml").path])
        #expect(outcome.code == .notMeasured, "\(outcome.messages)")
        #expect(outcome.messages.contains("failed: p: 2 of 2 calls (connect-refused 2)"), "\(outcome.messages)")
        #expect(outcome.messages.contains("no call was answered"), "\(outcome.messages)")
        let line = "nothing was measured: none of 2 calls was answered (connect-refused 2); "
        let advice = "'submeter check --connect \(folder.path)/plan.yaml' tells what to mend"
        #expect(outcome.messages.contains(advice), "\(outcome.messages)")
        for (words, isInOutput) in [
            (["rank"], true), (["report"], true), (["report", "--format", "markdown"], true),
            (["rank", "--format", "json"], true), (["rank", "--format", "csv"], false),
            (["report", "--format", "csv"], false), (["rank", "--output", folder.path + "/ranking.txt"], false),
        ] {
            let judged = submeter(words + [run])
            #expect(judged.code == .notMeasured, "\(words): \(judged.output)")
            let text = isInOutput ? judged.output : judged.messages
            #expect(text.contains(line) && text.contains("submeter check --connect"), "\(words): \(text)")
        }
        let resumed = submeter(["run", "--resume", run])
        #expect(resumed.code == .notMeasured && resumed.messages.contains(advice), "\(resumed.messages)")
        // The same run must not count twice, whatever its files are called.
        let copy = folder.appending(path: "copy.sqlite").path
        try FileManager.default.copyItem(atPath: run, toPath: copy)
        for twin in [run, copy] {
            let ranking = submeter(["rank", run, twin])
            #expect(ranking.code == .usage && ranking.output.isEmpty)
            #expect(ranking.messages.contains("\(twin) is the same run as \(run)"), "\(ranking.messages)")
        }
    }

    @Test(
        arguments: [
            (.complete, [.ok], .good), (.complete, [.ok, .server], .good), (.complete, [.server], .notMeasured),
            (.duration, [.quota], .notMeasured), (.duration, [.ok], .good), (.budget, [.server], .budgetReached),
            (.interrupted, [.aborted], .interrupted), (.errorRate, [.ok, .server], .notMeasured),
            (.overSaturation, [.ok], .notMeasured),
        ] as [(StopReason, [OutcomeClass], ExitCode)])
    func `a run ends as its reason and its answers say`(reason: StopReason, outcomes: [OutcomeClass], code: ExitCode) {
        var progress = RunProgress(endpointCount: 1)
        for outcome in outcomes { progress.note(outcome, endpoint: 0) }
        let end = RunEnd(reason: reason, progress: progress, endpoints: ["a"], planFile: "p.yaml")
        #expect(end.exitCode == code)
        #expect(end.messages("x").contains { $0.contains("raise 'budget'") } == (reason == .budget))
        let goesOn = reason == .interrupted || reason == .duration
        #expect(end.messages("x").contains { $0.contains("'submeter run --resume x' goes on") } == goesOn)
        #expect(end.failures.isEmpty == !outcomes.contains { $0 == .server || $0 == .quota })
    }

    @Test(
        arguments: [
            (.interrupted, [], false, ""), (.interrupted, [.aborted], false, ""), (.duration, [.aborted], false, ""),
            (.duration, [.aborted, .server], false, advice), (.complete, [.authentication], false, advice),
            // It was to be sent again when the user had seen enough.
            (.interrupted, [.connectRefused], true, advice), (.interrupted, [.aborted], true, ""),
        ] as [(StopReason, [OutcomeClass], Bool, String)])
    func `what to mend is said only where a call failed by itself`(
        reason: StopReason, outcomes: [OutcomeClass], willRetry: Bool, advice: String
    ) {
        var progress = RunProgress(endpointCount: 1)
        for outcome in outcomes { progress.note(outcome, endpoint: 0, willRetry: willRetry) }
        let end = RunEnd(reason: reason, progress: progress, endpoints: ["a"], planFile: "p.yaml")
        #expect(end.messages("x").last == "nothing was measured: no call was answered" + advice)
    }

    private static let advice = "; 'submeter check --connect p.yaml' tells what to mend"
}

@Suite struct WorkloadCommandTests {
    @Test func `generated sessions are linted clean and described`() throws {
        let file = try TemporaryFile("", "s.jsonl")
        #expect(submeter(["workload", "generate", "coding-S", "--count", "5", "--output", file.path]).code == .good)
        let lint = submeter(["workload", "lint", file.path])
        #expect(lint.code == .good && lint.output.contains("5 sessions"), "\(lint.output)")
        #expect(submeter(["workload", "describe", file.path]).output.contains("output tokens per call"))
        let again = submeter(["workload", "generate", "coding-S", "--count", "5"])
        #expect(again.output == (try String(contentsOfFile: file.path, encoding: .utf8)))
        #expect(submeter(["workload", "generate", "coding-S", "--count", "5", "--seed", "2"]).output != again.output)
    }

    @Test(arguments: [
        (5, nil),
        (7, "1 fault, the first: error: s: call 0: in is 7, but prefix + kept + carry + add is 5; no plan reads it"),
    ])
    func `a description says first what is wrong with its library`(input: Int, fault: String?) throws {
        let folder = try PlanFolder()
        let path = folder.path + "/s.jsonl"
        let call = #"{"id":"0","add":[{"role":"user","n":5}],"in":\#(input),"out":9}"#
        let session = #"{"kind":"session","id":"s","calls":[\#(call)]}"#
        try folder.write(PlanFolder.sessions(0) + session + "\n", to: "s.jsonl")
        let outcome = submeter(["workload", "describe", path])
        #expect(outcome.code == .good && outcome.output.contains("output tokens per call"))
        #expect(outcome.messages.isEmpty == (fault == nil), "\(outcome.messages)")
        if let fault { #expect(outcome.messages.hasPrefix("\(path): \(fault)"), "\(outcome.messages)") }
    }

    @Test func `a broken session file is refused with its line`() throws {
        let file = try TemporaryFile("{\"submeter\":\"sessions\"", "s.jsonl")
        let outcome = submeter(["workload", "lint", file.path])
        #expect(outcome.code == .usage && outcome.messages.contains("line 1"), "\(outcome.messages)")
    }
}

@Suite struct DecodeCommandTests {
    private func decode(_ body: String, _ options: [String] = []) throws -> (JSONValue, [String]) {
        let file = try TemporaryFile(body, "body.sse")
        let outcome = submeter(["decode", "--dialect", "openai-chat"] + options + [file.path])
        #expect(outcome.code == .good, "\(outcome.messages)")
        let start = try #require(outcome.output.range(of: "{\n"))
        let lines = outcome.output[..<start.lowerBound].split(separator: "\n").map(String.init)
        return (try JSONValue(parsing: Array(outcome.output[start.lowerBound...].utf8)), lines)
    }

    @Test func `a stream becomes one object with every part`() throws {
        let body = """
            data: {"id":"x","model":"m","provider":"P","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}

            data: {"choices":[{"index":0,"delta":{"reasoning_content":"hm"}}]}

            data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}

            data: {"choices":[{"index":0,"delta":{"content":"lo"}}]}

            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{\\"a\\""}}]}}]}

            data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}

            data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":4},"cost":0.25}}

            data: [DONE]


            """
        let (json, events) = try decode(body, ["--events"])
        #expect(json["text"] == "Hello" && json["reasoning"] == "hm")
        #expect(json["tool_calls"] == [["id": "c1", "name": "f", "arguments": "{\"a\":1}"]])
        #expect(json["finish_reason_raw"] == "tool_calls" && json["provider"] == "P" && json["outcome"] == "ok")
        #expect(json["usage"]?["input_total"] == 10 && json["usage"]?["input_cache_read"] == 4)
        #expect(json["usage"]?["output_total"] == 5 && json["usage"]?["output_reasoning"] == JSONValue.null)
        #expect(json["reported_cost_usd"]?.doubleValue == 0.25 && json["error"] == JSONValue.null)
        #expect(events.contains(#"{"event":"content","kind":"text","bytes":3}"#) && events.last == #"{"event":"done"}"#)
    }

    @Test func `what went wrong is said in one word and explained`() throws {
        let piece = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n"
        #expect(try decode(piece).0["outcome"] == "truncated")
        #expect(try decode("data: {nonsense\n\n").0["outcome"] == "malformed")
        let error = try decode(piece + "data: {\"error\":{\"message\":\"no more\",\"code\":502}}\n\n").0
        #expect(error["outcome"] == "error" && error["error"]?["message"] == "502: no more")
        let body = try decode("{\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\",\"code\":429}}").0
        #expect(body["outcome"] == "error" && body["error"]?["message"]?.stringValue?.hasSuffix("slow down") == true)
    }
}
