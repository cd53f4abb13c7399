import Planning
import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Scheduling

/// Sessions of one call each, which start as recorded.
private func singles(_ count: Int) -> SessionLibrary {
    let sessions = (0..<count).map { number in
        let call = Call(
            identifier: "0", after: [], wait: .zero, waitKind: .start, context: .new,
            added: [.init(role: "user", tokens: 10)], input: 10, output: 5)
        return Session(identifier: SessionIdentifier("s\(number)"), toolsTokens: 0, systemTokens: 0, calls: [call])
    }
    return SessionLibrary(header: SessionFile.header(name: "singles"), sessions: sessions)
}

private func key(_ endpoint: Int, _ session: Int, call: Int = 0) -> CallKey {
    CallKey(session: SessionKey(endpoint: endpoint, round: 0, session: session), call: call)
}

extension Simulation {
    /// When an endpoint's turn in a round began: with the round, or when the endpoint before it had ended its sessions.
    fileprivate func turn(_ endpoint: Int, _ round: Int) -> Instant? {
        let order = plan.rounds[round].endpointOrder
        guard plan.profile.order == .random, let place = order.firstIndex(of: endpoint), place > 0 else {
            return roundBegins[round]
        }
        return sessionEnds.filter { $0.key.endpoint == order[place - 1] && $0.key.round == round }.values.max()
    }

    /// When a session was to begin.
    fileprivate func arrival(_ key: SessionKey) -> Instant? {
        guard let turn = turn(key.endpoint, key.round) else { return nil }
        return turn + (plan.rounds[key.round].sessions[key.session].offset ?? .zero)
    }
}

@Suite struct OpenLoopTests {
    private static let loads = [
        "kind: constant, rate: 40", "kind: constant, rate: 2", "kind: poisson, rate: 30",
        "kind: gamma, rate: 30, shape: 0.1",
        "kind: steps, steps: [{rate: 100, for: 50ms}, {rate: 5, for: 1s}]", "kind: ramp, from: 0, to: 80, over: 200ms",
        "kind: spike, rate: 10, factor: 50, at: 100ms, for: 100ms, arrivals: gamma",
    ]

