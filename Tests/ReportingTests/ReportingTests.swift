import Analysis
import Encodings
import Fixtures
import Quantities
import Ranking
import Records
import Testing

@testable import Reporting

@Suite struct FiguresTests {
    @Test(arguments: [
        (0.0, 2, "0.00"), (1.005, 1, "1.0"), (-0.04, 1, "0.0"), (-1.25, 1, "-1.3"), (0.999, 2, "1.00"), (12.0, 0, "12"),
        (.infinity, 2, "unbounded"), (.nan, 2, "–"), (1e12, 0, "unbounded"),
    ])
    func `numbers have the decimals that were asked for`(value: Double, decimals: Int, text: String) {
        #expect(Figures.fixed(value, decimals) == text)
    }

    @Test func `only all is 100 per cent and only nothing is 0`() {
        #expect(Figures.share(1) == "100 %")
        #expect(Figures.share(0.99999) == ">99.9 %")
        #expect(Figures.share(0.00001) == "<0.1 %")
        #expect(Figures.share(0) == "0 %")
        #expect(Figures.share(nil) == "–")
        #expect(Figures.share(0.9995, decimals: 0) == ">99 %" && Figures.share(0.0005, decimals: 0) == "<1 %")
        #expect(Figures.share(0.994, decimals: 0) == "99 %" && Figures.share(0.006, decimals: 0) == "1 %")
    }

    @Test func `counts, ranks and significant digits`() {
        #expect(Figures.count(1_234_567) == "1,234,567")
        #expect(Figures.count(-1000) == "-1,000")
        #expect(Figures.count(12) == "12")
        #expect(Figures.ranks(2, 4) == "2–4" && Figures.ranks(3, 3) == "3")
        #expect(Figures.decimals([0.0012, 5], digits: 3) == 5)
        #expect(Figures.decimals([123, 5000], digits: 3) == 0)
        #expect(Figures.decimals([], digits: 3) == 0)
        #expect(Figures.milliseconds(nil) == "–" && Figures.milliseconds(.infinity) == "unbounded")
    }
}

@Suite struct FormatTests {
    private let report = Report(
        title: "T", introduction: ["i"],
        tables: [
            Table(
                "Tab", columns: [.init("name", isNumeric: false), .init("n")],
                rows: [["a|b<script>\u{1B}[31m", "1"], ["long name", "1,000"]], note: "why")
        ], notices: ["careful"])

    @Test func `a terminal gets aligned columns and no foreign escape sequences`() {
        let text = TerminalFormat.text(report, usesColor: false)
        #expect(
            text == """
                T
                i

                Tab
                name                  n
                a|b<script>\u{FFFD}[31m      1
                long name         1,000
                why

                * careful

                """)
        #expect(TerminalFormat.text(report, usesColor: true).contains("\u{1B}[1mT\u{1B}[0m"))
    }

    @Test func `Markdown gets tables, with all markup of strangers escaped`() {
        let text = MarkdownFormat.text(report)
        #expect(text.contains("| name | n |\n| :--- | ---: |\n| a\\|b&lt;script&gt;\u{FFFD}\\[31m | 1 |\n"))
        #expect(text.hasPrefix("# T\n\n- i\n\n## Tab\n\n"))
        #expect(text.hasSuffix("## Notes\n\n- careful\n"))
    }

    @Test func `characters that turn or hide text are shown as such`() {
        #expect(PlainText.forTerminal("a\u{202E}b\u{200B}c\u{9B}d") == "a\u{FFFD}b\u{FFFD}c\u{FFFD}d")
        #expect(PlainText.forTerminal("Zürich 東京") == "Zürich 東京")
    }
}

@Suite struct ReportTests {
    private func judged(priced: [String] = ["a", "b"]) throws -> (Ranking, RunAnalysis, RunFile) {
        var fixture = RunFixture()
        fixture.priced = priced
        fixture.rounds = 8
        fixture.settings = "objectives: {time_to_first_token: 150ms}"
        for round in 0..<8 {
            for endpoint in 0...1 {
                let calls = (0..<12).map { call in
                    RunFixture.call(
                        CallPlace(endpoint: endpoint, round: round, session: 0, call: call),
                        at: Int64(round * 10_000 + call * 400), timeToFirstToken: Int64(100 + call % 5 + endpoint * 90))
                }
                fixture.addSession(endpoint, round, 0, calls: calls)
            }
        }
        let file = try fixture.file()
        let analysis = try RunAnalysis([file])
        return (Ranking(analysis), analysis, file)
    }

    @Test func `every table has a row per endpoint and too small samples print as a dash`() throws {
        let (ranking, analysis, _) = try judged()
        let report = Reports.full(ranking, analysis)
        let latency = try #require(report.tables.first { $0.title == "Latency, ms" })
        #expect(latency.rows.map { $0[0] } == ["a", "b"])
        let p99 = try #require(latency.columns.firstIndex { $0.heading == "TTFT p99" })
        #expect(latency.rows.allSatisfy { $0[p99] == "–" }, "96 calls say nothing about p99")
        let p50 = try #require(latency.columns.firstIndex { $0.heading == "TTFT p50" })
        #expect(latency.rows[0][p50] == "102")
        let goodput = try #require(report.tables.first { $0.title == "Goodput" })
        #expect(goodput.rows[0][1...3] == ["96", "0", "0"] && goodput.rows[1][1...3] == ["0", "96", "0"])
        let order = try #require(report.tables.first)
        #expect(order.title == "Ranking by score" && order.rows.map { $0[2] } == ["a", "b"])
        #expect(order.rows.map { $0[0] } == ["1", "2"])
    }

