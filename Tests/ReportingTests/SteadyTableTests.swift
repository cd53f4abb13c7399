import Analysis
import Fixtures
import Quantities
import Ranking
import Records
import Testing

@testable import Reporting

@Suite struct SteadyTableTests {
    /// Thirty sessions of endpoint a, two at a time, each of one call of 0.8 s; the last of all is alone for another 0.8 s.
    private func judged(live: Int, change: (inout AttemptRow) -> Void = { _ in }) throws -> (Ranking, RunAnalysis) {
        var fixture = RunFixture()
        fixture.rounds = 1
        fixture.sessionsPerRound = 31
        fixture.settings = "live_sessions: \(live)\nobjectives: {time_to_first_token: 150ms}"
        for session in 0..<31 {
            let place = CallPlace(endpoint: 0, round: 0, session: session, call: 0)
            var call = RunFixture.call(place, at: Int64(session / 2) * 800, gap: 69)
            change(&call)
            fixture.addSession(0, 0, session, calls: [call])
        }
        let analysis = try RunAnalysis([try fixture.file()])
        return (Ranking(analysis), analysis)
    }

    private func cells(_ report: Report, _ title: String) throws -> [String: String] {
        let table = try #require(report.tables.first { $0.title == title })
        return Dictionary(uniqueKeysWithValues: zip(table.columns.map(\.heading), table.rows[0]))
    }

    @Test func `the report gives window, ramp, drain, throughput and latency of the whole load, and goodput of it`()
        throws
    {
        let (ranking, analysis) = try judged(live: 2)
        let report = Reports.full(ranking, analysis)
        let cells = try cells(report, "Under the whole load")
        // From 0 to the end of the thirtieth call, at 11,200 + 791 ms; the round goes from −1 to 12,791.
        #expect(cells["rounds"] == "1 of 1" && cells["window, s"] == "12.0")
        #expect(cells["ramp, share"] == "<0.1 %" && cells["drain, share"] == "6.3 %")
        #expect(cells["calls"] == "30" && cells["TTFT p50, ms"] == "100")
        #expect(cells["output tokens/s"] == "27.5" && cells["sessions/h"] == "9006.8")
        let goodput = try self.cells(report, "Goodput")
        #expect(goodput["good calls/s"] == "2.50" && goodput["ramps included"] == "2.42" && goodput["good"] == "31")
        #expect(!report.notices.contains { $0.contains("steady window") }, "\(report.notices)")
        let json = JSONFormat.full(ranking, analysis)["endpoints"]?.arrayValue?[0]
        #expect(json?["sums"]?["good_calls_per_second"]?.doubleValue.map { abs($0 - 30 / 11.991) < 1e-9 } == true)
        #expect(json?["sums"]?["steady_time"]?.doubleValue == 11.991 && json?["sums"]?["steady_calls"] == 30)
        let samples = json?["metrics"]?["time_to_first_token_under_whole_load"]?["samples"]
        #expect(samples == 30 && json?["metrics"]?["time_to_first_token"]?["samples"] == 31)
    }

    @Test func `where answers do not tell their tokens the throughput is a least one`() throws {
        let (ranking, analysis) = try judged(live: 2) { call in
            if call.place.session < 15 { call.usage.outputTotal = nil }
        }
        let rate = try cells(Reports.full(ranking, analysis), "Under the whole load")["output tokens/s"]
        #expect(rate == "≥ 13.8")
    }

    @Test(arguments: [31, 40])
    func `a round with no more sessions than places has no such table, and it is said why and what helps`(live: Int)
        throws
    {
        let (ranking, analysis) = try judged(live: live)
        let full = Reports.full(ranking, analysis)
        #expect(!full.tables.contains { $0.title == "Under the whole load" })
        #expect(try cells(full, "Goodput")["good calls/s"] == "–")
        let wanted =
            "no steady window in any round: a round has no more sessions (31) than are to be live at once (\(live))"
        for notices in [full.notices, Reports.ranking(ranking, analysis).notices] {
            #expect(notices.contains { $0.hasPrefix(wanted) && $0.hasSuffix("more sessions_per_round") }, "\(notices)")
        }
        let json = JSONFormat.ranking(ranking, analysis)["notices"]?.arrayValue
        #expect(json?.contains { $0.stringValue?.hasPrefix(wanted) == true } == true)
    }

    @Test func `a window that is too short to trust is said to be`() throws {
        let (ranking, analysis) = try judged(live: 8)
        // From the eighth beginning to the twenty-fourth end: 2,400 to 8,800 + 791 ms.
        let notices = Reports.full(ranking, analysis).notices
        #expect(
            notices.contains { $0.contains("shorter than 10 s") && $0.contains("a in 1 of 1 round;") }, "\(notices)")
    }

    @Test(arguments: [(0, false), (110, true)])
    func `turn times that have not settled are said to be no steady state`(growing: Int, isSaid: Bool) throws {
        var fixture = RunFixture()
        (fixture.rounds, fixture.sessionsPerRound, fixture.settings) = (1, 121, "live_sessions: 1")
        for session in 0..<121 {
            let place = CallPlace(endpoint: 0, round: 0, session: session, call: 0)
            let gap = Int64(10 + min(session, growing))
            fixture.addSession(0, 0, session, calls: [RunFixture.call(place, at: Int64(session) * 2000, gap: gap)])
        }
        let analysis = try RunAnalysis([try fixture.file()])
        let notices = Reports.full(Ranking(analysis), analysis).notices
        let said = notices.filter { $0.hasPrefix("no steady state: turn times") && $0.contains(": a in 1 of 1 round;") }
        #expect(said.count == (isSaid ? 1 : 0), "\(notices)")
    }
}
