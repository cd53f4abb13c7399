import Fixtures
import Quantities
import Records
import Statistics
import Testing

@testable import Analysis

private func place(_ endpoint: Int = 0, _ round: Int = 0, _ session: Int = 0, _ call: Int = 0) -> CallPlace {
    CallPlace(endpoint: endpoint, round: round, session: session, call: call)
}

@Suite struct MetricTests {
    @Test(arguments: [
        ("time_to_first_byte", 0.1), ("time_to_first_token", 0.1), ("time_to_first_output", 0.1),
        ("time_per_output_token", 0.01), ("longest_stall", 0.01), ("turn_time", 0.2), ("scheduled_turn_time", 0.201),
        ("close_delay", 0.001), ("decode_tokens_per_second", 100), ("turn_tokens_per_second", 55),
    ])
    func `a call of known times has known figures`(name: String, expected: Double) throws {
        let call = RunFixture.call(place())
        let metric = try #require(CallMetric.all.first { $0.name == name })
        let value = try #require(metric.value(of: call))
        #expect(abs(value - expected) < 1e-9, "\(value)")
    }

    @Test func `a failed call has the worst value of every metric`() {
        let call = RunFixture.call(place(), outcome: .server)
        for metric in CallMetric.all {
            #expect(metric.value(of: call) == (metric.isBetterWhenLower ? .infinity : 0))
        }
    }

    @Test func `reasoning is content but no output, and a tool call is output`() throws {
        var call = RunFixture.call(place())
        for index in 0..<5 { call.events[index].kind = .reasoning }
        call.events[5].kind = .toolName
        #expect(CallMetric.timeToFirstToken.value(of: call) == 0.1)
        #expect(try #require(CallMetric.timeToFirstOutput.value(of: call)).isNear(0.15))
        #expect(try #require(CallMetric.timeToFirstToolCall.value(of: call)).isNear(0.15))
        for index in call.events.indices { call.events[index].kind = .reasoning }
        #expect(CallMetric.timeToFirstOutput.value(of: call) == .infinity)
        #expect(CallMetric.timeToFirstToolCall.value(of: call) == nil)
    }

    @Test func `what cannot be known has no value`() {
        let uncounted = RunFixture.call(place(), tokens: nil)
        #expect(CallMetric.decodeRate.value(of: uncounted) == nil)
        #expect(CallMetric.timePerOutputToken.value(of: uncounted) == nil)
        #expect(CallMetric.turnRate.value(of: uncounted) == nil)
        let single = RunFixture.call(place(), chunks: 1, tokens: 1)
        #expect(CallMetric.decodeRate.value(of: single) == nil)
        #expect(CallMetric.longestStall.value(of: single) == nil)
        let whole = RunFixture.call(place(), chunks: 1, tokens: 21)
        #expect(CallMetric.timePerOutputToken.value(of: whole) == nil, "one chunk tells no speed, not a perfect one")
        let coalesced = RunFixture.call(place(), gap: 0)
        #expect(CallMetric.decodeRate.value(of: coalesced) == nil, "all content at one instant is no infinite speed")
    }
}

@Suite struct SummaryTests {
    @Test func `too few samples give no figure, and failures make the tail unbounded`() throws {
        let few = MetricSummary(inTimeOrder: [1, 2, 3, 4, 5, 6, 7])
        #expect(few.quantile(0.5) == nil)
        let values = (0..<100).map { Double($0 * 37 % 100) } + [.infinity]
        let summary = MetricSummary(inTimeOrder: values, effectiveCount: 101)
        #expect(summary.quantile(0.5)?.value == 50)
        #expect(summary.quantile(0.99) == nil)
        // The bound of p95 at n = 101 is the largest value but none: t = 1, which is the failure.
        #expect(summary.quantile(0.95)?.worstBound == .infinity)
        #expect(try #require(summary.quantile(0.95)).value == 95)
    }

