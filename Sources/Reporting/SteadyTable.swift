import Analysis
import Profiles
import Quantities
import Statistics

/// The table of what endpoints did while the whole load was there, and what must be said of it.
enum SteadyTable {
    /// A row per endpoint; nil if no round of any has a steady window, which ``notices(_:)`` says.
    static func table(_ analysis: RunAnalysis) -> Table? {
        guard analysis.endpoints.contains(where: { $0.steady.windowCount > 0 }) else { return nil }
        let isOpen = analysis.documents.plan.load.isOpen
        let first: CallMetric = isOpen ? .scheduledTimeToFirstToken : .timeToFirstToken
        let turn: CallMetric = isOpen ? .scheduledTurnTime : .turnTime
        let latencies = [(first, 0.5), (first, 0.9), (turn, 0.5), (turn, 0.9)]
        return Table(
            "Under the whole load",
            columns: [
                .init("endpoint", isNumeric: false), .init("rounds"), .init("window, s"), .init("ramp, share"),
                .init("drain, share"), .init("calls"), .init("output tokens/s"), .init("sessions/h"),
            ] + latencies.map { metric, p in .init("\(metric.label) p\(Int((p * 100).rounded())), ms") },
            rows: analysis.endpoints.map { endpoint in
                let steady = endpoint.steady
                return [
                    endpoint.tableName, "\(Figures.count(steady.windowCount)) of \(Figures.count(steady.roundCount))",
                    steady.windowCount > 0 ? Figures.fixed(steady.length.seconds, 1) : Figures.none,
                    Figures.share(steady.rampShare), Figures.share(steady.drainShare),
                    steady.windowCount > 0 ? Figures.count(steady.attainment.attemptedCount) : Figures.none,
                    outputRate(steady), steady.sessionsPerHour.map { Figures.fixed($0, 1) } ?? Figures.none,
                ]
                    + latencies.map { metric, p in
                        Figures.milliseconds(steady.summary(metric)?.quantile(p)?.value)
                    }
            },
            note: note(isOpen: isOpen, hasTwoModels: analysis.documents.plan.secondModel != nil))
    }

    private static func note(isOpen: Bool, hasTwoModels: Bool) -> String {
        (isOpen
            ? "Window: in each round from the first end of a session to the last arrival. "
            : "Window: in each round from when as many sessions were live as the plan wants, until one ended and none was "
                + "left to follow. ")
            + "Ramp and drain: the time before and after it, of the rounds that have one. Calls: those sent within it, to "
            + "which the latencies belong. Output tokens: of all calls together, by the time at which they came; ≥ where not "
            + "all answers tell how many they have. Sessions: successful ones that ended within it. The ranking and the "
            + "tables of latency, streaming and speed hold all calls, ramp and drain included, since they compare the same "
            + "sessions at every endpoint." + (hasTwoModels ? " Latencies here are over the calls to both models." : "")
    }

    private static func outputRate(_ steady: SteadyState) -> String {
        steady.outputRate.map { rate in
            (steady.attemptsWithoutOutputCount > 0 ? "≥ " : "") + Figures.fixed(rate, 1)
        } ?? Figures.none
    }

    /// Which endpoints have no steady window, or one that rests on little, and what helps.
    static func notices(_ analysis: RunAnalysis) -> [String] {
        let called = analysis.endpoints.filter { $0.steady.roundCount > 0 }
        let without = called.filter { $0.steady.windowCount == 0 }
        let short = called.filter { $0.steady.shortCount > 0 }
        var texts: [String] = []
        if !without.isEmpty {
            let who =
                without.count == called.count ? "" : " at " + without.map(\.identifier.rawValue).joined(separator: ", ")
            texts.append("no steady window in any round\(who): \(whyNone(analysis.documents.plan))")
        }
        if !short.isEmpty {
            let counts = short.map {
                "\($0.identifier) in \($0.steady.shortCount) of \(Counted.text($0.steady.windowCount, "round"))"
            }
            texts.append(
                "the steady window is shorter than 10 s or a tenth of the round, and its rates rest on little: "
                    + counts.joined(separator: ", ") + "; more sessions_per_round make it longer")
        }
        let unsettled = called.filter {
            $0.steady.unsettledCount > 0 && 2 * $0.steady.unsettledCount >= $0.steady.judgedCount
        }
        if !unsettled.isEmpty {
            let counts = unsettled.map {
                "\($0.identifier) in \($0.steady.unsettledCount) of \(Counted.text($0.steady.judgedCount, "round"))"
            }
            texts.append(
                "no steady state: turn times had not settled half-way through the steady window: "
                    + counts.joined(separator: ", ") + "; figures under the whole load depend on how long it lasts")
        }
        return texts
    }

    private static func whyNone(_ plan: PlanProfile) -> String {
        if plan.load.isOpen {
            return
                "no session had ended when the last one arrived, so that the load only grew; goodput, throughput and "
                + "latency under load need more sessions_per_round"
        }
        guard plan.sessionsPerRound <= plan.liveSessions else {
            return "no round ran long enough in one piece for the whole load to be there"
        }
        return "a round has no more sessions (\(plan.sessionsPerRound)) than are to be live at once "
            + "(\(plan.liveSessions)), so that none follows another; goodput, throughput and latency under load need more "
            + "sessions_per_round"
    }
}

extension EndpointAnalysis {
    /// The counts and rates of the steady windows.
    var steadySums: [Sum] {
        let hasWindow = steady.windowCount > 0
        return [
            ("steady_rounds", "rounds", Double(steady.windowCount)),
            ("rounds_with_calls", "rounds", Double(steady.roundCount)),
            ("short_steady_rounds", "rounds", Double(steady.shortCount)),
            ("judged_steady_rounds", "rounds", Double(steady.judgedCount)),
            ("unsettled_steady_rounds", "rounds", Double(steady.unsettledCount)),
            ("steady_time", "s", steady.length.seconds), ("ramp_share", "", steady.rampShare),
            ("drain_share", "", steady.drainShare),
            ("steady_calls", "calls", Double(steady.attainment.attemptedCount)),
            ("steady_good_calls", "calls", hasWindow ? Double(steady.attainment.goodCount) : nil),
            ("steady_output_tokens", "tokens", hasWindow ? steady.outputTokens : nil),
            ("steady_attempts_without_output_tokens", "calls", Double(steady.attemptsWithoutOutputCount)),
            ("system_output_tokens_per_second", "tokens/s", steady.outputRate),
            ("steady_successful_sessions", "sessions", Double(steady.completedSessionCount)),
            ("successful_sessions_per_hour", "1/h", steady.sessionsPerHour),
        ]
    }

    /// The metrics of the calls that were sent within the steady windows.
    var steadySummaries: [(metric: String, unit: String, summary: MetricSummary)] {
        CallMetric.all.compactMap { metric in
            let end = models.isEmpty ? "_under_whole_load" : "_of_both_models_under_whole_load"
            return steady.summary(metric).map { (metric.name + end, metric.unit.rawValue, $0) }
        }
    }
}
