import Planning
import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Scheduling

/// The settings of a plan, drawn.
private struct DrawnPlan {
    let plan: Plan
    /// Failures may be sent again so often.
    let retryCount: Int
    /// The share of failures at which an endpoint is given up.
    let errorRate: Double?
    static let minimumCalls = 5

    init(seed: UInt64, sessions: SessionLibrary) throws {
        var generator = SeededGenerator(seed: Seed(seed).derived("settings"))
        retryCount = generator.below(2) * generator.below(4)
        errorRate = generator.below(4) == 0 ? 0.3 : nil
        let stop = errorRate.map { "stop: {error_rate: \($0), error_rate_minimum_calls: \(Self.minimumCalls)}" } ?? ""
        let texts = [
            "a.yaml": Self.provider("a"), "b.yaml": Self.provider("b"),
            "prices.yaml": "submeter: prices\nversion: 1\nrows: [\(Self.price("a")), \(Self.price("b"))]",
            "w.yaml": "submeter: workload\nversion: 1\nname: w\nsessions_file: s.jsonl",
            "p.yaml": """
            submeter: plan
            version: 1
            name: p
            seed: \(seed)
            model: m
            providers: [a.yaml, b.yaml]
            prices: [prices.yaml]
            workload: w.yaml
            endpoints: [{provider: a}, {provider: b}]
            rounds: \(1 + generator.below(3))
            sessions_per_round: \(1 + generator.below(4))
            live_sessions: \(1 + generator.below(4))
            order: \(generator.below(2) == 0 ? "random" : "side-by-side")
            time_scale: \(generator.choice(["1", "0.25", "0.001", "0"]))
            retries: {maximum: \(retryCount), on: [server]}
            \(stop)
            """,
        ]
        plan = try Plan(
            try DocumentSet(planFile: "p.yaml") { name in
                name == "s.jsonl" ? SessionFile.write(sessions) : texts[name].map { Array($0.utf8) }
            })
    }

    private static func provider(_ name: String) -> String {
        "submeter: provider\nversion: 1\nname: \(name)\ndelivery_path: self-hosted\ndialect: openai-chat\n"
            + "base_url: http://127.0.0.1:1\nmodels: [{name: m, id: m}]"
    }

    private static func price(_ provider: String) -> String {
        "{provider: \(provider), model: m, input_per_million: 1 USD, output_per_million: 1 USD, source: s, date: d}"
    }
}

/// Watches a scheduler from outside, with rules of its own, and notes what breaks them.
private struct Referee {
    enum Fate: Equatable {
        case untouched, running
        case retrying(since: Instant, number: Int, asked: Duration?)
        case succeeded(Instant), failed, skipped

        var isFinal: Bool {
            switch self {
            case .succeeded, .failed, .skipped: true
            case .untouched, .running, .retrying: false
            }
        }
    }

    struct LiveSession {
        let began: Instant
        /// The dependencies of each call, taken from the session's own words.
        let after: [Set<Int>]
        let waits: [Duration]
        var fates: [Fate]
        var rootsFrom: Instant?

        init(_ session: Session, _ timeScale: Double, at now: Instant) {
            began = now
            let places = Dictionary(
                uniqueKeysWithValues: session.calls.enumerated().map { ($0.element.identifier, $0.offset) })
            after = session.calls.map { Set($0.after.compactMap { places[$0] }) }
            waits = session.calls.map {
                .nanoseconds(Int64((Double($0.wait.nanoseconds) * timeScale).rounded()))
            }
            fates = Array(repeating: .untouched, count: session.calls.count)
        }

        var hasFailed: Bool { fates.contains { $0 == .failed || $0 == .skipped } }
        /// When the last of a call's dependencies ended; nil if one has not ended well, or there are none.
        func lastEnd(_ call: Int) -> Instant? {
            var ends: [Instant] = []
            for dependency in after[call] {
                guard case .succeeded(let end) = fates[dependency] else { return nil }
                ends.append(end)
            }
            return ends.max()
        }
    }

