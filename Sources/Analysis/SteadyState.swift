import Profiles
import Quantities
import Records
import Statistics

/// What an endpoint did while the whole load was there, over all rounds that have such a time.
///
/// At the beginning and at the end of a round there is less load than the plan wants: sessions come one after another, and the
/// last ones are alone. Rates over the whole round are too low for that, and so are latencies. Those of a load are taken from
/// the steady window of each round: rates are counts within the windows over the length of the windows, and the latency is
/// that of the calls that were sent within them.
///
/// A ranking does not go by it. It compares the same sessions at every endpoint, drawn as wholes with all their calls, so that
/// cost, time and success of a session and the medians of its calls stay those of one and the same sample; the windows of a
/// fast and of a slow endpoint hold different calls of it.
public struct SteadyState: Sendable {
    /// Rounds in which calls were sent.
    public let roundCount: Int
    /// Rounds that have a steady window; a round that a resumption cut in two has none.
    public let windowCount: Int
    /// Windows that are shorter than ten seconds or than a tenth of their round, and so rest on little.
    public let shortCount: Int
    /// Windows with enough answers to tell whether their turn times have settled.
    public let judgedCount: Int
    /// Those of them in which they have not, so that there is no steady state (MSER-5).
    ///
    /// Nothing is cut away for it: a cut that is chosen by the times themselves makes them look better than they are.
    public let unsettledCount: Int
    /// How long the windows are, summed.
    public let length: Duration
    /// The time before the windows in which the load was not yet whole, as a share of their rounds; nil without windows.
    public let rampShare: Double?
    /// The time after the windows in which it no longer was, as a share of their rounds; nil without windows.
    public let drainShare: Double?
    /// Calls that were sent within the windows, and how many met the objectives.
    public let attainment: Attainment
    /// Output tokens that came within the windows, reasoning included, of the answers that tell how many they have.
    public let outputTokens: Double
    /// Attempts with content within the windows that do not tell their output tokens, so that there were more.
    public let attemptsWithoutOutputCount: Int
    /// Successful sessions that ended within the windows.
    public let completedSessionCount: Int
    /// The metrics of the calls that were sent within the windows, by name.
    public let metrics: [String: MetricSummary]

    /// The summary of a metric over the calls that were sent within the windows.
    public func summary(_ metric: CallMetric) -> MetricSummary? { metrics[metric.name] }

    /// Good calls per second; nil without windows, or if not one answer could be judged.
    public var goodput: Double? { attainment.isTold ? perSecond(Double(attainment.goodCount)) : nil }

    /// Output tokens per second of all calls together, by the time at which they came; nil without windows, or if content
    /// came within them and no answer tells its tokens.
    public var outputRate: Double? {
        outputTokens == 0 && attemptsWithoutOutputCount > 0 ? nil : perSecond(outputTokens)
    }

    /// Successful sessions per hour; nil without windows.
    public var sessionsPerHour: Double? { perSecond(Double(completedSessionCount)).map { $0 * 3600 } }

    private func perSecond(_ count: Double) -> Double? { length > .zero ? count / length.seconds : nil }