    @Test func `the tail of a rate is its slow end`() throws {
        let rates = MetricSummary(
            inTimeOrder: (1...200).map(Double.init), isBetterWhenLower: false, effectiveCount: 200)
        let figure = try #require(rates.quantile(0.9))
        #expect(figure.value < 25 && figure.value > 15)
        #expect(figure.worstBound <= figure.value)
    }

    @Test func `values that hang together are worth fewer, also with failures among them`() {
        let blocks = (0..<200).map { Double(($0 / 20) % 2) } + [.infinity]
        #expect(MetricSummary(inTimeOrder: blocks).effectiveCount < 40)
        var generator = SeededGenerator(seed: Seed(3))
        let independent = (0..<200).map { _ in generator.uniform() }
        #expect(MetricSummary(inTimeOrder: independent).effectiveCount > 120)
    }

    @Test func `failures that come in rounds widen the interval of the share`() throws {
        let scattered = ShareFigure(clusters: (0..<10).map { _ in (hits: 9, trials: 10) })
        #expect(scattered.effectiveTrialCount == 100)
        let clustered = ShareFigure(clusters: (0..<10).map { (hits: $0 == 0 ? 0 : 10, trials: 10) })
        // All of one round fails: ten trials a round are worth one.
        #expect(abs(clustered.effectiveTrialCount - 9) < 1.1)
        #expect(clustered.share == scattered.share)
        let (narrow, wide) = (try #require(scattered.interval), try #require(clustered.interval))
        #expect(wide.lower < narrow.lower && wide.upper > narrow.upper)
        #expect(ShareFigure(clusters: []).interval == nil)
    }
}

@Suite struct RunAnalysisTests {
    @Test func `an endpoint's figures count every attempt`() throws {
        var fixture = RunFixture()
        fixture.settings = "objectives: {time_to_first_token: 150ms, decode_rate: 50}"
        fixture.addSession(0, 0, 0, calls: [RunFixture.call(place()), RunFixture.call(place(0, 0, 0, 1), at: 500)])
        var failed = RunFixture.call(place(0, 1, 0, 0), outcome: .rateLimited)
        failed.ended = Instant(nanoseconds: 50_000_000)
        var skipped = RunFixture.call(place(0, 1, 0, 1), outcome: .skipped)
        skipped.skipReason = "session-failed"
        fixture.addSession(0, 1, 0, calls: [failed, skipped])
        let analysis = try RunAnalysis([try fixture.file()])
        let a = analysis.endpoints[0]
        #expect(a.attemptedCount == 3)
        #expect(a.success.hitCount == 2 && a.success.trialCount == 3)
        #expect(a.outcomes == [.ok: 2, .rateLimited: 1, .skipped: 1])
        #expect(a.sessionSuccess.hitCount == 1 && a.sessionSuccess.trialCount == 2)
        #expect(a.sessions[0].first.map { abs($0.modelTime - 0.4) < 1e-9 } == true)
        #expect(a.sessions[1].first?.modelTimeOrFailure == .infinity)
        #expect(a.sessions[1].first?.modelTime == 0.05)
        // 600 fresh at 1, 400 cached at 0.1, 11 output at 4 dollars per million.
        let perCall: Int64 = 684_000_000
        #expect(a.cost.list?.picodollars == 2 * perCall)
        #expect(a.costPerTurn?.picodollars == 2 * perCall / 3)
        #expect(a.costPerSuccessfulSession?.picodollars == 2 * perCall)
        #expect(a.tokens.cacheShare == 0.4)
        #expect(a.attainment.goodCount == 2 && a.attainment.missedCount == 1)
        #expect(analysis.endpoints[1].attemptedCount == 0)
        #expect(analysis.endpoints[1].success.share == nil)
    }