    let drawn: DrawnPlan
    private(set) var problems: [String] = []
    private(set) var live: [SessionKey: LiveSession] = [:]
    private(set) var endedSessions: Set<SessionKey> = []
    private(set) var fateCount = 0
    private(set) var finish: StopReason?
    private(set) var sentCount = 0
    private var openRound: Int?
    private var endedRoundCount = 0
    private var callCounts = [0, 0]
    private var failureCounts = [0, 0]
    private var stoppedEndpoints: Set<Int> = []
    private var isStopping = false

    init(_ drawn: DrawnPlan) { self.drawn = drawn }

    private var plan: Plan { drawn.plan }
    private mutating func blame(_ text: String) { problems.append(text) }

    mutating func noteStop() { isStopping = true }

    mutating func see(_ action: SchedulingAction, at now: Instant) {
        if finish != nil { blame("\(action) after the end") }
        switch action {
        case .beginRound(let round):
            if openRound != nil || round != endedRoundCount { blame("round \(round) begins out of turn") }
            openRound = round
        case .endRound(let round):
            if openRound != round || !live.isEmpty {
                blame("round \(round) ends while \(live.count) sessions are live")
            }
            openRound = nil
            endedRoundCount += 1
        case .beginSession(let key): begin(key, now)
        case .startCall(let key, let due, let predecessorEnd, _): start(key, due, predecessorEnd, now)
        case .skipCall(let key, let reason): skip(key, reason)
        case .endSession(let key, let isSuccess): end(key, isSuccess)
        case .finish(let reason):
            if openRound != nil || !live.isEmpty { blame("it finishes in the middle of a round") }
            finish = reason
        }
    }

    private mutating func begin(_ key: SessionKey, _ now: Instant) {
        if openRound != key.round { blame("\(key) begins outside of its round") }
        if live[key] != nil || endedSessions.contains(key) { blame("\(key) begins twice") }
        if plan.profile.order == .random, live.keys.contains(where: { $0.endpoint != key.endpoint }) {
            blame("\(key) begins while another endpoint has its turn")
        }
        live[key] = LiveSession(plan.session(key), plan.profile.timeScale, at: now)
        if live.keys.count(where: { $0.endpoint == key.endpoint }) > plan.profile.liveSessions {
            blame("\(key) is one live session too many")
        }
    }

    private mutating func start(_ key: CallKey, _ due: Instant, _ predecessorEnd: Instant, _ now: Instant) {
        guard var session = live[key.session] else { return blame("\(key) is sent outside of its session") }
        if isStopping { blame("\(key) is sent though the run has to stop") }
        if stoppedEndpoints.contains(key.session.endpoint) { blame("\(key) is sent to an endpoint that was given up") }
        if session.hasFailed { blame("\(key) is sent though its session has failed") }
        if due > now { blame("\(key) is sent before it is due") }
        switch session.fates[key.call] {
        case .untouched:
            if session.after[key.call].isEmpty {
                let latest = session.began + .milliseconds(plan.endpoints.count * plan.profile.liveSessions)
                let from = session.rootsFrom ?? predecessorEnd
                if predecessorEnd != from || from < session.began || from > latest {
                    blame("\(key) does not begin with its session")
                }
                session.rootsFrom = from
            } else if session.lastEnd(key.call) != predecessorEnd {
                blame("\(key) is sent before, or not counted from, the end of what it depends on")
            }
            if due != predecessorEnd + session.waits[key.call] { blame("\(key) does not wait as it should") }
        case .retrying(let since, let number, let asked):
            let wait = (due - since).seconds
            let usual = 0.5 * Double(1 << (number - 1))
            let isRight = asked.map { wait == $0.seconds } ?? (usual * 0.75 - 1e-6...usual).contains(wait)
            if predecessorEnd != since || !isRight { blame("\(key) is sent again after \(wait) s") }
        case let fate: blame("\(key) is sent though it is \(fate)")
        }
        sentCount += 1
        session.fates[key.call] = .running
        live[key.session] = session
    }

    private mutating func skip(_ key: CallKey, _ reason: SkipReason) {
        guard let session = live[key.session] else { return blame("\(key) is skipped outside of its session") }
        let fate = session.fates[key.call]
        if fate.isFinal || fate == .running { blame("\(key) is skipped though it is \(fate)") }
        let isRight =
            switch reason {
            case .sessionFailed: session.hasFailed
            case .endpointStopped: stoppedEndpoints.contains(key.session.endpoint)
            // The drawn plans do not ask for it, and have no open loop.
            case .endpointSaturated, .noRoom: false
            case .runStopped: isStopping || stoppedEndpoints.count == plan.endpoints.count
            }
        if !isRight { blame("\(key) is skipped as \(reason.rawValue)") }
        settle(key, .skipped)
    }

