public import Pricing
public import Profiles
public import Quantities
import Records
import Statistics

/// All figures of one endpoint.
public struct EndpointAnalysis: Sendable {
    /// The endpoint's name.
    public let identifier: EndpointIdentifier
    /// Who is behind it.
    public let provider: ProviderProfile
    /// The list prices of its models; nil if one of them has none.
    public let prices: ModelPrices?
    /// Calls that were sent and not ended by ourselves; of a call that was sent several times the first attempt counts.
    public let attemptedCount: Int
    /// All attempts that were sent and not ended by ourselves, those that are set apart included.
    public let sentCount: Int
    /// Further attempts of those calls; their tokens, cost and time count, their latency does not.
    public let retryCount: Int
    /// Calls that were served by another route than the plan's; they and their sessions are set apart from every figure.
    public let quarantinedCount: Int
    /// True if the run stopped calling it, because too many of its calls failed or sessions came too fast for it.
    public let wasStopped: Bool
    /// True if the run stopped calling it because sessions arrived faster than it served them.
    public let wasSaturated: Bool
    /// Sessions that had arrived and found no room until the run was stopped; nothing of them was sent.
    public let unservedCount: Int
    /// Calls by how they ended, skipped and aborted ones included.
    public let outcomes: [OutcomeClass: Int]
    /// Successful calls of the attempted.
    public let success: ShareFigure
    /// Successful sessions of those that ran to their end.
    public let sessionSuccess: ShareFigure
    /// How fast its calls were, to whichever model they went.
    public let calls: CallSummaries
    /// Model time of sessions, in seconds.
    public let sessionModelTime: MetricSummary
    /// Tokens.
    public let tokens: TokenTotals
    /// Money.
    public let cost: CostTotals
    /// The share that each of its models has in all this, the main one first; empty if there is only one.
    public let models: [ModelFigures]
    /// How its answers used their tools.
    public let toolUse: ToolUse
    /// How long its answers are.
    public let outputLength: OutputLength
    /// How they kept to the length that the plan wanted.
    public let outputAdherence: OutputAdherence
    /// What matters to agents: sessions as a whole, cached contexts, tools under long prompts and under load.
    public let agents: AgentFigures
    /// Calls that met the objectives.
    public let attainment: Attainment
    /// The same as a share with its interval; without trials if not one answer could be judged.
    public let attainmentShare: ShareFigure
    /// What it did while the whole load was there.
    public let steady: SteadyState
    /// How long the endpoint had calls to do, summed over rounds.
    public let activeTime: Duration
    /// Its finished sessions by round; the rounds of all endpoints of a run are the same.
    public let sessions: [[SessionMeasurement]]

    /// The summary of a metric over all calls, to whichever model they went.
    public func summary(_ metric: CallMetric) -> MetricSummary? { calls.summary(metric) }
    /// List price per attempted call; nil without a price or calls.
    public var costPerTurn: Money? {
        guard let list = cost.list, attemptedCount > 0 else { return nil }
        return Money(picodollars: list.picodollars / Int64(attemptedCount))
    }
    /// List price of everything, failures included, per successful session; nil without a price or success.
    public var costPerSuccessfulSession: Money? {
        guard cost.list != nil, sessionSuccess.hitCount > 0 else { return nil }
        let total = sessions.joined().filter { !$0.isVoid }.reduce(Money.zero) { $0 + ($1.listCost ?? .zero) }
        return Money(picodollars: total.picodollars / Int64(sessionSuccess.hitCount))
    }
    /// Good calls per second of active time, ramp and drain of the rounds included; nil if there was none, or if not one
    /// answer could be judged.
    ///
    /// With few sessions in a round most of that time may have less load than the plan wants: see ``SteadyState/goodput``.
    public var goodCallsPerActiveSecond: Double? {
        activeTime > .zero && attainment.isTold ? Double(attainment.goodCount) / activeTime.seconds : nil
    }

