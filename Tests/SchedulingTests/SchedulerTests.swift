import Planning
import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Scheduling

@Suite struct SchedulerTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `no call is lost, doubled or sent before what it depends on, under any order of events`(seed: UInt64) throws {
        let order = seed % 2 == 0 ? "order: random" : "order: side-by-side"
        let plan = try makePlan(order, sessions: graphs(5, seed: seed))
        var simulation = Simulation(plan, seed: seed)
        simulation.failureShare = seed % 3 == 0 ? 0.2 : 0
        simulation.run()
        #expect(simulation.finish == .complete)
        #expect(simulation.mostLive <= 2)
        #expect(simulation.started.values.allSatisfy { $0 == 1 })
        #expect(Set(simulation.started.keys).isDisjoint(with: simulation.skipped))
        #expect(Set(simulation.started.keys).union(simulation.skipped) == simulation.allCalls)
        #expect(simulation.endedSessions.count == 12)
        if simulation.failureShare == 0 { #expect(simulation.skipped.isEmpty) }
        #expect(simulation.scheduler.committed == .zero)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `an interrupted run accounts for every live call, and resuming sends only the rest`(seed: UInt64) throws {
        let plan = try makePlan(sessions: graphs(5, seed: seed))
        var first = Simulation(plan, seed: seed)
        first.run(stopAfter: 7)
        #expect(first.finish == .interrupted)
        let done = first.endTimes.mapValues { _ in true }
        #expect(Simulation.finished(plan, ended: first.allCalls) == .complete)
        var second = Simulation(plan, seed: seed + 1, ended: done)
        second.run()
        #expect(second.finish == .complete)
        #expect(Set(second.started.keys).isDisjoint(with: done.keys))
        #expect(Set(second.started.keys).union(done.keys) == plan_allCalls(second))
    }

    private func plan_allCalls(_ simulation: Simulation) -> Set<CallKey> { simulation.allCalls }

