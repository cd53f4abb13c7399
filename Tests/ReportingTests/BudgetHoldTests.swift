import Encodings
import Fixtures
import Quantities
import Ranking
import Records
import Reporting
import Testing

@testable import Analysis

@Suite struct BudgetHoldTests {
    /// A call that is due at 1 s less one millisecond, and that the budget lets go after so many milliseconds.
    private func call(_ endpoint: Int, held milliseconds: Int64, index: Int = 0) -> AttemptRow {
        let place = CallPlace(endpoint: endpoint, round: 0, session: 0, call: index)
        var row = RunFixture.call(place, at: 1000 + milliseconds + 2000 * Int64(index))
        row.due = row.due?.advanced(by: .milliseconds(-milliseconds))
        row.predecessorEnd = row.predecessorEnd?.advanced(by: .milliseconds(-milliseconds))
        row.budgetHold = .milliseconds(milliseconds)
        return row
    }

    @Test(arguments: [Int64(0), 1, 80, 60_000])
    func `a wait for money is neither the harness's nor the endpoint's`(held: Int64) {
        let (free, row) = (call(0, held: 0), call(0, held: held))
        #expect(HarnessVerdict(attempts: [row], health: []) == HarnessVerdict(attempts: [free], health: []))
        for metric in [CallMetric.scheduledTimeToFirstToken, .scheduledTurnTime] {
            #expect(metric.value(of: row) == metric.value(of: free), "\(metric.name)")
        }
        #expect(row.predecessorDelay == 0)
        let timelines = (SessionTimeline([free]), SessionTimeline([row]))
        #expect(timelines.0.wallTime == timelines.1.wallTime)
    }

    @Test func `a wait for money before a call is sent again is no wait that a provider asked for`() {
        var waits: [Double] = []
        var times: [Double] = []
        for held in [Int64(0), 4000] {
            var refused = call(0, held: 0)
            (refused.outcome, refused.willRetry) = (.rateLimited, true)
            refused.ended = Instant(nanoseconds: 2_000_000_000)
            var again = RunFixture.call(refused.place, at: 3001 + held)
            again.number = 1
            again.budgetHold = .milliseconds(held)
            waits.append(SessionTimeline([refused, again]).rateLimitWait ?? -1)
            var fixture = RunFixture()
            fixture.rounds = 1
            fixture.addSession(0, 0, 0, calls: [refused, again])
            fixture.sessions[0].isSuccess = true
            let analysis = try? RunAnalysis([try fixture.file()])
            times.append(analysis?.endpoints.first?.sessionModelTime.fromBest.first ?? -1)
        }
        #expect(waits[0] == waits[1] && waits[0] > 0.99, "\(waits)")
        #expect(abs(times[0] - times[1]) < 1e-9 && times[0] > 0, "\(times)")
    }

    @Test func `sessions that had to wait for money began in time`() {
        func verdict(_ holds: [Int64]) -> HarnessVerdict {
            let rows = holds.enumerated().map { session, held in
                var row = call(0, held: held, index: session)
                row.place = CallPlace(endpoint: 0, round: 0, session: session, call: 0)
                return row
            }
            return HarnessVerdict(attempts: rows, health: [], isOpen: true)
        }
        #expect(verdict([0, 0, 500, 4000]).findings == [])
    }

    @Test func `what the harness added to a hold is still its own`() {
        var row = call(0, held: 80)
        row.started = row.started?.advanced(by: .milliseconds(60))
        #expect(!HarnessVerdict(attempts: [row], health: []).isValid)
    }

    @Test func `the report says how many calls were held, and for how long, and nothing where none was`() throws {
        func notices(_ holds: [Int64]) throws -> [String] {
            var fixture = RunFixture()
            fixture.rounds = 1
            for endpoint in 0..<2 {
                let calls = holds.enumerated().map { call(endpoint, held: endpoint == 0 ? $1 : 0, index: $0) }
                fixture.addSession(endpoint, 0, 0, calls: calls)
            }
            let file = try fixture.file()
            let analysis = try RunAnalysis([file])
            var rows: [JSONValue] = []
            RawRows.json(file, .attempts) { rows.append($0) }
            #expect(
                rows.prefix(holds.count).map { $0["budget_hold_ns"]?.integerValue } == holds.map { Int($0) * 1_000_000 }
            )
            #expect(rows.allSatisfy { $0["closed_ns"] != nil && $0["closed_ns"] == $0["ended_ns"] })
            #expect(analysis.budgetHolds.startedCount == 2 * holds.count)
            return Reports.full(Ranking(analysis), analysis).notices.filter { $0.hasPrefix("The budget held back") }
        }
        #expect(try notices([0, 0, 0]).isEmpty)
        let found = try notices([20, 0, 1250])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("The budget held back 2 of 6 attempts, for 1.250 s at most") == true)
    }
}
