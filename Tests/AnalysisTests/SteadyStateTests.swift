import Fixtures
import Quantities
import Records
import Testing

@testable import Analysis

@Suite struct SteadyStateTests {
    /// Two sessions at a time, four in all, and when they send their calls, in milliseconds; each call takes 200 of them.
    ///
    /// The first two begin at 0 and end at 1001 and 1501, where the next two begin. The third of all ends at 2001 and leaves
    /// its place empty: from 0 to 2001 two are live. The last is alone until 3001.
    private static let course: [[Int64]] = [[0, 800], [0, 1300], [1001, 1800], [1501, 1850, 2800]]

    private func fixture(
        _ course: [[Int64]] = Self.course, settings: String = "live_sessions: 2",
        change: (inout AttemptRow) -> Void = { _ in }
    ) -> RunFixture {
        var fixture = RunFixture()
        fixture.settings = settings + "\nobjectives: {time_to_first_token: 150ms}"
        for (session, times) in course.enumerated() {
            let calls = times.enumerated().map { index, time in
                var call = RunFixture.call(
                    CallPlace(endpoint: 0, round: 0, session: session, call: index), at: time)
                change(&call)
                return call
            }
            fixture.addSession(0, 0, session, calls: calls)
        }
        return fixture
    }

    private func endpoint(_ fixture: RunFixture) throws -> EndpointAnalysis {
        try RunAnalysis([try fixture.file()]).endpoints[0]
    }

    private func isNear(_ value: Double?, _ expected: Double) -> Bool {
        value.map { abs($0 - expected) < 1e-9 * max(1, expected) } ?? false
    }

    @Test func `rates are those of the time in which the whole load was there`() throws {
        let endpoint = try endpoint(fixture())
        let steady = endpoint.steady
        #expect(steady.roundCount == 1 && steady.windowCount == 1)
        #expect(steady.length == .milliseconds(2001))
        // The first call is due 1 ms before it is sent; the last ends at 3001.
        #expect(isNear(steady.rampShare, 1 / 3002) && isNear(steady.drainShare, 1000 / 3002))
        // All calls but that at 2800.
        #expect(steady.attainment.goodCount == 8 && steady.attainment.attemptedCount == 8)
        #expect(isNear(steady.goodput, 8 / 2.001))
        #expect(isNear(endpoint.goodCallsPerActiveSecond, 9 / 3.002))
        #expect(endpoint.attainment.attemptedCount == 9, "all calls that were sent tell how many are good")
        // Eleven tokens a call; six of that at 1850 came at 1950, 1960 … 2000.
        #expect(isNear(steady.outputTokens, 7 * 11 + 6) && isNear(steady.outputRate, 83 / 2.001))
        #expect(steady.completedSessionCount == 3 && isNear(steady.sessionsPerHour, 3 / 2.001 * 3600))
        #expect(steady.summary(.timeToFirstToken)?.count == 8)
        #expect(endpoint.summary(.timeToFirstToken)?.count == 9, "a ranking compares whole sessions")
    }

    @Test func `latency is that of the calls that were sent under the whole load`() throws {
        // The call that comes when the load is gone is fast, and says nothing of the load.
        let fast = fixture { call in
            if call.sent == Instant(nanoseconds: 2_800_000_000) {
                call.events[0].at = Instant(nanoseconds: 2_801_000_000)
            }
        }
        let endpoint = try endpoint(fast)
        #expect(endpoint.summary(.timeToFirstToken)?.fromBest.first == 0.001)
        #expect(endpoint.steady.summary(.timeToFirstToken)?.fromBest == Array(repeating: 0.1, count: 8))
    }

    @Test
    func `tokens that are not told are not taken as none, and hidden reasoning came before the first that was seen`()
        throws
    {
        let silent = fixture { call in if call.place.session == 0 { call.usage.outputTotal = nil } }
        let some = try endpoint(silent).steady
        #expect(isNear(some.outputTokens, 5 * 11 + 6) && some.attemptsWithoutOutputCount == 2)
        let none = try endpoint(fixture { $0.usage.outputTotal = nil }).steady
        #expect(none.outputRate == nil && none.attemptsWithoutOutputCount == 8)
        let hidden = fixture { call in
            if call.place.session == 3, call.place.call == 1 { call.usage.outputReasoning = 5 }
        }
        #expect(isNear(try endpoint(hidden).steady.outputTokens, 7 * 11 + 5 + 6 * 6 / 11))
        let weighed = fixture { call in
            if call.place.session == 3, call.place.call == 1 { call.events[0].byteCount = 44 }
        }
        // 44 bytes and ten times 4: the first six events hold 64 of 84.
        #expect(isNear(try endpoint(weighed).steady.outputTokens, 7 * 11 + 11 * 64 / 84))
    }