    @Test func `waits are counted from the end of the last dependency and scaled`() throws {
        let calls = ["0", "1"].enumerated().map { index, name in
            Call(
                identifier: CallIdentifier(name), after: index == 0 ? [] : ["0"], wait: .seconds(10 * index),
                waitKind: .tool,
                context: .new, added: [.init(role: "user", tokens: 1)], input: 1, output: 1)
        }
        let session = Session(identifier: "s", toolsTokens: 0, systemTokens: 0, calls: calls)
        let library = SessionLibrary(header: SessionFile.header(name: "x"), sessions: [session])
        let plan = try makePlan("time_scale: 0.1\norder: side-by-side", sessions: library, rounds: 1, perRound: 1)
        var scheduler = Scheduler(plan)
        let start = Instant(nanoseconds: 5)
        let keys = plan.rounds[0].endpointOrder.map {
            CallKey(session: SessionKey(endpoint: $0, round: 0, session: 0), call: 0)
        }
        let key = keys[0]
        #expect(scheduler.handle(.begin, at: start).contains(.startCall(key, due: start, predecessorEnd: start)))
        // The other endpoint's session begins a millisecond later, so that beginning is no burst.
        let later = start + .milliseconds(1)
        #expect(scheduler.nextDeadline == later)
        #expect(
            scheduler.handle(.timeReached, at: later) == [.startCall(keys[1], due: later, predecessorEnd: later)])
        let end = start + .seconds(3)
        _ = scheduler.handle(.attemptEnded(key, AttemptEnd(outcome: .ok, cost: nil)), at: end)
        #expect(scheduler.nextDeadline == end + .seconds(1))
        let next = CallKey(session: key.session, call: 1)
        let actions = scheduler.handle(.timeReached, at: end + .seconds(2))
        #expect(actions == [.startCall(next, due: end + .seconds(1), predecessorEnd: end)])
    }

    @Test func `the budget holds under concurrency`() throws {
        let plan = try makePlan("budget: 0.0011 USD\norder: side-by-side", sessions: graphs(5, seed: 3))
        var simulation = Simulation(plan, seed: 1)
        simulation.run(cost: Money(dollars: 0.0002) ?? .zero)
        #expect(simulation.finish == .budget)
        // A call may cost 256 output and 76 input tokens at 1 USD a million; no more may be sent than the budget covers.
        #expect(simulation.started.count <= 5)
        #expect(simulation.started.count >= 3)
    }

    @Test func `an endpoint that fails too often is stopped, and the others go on`() throws {
        let plan = try makePlan("stop: {error_rate: 0.5, error_rate_minimum_calls: 3}\norder: side-by-side", rounds: 3)
        var scheduler = Scheduler(plan)
        var now = Instant(nanoseconds: 0)
        var queue = scheduler.handle(.begin, at: now)
        var sent = [0, 0]
        var reason: StopReason?
        while reason == nil {
            let actions = queue
            queue = []
            for case .startCall(let key, _, _, _) in actions {
                sent[key.session.endpoint] += 1
                queue += scheduler.handle(
                    .attemptEnded(
                        key, AttemptEnd(outcome: key.session.endpoint == 1 ? .ok : .server, cost: nil)), at: now)
            }
            for case .finish(let end) in actions { reason = end }
            if queue.isEmpty, reason == nil {
                now = scheduler.nextDeadline ?? now + .seconds(1)
                queue = scheduler.handle(.timeReached, at: now)
            }
        }
        #expect(reason == .complete)
        #expect(sent[0] <= 6)
        #expect(sent[1] == 9 * 12)
    }

    @Test func `a session that begins after its endpoint was stopped sends nothing`() throws {
        let calls = [
            Call(
                identifier: "0", after: [], wait: .zero, waitKind: .start, context: .new,
                added: [.init(role: "user", tokens: 10)], input: 10, output: 5)
        ]
        let sessions = (0..<6).map {
            Session(identifier: SessionIdentifier("s\($0)"), toolsTokens: 0, systemTokens: 0, calls: calls)
        }
        let library = SessionLibrary(header: SessionFile.header(name: "x"), sessions: sessions)
        let stop = "stop: {error_rate: 0, error_rate_minimum_calls: 3}"
        let plan = try makePlan(stop, sessions: library, rounds: 1, perRound: 6)
        var simulation = Simulation(plan, seed: 1)
        simulation.failureShare = 1
        simulation.run()
        // Two live sessions: when the third call has failed, a fourth is under way, and the fifth session begins in vain.
        for endpoint in 0..<2 { #expect(simulation.started.keys.count { $0.session.endpoint == endpoint } == 4) }
        // When the second endpoint is stopped too, the run is, and what has not begun is not skipped one by one.
        #expect(simulation.finish == .errorRate)
        #expect(
            simulation.skipped.map(\.session.endpoint) == Array(repeating: plan.rounds[0].endpointOrder[0], count: 2))
    }

    @Test(
        arguments: [
            (.rateLimited, nil, 3.0, nil, 0, 3.0), (.rateLimited, nil, 61.0, nil, 0, nil),
            (.server, nil, nil, nil, 0, 0.5),
            (.server, nil, nil, nil, 1, 1.0), (.server, nil, nil, nil, 2, nil), (.badRequest, nil, nil, nil, 0, nil),
            (.badRequest, true, nil, nil, 0, 0.5), (.server, false, nil, nil, 0, nil), (.ok, true, nil, nil, 0, nil),
            (.aborted, true, nil, nil, 0, nil),
        ] as [(OutcomeClass, Bool?, Double?, Int?, Int, Double?)])
    func `a failed call is sent again as rules and provider have it`(
        outcome: OutcomeClass, should: Bool?, asked: Double?, unused: Int?, count: Int, wait: Double?
    ) {
        let rules = RetryRules(maximum: 2, outcomes: RetryRules.usualOutcomes, longestWait: .seconds(60))
        let end = AttemptEnd(
            outcome: outcome, cost: nil, retryAfter: asked.map { .seconds($0) }, shouldRetry: should)
        #expect(RetryDecision.wait(after: end, retryCount: count, rules: rules, draw: 0)?.seconds == wait)
        let none = RetryRules(maximum: 0, outcomes: RetryRules.usualOutcomes, longestWait: .seconds(60))
        #expect(RetryDecision.wait(after: end, retryCount: 0, rules: none, draw: 0) == nil)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a call that is sent again is never lost, and its session goes on when it succeeds`(seed: UInt64) throws {
        let plan = try makePlan("retries: {maximum: 3, on: [server]}", sessions: graphs(5, seed: seed))
        var simulation = Simulation(plan, seed: seed)
        simulation.failureShare = 0.3
        simulation.run()
        #expect(simulation.finish == .complete)
        #expect(simulation.started.values.allSatisfy { (1...4).contains($0) })
        #expect(simulation.started.values.contains { $0 > 1 })
        #expect(Set(simulation.started.keys).union(simulation.skipped) == simulation.allCalls)
        let failed = simulation.started.filter { $0.value == 4 }.keys.map(\.session)
        for (session, isSuccess) in simulation.endedSessions where !isSuccess { #expect(failed.contains(session)) }
        #expect(simulation.scheduler.committed == .zero)
    }

    static let retried: [(Int, Int, StopReason, ClosedRange<Int>)] = [
        // Of two attempts the last is good: half of the attempts fail, but no call does.
        (1, 1, .complete, 48...48), (3, 3, .complete, 96...96), (0, 0, .complete, 24...24),
        // The last attempt is not good either: the third call of an endpoint is one too many, while a fourth has begun.
        (0, 1, .errorRate, 8...8), (2, 3, .errorRate, 20...24),
    ]

    @Test(arguments: retried)
    func `a call counts as failed only when it is not sent again`(
        retries: Int, failures: Int, finish: StopReason, attempts: ClosedRange<Int>
    ) throws {
        let call = Call(
            identifier: "0", after: [], wait: .zero, waitKind: .start, context: .new,
            added: [.init(role: "user", tokens: 10)], input: 10, output: 5)
        let sessions = (0..<6).map {
            Session(identifier: SessionIdentifier("s\($0)"), toolsTokens: 0, systemTokens: 0, calls: [call])
        }
        let plan = try makePlan(
            "stop: {error_rate: 0.3, error_rate_minimum_calls: 3}\nretries: {maximum: \(retries), on: [server]}",
            sessions: SessionLibrary(header: SessionFile.header(name: "x"), sessions: sessions), perRound: 6)
        var simulation = Simulation(plan, seed: 1)
        simulation.failuresPerCall = failures
        simulation.run()
        #expect(simulation.finish == finish)
        #expect(attempts.contains(simulation.started.values.reduce(0, +)))
    }

    @Test func `what an earlier part stopped, spent and tried is not forgotten`() throws {
        let plan = try makePlan("stop: {error_rate: 0.5, error_rate_minimum_calls: 10}", sessions: graphs(5, seed: 2))
        var stopped = Simulation(plan, seed: 1, history: RunHistory(stoppedEndpoints: [1: .endpointStopped]))
        stopped.run()
        #expect(stopped.finish == .complete)
        #expect(stopped.started.keys.allSatisfy { $0.session.endpoint == 0 })
        #expect(Set(stopped.skipped.map(\.session.endpoint)) == [1])
        // Nine failures of nine calls: the next failure is one too many.
        var history = RunHistory()
        for _ in 0..<9 { history.note(endpoint: 0, isSuccess: false) }
        var failing = Simulation(plan, seed: 1, history: history)
        failing.failureShare = 1
        failing.run()
        // Only what is under way at the tenth failure is sent beyond it.
        #expect(failing.started.keys.count { $0.session.endpoint == 0 } < 6)
        let poor = try makePlan("budget: 1 USD", sessions: graphs(5, seed: 2))
        var broke = Simulation(poor, seed: 1, history: RunHistory(spent: Money(dollars: 1) ?? .zero))
        broke.run()
        #expect(broke.finish == .budget && broke.started.isEmpty)
    }

    @Test func `the budget waits for what is under way before it stops a run`() throws {
        // Each call reserves about 0.4 millidollars and costs a hundredth of that.
        let plan = try makePlan("budget: 0.001 USD\norder: side-by-side", sessions: graphs(5, seed: 3))
        var simulation = Simulation(plan, seed: 1)
        simulation.run(cost: Money(dollars: 0.000004) ?? .zero)
        #expect(simulation.finish == .complete)
        #expect(Set(simulation.started.keys) == simulation.allCalls)
    }
}
