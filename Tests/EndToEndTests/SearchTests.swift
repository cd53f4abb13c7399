import Encodings
import Foundation
import Profiles
import Quantities
import Rehearsal
import Statistics
import Synchronization
import Testing
import Workloads

@testable import Commands

/// Sessions of two tiny calls, one after the other.
func pairs(_ count: Int) -> SessionLibrary {
    let calls = ["0", "1"].map { name in
        Call(
            identifier: CallIdentifier(name), after: name == "0" ? [] : ["0"], wait: .zero, waitKind: .tool,
            context: .new, added: [.init(role: "user", tokens: 10)], input: 10, output: 2)
    }
    let sessions = (0..<count).map {
        Session(identifier: SessionIdentifier("s\($0)"), toolsTokens: 0, systemTokens: 0, calls: calls)
    }
    return SessionLibrary(header: SessionFile.header(name: "pairs"), sessions: sessions)
}

extension EndToEnd {
    @Suite(.serialized) struct SearchTests {
        private func search(objective: String, _ options: [String]) throws -> (
            code: ExitCode, output: String, files: Int
        ) {
            let persona = Persona(
                name: "a", network: .milliseconds(1), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 50_000,
                jitter: 0)
            let plan = """
                rounds: 9
                sessions_per_round: 40
                live_sessions: 7
                time_scale: 0
                objectives: {time_to_first_token: \(objective)}
                """
            return try submeter(["search"] + options, persona, plan: plan)
        }

        /// Runs a command on a plan of one endpoint, whose provider a persona plays, and which goes down for good once the
        /// command has said the last words; an empty text lets it go down before.
        private func submeter(
            _ words: [String], _ persona: Persona, plan: String, sessions: SessionLibrary? = nil,
            downAfter lastWords: String? = nil
        ) throws -> (code: ExitCode, output: String, files: Int) {
            let prices =
                "submeter: prices\nversion: 1\nrows: [{provider: a, model: m, input_per_million: 1 USD, output_per_million: 4 USD, source: s, date: d}]"
            guard case .prices(let rows) = try Document(Array(prices.utf8), file: "p") else {
                throw CancellationError()
            }
            let fleet = try Fleet([.init(persona: persona, price: rows[0])], seed: Seed(1))
            defer { fleet.stop() }
            if lastWords == "" { fleet.stop() }
            let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            var documents = [
                "provider.yaml": """
                submeter: provider
                version: 1
                name: a
                delivery_path: self-hosted
                dialect: openai-chat
                base_url: http://127.0.0.1:\(fleet.ports[0])/v1
                models: [{name: m, id: model-m}]
                """,
                "workload.yaml": "submeter: workload\nversion: 1\nname: w\n"
                    + (sessions == nil ? "generator: coding-S\nmaximum_calls: 4" : "sessions_file: s.jsonl"),
                "plan.yaml": """
                submeter: plan
                version: 1
                name: p
                model: m
                providers: [provider.yaml]
                prices: []
                workload: workload.yaml
                endpoints: [{provider: a}]
                \(plan)
                """,
            ]
            documents["s.jsonl"] = sessions.map { String(decoding: SessionFile.write($0), as: UTF8.self) }
            for (name, text) in documents { try Data(text.utf8).write(to: folder.appending(path: name)) }
            let written = Mutex<[UInt8]>([])
            let options = [
                "--quiet", "--output", folder.appending(path: "out").path, folder.appending(path: "plan.yaml").path,
            ]
            let console = Console(arguments: words + options, environment: [:]) { descriptor, bytes in
                if descriptor == 1 { written.withLock { $0 += bytes } }
                if let lastWords, descriptor == 2, String(decoding: bytes, as: UTF8.self).contains(lastWords) {
                    fleet.stop()
                }
            }
            let code = Submeter.run(console)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
                $0.hasSuffix(".sqlite")
            }
            return (code, String(decoding: written.withLock(\.self), as: UTF8.self), files.count)
        }