    @Test func `a call that tells no usage costs what was planned, and only a refusal costs nothing`() throws {
        var fixture = RunFixture()
        var silent = RunFixture.call(place())
        silent.usage = TokenUsage()
        silent.plannedInput = 1000
        silent.plannedOutput = 10
        fixture.addSession(0, 0, 0, calls: [silent])
        fixture.addSession(0, 1, 0, calls: [RunFixture.call(place(0, 1), outcome: .server)])
        let a = try RunAnalysis([try fixture.file()]).endpoints[0]
        #expect(a.cost.list?.picodollars == 1_040_000_000)
        #expect(a.cost.estimatedCalls == 1)
        #expect(a.tokens.callsWithoutUsage == 1)
        #expect(a.tokens.cacheShare == nil, "unknown is not zero")
        #expect(a.attainment.attemptedCount == 2)
        // A prompt that was taken and never answered was read all the same.
        var late = RunFixture.call(place(0, 1), outcome: .timeoutFirstToken)
        late.plannedInput = 1000
        fixture.addSession(0, 1, 0, calls: [late])
        fixture.attempts.removeAll { $0.outcome == .server }
        let b = try RunAnalysis([try fixture.file()]).endpoints[0]
        #expect(b.cost.list?.picodollars == 2_040_000_000 && b.cost.estimatedCalls == 2)
        #expect(b.tokens.callsWithoutUsage == 2, "the tables count the same calls as the notice")
    }

    @Test func `where no answer could be judged nothing is said of goodput, also if calls failed`() throws {
        var fixture = RunFixture()
        fixture.settings = "objectives: {decode_rate: 50}"
        fixture.addSession(0, 0, 0, calls: [RunFixture.call(place(), chunks: 1)])
        fixture.addSession(0, 1, 0, calls: [RunFixture.call(place(0, 1), outcome: .server)])
        fixture.addSession(1, 0, 0, calls: [RunFixture.call(place(1), outcome: .server)])
        let analysis = try RunAnalysis([try fixture.file()])
        let a = analysis.endpoints[0]
        #expect(a.attainment.undeterminedCount == 1 && a.attainment.missedCount == 1)
        #expect(a.attainment.share == nil && a.goodCallsPerActiveSecond == nil)
        #expect(a.attainmentShare.share == nil && a.attainmentShare.interval == nil)
        #expect(analysis.endpoints[1].attainment.share == 0, "who only fails has no good calls, and that is known")
    }

    @Test func `a speed is told only of what came as a stream`() {
        func rate(_ change: (inout AttemptRow) -> Void) -> Double? {
            var call = RunFixture.call(place(), timeToFirstToken: 100, chunks: 11, gap: 10, tokens: 101)
            change(&call)
            let rate = CallMetric.decodeRate.value(of: call)
            #expect((rate == nil) == (CallMetric.timePerOutputToken.value(of: call) == nil))
            return rate
        }
        #expect(rate { _ in } == 1000)
        // Hidden reasoning was written before the first token; shown reasoning is part of the stream.
        #expect(rate { $0.usage.outputReasoning = 50 } == 500)
        #expect(
            rate {
                $0.usage.outputReasoning = 50
                $0.events[0].kind = .reasoning
            } == 1000)
        #expect(
            rate { call in
                call.events = call.events.map { ContentEvent(at: call.events[0].at, kind: $0.kind, byteCount: 1) }
            } == nil)
        #expect(rate { $0.events = [$0.events[0], $0.events[10]] } == nil)
        // 901 tokens of which the first came at 1,000 of 1,100 ms: held back, then poured out.
        let held = RunFixture.call(place(), timeToFirstToken: 1000, chunks: 11, gap: 10, tokens: 901)
        #expect(CallMetric.decodeRate.value(of: held) == nil)
        #expect(CallMetric.turnRate.value(of: held) != nil)
    }

    @Test func `figures of strangers cannot trap`() {
        #expect(Money(picodollars: .max) + Money(picodollars: 1) == Money(picodollars: .max))
        #expect(Money(picodollars: .min) - Money(picodollars: 1) == Money(picodollars: .min))
        #expect(TokenCount(.max) * TokenPrice(picodollarsPerToken: 2) == Money(picodollars: .max))
    }

    @Test func `one run given twice is refused`() throws {
        let file = try RunFixture().file()
        #expect(throws: AnalysisError.self) { try RunAnalysis([file, file]) }
    }

    @Test func `only rounds that every endpoint finished are compared`() throws {
        var fixture = RunFixture()
        for endpoint in 0...1 { fixture.addSession(endpoint, 0, 0, calls: [RunFixture.call(place(endpoint))]) }
        fixture.addSession(0, 1, 0, calls: [RunFixture.call(place(0, 1))])
        fixture.addSession(1, 1, 0, calls: [RunFixture.call(place(1, 1), outcome: .aborted)])
        let analysis = try RunAnalysis([try fixture.file()])
        #expect(analysis.completeRounds == [0])
        #expect(analysis.endpoints[1].attemptedCount == 1, "what we ended ourselves is not the endpoint's failure")
    }

    @Test func `runs of one plan are joined, runs of different plans are not`() throws {
        var fixture = RunFixture()
        for endpoint in 0...1 {
            for round in 0...1 {
                fixture.addSession(endpoint, round, 0, calls: [RunFixture.call(place(endpoint, round))])
            }
        }
        let analysis = try RunAnalysis([try fixture.file(), try fixture.file()])
        #expect(analysis.completeRounds == [0, 1, 2, 3])
        #expect(analysis.endpoints[0].attemptedCount == 4)
        var other = fixture
        other.settings = "seed: 2"
        let (first, second) = (try fixture.file(), try other.file())
        #expect(throws: AnalysisError.self) { try RunAnalysis([first, second]) }
        #expect(throws: AnalysisError.self) { try RunAnalysis([]) }
    }
}