    private mutating func settle(_ key: CallKey, _ fate: Fate) {
        live[key.session]?.fates[key.call] = fate
        if fate.isFinal { fateCount += 1 }
    }

    private mutating func end(_ key: SessionKey, _ isSuccess: Bool) {
        guard let session = live.removeValue(forKey: key) else { return blame("\(key) ends, but it is not live") }
        if !session.fates.allSatisfy(\.isFinal) { blame("\(key) ends before its calls") }
        if isSuccess == session.hasFailed { blame("\(key) is said to have \(isSuccess ? "succeeded" : "failed")") }
        if !endedSessions.insert(key).inserted { blame("\(key) ends twice") }
    }

    /// Notes how an attempt ends, before the scheduler is told.
    mutating func note(_ key: CallKey, _ attempt: AttemptEnd, retryNumber: Int, at now: Instant) {
        guard let session = live[key.session], session.fates[key.call] == .running else {
            return blame("\(key) was not under way")
        }
        let endpoint = key.session.endpoint
        let mayRetry =
            !attempt.outcome.isSuccess && retryNumber < drawn.retryCount && !isStopping
            && !stoppedEndpoints.contains(endpoint) && !session.hasFailed && attempt.outcome != .aborted
            && attempt.shouldRetry ?? (attempt.outcome == .server)
        guard !mayRetry else {
            return settle(key, .retrying(since: now, number: retryNumber + 1, asked: attempt.retryAfter))
        }
        callCounts[endpoint] += 1
        failureCounts[endpoint] += attempt.outcome.isSuccess ? 0 : 1
        if let rate = drawn.errorRate, callCounts[endpoint] >= DrawnPlan.minimumCalls,
            Double(failureCounts[endpoint]) > rate * Double(callCounts[endpoint])
        {
            stoppedEndpoints.insert(endpoint)
        }
        settle(key, attempt.outcome.isSuccess ? .succeeded(now) : .failed)
    }

    /// After an event: whatever may be sent must have been sent.
    mutating func checkNothingIsLeft(at now: Instant) {
        for (key, session) in live
        where !session.hasFailed && !isStopping && !stoppedEndpoints.contains(key.endpoint) {
            if session.fates.allSatisfy(\.isFinal) { blame("\(key) is over and still live") }
            for (call, fate) in session.fates.enumerated() where fate == .untouched {
                guard let end = session.lastEnd(call) else { continue }
                if end + session.waits[call] <= now { blame("call \(call) of \(key) could be sent and is not") }
            }
        }
    }

    /// At the end: every call has one fate, and every session has ended.
    mutating func checkEnd() {
        if !live.isEmpty { blame("\(live.count) sessions are still live") }
        let begun = endedSessions.reduce(0) { $0 + plan.session($1).calls.count }
        if fateCount != begun { blame("\(fateCount) fates for \(begun) calls") }
        guard finish == .complete else { return }
        let all = plan.endpoints.count * plan.profile.rounds * plan.profile.sessionsPerRound
        if endedSessions.count != all { blame("\(endedSessions.count) of \(all) sessions have ended") }
        if endedRoundCount != plan.profile.rounds { blame("only \(endedRoundCount) rounds have ended") }
    }
}

/// A clock and a network that a seed decides: calls take any time, several may end at once, the clock may be read late, and
/// failures, wishes of the provider and an interruption may come at any moment.
private struct DrawnWorld {
    var scheduler: Scheduler
    var referee: Referee
    private var generator: SeededGenerator
    private var now = Instant(nanoseconds: 1_000_000)
    private var running: [(key: CallKey, end: Instant)] = []
    private var retryNumbers: [CallKey: Int] = [:]
    private var spent = Money.zero
    private let failureShare: Double
    private var interruptionStep: Int