    @Test(arguments: 0..<140 as Range<UInt64>)
    func `sessions begin at their offsets, and every call is sent once, late by room alone`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: Seed(seed))
        let cap = generator.below(2) == 0 ? nil : 1 + generator.below(4)
        let order = generator.below(2) == 0 ? "random" : "side-by-side"
        let load = Self.loads[Int(seed) % Self.loads.count] + (cap.map { ", maximum_live_sessions: \($0)" } ?? "")
        let plan = try makePlan(
            "seed: \(seed)\norder: \(order)\ntime_scale: 0.5", sessions: graphs(7, seed: seed), perRound: 7,
            load: "load: {\(load)}")
        var simulation = Simulation(plan, seed: seed)
        simulation.failureShare = seed % 3 == 0 ? 0.2 : 0
        simulation.timerLateness = generator.below(2) == 0 ? .zero : .milliseconds(3)
        simulation.run()
        #expect(simulation.finish == .complete)
        #expect(simulation.started.values.allSatisfy { $0 == 1 })
        #expect(Set(simulation.started.keys).isDisjoint(with: simulation.skipped))
        #expect(Set(simulation.started.keys).union(simulation.skipped) == simulation.allCalls)
        #expect(simulation.endedSessions.count == 28)
        #expect(simulation.scheduler.committed == .zero)
        if let cap { #expect(simulation.mostLive <= cap) }
        var wasKept = false
        for (session, begun) in simulation.sessionBegins {
            let arrival = try #require(simulation.arrival(session))
            #expect(begun >= arrival)
            if cap == nil { #expect(begun <= arrival + simulation.timerLateness) }
            wasKept = wasKept || begun > arrival + simulation.timerLateness
            for (place, call) in plan.session(session).calls.enumerated() where call.after.isEmpty {
                guard let start = simulation.starts[CallKey(session: session, call: place)] else { continue }
                #expect(
                    start.due == arrival + .nanoseconds(call.wait.nanoseconds / 2), "the offset is the base of latency")
            }
        }
        #expect(cap != nil || !wasKept)
    }

    @Test func `a cap of one makes sessions wait, and says since when there was room`() throws {
        let plan = try makePlan(
            "order: side-by-side", sessions: singles(2), rounds: 1, perRound: 2,
            load: "load: {kind: constant, rate: 100, maximum_live_sessions: 1}")
        var scheduler = Scheduler(plan)
        let start = Instant(nanoseconds: 7)
        _ = scheduler.handle(.begin, at: start)
        // The second session's arrival, after 10 ms, is nothing to wake for: there is no room.
        #expect(scheduler.nextDeadline == nil)
        let room = start + .milliseconds(30)
        let actions = scheduler.handle(.attemptEnded(key(0, 0), AttemptEnd(outcome: .ok, cost: nil)), at: room)
        #expect(actions.contains(.startCall(key(0, 1), due: start + .milliseconds(10), predecessorEnd: room)))
    }

    @Test func `a timer that is three milliseconds late leaves the due time`() throws {
        let plan = try makePlan(
            "order: side-by-side", sessions: singles(2), rounds: 1, perRound: 2,
            load: "load: {kind: constant, rate: 10}")
        var scheduler = Scheduler(plan)
        let start = Instant(nanoseconds: 7)
        _ = scheduler.handle(.begin, at: start)
        for endpoint in 0..<2 {
            let end = AttemptEnd(outcome: .ok, cost: nil)
            _ = scheduler.handle(.attemptEnded(key(endpoint, 0), end), at: start + .milliseconds(1))
        }
        // Nothing is live, and the round goes on.
        let due = start + .milliseconds(100)
        #expect(scheduler.nextDeadline == due)
        let actions = scheduler.handle(.timeReached, at: due + .milliseconds(3))
        for endpoint in 0..<2 {
            #expect(actions.contains(.startCall(key(endpoint, 1), due: due, predecessorEnd: due)))
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `resuming sends only the rest, at once what had begun, and the others by the clock of the turn`(seed: UInt64)
        throws
    {
        let plan = try makePlan(
            "seed: \(seed)\norder: side-by-side", sessions: graphs(6, seed: seed), rounds: 1, perRound: 12,
            load: "load: {kind: poisson, rate: \(seed % 2 == 0 ? 8 : 100)}")
        var first = Simulation(plan, seed: seed)
        // Half of the runs are interrupted when all sessions have begun.
        first.run(stopAfter: seed % 2 == 0 ? 12 : 70)
        #expect(first.finish == .interrupted)
        let done = first.endTimes.mapValues { _ in true }
        let elapsed = first.now - first.roundBegins[0]
        let turns = (0..<2).map { (RunHistory.Turn(endpoint: $0, round: 0), elapsed) }
        // Sessions of which no call has ended have begun as well.
        let begun = Set(first.started.keys.map(\.session))
        let history = RunHistory(ended: done, begun: begun, turnTimes: Dictionary(uniqueKeysWithValues: turns))
        var second = Simulation(plan, seed: seed + 1, history: history)
        second.run()
        #expect(second.finish == .complete)
        #expect(Set(second.started.keys).isDisjoint(with: done.keys))
        #expect(Set(second.started.keys).union(done.keys) == second.allCalls)
        for (key, begin) in second.sessionBegins {
            let wait = begin - second.roundBegins[0]
            let offset = plan.rounds[0].sessions[key.session].offset ?? .zero
            #expect(wait == (begun.contains(key) ? .zero : max(.zero, offset - elapsed)))
            guard !begun.contains(key) else { continue }
            for (place, call) in plan.session(key).calls.enumerated() where call.after.isEmpty {
                let start = try #require(second.starts[CallKey(session: key, call: place)])
                #expect(
                    start.due == second.roundBegins[0] + (offset - elapsed) + call.wait, "the clock of the turn goes on"
                )
            }
        }
    }

    @Test func `what arrived before a run was stopped and found no room is said, the rest had not arrived`() throws {
        let plan = try makePlan(
            "stop: {duration: 250ms}\norder: side-by-side", sessions: singles(5), rounds: 1, perRound: 5,
            load: "load: {kind: constant, rate: 10, maximum_live_sessions: 1}")
        var scheduler = Scheduler(plan)
        let start = Instant(nanoseconds: 7)
        _ = scheduler.handle(.begin, at: start)
        let actions = scheduler.handle(.timeReached, at: start + .milliseconds(250))
        for endpoint in 0..<2 {
            let skipped = (1...2).map { SchedulingAction.skipCall(key(endpoint, $0), .noRoom) }
            #expect(
                actions.filter {
                    if case .skipCall(let key, _) = $0 { key.session.endpoint == endpoint } else { false }
                } == skipped)
        }
        // Where nothing limits them, a session that was due the moment before the stop did not lack room.
        let free = try makePlan(
            "stop: {duration: 250ms}\norder: side-by-side", sessions: singles(5), rounds: 1, perRound: 5,
            load: "load: {kind: constant, rate: 10}")
        var late = Scheduler(free)
        _ = late.handle(.begin, at: start)
        let ends = late.handle(.timeReached, at: start + .milliseconds(250))
        #expect(!ends.contains { if case .skipCall(_, .noRoom) = $0 { true } else { false } })
        // Gone on with when 350 ms of the turn had passed, the first of them is 250 ms late.
        let alone = try makePlan(
            "order: random", sessions: singles(5), rounds: 1, perRound: 5,
            load: "load: {kind: constant, rate: 10, maximum_live_sessions: 1}")
        let first = alone.rounds[0].endpointOrder[0]
        let turns = [RunHistory.Turn(endpoint: first, round: 0): Duration.milliseconds(350)]
        var resumed = Scheduler(alone, history: RunHistory(ended: [key(first, 0): true], turnTimes: turns))
        let again = Instant(nanoseconds: 1_000_000_000)
        let due = again.advanced(by: .milliseconds(-250))
        #expect(resumed.handle(.begin, at: again).contains(.startCall(key(first, 1), due: due, predecessorEnd: again)))
    }

    @Test func `a wait for the budget is neither the harness's nor the endpoint's, a wait for room stays`() throws {
        // A call reserves a third of a millidollar, and two do not fit.
        let plan = try makePlan(
            "budget: 0.0005 USD\norder: random", sessions: singles(3), rounds: 1, perRound: 3,
            load: "load: {kind: constant, rate: 1000, maximum_live_sessions: 2}")
        let endpoint = plan.rounds[0].endpointOrder[0]
        var scheduler = Scheduler(plan)
        let start = Instant(nanoseconds: 7)
        let end = AttemptEnd(outcome: .ok, cost: Money(dollars: 0.00001))
        _ = scheduler.handle(.begin, at: start)
        _ = scheduler.handle(.timeReached, at: start + .milliseconds(1))
        let second = scheduler.handle(.attemptEnded(key(endpoint, 0), end), at: start + .milliseconds(30))
        let (arrival, room) = (start + .milliseconds(1), start + .milliseconds(30))
        #expect(
            second.contains(
                .startCall(key(endpoint, 1), due: arrival, predecessorEnd: arrival, hold: .milliseconds(29))))
        let third = scheduler.handle(.attemptEnded(key(endpoint, 1), end), at: start + .milliseconds(60))
        // It arrived at 2 ms, had room at 30 ms, and there was money at 60 ms: its offset stays when it was due.
        let held = SchedulingAction.startCall(
            key(endpoint, 2), due: start + .milliseconds(2), predecessorEnd: room, hold: .milliseconds(30))
        #expect(third.contains(held), "\(third)")
    }

    @Test func `an endpoint that is stopped is not waited for`() throws {
        let plan = try makePlan(
            "stop: {error_rate: 0, error_rate_minimum_calls: 2}\norder: random", sessions: singles(6), rounds: 1,
            perRound: 6, load: "load: {kind: constant, rate: 0.01}")
        var simulation = Simulation(plan, seed: 1)
        simulation.failureShare = 1
        simulation.run()
        #expect(simulation.finish == .errorRate)
        let order = plan.rounds[0].endpointOrder
        for endpoint in order { #expect(simulation.started.keys.count { $0.session.endpoint == endpoint } == 2) }
        // The first endpoint's second call ends after 100 s, and then the four that were to come have no time of their own.
        #expect(simulation.skipped.count { $0.session.endpoint == order[0] } == 4)
        let turn = try #require(simulation.turn(order[1], 0))
        #expect(turn - simulation.roundBegins[0] < .seconds(101))
    }

    @Test func `a run ends at its duration though sessions are still to come`() throws {
        let plan = try makePlan(
            "stop: {duration: 5s}\norder: side-by-side", sessions: singles(9), rounds: 1, perRound: 9,
            load: "load: {kind: constant, rate: 0.5}")
        var simulation = Simulation(plan, seed: 1)
        simulation.run()
        #expect(simulation.finish == .duration)
        #expect(simulation.now == Instant(nanoseconds: 0) + .seconds(5))
        #expect(simulation.started.count == 6)
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `a budget and retries hold in an open loop too`(seed: UInt64) throws {
        let plan = try makePlan(
            "budget: 0.01 USD\nretries: {maximum: 3, on: [server]}", sessions: graphs(5, seed: seed),
            load: "load: {kind: gamma, rate: 20, maximum_live_sessions: 3}")
        var simulation = Simulation(plan, seed: seed)
        simulation.failureShare = 0.3
        simulation.run(cost: Money(dollars: 0.00005) ?? .zero)
        #expect(simulation.scheduler.committed <= Money(dollars: 0.01) ?? .zero)
        #expect(simulation.started.values.allSatisfy { (1...4).contains($0) })
        #expect(simulation.finish == .complete || simulation.finish == .budget)
        if simulation.finish == .complete {
            #expect(Set(simulation.started.keys).union(simulation.skipped) == simulation.allCalls)
        }
    }
}