        @Test func `a search stops at the highest load that it may try, or below the first`() throws {
            // The harness in the test's own process may be held up by other programs; it says so, and three times is no accident.
            var easy = try search(objective: "60s", ["--highest", "2"])
            for _ in 0..<2 where easy.code == .notMeasured { easy = try search(objective: "60s", ["--highest", "2"]) }
            #expect(easy.code == .good, "\(easy.output)")
            #expect(
                easy.output.contains("2 live sessions, the most that were tried, meet the objectives"), "\(easy.output)"
            )
            #expect(easy.files == 2)
            var hard = try search(objective: "1us", ["--first", "2"])
            for _ in 0..<2 where hard.code == .notMeasured { hard = try search(objective: "1us", ["--first", "2"]) }
            #expect(hard.code == .gateFailed, "\(hard.output)")
            #expect(hard.output.contains("Already 1 live session does not meet the objectives"), "\(hard.output)")
            #expect(hard.files == 2)
        }

        @Test func `the rate of an open load is searched, and a run that comes too fast ends early`() throws {
            // Four slots, 40 ms a call, two calls a session: fifty sessions a second, in calls that hardly write.
            let persona = Persona(
                name: "a", network: .milliseconds(40), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 1e6,
                slowdownPerStream: 0, slotCount: 4, jitter: 0)
            var found = try searchRate(persona)
            for _ in 0..<2 where found.code == .notMeasured { found = try searchRate(persona) }
            #expect(found.code == .good, "\(found.output)")
            let finding = try #require(
                found.output.firstMatch(of: /lies from ([0-9.]+) to below ([0-9.]+) sessions\/s\./), "\(found.output)")
            let (good, bad) = (try #require(Double(finding.1)), try #require(Double(finding.2)))
            // Sixty-four Poisson arrivals wait too long somewhat below the capacity, and hardly ever above it.
            #expect(good >= 35 && good < bad && bad <= 60, "\(found.output)")
            #expect(bad - good <= good * 0.1 + 1e-9)
            #expect(found.output.contains(/run[s]? ended early/), "\(found.output)")
            #expect(found.output.contains("sessions/s") && !found.output.contains("live sessions"))
        }

        @Test func `a rate whose sessions have all come before one has ended is not judged`() throws {
            let persona = Persona(
                name: "a", network: .milliseconds(150), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 1e6,
                slowdownPerStream: 0, jitter: 0)
            let plan =
                "sessions_per_round: 64\nload: {kind: constant, rate: 500}\nobjectives: {time_to_first_token: 60s}"
            var found = try submeter(["search"], persona, plan: plan, sessions: pairs(64))
            for _ in 0..<2 where found.code == .notMeasured {
                found = try submeter(["search"], persona, plan: plan, sessions: pairs(64))
            }
            #expect(found.code == .inconclusive, "\(found.output)")
            #expect(found.output.contains("at 500 sessions/s all sessions had begun before one ended"))
            #expect(found.output.contains("Nothing was found out.") && found.files == 1)
        }

        private static let quick = Persona(
            name: "a", network: .milliseconds(1), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 50_000, jitter: 0)
        private static let easyPlan =
            "sessions_per_round: 40\ntime_scale: 0\nobjectives: {time_to_first_token: 60s}"

        @Test func `a search against a server that is down says that nothing was measured`() throws {
            let found = try submeter(["search"], Self.quick, plan: Self.easyPlan, downAfter: "")
            #expect(found.code == .notMeasured, "\(found.output)")
            #expect(found.output.contains("at 1 live session nothing was measured: no call was answered"))
            let finding = "Nothing was found out: the endpoint answered no call."
            #expect(found.output.contains("\(finding)\nrecorded history, waits scaled by 0.0\n"))
            #expect(found.files == 1)
            #expect(found.output.contains(/nothing was measured +connect-refused \d+/), "\(found.output)")
        }

        @Test func `a server that dies between two runs has no capacity, and no load above what it bore is judged`()
            throws
        {
            let words = ["search", "--format", "json"]
            func search() throws -> (code: ExitCode, output: String, files: Int) {
                try submeter(words, Self.quick, plan: Self.easyPlan, downAfter: "1 live session: ")
            }
            var found = try search()
            // The harness in the test's own process may be held up by other programs; it says so.
            for _ in 0..<2 where found.output.contains("could not keep up") { found = try search() }
            #expect(found.code == .notMeasured, "\(found.output)")
            let json = try JSONValue(parsing: Array(found.output.utf8))
            #expect(json["conditions"]?["history"] == "recorded" && json["conditions"]?["load"] == nil)
            #expect(json["submeter"] == "search" && json["version"] == 1 && json["unit"] == "live sessions")
            #expect(
                json["finding"]
                    == "1 live session meets the objectives; then the endpoint answered no call, so no limit is known.")
            #expect(json["highest_good_load"]?.doubleValue == 1 && json["lowest_bad_load"] == JSONValue.null)
            #expect(json["notices"] == ["at 2 live sessions nothing was measured: no call was answered"])
            #expect(json["unanswered_load"]?["load"]?.doubleValue == 2)
            #expect(try #require(json["unanswered_load"]?["failed_calls"]?["connect-refused"]?.integerValue) > 0)
            let loads = try #require(json["loads"]?.arrayValue)
            #expect(loads.count == 1 && loads[0]["verdict"] == "good" && found.files == 2)
            #expect(loads[0]["failed_calls"]?.objectValue?.members.isEmpty == true)
        }

        private func searchRate(_ persona: Persona) throws -> (code: ExitCode, output: String) {
            let outcome = try submeter(
                ["search", "--first", "20", "--highest", "640"], persona,
                plan: """
                    sessions_per_round: 64
                    load:
                      kind: poisson
                      rate: 5
                    objectives: {time_to_first_token: 130ms}
                    """,
                sessions: pairs(64))
            return (outcome.code, outcome.output)
        }
    }
}