    /// Gathers an endpoint's rows: its attempts in the order of their calls, and its sessions.
    init(
        _ endpoint: EndpointProfile, provider: ProviderProfile, prices: ModelPrices?, attempts: [AttemptRow],
        sessions rows: [SessionRow], roundCount: Int, plan: PlanProfile
    ) {
        identifier = endpoint.identifier
        self.provider = provider
        self.prices = prices
        outcomes = Dictionary(grouping: attempts, by: \.outcome).mapValues(\.count)
        wasSaturated = attempts.contains { $0.skipReason == "endpoint-saturated" }
        wasStopped = wasSaturated || attempts.contains { $0.skipReason == "endpoint-stopped" }
        unservedCount = Self.unservedCount(attempts)
        let sent = attempts.filter(\.isAttempted)
        sentCount = sent.count
        quarantinedCount = sent.count { $0.routeMismatch != nil }
        // A session with such a call says nothing of the endpoint, in none of its calls.
        let void = Set(sent.filter { $0.routeMismatch != nil }.map { [$0.place.round, $0.place.session] })
        let judged = sent.filter { !void.contains([$0.place.round, $0.place.session]) }.sorted {
            ($0.place.round, $0.part, $0.order) < ($1.place.round, $1.part, $1.order)
        }
        let calls = Self.firstAttempts(judged)
        attemptedCount = calls.count
        retryCount = judged.count - calls.count
        var tokens = TokenTotals()
        var cost = CostTotals(prices)
        var attainment = Attainment()
        var toolUse = ToolUse()
        var outputLength = OutputLength()
        var outputAdherence = OutputAdherence()
        var rounds = Array(repeating: (tried: 0, succeeded: 0, good: 0), count: roundCount)
        for attempt in judged {
            tokens.add(attempt)
            cost.add(attempt, at: prices)
            toolUse.add(attempt)
            outputLength.add(attempt)
        }
        for attempt in calls { outputAdherence.add(attempt) }
        (self.toolUse, self.outputLength, self.outputAdherence) = (toolUse, outputLength, outputAdherence)
        for attempt in calls {
            let judgement = Attainment.judge(attempt, plan.objectives)
            attainment.add(judgement, isSuccess: attempt.outcome.isSuccess)
            rounds[attempt.place.round].tried += 1
            rounds[attempt.place.round].succeeded += attempt.outcome.isSuccess ? 1 : 0
            rounds[attempt.place.round].good += judgement == .good ? 1 : 0
        }
        (self.tokens, self.cost, self.attainment) = (tokens, cost, attainment)
        models = ModelFigures.all(plan.modelNames, judged: judged, calls: calls, prices: prices)
        success = ShareFigure(clusters: rounds.map { ($0.succeeded, $0.tried) })
        attainmentShare = ShareFigure(clusters: attainment.isTold ? rounds.map { ($0.good, $0.tried) } : [])
        self.calls = CallSummaries(calls)
        sessions = Self.measurements(sent, rows, roundCount: roundCount, prices: prices)
        let valid = sessions.map { $0.filter { !$0.isVoid } }
        agents = AgentFigures(valid.flatMap(\.self), judged: judged, all: attempts)
        sessionModelTime = MetricSummary(inTimeOrder: valid.joined().map(\.modelTimeOrFailure))
        sessionSuccess = ShareFigure(clusters: valid.map { round in (round.count(where: \.isSuccess), round.count) })
        steady = SteadyState(judged, all: attempts, sessions: rows, void: void, plan)
        activeTime = Self.activeTime(judged)
    }

    private static func measurements(
        _ attempts: [AttemptRow], _ rows: [SessionRow], roundCount: Int, prices: ModelPrices?
    ) -> [[SessionMeasurement]] {
        let calls = Dictionary(grouping: attempts) { [$0.place.round, $0.place.session] }
        var rounds: [[SessionMeasurement]] = Array(repeating: [], count: roundCount)
        for row in rows.sorted(by: { ($0.round, $0.session) < ($1.round, $1.session) }) {
            let own = (calls[[row.round, row.session]] ?? []).sorted {
                ($0.place, $0.number) < ($1.place, $1.number)
            }
            guard !own.isEmpty else { continue }
            guard own.allSatisfy({ $0.routeMismatch == nil }) else {
                rounds[row.round].append(SessionMeasurement(voidNamed: row.name))
                continue
            }
            var cost = CostTotals(prices)
            for attempt in own { cost.add(attempt, at: prices) }
            rounds[row.round].append(
                SessionMeasurement(
                    name: row.name, isSuccess: row.isSuccess, modelTime: modelTime(own), listCost: cost.list,
                    calls: firstAttempts(own), timeline: SessionTimeline(own)))
        }
        return rounds
    }

    /// The first attempt of each call, in the order given.
    static func firstAttempts(_ attempts: [AttemptRow]) -> [AttemptRow] {
        let least = Dictionary(attempts.map { ($0.place, $0.number) }) { min($0, $1) }
        return attempts.filter { least[$0.place] == $0.number }
    }

    /// Seconds in calls, in the waits before a call was sent again, and in the wait for room before the first call: the provider
    /// caused those, not the client.
    private static func modelTime(_ attempts: [AttemptRow]) -> Double {
        var sum = attempts.map(\.predecessorDelay).max() ?? 0
        var last: AttemptRow?
        for attempt in attempts {
            sum += attempt.timeSpent
            if let last, last.place == attempt.place, last.part == attempt.part {
                let sent = attempt.sent ?? attempt.started ?? attempt.ended
                sum += max(0, (sent - last.ended - attempt.budgetHold).seconds)
            }
            last = attempt
        }
        return sum
    }

    private static func unservedCount(_ attempts: [AttemptRow]) -> Int {
        Dictionary(grouping: attempts) { [$0.place.round, $0.place.session] }.values.count { session in
            session.contains { $0.skipReason == "no-room" } && session.allSatisfy { $0.outcome == .skipped }
        }
    }

    /// From the first call that was due to the last end, round by round; the pause before a resumption does not count.
    private static func activeTime(_ attempts: [AttemptRow]) -> Duration {
        Dictionary(grouping: attempts) { [$0.place.round, $0.part] }.values.reduce(.zero) { sum, block in
            sum + (RoundSpan(block)?.length ?? .zero)
        }
    }
}

extension AttemptRow {
    /// True if the call was sent, or should have been but for the endpoint, and we did not end it ourselves.
    var isAttempted: Bool { outcome != .skipped && outcome != .aborted }

    /// Sorts by time within one part of a run.
    var order: Int64 { (sent ?? started ?? ended).nanoseconds }

    /// Seconds from the first request byte to the last content, or to the end for calls that failed.
    var timeSpent: Double {
        let begin = sent ?? started ?? ended
        let end = outcome.isSuccess ? (lastContent?.at ?? ended) : ended
        return max(0, (end - begin).seconds)
    }
}
