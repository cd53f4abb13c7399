import Foundation
import Profiles
import Quantities
import Rehearsal
import Statistics
import Synchronization
import Testing

@testable import Commands

extension EndToEnd {
    @Suite(.serialized) struct SearchTests {
        private func search(objective: String, _ options: [String]) throws -> (
            code: ExitCode, output: String, files: Int
        ) {
            let persona = Persona(
                name: "a", network: .milliseconds(1), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 50_000,
                jitter: 0)
            let prices =
                "submeter: prices\nversion: 1\nrows: [{provider: a, model: m, input_per_million: 1 USD, output_per_million: 4 USD, source: s, date: d}]"
            guard case .prices(let rows) = try Document(Array(prices.utf8), file: "p") else {
                throw CancellationError()
            }
            let fleet = try Fleet([.init(persona: persona, price: rows[0])], seed: Seed(1))
            defer { fleet.stop() }
            let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let documents = [
                "provider.yaml": """
                submeter: provider
                version: 1
                name: a
                delivery_path: self-hosted
                dialect: openai-chat
                base_url: http://127.0.0.1:\(fleet.ports[0])/v1
                models: [{name: m, id: model-m}]
                """,
                "workload.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\nmaximum_calls: 4",
                "plan.yaml": """
                submeter: plan
                version: 1
                name: p
                model: m
                providers: [provider.yaml]
                prices: []
                workload: workload.yaml
                endpoints: [{provider: a}]
                rounds: 9
                sessions_per_round: 40
                live_sessions: 7
                time_scale: 0
                objectives: {time_to_first_token: \(objective)}
                """,
            ]
            for (name, text) in documents { try Data(text.utf8).write(to: folder.appending(path: name)) }
            let written = Mutex<[UInt8]>([])
            let words = [
                "search", "--quiet", "--output", folder.appending(path: "out").path,
                folder.appending(path: "plan.yaml").path,
            ]
            let console = Console(arguments: words + options, environment: [:]) { descriptor, bytes in
                if descriptor == 1 { written.withLock { $0 += bytes } }
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
            #expect(hard.output.contains("Already 1 live sessions do not meet the objectives"), "\(hard.output)")
            #expect(hard.files == 2)
        }
    }
}
