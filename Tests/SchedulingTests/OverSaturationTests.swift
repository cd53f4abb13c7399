import Planning
import Profiles
import Quantities
import Testing
import Workloads

@testable import Scheduling

/// Two endpoints with one slot each, which answer calls in turn, each in its own time.
private struct Servers {
    let plan: Plan
    let serviceTimes: [Duration]
    /// The endpoint whose calls all fail.
    var failing: Int?
    var scheduler: Scheduler
    var now = Instant(nanoseconds: 0)
    var queues: [[(key: CallKey, end: Instant)]] = [[], []]
    var sent: [CallKey: Instant] = [:]
    var skipped: [CallKey: SkipReason] = [:]
    var firstSkip: Instant?
    var stopped: Set<Int> = []
    var endedSessions: Set<SessionKey> = []
    var finish: StopReason?

    init(_ plan: Plan, _ serviceTimes: [Duration], history: RunHistory = RunHistory()) {
        self.plan = plan
        self.serviceTimes = serviceTimes
        scheduler = Scheduler(plan, history: history)
    }

    mutating func run() {
        apply(scheduler.handle(.begin, at: now))
        while finish == nil {
            let ends = queues.indices.compactMap { index in queues[index].first.map { (index, $0.end) } }
            let next = ends.min { $0.1 < $1.1 }
            guard let time = [next?.1, scheduler.nextDeadline].compactMap(\.self).min() else {
                Issue.record("the scheduler waits for nothing and has not finished")
                return
            }
            now = max(now, time)
            guard let next, next.1 == time else {
                apply(scheduler.handle(.timeReached, at: now))
                continue
            }
            let key = queues[next.0].removeFirst().key
            let outcome: OutcomeClass = key.session.endpoint == failing ? .server : .ok
            apply(scheduler.handle(.attemptEnded(key, AttemptEnd(outcome: outcome, cost: nil)), at: now))
        }
    }

    private mutating func apply(_ actions: [SchedulingAction]) {
        for case .skipCall(let key, .endpointSaturated) in actions { stopped.insert(key.session.endpoint) }
        for action in actions {
            switch action {
            case .startCall(let key, _, _, _):
                #expect(!stopped.contains(key.session.endpoint), "nothing is sent when it is stopped or later")
                #expect(sent.updateValue(now, forKey: key) == nil)
                let endpoint = key.session.endpoint
                let free = max(now, queues[endpoint].last?.end ?? now)
                queues[endpoint].append((key, free + serviceTimes[endpoint]))
            case .skipCall(let key, let reason):
                #expect(skipped.updateValue(reason, forKey: key) == nil)
                firstSkip = firstSkip ?? now
            case .endSession(let key, _): #expect(endedSessions.insert(key).inserted)
            case .finish(let reason): finish = reason
            default: break
            }
        }
    }

    func sentCount(_ endpoint: Int) -> Int { sent.keys.count { $0.session.endpoint == endpoint } }

    /// Why an endpoint's calls were skipped.
    func reasons(_ endpoint: Int) -> Set<SkipReason> {
        Set(skipped.filter { $0.key.session.endpoint == endpoint }.values)
    }
}

@Suite struct OverSaturationTests {
    private static func plan(
        _ more: String = "", stop: String = "over_saturation: true", rounds: Int = 1, load: String = "poisson",
        budget: String = ""
    ) throws -> Plan {
        let calls = ["0", "1"].map { name in
            Call(
                identifier: CallIdentifier(name), after: name == "0" ? [] : ["0"], wait: .zero, waitKind: .tool,
                context: .new, added: [.init(role: "user", tokens: 10)], input: 10, output: 5)
        }
        let sessions = (0..<200).map {
            Session(identifier: SessionIdentifier("s\($0)"), toolsTokens: 0, systemTokens: 0, calls: calls)
        }
        let library = SessionLibrary(header: SessionFile.header(name: "pairs"), sessions: sessions)
        return try makePlan(
            "stop: {\(stop)}\norder: side-by-side\n\(budget)", sessions: library, rounds: rounds, perRound: 200,
            load: "load: {kind: \(load), rate: 10\(more)}")
    }

    /// An endpoint that bears 5 sessions of two calls a second, and one that bears 50.
    private static let serviceTimes: [Duration] = [.milliseconds(100), .milliseconds(10)]