    @Test func `the JSON document holds what the tables show`() throws {
        let (ranking, analysis, _) = try judged()
        let text = JSONFormat.full(ranking, analysis).pretty()
        let json = try JSONValue(parsing: Array(text.utf8))
        #expect(json["submeter"] == "report" && json["version"] == 2)
        #expect(json["criteria"]?.arrayValue?.count == Criterion.allCases.count)
        #expect(json["criteria"]?.arrayValue?[0]["order"]?.arrayValue?[0]["endpoint"] == "a")
        let metrics = json["endpoints"]?.arrayValue?[0]["metrics"]
        #expect(metrics?["time_to_first_token"]?["p50"]?["value"]?.doubleValue == 0.1015)
        #expect(metrics?["time_to_first_token"]?["p99"] == JSONValue.null)
        #expect(json["endpoints"]?.arrayValue?[0]["sums"]?["attempted_calls"] == 96)
        #expect(json["harness"]?["valid"] == true)
        let sums = json["endpoints"]?.arrayValue?[1]["sums"]
        #expect(sums?["good_calls"] == 0 && sums?["missed_calls"] == 96 && sums?["undetermined_calls"] == 0)
        #expect(sums?["good_share_lower_95"] == 0 && sums?["good_share_upper_95"]?.doubleValue != nil)
        #expect(sums?["ideal_cached_share"] == JSONValue.null, "no call of the fixture was planned")
    }

    @Test func `CSV has one row per figure, and nothing where nothing is known`() throws {
        let (ranking, analysis, _) = try judged()
        let figures = CSVFormat.figures(analysis).split(separator: "\r\n").map(String.init)
        #expect(figures[0] == "endpoint,metric,unit,quantile,value,worst_95,samples,effective_samples")
        #expect(figures.contains { $0.hasPrefix("a,time_to_first_token,s,0.99,,,96,") })
        #expect(figures.contains("b,attempted_calls,calls,,96.0,,,"))
        let order = CSVFormat.ranking(ranking, analysis).split(separator: "\r\n")
        #expect(order.count == 1 + 2 * Criterion.allCases.count)
        #expect(order[1].hasPrefix("score,a,self-hosted,"))
    }

    @Test func `an endpoint without a price is said not to be ranked, once, wherever the score is shown`() throws {
        let (ranking, analysis, _) = try judged(priced: ["b"])
        let report = Reports.ranking(ranking, analysis)
        let table = try #require(report.tables.first { $0.title == "Not ranked" })
        #expect(table.rows == [["a", "score: no price is known"]])
        #expect(!report.notices.contains { $0.contains("no price") })
        #expect(!Reports.ranking(ranking, analysis, by: .sessionTime).tables.contains { $0.title == "Not ranked" })
        #expect(CSVFormat.ranking(ranking, analysis).contains("cost,a,self-hosted,,,,,,,,no price is known\r\n"))
        let json = JSONFormat.ranking(ranking, analysis)
        #expect(json["criteria"]?.arrayValue?[0]["without_value"]?.arrayValue?[0]["endpoint"] == "a")
    }

    @Test func `what the report counts for each call can be added up from its rows`() throws {
        var fixture = RunFixture()
        let place = CallPlace(endpoint: 0, round: 0, session: 0, call: 0)
        var silent = RunFixture.call(place)
        silent.usage = TokenUsage()
        silent.plannedInput = 1000
        var told = RunFixture.call(CallPlace(endpoint: 0, round: 0, session: 0, call: 1), at: 400)
        told.plannedInput = 1000
        let refused = RunFixture.call(CallPlace(endpoint: 0, round: 0, session: 0, call: 2), at: 800, outcome: .server)
        fixture.addSession(0, 0, 0, calls: [silent, told, refused])
        let file = try fixture.file()
        var (bases, sum): ([JSONValue?], Double) = ([], 0)
        RawRows.json(file, .attempts) { row in
            bases.append(row["cost_basis"])
            sum += row["counted_cost_usd"]?.doubleValue ?? .nan
        }
        #expect(bases == ["plan", "usage", "nothing"])
        let list = try #require(try RunAnalysis([file]).endpoints[0].cost.list)
        #expect(abs(sum - list.dollars) < 1e-12)
    }

    @Test func `raw rows hold every attempt and every event`() throws {
        let (_, _, file) = try judged()
        var (attempts, events) = (0, 0)
        RawRows.json(file, .attempts) { row in
            attempts += 1
            #expect(row["outcome"] == "ok" && row["content_events"] == 11 && row["input_total"] == 1000)
        }
        RawRows.json(file, .events) { _ in events += 1 }
        #expect(attempts == 192 && events == 192 * 11)
        var lines: [String] = []
        RawRows.csv(file, .sessions) { lines.append($0) }
        #expect(lines.count == 17)
        #expect(lines[0] == "endpoint,round,session,name,began_ns,ended_ns,is_success,part\r\n")
    }
}
