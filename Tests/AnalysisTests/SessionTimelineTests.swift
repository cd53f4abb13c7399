import Fixtures
import Quantities
import Records
import Testing

@testable import Analysis

@Suite struct SessionTimelineTests {
    /// A call of session 0 that was sent at `start` ms, due one before, with content from 100 to 200 ms after that.
    private func call(
        _ index: Int, at start: Int64, number: Int = 0, outcome: OutcomeClass = .ok, isFinal: Bool = false
    ) -> AttemptRow {
        var row = RunFixture.call(
            CallPlace(endpoint: 0, round: 0, session: 0, call: index), at: start, outcome: outcome)
        row.number = number
        row.context = CallContext(agent: "main", previousCall: nil, isFinal: isFinal)
        return row
    }

    private func isNear(_ value: Double?, _ expected: Double?) -> Bool {
        guard let value, let expected else { return value == nil && expected == nil }
        return value == expected || abs(value - expected) < 1e-9
    }

    @Test
    func `the final answer begins with its first content of any kind, and the session with its first call's due time`()
    {
        var final = call(1, at: 500, isFinal: true)
        final.events[0].kind = .reasoning
        let timeline = SessionTimeline([call(0, at: 0), final])
        #expect(isNear(timeline.timeToFinalAnswer, 0.601))
        #expect(isNear(timeline.wallTime, 0.701), "the last content ends it, not the usage after that")
        #expect(timeline.rateLimitWait == 0 && timeline.rateLimitedCount == 0)
    }

    @Test func `in an open loop a session starts when it arrives, though there was no room for it yet`() {
        var first = call(0, at: 1000)
        first.due = Instant(nanoseconds: 400_000_000)
        first.predecessorEnd = Instant(nanoseconds: 999_000_000)
        let timeline = SessionTimeline([first, call(1, at: 2000, isFinal: true)])
        #expect(isNear(timeline.timeToFinalAnswer, 1.7))
        #expect(isNear(timeline.wallTime, 1.8) && timeline.rateLimitWait == 0)
    }

    @Test func `helpers that begin later do not move the final answer, but they move the end`() {
        let timeline = SessionTimeline([call(0, at: 0), call(1, at: 500, isFinal: true), call(2, at: 600)])
        #expect(isNear(timeline.timeToFinalAnswer, 0.601))
        #expect(isNear(timeline.wallTime, 0.801))
    }

    @Test func `a final call that was sent again is answered by the attempt that succeeded`() {
        let refused = call(0, at: 0, outcome: .server, isFinal: true)
        let timeline = SessionTimeline([refused, call(0, at: 2000, number: 1, isFinal: true)])
        #expect(isNear(timeline.timeToFinalAnswer, 2.101))
        #expect(timeline.rateLimitWait == 0, "only a rate limit makes one wait for a rate limit")
    }

    @Test func `what cannot be known is not told`() {
        var old = [call(0, at: 0), call(1, at: 500)]
        for index in old.indices { old[index].context = nil }
        #expect(SessionTimeline(old).timeToFinalAnswer == nil)
        #expect(isNear(SessionTimeline(old).wallTime, 0.701))
        var cut = [call(0, at: 9000), call(1, at: 500, isFinal: true)]
        cut[1].part = 1
        let timeline = SessionTimeline(cut)
        #expect(timeline.timeToFinalAnswer == nil && timeline.wallTime == nil && timeline.rateLimitWait == nil)
        var silent = call(0, at: 0, outcome: .hungUp, isFinal: true)
        silent.events = []
        #expect(SessionTimeline([silent]).timeToFinalAnswer == .infinity)
        #expect(SessionTimeline([]).wallTime == nil)
    }

    @Test func `a wait for a rate limit goes from the refusal's end to the next start, and side by side counts once`() {
        /// A refusal that ends at `end` ms and is sent again at `next` ms.
        func retried(_ index: Int, _ end: Int64, _ next: Int64, _ outcome: OutcomeClass = .rateLimited) -> [AttemptRow]
        {
            var refused = call(index, at: end - 50, outcome: outcome)
            refused.ended = Instant(nanoseconds: end * 1_000_000)
            var again = call(index, at: next + 5, number: 1)
            again.started = Instant(nanoseconds: next * 1_000_000)
            return [refused, again]
        }
        let cases: [(attempts: [AttemptRow], wait: Double, count: Int)] = [
            (retried(0, 100, 1100), 1, 1),
            (retried(0, 100, 1100) + retried(1, 2000, 2500), 1.5, 2),
            (retried(0, 100, 1100) + retried(1, 600, 1600), 1.5, 2),
            (retried(0, 100, 1100) + retried(1, 200, 400), 1, 2),
            (retried(0, 100, 1100, .overloaded), 0, 0),
            ([call(0, at: 0, outcome: .rateLimited), call(1, at: 900)], 0, 1),
        ]
        for (attempts, wait, count) in cases {
            let timeline = SessionTimeline(attempts)
            #expect(isNear(timeline.rateLimitWait, wait), "\(String(describing: timeline.rateLimitWait)), not \(wait)")
            #expect(timeline.rateLimitedCount == count)
        }
        var thrice = retried(0, 100, 1100)
        thrice[1].outcome = .rateLimited
        thrice[1].ended = Instant(nanoseconds: 1_200_000_000)
        thrice.append(call(0, at: 3200, number: 2))
        // From 100 to 1100 and from 1200 to 3199, where the third attempt starts.
        #expect(isNear(SessionTimeline(thrice).rateLimitWait, 2.999))
        #expect(SessionTimeline(thrice).rateLimitedCount == 2)
    }
}

