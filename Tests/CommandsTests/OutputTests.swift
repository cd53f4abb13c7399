import Foundation
import Testing

@testable import Commands

@Suite struct OutputTests {
    @Test func `a lone hyphen is the standard output`() {
        let words = ["workload", "generate", "coding-S", "--count", "1"]
        let plain = submeter(words)
        let hyphen = submeter(words + ["--output", "-"])
        #expect(!plain.output.isEmpty && hyphen.output == plain.output)
        #expect(!FileManager.default.fileExists(atPath: "-"))
    }

    @Test(arguments: ["run", "search"])
    func `a run file cannot be a stream`(command: String) throws {
        let plan = try TemporaryFile("no plan")
        let outcome = submeter([command, "--output", "-", plan.path])
        #expect(outcome.code == .usage && !FileManager.default.fileExists(atPath: "-"), "\(outcome.messages)")
        let arguments = try Arguments(["--output", "-", plan.path], for: RunCommand.specification)
        let error = #expect(throws: CommandError.self) { try arguments.runPath(else: "x") }
        #expect(error?.description.contains("cannot go to the standard output") == true)
        #expect(try Arguments([plan.path], for: RunCommand.specification).runPath(else: "x") == "x")
    }

    @Test func `a plan's text gets other values, and all else stays`() {
        let plan = "name: p\nrounds: 9 # many\nendpoints:\n  - {provider: a}\nrounds_of: 1\n  rounds: 3\n"
        let changed = PlanText.replacing(Array(plan.utf8), [("rounds", "1"), ("budget", "2 USD")])
        #expect(
            String(decoding: changed, as: UTF8.self)
                == "name: p\nendpoints:\n  - {provider: a}\nrounds_of: 1\n  rounds: 3\n\nrounds: 1\nbudget: 2 USD\n")
    }

    @Test func `what is indented under a replaced key goes with it, whatever ends the lines`() {
        let plan = "a: 1\nload:\n# bursts\n  kind: gamma\n\n  rate: 2\nstop: {duration: 1h,\n  error_rate: 0.5}\nb: 2"
        for text in [plan, plan.replacing("\n", with: "\r\n")] {
            let changed = PlanText.replacing(Array(text.utf8), [("load", "{kind: poisson, rate: 3}"), ("stop", "{}")])
            #expect(
                String(decoding: changed, as: UTF8.self)
                    == "a: 1\nb: 2\nload: {kind: poisson, rate: 3}\nstop: {}\n")
        }
    }

    @Test func `an import says what it left out`() throws {
        let messages = #"{"messages":[{"role":"user","content":"go"}]"#
        let log = try TemporaryFile(
            "\(messages)}\n\(messages),\"status\":500}\n\(messages),\"error\":\"no\"}", "log.jsonl")
        let outcome = submeter(["workload", "import", "--format", "openai-log", log.path])
        #expect(outcome.code == .good)
        #expect(outcome.messages == "-: 1 session, 1 call\nleft out, failed requests: 2\n", "\(outcome.messages)")
    }

    @Test func `a compressed trace that is cut off is refused`() throws {
        let whole = try TemporaryFile(
            #"{"id":"a","tool_tokens":1,"system_tokens":1,"requests":[{"in":9,"out":1}]}"#, "t.jsonl")
        let zip = Process()
        zip.executableURL = URL(filePath: "/bin/gzip")
        zip.arguments = ["-k", whole.path]
        try zip.run()
        zip.waitUntilExit()
        let packed = URL(filePath: whole.path + ".gz")
        #expect(submeter(["workload", "import", "--format", "weka", packed.path]).code == .good)
        let bytes = try Data(contentsOf: packed)
        try bytes.dropLast(12).write(to: packed)
        let cut = submeter(["workload", "import", "--format", "weka", packed.path])
        #expect(cut.code == .usage && cut.messages.contains("t.jsonl.gz"), "\(cut.code) \(cut.messages)")
    }

    @Test func `a compressed library is linted, described and planned as the plain one`() throws {
        let folder = try PlanFolder(sessionsFile: "s.jsonl.gz")
        try folder.writeSessions(6)
        let plain = folder.path + "/s.jsonl"
        let packed = try compressed(plain)
        for command in ["lint", "describe"] {
            let (expected, found) = (submeter(["workload", command, plain]), submeter(["workload", command, packed]))
            #expect(found.code == .good, "\(found.messages)")
            #expect(found.output == expected.output.replacing(plain, with: packed))
        }
        for command in [["estimate"], ["check"]] {
            let outcome = submeter(command + [folder.path + "/plan.yaml"])
            #expect(outcome.code == .good && outcome.output.contains("12"), "\(outcome.messages) \(outcome.output)")
        }
        #expect(submeter(["check", folder.path + "/w.yaml"]).code == .good)
    }
}