    init(_ drawn: DrawnPlan, seed: UInt64) {
        generator = SeededGenerator(seed: Seed(seed).derived("world"))
        scheduler = Scheduler(drawn.plan)
        referee = Referee(drawn)
        failureShare = generator.choice([0, 0, 0.05, 0.3, 1])
        interruptionStep = generator.below(6) == 0 ? 1 + generator.below(40) : .max
    }

    mutating func run() {
        apply(.begin)
        var step = 0
        while referee.finish == nil, step < 10_000, referee.problems.isEmpty {
            step += 1
            if step == interruptionStep { interrupt() }
            let nextEnd = running.map(\.end).min()
            guard let next = [nextEnd, scheduler.nextDeadline].compactMap(\.self).min() else { break }
            if nextEnd == next, let place = running.firstIndex(where: { $0.end == next }) {
                now = max(now, next)
                endAttempt(place)
            } else {
                now = max(now, next + .microseconds(generator.below(3) == 0 ? generator.below(8000) : 0))
                apply(.timeReached)
            }
        }
        referee.checkEnd()
    }

    /// True if the run has ended, and nothing is reserved, waits or is under way.
    var isSettled: Bool {
        referee.finish != nil && scheduler.committed == spent && scheduler.nextDeadline == nil && running.isEmpty
    }

    private mutating func interrupt() {
        referee.noteStop()
        apply(.stopRequested(.interrupted))
        for index in running.indices { running[index].end = now + .milliseconds(1) }
        wasInterrupted = true
    }

    private var wasInterrupted = false

    private mutating func endAttempt(_ place: Int) {
        let key = running.remove(at: place).key
        var end = AttemptEnd(outcome: .ok, cost: Money(picodollars: Int64(generator.below(1000))))
        let abort = referee.drawnAbort(key)
        if wasInterrupted {
            end.outcome = .aborted
        } else if generator.uniform() < failureShare {
            end.outcome = generator.choice([.server, .server, .badRequest, .connectionLost])
            end.shouldRetry = generator.choice([nil, nil, true, false])
            end.retryAfter = generator.choice([nil, .milliseconds(Int64(generator.below(3000)))])
        } else if abort {
            end.outcome = .hungUp
        }
        spent += end.cost ?? .zero
        referee.note(key, end, retryNumber: retryNumbers[key] ?? 0, at: now)
        retryNumbers[key, default: 0] += 1
        apply(.attemptEnded(key, end))
    }

    private mutating func apply(_ event: SchedulingEvent) {
        for action in scheduler.handle(event, at: now) {
            referee.see(action, at: now)
            guard case .startCall(let key, _, _, _) = action else { continue }
            let latency = generator.choice([0, 1, 1 + generator.below(40_000), 1 + generator.below(40_000), 3_000_000])
            running.append((key, now + .microseconds(latency)))
        }
        referee.checkNothingIsLeft(at: now)
    }
}

extension Referee {
    /// True if a call hangs up.
    fileprivate func drawnAbort(_ key: CallKey) -> Bool {
        plan.session(key.session).calls[key.call].request.abort != nil
    }
}

@Suite struct SessionGraphPropertyTests {
    @Test(arguments: 0..<1000 as Range<UInt64>)
    func `every call of any graph has one fate, in order, whatever fails and whenever it ends`(seed: UInt64) throws {
        var draw = SessionGraphDraw(seed: seed)
        let drawn = try DrawnPlan(seed: seed, sessions: draw.library(sessionCount: 4))
        var world = DrawnWorld(drawn, seed: seed)
        world.run()
        // Taken out first: what is said of a failure would else be the whole plan.
        let (problems, isSettled, sentCount) = (world.referee.problems, world.isSettled, world.referee.sentCount)
        #expect(problems == [])
        #expect(isSettled)
        #expect(sentCount > 0 || world.referee.finish == .interrupted)
    }

    @Test func `the drawn sessions have every shape, each more than a few times`() {
        var counts: [SessionGraphDraw.Shape: Int] = [:]
        for seed in 0..<250 as Range<UInt64> {
            var draw = SessionGraphDraw(seed: seed)
            _ = draw.library(sessionCount: 4)
            for shape in draw.shapes { counts[shape, default: 0] += 1 }
        }
        for shape in SessionGraphDraw.Shape.allCases {
            #expect(counts[shape, default: 0] >= 25, "\(shape): \(counts[shape, default: 0])")
        }
    }
}