    @Test func `failed calls are load and no good calls, and failed sessions are no finished work`() throws {
        var failing = fixture()
        for index in failing.attempts.indices where failing.attempts[index].place.session == 1 {
            failing.attempts[index].outcome = .server
            failing.attempts[index].events = []
        }
        failing.sessions[1].isSuccess = false
        let steady = try endpoint(failing).steady
        #expect(steady.length == .milliseconds(2001))
        #expect(steady.attainment.goodCount == 6 && steady.attainment.failedCount == 2)
        #expect(steady.completedSessionCount == 2)
        #expect(isNear(steady.outputTokens, 5 * 11 + 6))
    }

    @Test func `a session that is set apart is load, and counts for nothing`() throws {
        let steady = try endpoint(
            fixture { if $0.place.session == 1 { $0.routeMismatch = "another" } }
        ).steady
        #expect(steady.length == .milliseconds(2001) && steady.attainment.goodCount == 6)
        #expect(steady.completedSessionCount == 2 && isNear(steady.outputTokens, 5 * 11 + 6))
    }

    @Test func `a round without a window has no rate`() throws {
        let even = try endpoint(fixture(settings: "live_sessions: 4"))
        #expect(even.steady.roundCount == 1 && even.steady.windowCount == 0 && even.steady.length == .zero)
        #expect(even.steady.goodput == nil && even.steady.outputRate == nil && even.steady.sessionsPerHour == nil)
        #expect(even.steady.rampShare == nil && even.steady.drainShare == nil)
        #expect(even.goodCallsPerActiveSecond != nil)
        var cut = fixture()
        cut.attempts[cut.attempts.count - 1].part = 1
        let plan = try cut.file().documents.plan
        func windowCount(_ fixture: RunFixture) -> Int {
            SteadyState(
                fixture.attempts, all: fixture.attempts, sessions: fixture.sessions, void: [], plan
            ).windowCount
        }
        #expect(windowCount(fixture()) == 1)
        #expect(windowCount(cut) == 0, "the clocks of two processes cannot be compared")
        let nobody = try RunAnalysis([try fixture().file()]).endpoints[1].steady
        #expect(nobody.roundCount == 0 && nobody.goodput == nil)
    }

    @Test(arguments: [(Int64(1), Int64(2800), 1), (4, 2800, 1), (6, 2800, 0), (6, 40_000, 1)])
    func `a window of less than ten seconds, or of a tenth of its round, rests on little`(
        factor: Int64, last: Int64, shortCount: Int
    ) throws {
        var course = Self.course.map { $0.map { $0 * factor } }
        course[3][2] = last * factor
        let steady = try endpoint(fixture(course)).steady
        #expect(steady.windowCount == 1 && steady.shortCount == shortCount, "\(steady.length)")
    }

    @Test(arguments: [(0, 0), (40, 0), (180, 1)])
    func `turn times that grow for most of the window are no steady state`(growing: Int, unsettledCount: Int) throws {
        // Two at a time, one call a session; turn times grow from 200 ms on, for so many calls.
        let course = (0..<202).map { [Int64($0 / 2) * 4000] }
        let rising = fixture(course) { call in
            let delay = Int64(min(call.place.session, growing)) * 15 + Int64(call.place.session % 5)
            for index in call.events.indices {
                call.events[index].at = call.events[index].at.advanced(by: .milliseconds(delay))
            }
            call.ended = call.ended.advanced(by: .milliseconds(delay))
        }
        let steady = try endpoint(rising).steady
        #expect(steady.judgedCount == 1 && steady.unsettledCount == unsettledCount)
        #expect(steady.attainment.attemptedCount >= 200, "nothing is cut away")
    }

    @Test func `in an open loop the window ends with the last arrival`() throws {
        // Sessions end at 1001, 1501, 3001; the last arrives at 2499, and is served 1 ms later.
        let open = fixture([[0, 800], [500, 1300], [900, 2800], [2500]], settings: "load: {kind: poisson, rate: 1}")
        let steady = try endpoint(open).steady
        // From the first end to the last arrival: the call at 1300.
        #expect(steady.length == .milliseconds(1498) && steady.attainment.goodCount == 1)
        #expect(isNear(steady.goodput, 1 / 1.498))
        #expect(steady.completedSessionCount == 1, "with the first end it begins, and so that does not count")
    }
}
