import Planning
import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Scheduling

/// A plan over sessions of any shape, made from documents as a user would.
private func makePlan(_ settings: String = "", sessions: SessionLibrary? = nil, rounds: Int = 2, perRound: Int = 3)
    throws -> Plan
{
    func provider(_ name: String) -> String {
        """
        submeter: provider
        version: 1
        name: \(name)
        delivery_path: self-hosted
        dialect: openai-chat
        base_url: http://127.0.0.1:1
        models: [{name: m, id: m}]
        """
    }
    let price = "{model: m, input_per_million: 1 USD, output_per_million: 1 USD, source: s, date: d, provider: "
    let files = [
        "a.yaml": provider("a"), "b.yaml": provider("b"),
        "prices.yaml": "submeter: prices\nversion: 1\nrows: [\(price)a}, \(price)b}]",
        "w.yaml": "submeter: workload\nversion: 1\nname: w\n"
            + (sessions == nil ? "generator: coding-S" : "sessions_file: s.jsonl"),
        "p.yaml": """
        submeter: plan
        version: 1
        name: p
        model: m
        providers: [a.yaml, b.yaml]
        prices: [prices.yaml]
        workload: w.yaml
        endpoints: [{provider: a}, {provider: b}]
        rounds: \(rounds)
        sessions_per_round: \(perRound)
        live_sessions: 2
        \(settings)
        """,
    ]
    let documents = try DocumentSet(planFile: "p.yaml") { name in
        name == "s.jsonl" ? sessions.map(SessionFile.write) : files[name].map { Array($0.utf8) }
    }
    return try Plan(documents)
}

/// Sessions that are random graphs of calls.
private func graphs(_ count: Int, seed: UInt64) -> SessionLibrary {
    var generator = SeededGenerator(seed: Seed(seed))
    let sessions = (0..<count).map { number in
        let calls = (0..<(1 + generator.below(8))).map { index in
            let after = (0..<index).filter { _ in generator.below(3) == 0 }
            return Call(
                identifier: CallIdentifier("\(index)"), agent: "a\(index)",
                after: after.map { CallIdentifier("\($0)") },
                wait: .milliseconds(generator.below(50)), waitKind: .tool, context: .new,
                added: [.init(role: "user", tokens: 10)], input: 10, output: 5)
        }
        return Session(identifier: SessionIdentifier("s\(number)"), toolsTokens: 0, systemTokens: 0, calls: calls)
    }
    let source = SessionFile.header(name: "graphs", source: ["licence": "none"])
    return SessionLibrary(header: source, sessions: sessions)
}

/// A simulated clock and network: calls take random times, end in any order, and fail at random.
private struct Simulation {
    var scheduler: Scheduler
    let plan: Plan
    var now = Instant(nanoseconds: 0)
    var generator: SeededGenerator
    var running: [(key: CallKey, end: Instant)] = []
    var started: [CallKey: Int] = [:]
    var skipped: Set<CallKey> = []
    var endTimes: [CallKey: Instant] = [:]
    var endedSessions: [SessionKey: Bool] = [:]
    var liveByEndpoint: [Int: Int] = [:]
    var mostLive = 0
    var finish: StopReason?
    var failureShare = 0.0

    init(_ plan: Plan, seed: UInt64, ended: [CallKey: Bool] = [:], history: RunHistory? = nil) {
        self.plan = plan
        scheduler = Scheduler(plan, history: history ?? RunHistory(ended: ended))
        generator = SeededGenerator(seed: Seed(seed))
    }

    mutating func run(stopAfter: Int = .max, cost: Money = .zero) {
        apply(scheduler.handle(.begin, at: now))
        var steps = 0
        while finish == nil {
            steps += 1
            if steps == stopAfter { apply(scheduler.handle(.stopRequested(.interrupted), at: now)) }
            let nextEnd = running.map(\.end).min()
            guard let next = [nextEnd, scheduler.nextDeadline].compactMap(\.self).min() else {
                if finish == nil { Issue.record("the scheduler waits for nothing and has not finished") }
                return
            }
            now = max(now, next)
            if nextEnd == next, let place = running.firstIndex(where: { $0.end == next }) {
                let key = running.remove(at: place).key
                let isSuccess = generator.uniform() >= failureShare
                endTimes[key] = now
                apply(
                    scheduler.handle(
                        .attemptEnded(key, AttemptEnd(outcome: isSuccess ? .ok : .server, cost: cost)), at: now))
            } else {
                apply(scheduler.handle(.timeReached, at: now))
            }
        }
    }

    /// Runs a plan of which some calls have ended already.
    static func finished(_ plan: Plan, ended: Set<CallKey>) -> StopReason? {
        var simulation = Simulation(plan, seed: 1, ended: Dictionary(uniqueKeysWithValues: ended.map { ($0, true) }))
        simulation.run()
        return simulation.finish
    }

    mutating func apply(_ actions: [SchedulingAction]) {
        for action in actions {
            switch action {
            case .beginSession(let key):
                liveByEndpoint[key.endpoint, default: 0] += 1
                mostLive = max(mostLive, liveByEndpoint[key.endpoint] ?? 0)
            case .startCall(let key, let due, _):
                started[key, default: 0] += 1
                #expect(due == now, "a call starts at the very time at which it is due")
                running.append((key, now + .milliseconds(1 + generator.below(40))))
            case .skipCall(let key, _): #expect(skipped.insert(key).inserted)
            case .endSession(let key, let isSuccess):
                #expect(endedSessions.updateValue(isSuccess, forKey: key) == nil)
                liveByEndpoint[key.endpoint, default: 0] -= 1
            case .finish(let reason): finish = reason
            case .beginRound, .endRound: break
            }
        }
    }

    var allCalls: Set<CallKey> {
        var keys: Set<CallKey> = []
        for endpoint in plan.endpoints.indices {
            for (round, planned) in plan.rounds.enumerated() {
                for session in planned.sessions.indices {
                    let key = SessionKey(endpoint: endpoint, round: round, session: session)
                    for call in plan.session(key).calls.indices { keys.insert(CallKey(session: key, call: call)) }
                }
            }
        }
        return keys
    }
}

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
            for case .startCall(let key, _, _) in actions {
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
        #expect(simulation.skipped.map(\.session.endpoint) == Array(repeating: plan.rounds[0].endpointOrder[0], count: 2))
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

    @Test func `what an earlier part stopped, spent and tried is not forgotten`() throws {
        let plan = try makePlan("stop: {error_rate: 0.5, error_rate_minimum_calls: 10}", sessions: graphs(5, seed: 2))
        var stopped = Simulation(plan, seed: 1, history: RunHistory(stoppedEndpoints: [1]))
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
