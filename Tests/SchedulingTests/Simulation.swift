import Planning
import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Scheduling

/// A plan over sessions of any shape, made from documents as a user would.
func makePlan(
    _ settings: String = "", sessions: SessionLibrary? = nil, rounds: Int = 2, perRound: Int = 3,
    load: String = "live_sessions: 2"
) throws -> Plan {
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
        \(load)
        \(settings)
        """,
    ]
    let documents = try DocumentSet(planFile: "p.yaml") { name in
        name == "s.jsonl" ? sessions.map(SessionFile.write) : files[name].map { Array($0.utf8) }
    }
    return try Plan(documents)
}

/// Sessions that are random graphs of calls.
func graphs(_ count: Int, seed: UInt64) -> SessionLibrary {
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
struct Simulation {
    var scheduler: Scheduler
    let plan: Plan
    var now = Instant(nanoseconds: 0)
    var generator: SeededGenerator
    var running: [(key: CallKey, end: Instant)] = []
    var started: [CallKey: Int] = [:]
    /// The first start of each call.
    var starts: [CallKey: (sent: Instant, due: Instant, predecessorEnd: Instant)] = [:]
    /// How long the budget held each call back.
    var holds: [CallKey: Duration] = [:]
    var roundBegins: [Instant] = []
    var sessionBegins: [SessionKey: Instant] = [:]
    var sessionEnds: [SessionKey: Instant] = [:]
    var skipped: Set<CallKey> = []
    var endTimes: [CallKey: Instant] = [:]
    var endedSessions: [SessionKey: Bool] = [:]
    var liveByEndpoint: [Int: Int] = [:]
    var mostLive = 0
    var finish: StopReason?
    var failureShare = 0.0
    /// How many of each call's first attempts fail whatever is drawn.
    var failuresPerCall = 0
    /// How much later than wanted the clock wakes the scheduler.
    var timerLateness = Duration.zero

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
                let isSuccess = generator.uniform() >= failureShare && started[key, default: 0] > failuresPerCall
                endTimes[key] = now
                apply(
                    scheduler.handle(
                        .attemptEnded(key, AttemptEnd(outcome: isSuccess ? .ok : .server, cost: cost)), at: now))
            } else {
                now = now + timerLateness
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
                sessionBegins[key] = now
                liveByEndpoint[key.endpoint, default: 0] += 1
                mostLive = max(mostLive, liveByEndpoint[key.endpoint] ?? 0)
            case .startCall(let key, let due, let predecessorEnd, let hold):
                started[key, default: 0] += 1
                if starts[key] == nil { starts[key] = (now, due, predecessorEnd) }
                let harnessDelay = now - max(due, predecessorEnd) - hold
                holds[key] = hold
                #expect(
                    .zero <= harnessDelay && harnessDelay <= timerLateness,
                    "a call starts when it is due, or when what kept it is over")
                running.append((key, now + .milliseconds(1 + generator.below(40))))
            case .skipCall(let key, _): #expect(skipped.insert(key).inserted)
            case .endSession(let key, let isSuccess):
                #expect(endedSessions.updateValue(isSuccess, forKey: key) == nil)
                sessionEnds[key] = now
                liveByEndpoint[key.endpoint, default: 0] -= 1
            case .finish(let reason): finish = reason
            case .beginRound: roundBegins.append(now)
            case .endRound: #expect(liveByEndpoint.values.allSatisfy { $0 == 0 }, "a round ends when all sessions have")
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
