import Analysis
import Encodings
import Fixtures
import Quantities
import Ranking
import Records
import Testing

@testable import Reporting

@Suite struct SmallModelTests {
    /// Two rounds with a session of three calls, of which the last two go to the small model; one is refused, one tells no usage.
    private func file(small: Bool, smallPriced: [String] = ["a", "b"]) throws -> RunFile {
        var fixture = RunFixture()
        fixture.hasSmallModel = small
        fixture.smallPriced = smallPriced
        for round in 0..<2 {
            for endpoint in 0...1 {
                var calls = (0..<3).map { call in
                    var row = RunFixture.call(
                        CallPlace(endpoint: endpoint, round: round, session: 0, call: call), at: Int64(call) * 1000)
                    row.model = small ? (call > 0 ? "s" : "m") : nil
                    return row
                }
                if round == 1 {
                    calls[2].usage = TokenUsage()
                    (calls[2].plannedInput, calls[2].plannedOutput) = (2000, 20)
                }
                fixture.addSession(endpoint, round, 0, calls: calls)
            }
        }
        return try fixture.file()
    }

    /// Of 1,000 prompt tokens 400 were cached, and 11 were generated; in picodollars.
    private let main: Int64 = 600 * 1_000_000 + 400 * 100_000 + 11 * 4_000_000
    private let small: Int64 = 600 * 100_000 + 400 * 10_000 + 11 * 400_000
    private let untold: Int64 = 2000 * 100_000 + 20 * 400_000

    @Test func `cost is over both models, each at its own price`() throws {
        let analysis = try RunAnalysis([file(small: true)])
        let endpoint = analysis.endpoints[0]
        #expect(endpoint.cost.list?.picodollars == 2 * main + 3 * small + untold)
        #expect(endpoint.cost.estimatedCalls == 1)
        #expect(endpoint.sessions.joined().map(\.listCost?.picodollars) == [main + 2 * small, main + small + untold])
        #expect(endpoint.models.map(\.name) == ["m", "s"] && endpoint.models.map(\.attemptedCount) == [2, 4])
        #expect(endpoint.models.map(\.cost.list?.picodollars) == [2 * main, 3 * small + untold])
        #expect(endpoint.models.map(\.tokens.input.value) == [2000, 3000])
        #expect(endpoint.prices?.sources == ["s, d", "t, d"])
    }

    @Test func `an endpoint whose small model has no price has no cost, rather than half of one`() throws {
        let file = try file(small: true, smallPriced: ["b"])
        let analysis = try RunAnalysis([file])
        #expect(analysis.endpoints.map { $0.cost.list == nil } == [true, false])
        #expect(analysis.endpoints[0].costPerSuccessfulSession == nil && analysis.endpoints[0].prices == nil)
        var counted: [String: Set<String>] = [:]
        RawRows.json(file, .attempts) { row in
            counted[row["endpoint"]?.stringValue ?? "", default: []].insert(row["cost_basis"]?.stringValue ?? "none")
        }
        #expect(counted == ["a": ["none"], "b": ["usage", "plan"]])
    }

