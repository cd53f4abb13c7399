import Fixtures
@testable import Profiles
import Quantities
import Records
import Testing

@testable import Analysis

@Suite struct SteadyWindowTests {
    private func session(_ place: Int, began: Int64) -> SessionRow {
        SessionRow(
            endpoint: 0, round: 0, session: place, name: "s", began: Instant(nanoseconds: began),
            ended: Instant(nanoseconds: began + 100), isSuccess: true)
    }

    private func attempt(_ session: Int, sent: Int64, first: Int64, outcome: OutcomeClass = .ok) -> AttemptRow {
        var row = AttemptRow(
            place: CallPlace(endpoint: 0, round: 0, session: session, call: 0), number: 0, outcome: outcome,
            ended: Instant(nanoseconds: sent + first))
        row.sent = Instant(nanoseconds: sent)
        if outcome.isSuccess {
            row.events = [ContentEvent(at: Instant(nanoseconds: sent + first), kind: .text, byteCount: 1)]
        }
        return row
    }

    @Test func `the window begins when the load is there and ends when it no longer is`() throws {
        // Two at a time, 100 ns each: two begin, two follow, and when the third ends its place stays empty.
        let sessions = [session(0, began: 10), session(1, began: 20), session(2, began: 110), session(3, began: 120)]
        let window = try #require(SteadyWindow(sessions.reversed(), liveCount: 2))
        #expect(window.begin.nanoseconds == 20 && window.end.nanoseconds == 210)
        #expect(window.length == .nanoseconds(190))
        let alone = try #require(SteadyWindow(Array(sessions[...2]), liveCount: 1))
        #expect(alone.begin.nanoseconds == 10 && alone.end.nanoseconds == 210, "one place is never left empty before")
        #expect(SteadyWindow(sessions, liveCount: 4) == nil, "nothing came after the load was there")
    }

    @Test func `in an open loop it begins when a session has ended and ends when the last has arrived`() throws {
        // Each lasts 100 ns. The third, which came first and failed, does not show that the load was whole.
        let sessions = [session(0, began: 10), session(1, began: 90), session(2, began: 5), session(3, began: 300)]
        var rows = sessions
        (rows[2].ended, rows[2].isSuccess) = (Instant(nanoseconds: 6), false)
        var late = attempt(3, sent: 300, first: 10)
        (late.due, late.predecessorEnd) = (Instant(nanoseconds: 250), Instant(nanoseconds: 300))
        var later = attempt(3, sent: 400, first: 10)
        (later.due, later.predecessorEnd) = (Instant(nanoseconds: 390), Instant(nanoseconds: 310))
        let window = try #require(SteadyWindow(arrivalsOf: rows.reversed(), [late, later]))
        #expect(window.begin.nanoseconds == 110)
        #expect(window.end.nanoseconds == 250, "the fourth had to wait for room, but had arrived")
        #expect(SteadyWindow(arrivalsOf: rows, [])?.end.nanoseconds == 300)
        let failed = rows.map { row in
            var row = row
            row.isSuccess = false
            return row
        }
        #expect(SteadyWindow(arrivalsOf: failed, [])?.begin.nanoseconds == 6, "the first end where none ended well")
        #expect(SteadyWindow(arrivalsOf: [rows[0], rows[1]], []) == nil, "all had arrived before one ended")
        #expect(SteadyWindow(arrivalsOf: [], []) == nil)
        let figure = window.attainment(
            [109, 110, 250, 251].map { attempt(0, sent: $0, first: 10) },
            [Objective(metric: .timeToFirstToken, limit: 1)])
        #expect(figure.trialCount == 2)
    }

    @Test func `only calls within it count, failures among them, and other routes do not`() throws {
        let sessions = [session(0, began: 0), session(1, began: 100)]
        let window = try #require(SteadyWindow(sessions, liveCount: 1))
        let objectives = [Objective(metric: .timeToFirstToken, limit: 50.5e-9)]
        var elsewhere = attempt(0, sent: 60, first: 10)
        elsewhere.routeMismatch = "another provider"
        var retried = attempt(0, sent: 65, first: 10)
        retried.number = 1
        let figure = window.attainment(
            [
                attempt(0, sent: 10, first: 50), attempt(0, sent: 20, first: 51),
                attempt(0, sent: 30, first: 1, outcome: .server),
                attempt(0, sent: 40, first: 1, outcome: .aborted), attempt(1, sent: 100, first: 10),
                attempt(1, sent: 201, first: 10), elsewhere, retried,
            ], objectives)
        #expect(figure.hitCount == 2 && figure.trialCount == 4)
        // One session all good and one all bad: two calls of each are worth no more than one.
        let clustered = window.attainment(
            [
                attempt(0, sent: 10, first: 10), attempt(0, sent: 20, first: 10), attempt(1, sent: 30, first: 90),
                attempt(1, sent: 40, first: 90),
            ], objectives)
        #expect(clustered.hitCount == 2 && clustered.trialCount == 4 && abs(clustered.effectiveTrialCount - 1) < 1e-9)
    }
}

@Suite struct HungUpTests {
    private func row(_ events: [(Int64, ContentKind)]) -> AttemptRow {
        var row = AttemptRow(
            place: CallPlace(endpoint: 0, round: 0, session: 0, call: 0), number: 0, outcome: .hungUp,
            ended: Instant(nanoseconds: 9_000_000_000))
        row.sent = Instant(nanoseconds: 0)
        row.firstByte = Instant(nanoseconds: 500_000_000)
        row.usage.outputTotal = 50
        row.events = events.map {
            ContentEvent(at: Instant(nanoseconds: $0.0 * 1_000_000_000), kind: $0.1, byteCount: 4)
        }
        return row
    }

    @Test func `an answer that we cut short tells when it began, and nothing of its end`() {
        let text = row([(1, .text), (2, .text)])
        #expect(CallMetric.timeToFirstToken.value(of: text) == 1)
        #expect(CallMetric.timeToFirstOutput.value(of: text) == 1)
        for metric in CallMetric.all where !metric.name.hasPrefix("time_to_first") {
            #expect(metric.value(of: text) == nil, "\(metric.name)")
        }
        let reasoned = row([(1, .reasoning)])
        #expect(CallMetric.timeToFirstToken.value(of: reasoned) == 1)
        #expect(CallMetric.timeToFirstOutput.value(of: reasoned) == nil)
        let nothing = row([])
        #expect(CallMetric.timeToFirstToken.value(of: nothing) == .infinity)
        #expect(CallMetric.timeToFirstByte.value(of: nothing) == 0.5)
        #expect(CallMetric.turnTime.value(of: nothing) == nil)
    }
}
