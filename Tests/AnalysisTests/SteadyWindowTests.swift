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
        let sessions = [session(0, began: 10), session(1, began: 20), session(2, began: 50), session(3, began: 90)]
        let window = try #require(SteadyWindow(sessions.reversed(), liveCount: 2))
        #expect(window.begin.nanoseconds == 20 && window.end.nanoseconds == 90)
        #expect(SteadyWindow(sessions, liveCount: 4) == nil, "nothing came after the load was there")
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
                attempt(1, sent: 101, first: 10), elsewhere, retried,
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