@Suite struct HarnessVerdictTests {
    private func health(stalls: [Int64], busy: Int64 = 10) -> [HealthRow] {
        stalls.map {
            HealthRow(
                at: Instant(nanoseconds: 0), length: .seconds(1), busy: .milliseconds(busy),
                longestTurn: .milliseconds($0),
                greatestLateness: .zero, liveTransfers: 1)
        }
    }

    @Test func `one stall is a warning, many are invalid, and so is a loop that never rests`() {
        #expect(HarnessVerdict(attempts: [], health: health(stalls: Array(repeating: 2, count: 60))).findings.isEmpty)
        let once = HarnessVerdict(attempts: [], health: health(stalls: [30] + Array(repeating: 2, count: 59)))
        #expect(once.isValid && once.findings.map(\.severity) == [.warning])
        let often = HarnessVerdict(attempts: [], health: health(stalls: Array(repeating: 30, count: 10)))
        #expect(!often.isValid)
        #expect(!HarnessVerdict(attempts: [], health: health(stalls: [1, 1], busy: 900)).isValid)
    }

    @Test func `a run of one second has one second, not one seconds`() {
        let stalled = HarnessVerdict(attempts: [], health: health(stalls: [40])).findings.map(\.text)
        #expect(stalled == ["the loop stalled for up to 40 ms in 1 of 1 second"])
        let busy = HarnessVerdict(attempts: [], health: health(stalls: [1], busy: 900)).findings.map(\.text)
        #expect(busy == ["the loop worked more than 85 % of the time in 1 of 1 second"])
        let longer = HarnessVerdict(attempts: [], health: health(stalls: [40, 40, 1])).findings.map(\.text)
        #expect(longer == ["the loop stalled for up to 40 ms in 2 of 3 seconds"])
    }

    @Test(arguments: [(Int64(1), true, 0), (20, true, 1), (80, false, 1)])
    func `calls that we send late spoil a run`(delay: Int64, isValid: Bool, findings: Int) {
        var call = RunFixture.call(place())
        call.started = call.due?.advanced(by: .milliseconds(delay))
        let verdict = HarnessVerdict(attempts: [call], health: [])
        #expect(verdict.isValid == isValid && verdict.findings.count == findings)
    }