@Suite struct AgentSessionTests {
    private func fixture() -> RunFixture {
        var fixture = RunFixture()
        fixture.sessionsPerRound = 3
        for (session, lengths) in [2, 5, 3].enumerated() {
            let calls = (0..<lengths).map { index in
                var row = RunFixture.call(
                    CallPlace(endpoint: 0, round: 0, session: session, call: index), at: Int64(index) * 1000)
                row.context = CallContext(
                    agent: "main", previousCall: index > 0 ? index - 1 : nil, isFinal: index == lengths - 1)
                return row
            }
            fixture.addSession(0, 0, session, calls: calls)
        }
        return fixture
    }

    @Test func `calls, final answers and wall times are those of the sessions that ended`() throws {
        let sessions = try RunAnalysis([try fixture().file()]).endpoints[0].agents.sessions
        #expect(sessions.endedCount == 3 && sessions.callCount == 10)
        #expect(sessions.medianCallsPerSession == 3)
        #expect(sessions.meanCallsPerSession == 10.0 / 3)
        #expect(sessions.timeToFinalAnswer.fromBest.map { Int(($0 * 1000).rounded()) } == [1101, 2101, 4101])
        #expect(sessions.wallTime.fromBest.map { Int(($0 * 1000).rounded()) } == [1201, 2201, 4201])
        #expect(sessions.rateLimitWaits.secondsPerSession == 0 && sessions.rateLimitWaits.shareOfWallTime == 0)
        let none = try RunAnalysis([try RunFixture().file()]).endpoints[0].agents.sessions
        #expect(none.meanCallsPerSession == nil && none.medianCallsPerSession == nil)
        #expect(none.rateLimitWaits.secondsPerSession == nil && none.rateLimitWaits.shareOfWallTime == nil)
    }

    @Test func `a failed session is unbounded, its skipped calls were not sent, and one of another route says nothing`()
        throws
    {
        var fixture = fixture()
        // Session 0 fails in its second call; of session 1 the last three calls are left out after a failure.
        for index in fixture.attempts.indices {
            let place = fixture.attempts[index].place
            if place.session == 1, place.call >= 1 {
                fixture.attempts[index].outcome = place.call == 1 ? .rateLimited : .skipped
                fixture.attempts[index].skipReason = place.call == 1 ? nil : "session-failed"
                fixture.attempts[index].events = []
                if place.call > 1 {
                    (fixture.attempts[index].due, fixture.attempts[index].sent) = (nil, nil)
                }
            }
            if place.session == 2, place.call == 0 { fixture.attempts[index].routeMismatch = "served by B, A wanted" }
        }
        fixture.sessions[1].isSuccess = false
        let sessions = try RunAnalysis([try fixture.file()]).endpoints[0].agents.sessions
        #expect(sessions.endedCount == 2 && sessions.callCount == 4)
        #expect(sessions.timeToFinalAnswer.fromBest.last == .infinity && sessions.timeToFinalAnswer.count == 2)
        #expect(sessions.wallTime.fromBest.last == .infinity && sessions.wallTime.count == 2)
        #expect(sessions.rateLimitedCount == 1 && sessions.rateLimitWaits.waitingSessionCount == 0)
        #expect(sessions.rateLimitWaits.sessionCount == 2, "the wall time of a failed session is known all the same")
    }

    @Test func `waits count against the wall time of all sessions`() throws {
        var fixture = fixture()
        var refused = RunFixture.call(
            CallPlace(endpoint: 0, round: 0, session: 0, call: 0), at: -1000, outcome: .rateLimited)
        refused.ended = Instant(nanoseconds: -900_000_000)
        fixture.attempts[0].number = 1
        fixture.attempts.append(refused)
        let sessions = try RunAnalysis([try fixture.file()]).endpoints[0].agents.sessions
        let waits = sessions.rateLimitWaits
        // From -900 ms to the start at -1 ms; the session now lasts from -1001 to 1200 ms.
        #expect(abs(waits.seconds - 0.899) < 1e-9 && waits.waitingSessionCount == 1)
        #expect(abs(waits.wallSeconds - (2.201 + 4.201 + 2.201)) < 1e-9)
        #expect(abs((waits.secondsPerSession ?? 0) - 0.899 / 3) < 1e-9)
        #expect(abs((waits.shareOfWallTime ?? 0) - 0.899 / 8.603) < 1e-9)
        #expect(sessions.rateLimitedCount == 1 && sessions.callCount == 10)
    }
}