    @Test(arguments: ["", ", maximum_live_sessions: 9"], ["poisson", "constant"])
    func `an endpoint that cannot keep up is stopped at once, and one that can is not`(
        cap: String, load: String
    ) throws {
        var servers = Servers(try Self.plan(cap, rounds: 2, load: load), Self.serviceTimes)
        servers.run()
        #expect(servers.finish == .complete, "another endpoint is left")
        #expect(servers.reasons(0) == [.endpointSaturated] && servers.reasons(1) == [])
        #expect(servers.sentCount(1) == 2 * 400)
        #expect(servers.sentCount(0) + servers.skipped.count == 2 * 400, "each call is sent or skipped")
        let stopped = try #require(servers.firstSkip)
        // The sixty-fourth of 200 arrivals, at ten a second.
        let arrival = try #require(servers.plan.rounds[0].sessions[63].offset)
        #expect(stopped - Instant(nanoseconds: 0) >= arrival)
        #expect(stopped - Instant(nanoseconds: 0) <= arrival + .milliseconds(100))
        #expect(servers.endedSessions.count == 2 * 2 * 200)
    }

    @Test func `sessions that wait for money do not come too fast`() throws {
        // Few calls fit into the budget at once, so that the fast endpoint has to wait as well.
        var servers = Servers(
            try Self.plan(budget: "budget: 0.002 USD"), [.milliseconds(100), .milliseconds(100)])
        servers.run()
        #expect(servers.finish != .overSaturation)
        for endpoint in 0...1 { #expect(!servers.reasons(endpoint).contains(.endpointSaturated)) }
    }

    @Test func `where nobody asks, none is stopped`() throws {
        var servers = Servers(try Self.plan(stop: "duration: 1h"), Self.serviceTimes)
        servers.run()
        #expect(servers.finish == .complete && servers.skipped.isEmpty && servers.sent.count == 800)
    }

    @Test func `an endpoint whose calls fail keeps that reason though its sessions would have come too fast`() throws {
        let stop = "over_saturation: true, error_rate: 0, error_rate_minimum_calls: 3"
        var servers = Servers(try Self.plan(stop: stop, rounds: 2), Self.serviceTimes)
        servers.failing = 0
        servers.run()
        #expect(servers.finish == .complete)
        #expect(servers.reasons(0) == [.sessionFailed, .endpointStopped] && servers.reasons(1) == [])
        #expect(servers.sentCount(1) == 800)
    }

    @Test(arguments: ["1ms", "2s"])
    func `a run that is out of time is no longer looked at`(duration: String) throws {
        var servers = Servers(
            try Self.plan(stop: "over_saturation: true, duration: \(duration)", load: "constant"), Self.serviceTimes)
        servers.run()
        #expect(servers.finish == .duration)
        let reasons = servers.reasons(0).union(servers.reasons(1))
        #expect(reasons.contains(.runStopped) && reasons.isSubset(of: [.runStopped, .noRoom]))
    }

    @Test func `when no endpoint is left the run ends, what is under way is awaited, and all else is skipped`() throws {
        var servers = Servers(try Self.plan(rounds: 2), [.milliseconds(100), .milliseconds(100)])
        servers.run()
        #expect(servers.finish == .overSaturation)
        #expect(servers.reasons(0) == [.endpointSaturated] && servers.reasons(1) == [.endpointSaturated])
        #expect(servers.sent.count + servers.skipped.count == 800, "of the first round; the second never began")
        #expect(servers.queues.allSatisfy { $0.isEmpty })
        #expect(servers.endedSessions.count == 400)
    }

    @Test func `too high a load stays so when the run goes on`() throws {
        let plan = try Self.plan(rounds: 2)
        var one = Servers(
            plan, [.milliseconds(1), .milliseconds(10)], history: RunHistory(stoppedEndpoints: [0: .endpointSaturated]))
        one.run()
        #expect(one.finish == .complete && one.sentCount(0) == 0 && one.sentCount(1) == 800)
        #expect(one.reasons(0) == [.endpointSaturated])
        let both = RunHistory(stoppedEndpoints: [0: .endpointSaturated, 1: .endpointStopped])
        var none = Servers(plan, [.milliseconds(1), .milliseconds(10)], history: both)
        none.run()
        #expect(none.finish == .overSaturation && none.sent.isEmpty)
    }

    @Test func `a round that is gone on with is not looked at, since its sessions come in a burst`() throws {
        let plan = try Self.plan()
        var ended: [CallKey: Bool] = [:]
        for session in 0..<150 {
            for endpoint in 0..<2 {
                ended[CallKey(session: SessionKey(endpoint: endpoint, round: 0, session: session), call: 0)] = true
            }
        }
        var servers = Servers(plan, Self.serviceTimes, history: RunHistory(ended: ended))
        servers.run()
        #expect(servers.finish == .complete && servers.skipped.isEmpty)
    }
}