    @Test(arguments: [
        (delay: Int64(49), firstToken: Int64(1000), severity: HarnessVerdict.Severity?.some(.warning)),
        (49, 6000, nil), (51, 6000, .invalid), (51, 60_000, .invalid), (600, 60_000, .invalid), (61, 1000, .invalid),
    ])
    func `more than 50 ms of our own delay is invalid, however slow the answers are`(
        delay: Int64, firstToken: Int64, severity: HarnessVerdict.Severity?
    ) {
        var call = RunFixture.call(place(), timeToFirstToken: firstToken)
        call.started = call.due?.advanced(by: .milliseconds(delay))
        let verdict = HarnessVerdict(attempts: [call], health: [])
        #expect(verdict.findings.map(\.severity) == [severity].compactMap(\.self), "\(verdict.findings)")
    }

    /// A session every 100 ms, of fifty calls each; the beginning of each comes late, or had to wait for room.
    private func arrivals(late: (Int64) -> Int64, waiting: (Int64) -> Int64 = { _ in 0 }) -> [AttemptRow] {
        (0..<20).flatMap { session -> [AttemptRow] in
            let due = Int64(session) * 100
            return (0..<50).map { number in
                var call = RunFixture.call(place(0, 0, session, number), at: due + Int64(number) * 400)
                guard number == 0, let planned = call.due else { return call }
                let ready = planned.advanced(by: .milliseconds(waiting(due)))
                call.predecessorEnd = ready
                call.started = ready.advanced(by: .milliseconds(late(due)))
                return call
            }
        }
    }

    @Test(
        arguments: [
            (0.0, 0.0, true, HarnessVerdict.Severity?.none), (0.02, 0, true, nil), (0.05, 0, true, .invalid),
            (0.05, 0, false, nil), (0, 0.05, true, .warning), (0, 0.02, true, nil), (0.05, 0.05, true, .invalid),
        ] as [(Double, Double, Bool, HarnessVerdict.Severity?)])
    func `an open load that is below 98 % of the planned rate is invalid, or is said to have been held up`(
        late: Double, waiting: Double, isOpen: Bool, severity: HarnessVerdict.Severity?
    ) {
        let attempts = arrivals(late: { Int64(Double($0) * late) }, waiting: { Int64(Double($0) * waiting) })
        let verdict = HarnessVerdict(attempts: attempts, health: [], isOpen: isOpen)
        let own = verdict.findings.filter { $0.text.contains("planned rate") }
        #expect(own.map(\.severity) == [severity].compactMap(\.self), "\(verdict.findings)")
        #expect(verdict.isValid == (severity != .invalid), "\(verdict.findings)")
    }

    @Test func `a short round that ends a few milliseconds late has kept its rate`() {
        let burst = (0..<20).map { session in
            var call = RunFixture.call(place(0, 0, session), at: Int64(session))
            call.started = call.due?.advanced(by: .milliseconds(4))
            return call
        }
        #expect(HarnessVerdict(attempts: burst, health: [], isOpen: true).findings.isEmpty)
    }
}

extension Double {
    fileprivate func isNear(_ other: Double) -> Bool { abs(self - other) < 1e-9 }
}

@Suite struct RetryAndRouteTests {
    private let place = CallPlace(endpoint: 0, round: 0, session: 0, call: 0)

    @Test func `of a call that was sent again the first attempt counts, and all of it is paid and waited for`() throws {
        var fixture = RunFixture()
        var first = RunFixture.call(place, at: 0, timeToFirstToken: 50, outcome: .rateLimited)
        first.ended = Instant(nanoseconds: 60_000_000)
        var second = RunFixture.call(place, at: 1000, timeToFirstToken: 100)
        second.number = 1
        fixture.addSession(0, 0, 0, calls: [first, second])
        fixture.sessions[0].isSuccess = true
        let endpoint = try RunAnalysis([try fixture.file()]).endpoints[0]
        #expect(endpoint.attemptedCount == 1 && endpoint.retryCount == 1)
        #expect(endpoint.success.hitCount == 0 && endpoint.sessionSuccess.hitCount == 1)
        #expect(endpoint.summary(.timeToFirstToken)?.fromBest == [.infinity])
        #expect(endpoint.tokens.input.value == 1000)
        // 600 fresh, 400 cached and 11 generated tokens, once: the refusal cost nothing.
        #expect(endpoint.cost.list == Money(dollars: 600e-6 + 40e-6 + 44e-6))
        // 60 ms of refusal, 940 ms of waiting, 200 ms of answer.
        #expect(abs(endpoint.sessions[0][0].modelTime - 1.2) < 1e-9)
    }