    /// Finds the windows of an endpoint and what lies within them.
    ///
    /// - Parameters:
    ///   - attempts: the attempts that were sent and say something of the endpoint, in the order of time.
    ///   - all: every attempt, since whatever was sent is load.
    ///   - sessions: every session that ended; those that are set apart are load too.
    ///   - void: round and number of the sessions that are set apart.
    ///   - plan: says what the whole load is, and what a good call meets.
    init(
        _ attempts: [AttemptRow], all: [AttemptRow], sessions: [SessionRow], void: Set<[Int]>, _ plan: PlanProfile
    ) {
        let rounds = Self.rounds(all.filter(\.isAttempted), sessions, plan)
        let windows = rounds.compactMapValues(\.window)
        let spans = rounds.values.compactMap { round in round.window.map { (round.span, $0) } }
        roundCount = rounds.count
        windowCount = windows.count
        shortCount = spans.count { span, window in
            window.length < max(Self.shortest, .seconds(span.length.seconds / 10))
        }
        length = windows.values.reduce(.zero) { $0 + $1.length }
        // Whole nanoseconds are added up, so that the order of the rounds cannot change the last digit.
        let total = spans.reduce(Duration.zero) { $0 + $1.0.length }
        let ramp = spans.reduce(Duration.zero) { $0 + max(.zero, $1.1.begin - $1.0.begin) }
        let drain = spans.reduce(Duration.zero) { $0 + max(.zero, $1.0.end - $1.1.end) }
        rampShare = total > .zero ? ramp.seconds / total.seconds : nil
        drainShare = total > .zero ? drain.seconds / total.seconds : nil
        let calls = EndpointAnalysis.firstAttempts(attempts).filter { attempt in
            windows[attempt.place.round]?.contains(attempt.sent ?? attempt.started) ?? false
        }
        let turnTime = plan.load.isOpen ? CallMetric.scheduledTurnTime : .turnTime
        let settling = Dictionary(grouping: calls, by: \.place.round).values.map { calls in
            WarmUp(calls.filter(\.outcome.isSuccess).compactMap { turnTime.value(of: $0) }.filter(\.isFinite))
        }
        judgedCount = settling.count { $0 != .unknown }
        unsettledCount = settling.count { $0 == .endless }
        var attainment = Attainment()
        for call in calls {
            attainment.add(Attainment.judge(call, plan.objectives), isSuccess: call.outcome.isSuccess)
        }
        self.attainment = attainment
        metrics = Dictionary(
            uniqueKeysWithValues: CallMetric.all.map { metric in
                let values = calls.compactMap { metric.value(of: $0) }
                return (metric.name, MetricSummary(inTimeOrder: values, isBetterWhenLower: metric.isBetterWhenLower))
            })
        let outputs = attempts.compactMap { attempt in
            windows[attempt.place.round].flatMap { attempt.output(within: $0) }
        }
        outputTokens = outputs.reduce(0) { $0 + ($1.tokens ?? 0) }
        attemptsWithoutOutputCount = outputs.count { $0.tokens == nil }
        // In an open loop the window begins with the end of a session, of which nothing else lies within it.
        completedSessionCount = sessions.count { session in
            guard session.isSuccess, !void.contains([session.round, session.session]),
                let window = windows[session.round]
            else { return false }
            return session.ended > window.begin && session.ended <= window.end
        }
    }

    /// A window that is shorter rests on little.
    private static let shortest = Duration.seconds(10)

    /// The time of each round in which there were calls to do, and the window in it.
    private static func rounds(
        _ attempts: [AttemptRow], _ sessions: [SessionRow], _ plan: PlanProfile
    ) -> [Int: (span: RoundSpan, window: SteadyWindow?)] {
        let sessions = Dictionary(grouping: sessions, by: \.round)
        return Dictionary(grouping: attempts, by: \.place.round).compactMapValues { attempts in
            guard let span = RoundSpan(attempts) else { return nil }
            let own = sessions[attempts[0].place.round] ?? []
            // The clocks of two processes cannot be compared, and a pause is no load.
            guard Set(attempts.map(\.part)).count == 1 else { return (span, nil) }
            let window =
                plan.load.isOpen
                ? SteadyWindow(arrivalsOf: own, attempts) : SteadyWindow(own, liveCount: plan.liveSessions)
            return (span, window)
        }
    }
}

/// What came of an attempt within a window.
private struct WindowOutput {
    /// Output tokens; nil if the attempt does not tell them.
    var tokens: Double?
}

extension AttemptRow {
    /// The output tokens that came within a window; nil if no content did, without a count if the attempt tells none.
    ///
    /// Tokens are spread over the content events by their bytes, since no protocol tells the tokens of an event; reasoning
    /// that was not shown counts at the first of them.
    fileprivate func output(within window: SteadyWindow) -> WindowOutput? {
        guard let first = events.first, events.contains(where: { window.contains($0.at) }) else { return nil }
        guard let total = usage.outputTotal?.value else { return WindowOutput(tokens: nil) }
        let isReasoningShown = events.contains { $0.kind == .reasoning }
        let hidden = isReasoningShown ? 0 : min(total, usage.outputReasoning?.value ?? 0)
        let bytes = events.reduce(0) { $0 + $1.byteCount }
        let share = events.reduce(0.0) { sum, event in
            guard window.contains(event.at) else { return sum }
            return sum + (bytes > 0 ? Double(event.byteCount) / Double(bytes) : 1 / Double(events.count))
        }
        return WindowOutput(
            tokens: Double(total - hidden) * share + (window.contains(first.at) ? Double(hidden) : 0))
    }
}