    @Test func `tables, documents and exports name both models`() throws {
        let file = try file(small: true)
        let analysis = try RunAnalysis([file])
        let ranking = Ranking(analysis)
        let report = Reports.full(ranking, analysis)
        #expect(report.title.hasPrefix("m with s at 2 endpoints"))
        let table = try #require(report.tables.first { $0.title == "By model" })
        #expect(
            table.rows.map { Array($0[0...3]) } == [
                ["a", "m", "2", "2"], ["a", "s", "4", "4"], ["b", "m", "2", "2"], ["b", "s", "4", "4"],
            ])
        let json = try JSONValue(parsing: Array(JSONFormat.full(ranking, analysis).pretty().utf8))
        #expect(json["model"] == "m" && json["small_model"] == "s")
        let models = json["endpoints"]?.arrayValue?[0]["models"]?.arrayValue
        #expect(models?.map { $0["model"]?.stringValue } == ["m", "s"])
        #expect(models?.map { $0["attempted_calls"]?.integerValue } == [2, 4])
        var rows: [(model: String?, cost: Double?)] = []
        RawRows.json(file, .attempts) { row in
            rows.append((row["model"]?.stringValue, row["counted_cost_usd"]?.doubleValue))
        }
        #expect(rows.prefix(3).map(\.model) == ["m", "s", "s"])
        let dollars = [main, small, small].map { Money(picodollars: $0).dollars }
        #expect(rows.prefix(3).map(\.cost) == dollars)
    }

    /// The medians of all calls have the other order, since three calls in four are the small model's.
    @Test func `latency is told of each model and ranked by the main one`() throws {
        var fixture = RunFixture()
        (fixture.hasSmallModel, fixture.rounds) = (true, 12)
        fixture.settings = "ranking: {minimum_success: 0.8}"
        for round in 0..<12 {
            for (endpoint, waits) in [(main: 100, small: 900), (main: 300, small: 10)].enumerated() {
                let calls = (0..<4).map { call in
                    var row = RunFixture.call(
                        CallPlace(endpoint: endpoint, round: round, session: 0, call: call), at: Int64(call) * 2000,
                        timeToFirstToken: Int64(call == 0 ? waits.main : waits.small), gap: call == 0 ? 10 : 20)
                    row.model = call == 0 ? "m" : "s"
                    return row
                }
                fixture.addSession(endpoint, round, 0, calls: calls)
            }
        }
        let analysis = try RunAnalysis([fixture.file()])
        let ranking = Ranking(analysis)
        let order = try #require(ranking.order(by: .firstToken)?.rows)
        #expect(
            order.map(\.endpoint.rawValue) == ["a", "b"]
                && order.map { Figures.milliseconds($0.estimate) } == ["100", "300"])
        #expect(order.map(\.rankBest) == [1, 2])
        let rates = try #require(ranking.order(by: .decodeRate)?.rows)
        #expect(rates.allSatisfy { abs($0.estimate - 100) < 1e-9 })
        let times = try #require(ranking.order(by: .sessionTime)?.rows)
        #expect(times.map(\.endpoint.rawValue) == ["b", "a"], "a session's time is over both models")
        #expect(ranking.notices.contains { $0.contains("by the calls to 'm'") })

        let report = Reports.full(ranking, analysis)
        let latency = try #require(report.tables.first { $0.title == "Latency, ms" })
        #expect(latency.columns.prefix(3).map(\.heading) == ["endpoint", "model", "TTFT p50"])
        #expect(
            latency.rows.map { Array($0[0...2]) } == [
                ["a", "m", "100"], ["a", "s", "900"], ["b", "m", "300"], ["b", "s", "10.0"],
            ])
        let speed = try #require(report.tables.first { $0.title == "Speed, tokens/s" })
        #expect(speed.rows.map { $0[2] } == ["100.0", "50.0", "100.0", "50.0"])
        let streaming = try #require(report.tables.first { $0.title == "Streaming, ms" })
        #expect(streaming.rows.map { $0[2] } == ["10.0", "20.0", "10.0", "20.0"])

        let json = try JSONValue(parsing: Array(JSONFormat.full(ranking, analysis).pretty().utf8))
        let models = try #require(json["endpoints"]?.arrayValue?[0]["models"]?.arrayValue)
        let medians = models.map { $0["metrics"]?["time_to_first_token"]?["p50"]?["value"]?.doubleValue }
        #expect(medians == [0.1, 0.9])
        let lines = CSVFormat.figures(analysis).split(separator: "\r\n").map(String.init)
        #expect(lines.contains { $0.hasPrefix("a,time_to_first_token_of_s,s,0.5,0.9,") })
        #expect(lines.contains { $0.hasPrefix("b,time_to_first_token_of_m,s,0.5,0.3") })
    }

    @Test func `a run with one model, or an older one, is judged and exported as ever`() throws {
        let file = try file(small: false)
        let analysis = try RunAnalysis([file])
        let report = Reports.full(Ranking(analysis), analysis)
        #expect(report.title.hasPrefix("m at 2 endpoints"))
        #expect(!report.tables.contains { $0.title == "By model" } && analysis.endpoints[0].models.isEmpty)
        #expect(analysis.endpoints[0].cost.list?.picodollars == 5 * main + 2000 * 1_000_000 + 20 * 4_000_000)
        var models: Set<String?> = []
        RawRows.json(file, .attempts) { models.insert($0["model"]?.stringValue) }
        #expect(models == ["m"])
        let latency = try #require(report.tables.first { $0.title == "Latency, ms" })
        #expect(latency.columns.prefix(2).map(\.heading) == ["endpoint", "TTFT p50"])
        #expect(!CSVFormat.figures(analysis).contains("_of_m,"))
    }
}