    @Test func `what a session waited for room counts in its time, its objectives and from the due time`() throws {
        var fixture = RunFixture()
        fixture.settings = "load: {kind: poisson, rate: 1}\nobjectives: {time_to_first_token: 150ms}"
        fixture.sessionsPerRound = 2
        // Due 400 ms before there was room, and sent 1 ms after that: the wait is the endpoint's, the millisecond is ours.
        let next = CallPlace(endpoint: 0, round: 0, session: 0, call: 1)
        let other = CallPlace(endpoint: 0, round: 0, session: 1, call: 0)
        var late = RunFixture.call(place, at: 1000)
        late.due = Instant(nanoseconds: 599_000_000)
        late.predecessorEnd = Instant(nanoseconds: 999_000_000)
        fixture.addSession(0, 0, 0, calls: [late, RunFixture.call(next, at: 2000)])
        fixture.addSession(0, 0, 1, calls: [RunFixture.call(other, at: 1000)])
        let endpoint = try RunAnalysis([try fixture.file()]).endpoints[0]
        let times = endpoint.sessions[0].map(\.modelTime)
        #expect(zip(times, [0.4 + 0.2 + 0.2, 0.2]).allSatisfy { abs($0 - $1) < 1e-9 })
        #expect(endpoint.attainment.goodCount == 2 && endpoint.attainment.missedCount == 1)
        let scheduled = endpoint.summary(.scheduledTimeToFirstToken)?.fromBest ?? []
        #expect(scheduled.count == 3 && zip(scheduled, [0.101, 0.101, 0.501]).allSatisfy { abs($0 - $1) < 1e-9 })
        #expect(endpoint.summary(.timeToFirstToken)?.fromBest == [0.1, 0.1, 0.1])
    }

    @Test func `sessions that found no room before the end are counted, unless they were served later`() throws {
        var fixture = RunFixture()
        fixture.sessionsPerRound = 3
        fixture.addSession(0, 0, 0, calls: [RunFixture.call(place)])
        for session in 1...2 {
            for call in 0...1 {
                let place = CallPlace(endpoint: 0, round: 0, session: session, call: call)
                var skipped = RunFixture.call(place, outcome: .skipped)
                (skipped.skipReason, skipped.due, skipped.sent) = ("no-room", nil, nil)
                fixture.attempts.append(skipped)
            }
        }
        #expect(try RunAnalysis([try fixture.file()]).endpoints[0].unservedCount == 2)
        var served = RunFixture.call(CallPlace(endpoint: 0, round: 0, session: 2, call: 0))
        served.number = 1
        fixture.attempts.append(served)
        #expect(try RunAnalysis([try fixture.file()]).endpoints[0].unservedCount == 1)
    }

    @Test func `a call that another route served is set apart with its session`() throws {
        var fixture = RunFixture()
        fixture.sessionsPerRound = 2
        var strange = RunFixture.call(place, timeToFirstToken: 1)
        strange.routeMismatch = "served by B, A wanted"
        fixture.addSession(0, 0, 0, calls: [strange])
        let other = CallPlace(endpoint: 0, round: 0, session: 1, call: 0)
        fixture.addSession(0, 0, 1, calls: [RunFixture.call(other)])
        let analysis = try RunAnalysis([try fixture.file()])
        let endpoint = analysis.endpoints[0]
        #expect(endpoint.quarantinedCount == 1 && endpoint.attemptedCount == 1 && endpoint.success.trialCount == 1)
        #expect(endpoint.summary(.timeToFirstToken)?.fromBest == [0.1])
        #expect(endpoint.tokens.input.value == 1000 && endpoint.sessionSuccess.trialCount == 1)
        #expect(endpoint.sessions[0].map(\.isVoid) == [true, false])
        #expect(endpoint.costPerSuccessfulSession == endpoint.cost.list)
    }
}
