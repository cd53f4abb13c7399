import Analysis
import Encodings
import Fixtures
import Quantities
import Ranking
import Records
import Testing

@testable import Reporting

@Suite struct OutputAdherenceReportTests {
    /// Four calls of 11 tokens at two endpoints; `a` ended three of them itself, `b` none, but one is far too long.
    private func judged(_ policy: String, isForced: Bool = false) throws -> (Ranking, RunAnalysis, RunFile) {
        var fixture = RunFixture()
        fixture.rounds = 1
        fixture.settings = "output_length: \(policy)"
        fixture.request = "output_control: {minimum_field: min_tokens}"
        for endpoint in 0...1 {
            let calls = (0..<4).map { index in
                let place = CallPlace(endpoint: endpoint, round: 0, session: 0, call: index)
                var row = RunFixture.call(
                    place, at: Int64(index) * 1000, tokens: endpoint == 1 && index == 3 ? 22 : 11)
                row.wantedOutput = policy == "natural" ? nil : WantedOutput(tokens: 11, isForced: isForced)
                row.finishReason = endpoint == 0 && index < 3 ? "stop" : "length"
                return row
            }
            fixture.addSession(endpoint, 0, 0, calls: calls)
        }
        let file = try fixture.file()
        let analysis = try RunAnalysis([file])
        return (Ranking(analysis), analysis, file)
    }

    private func tokens(_ report: Report) throws -> Table {
        try #require(report.tables.first { $0.title == "Tokens" })
    }

    @Test func `a capped plan tells who ended early, and over what decode speed is`() throws {
        let (ranking, analysis, _) = try judged("capped")
        let report = Reports.full(ranking, analysis)
        let table = try tokens(report)
        #expect(table.rows.map { Array($0.suffix(4)) } == [["75.0 %", "4", "0 %", "4"], ["0 %", "4", "25.0 %", "4"]])
        #expect(table.rows.allSatisfy { $0.count == table.columns.count })
        #expect(table.note?.contains("they are in all figures but TPOT and decode speed") == true)
        #expect(
            report.notices.contains {
                $0.hasPrefix("Answers that ended before the recorded length: a 75.0 % (3 of 4).")
            })
        #expect(report.notices.contains { $0.contains("over 5 % off the wanted length: b 25.0 % (1 of 4).") })
        #expect(report.introduction.contains { $0.contains(", capped output length") })
    }

    @Test func `an exact plan tells whose lengths are off, and nobody ends early in it`() throws {
        let (ranking, analysis, _) = try judged("exact", isForced: true)
        let report = Reports.full(ranking, analysis)
        #expect(
            try tokens(report).rows.map { Array($0.suffix(4)) } == [
                ["–", "0", "0 %", "4"], ["–", "0", "25.0 %", "4"],
            ])
        #expect(!report.notices.contains { $0.hasPrefix("Answers that ended") })
        #expect(JSONFormat.ranking(ranking, analysis)["notices"]?.text().contains("b 25.0 % (1 of 4)") == true)
    }

    @Test func `a natural plan has nothing of it`() throws {
        let (ranking, analysis, _) = try judged("natural")
        let report = Reports.full(ranking, analysis)
        #expect(try tokens(report).columns.count == 8)
        #expect(!report.notices.contains { $0.hasPrefix("Answers ") })
        #expect(!report.introduction.contains { $0.contains("output length") })
    }

    @Test func `JSON, CSV and the raw rows hold the counts`() throws {
        let (ranking, analysis, file) = try judged("capped")
        let endpoints = try #require(JSONFormat.full(ranking, analysis)["endpoints"]?.arrayValue)
        #expect(endpoints[0]["sums"]?["answers_ended_early"] == 3 && endpoints[0]["sums"]?["capped_answers"] == 4)
        #expect(endpoints[1]["sums"]?["answers_off_wanted_length"] == 1)
        let lines = Set(CSVFormat.figures(analysis).split(separator: "\r\n").map(String.init))
        for line in ["a,ended_early_share,,,0.75,,,", "b,off_wanted_length_share,,,0.25,,,"] {
            #expect(lines.contains(line), "\(line)")
        }
        var rows: [JSONValue] = []
        RawRows.json(file, .attempts) { rows.append($0) }
        #expect(rows.allSatisfy { $0["wanted_output_tokens"] == 11 && $0["output_is_forced"] == false })
    }
}
