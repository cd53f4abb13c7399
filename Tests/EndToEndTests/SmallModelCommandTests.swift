import Encodings
import Foundation
import Synchronization
import Testing

@testable import Commands

extension EndToEnd {
    /// A plan with a small model through the commands, played by the fleet of `submeter demo`.
    @Suite(.serialized) struct SmallModelCommandTests {
        private static let provider = """
            submeter: provider
            version: 1
            name: a
            delivery_path: self-hosted
            dialect: openai-chat
            base_url: http://127.0.0.1:8123/v1
            models: [{name: m, id: large-1, served_model: [large-1]}, {name: s, id: little-1, served_model: [little-1]}]
            rehearsal: {system: generic, network: 1ms, prefill_tokens_per_second: 10000000, decode_tokens_per_second: 10000}
            """
        private static let prices = """
            submeter: prices
            version: 1
            rows:
              - {provider: a, model: m, input_per_million: 1 USD, cache_read_per_million: 0.1 USD, output_per_million: 4 USD, source: s, date: d}
              - {provider: a, model: s, input_per_million: 0.3 USD, cache_read_per_million: 0.02 USD, output_per_million: 1 USD, source: s, date: d}
            """

        /// A folder with the documents of a plan, which has the given line.
        private func makeFolder(_ line: String) throws -> URL {
            let folder = FileManager.default.temporaryDirectory.appending(path: "small-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let documents = [
                "provider.yaml": Self.provider, "prices.yaml": Self.prices,
                "workload.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: swarm\nmaximum_calls: 8",
                "plan.yaml": """
                submeter: plan
                version: 1
                name: p
                model: m
                \(line)
                providers: [provider.yaml]
                prices: [prices.yaml]
                workload: workload.yaml
                endpoints: [{provider: a}]
                rounds: 1
                sessions_per_round: 2
                time_scale: 0
                """,
            ]
            for (name, text) in documents { try Data(text.utf8).write(to: folder.appending(path: name)) }
            return folder
        }

        private func output(_ words: [String]) -> String {
            let written = Mutex<[UInt8]>([])
            _ = Submeter.run(
                Console(arguments: words, environment: [:]) { descriptor, bytes in
                    if descriptor == 1 { written.withLock { $0 += bytes } }
                })
            return String(decoding: written.withLock(\.self), as: UTF8.self)
        }

        private func objects(_ text: String) throws -> [JSONValue] {
            try text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
        }

        /// Runs of white space as one space, as a table breaks its lines.
        private func flat(_ text: String) -> String {
            text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }

        @Test func `the fleet's bills are what is exported and reported, model by model`() throws {
            let folder = try makeFolder("small_model: s")
            defer { try? FileManager.default.removeItem(at: folder) }
            func path(_ name: String) -> String { folder.appending(path: name).path }
            _ = output([
                "demo", "--plan", path("plan.yaml"), "--output", path("run.sqlite"), "--ground-truth",
                path("truth.jsonl"),
            ])
            let truths = try objects(String(contentsOfFile: path("truth.jsonl"), encoding: .utf8))
            let bills = Dictionary(uniqueKeysWithValues: truths.map { ($0["request_id"]?.stringValue ?? "", $0) })
            let rows = try objects(output(["export", path("run.sqlite")]))
            #expect(rows.count == 16 && truths.count == 16)
            var costs: [String: Double] = [:]
            for row in rows {
                let place = ["round", "session", "call"].map { row[$0]?.integerValue ?? -1 }
                let truth = try #require(bills["e0-r\(place[0])-s\(place[1])-c\(place[2])"])
                let model = try #require(row["model"]?.stringValue)
                #expect(truth["model"]?.stringValue == (model == "s" ? "little-1" : "large-1"))
                #expect((row["agent"]?.stringValue == "main") == (model == "m"))
                let bill = Double(truth["bill_pusd"]?.integerValue ?? 0) / 1e12
                #expect(bill > 0 && abs((row["counted_cost_usd"]?.doubleValue ?? 0) - bill) < 1e-12)
                costs[model, default: 0] += bill
            }
            let report = try JSONValue(parsing: Array(output(["report", "--format", "json", path("run.sqlite")]).utf8))
            let models = try #require(report["endpoints"]?.arrayValue?.first?["models"]?.arrayValue)
            #expect(models.map { $0["model"]?.stringValue } == ["m", "s"])
            for model in models {
                let cost = try #require(model["list_cost_usd"]?.doubleValue)
                #expect(abs(cost - (costs[model["model"]?.stringValue ?? ""] ?? -1)) < 1e-9)
            }
        }

        @Test(arguments: [
            ("", "8 of 16 calls of the workload are meant for a small model and run on 'm'"),
            ("small_model: s", "8 of 16 calls of the workload go to 's', the others to 'm'"),
        ])
        func `check, estimate and report say where small calls go`(line: String, notice: String) throws {
            let folder = try makeFolder(line)
            defer { try? FileManager.default.removeItem(at: folder) }
            func path(_ name: String) -> String { folder.appending(path: name).path }
            _ = output(["demo", "--plan", path("plan.yaml"), "--output", path("run.sqlite")])
            for words in [
                ["check", path("plan.yaml")], ["estimate", path("plan.yaml")], ["report", path("run.sqlite")],
            ] {
                let parts = flat(output(words)).components(separatedBy: notice)
                #expect(parts.count == 2, "\(words[0]) says it \(parts.count - 1) times")
            }
        }
    }
}
