import Statistics
public import Analysis
import Pricing
import Profiles
import Quantities

extension EndpointAnalysis {
    /// The name in tables, with a mark if calls of it are set apart.
    var tableName: String { identifier.rawValue + (quarantinedCount > 0 ? " †" : "") }
}

/// The tables of what was measured, endpoint by endpoint.
public enum EndpointTables {
    /// All of them.
    public static func all(_ analysis: RunAnalysis) -> [Table] {
        var tables = [reliability(analysis)] + AgentTables.sessions(analysis)
        tables += [latency(analysis), streaming(analysis), speed(analysis)]
        tables += [SteadyTable.table(analysis)].compactMap(\.self)
        tables += [TokenTables.tokens(analysis), TokenTables.cache(analysis)]
        tables += [TokenTables.cacheByGap(analysis)].compactMap(\.self)
        tables.append(money(analysis))
        tables += [ModelTable.table(analysis)].compactMap(\.self)
        if analysis.endpoints.contains(where: { $0.toolUse != ToolUse() }) { tables.append(ToolTable.table(analysis)) }
        tables += AgentTables.tools(analysis)
        if !analysis.documents.plan.objectives.isEmpty { tables.append(goodput(analysis)) }
        return tables
    }

    private static let name = Table.Column("endpoint", isNumeric: false)

    private static func table(
        _ title: String, _ analysis: RunAnalysis, _ columns: [Table.Column], note: String? = nil,
        _ cells: (EndpointAnalysis) -> [String]
    ) -> Table {
        Table(
            title, columns: [name] + columns, rows: analysis.endpoints.map { [$0.tableName] + cells($0) },
            note: note)
    }

    private static func reliability(_ analysis: RunAnalysis) -> Table {
        table(
            "Reliability", analysis,
            [
                .init("attempted"), .init("retries"), .init("other route"), .init("ok"), .init("ok, share"),
                .init("95 % interval", isNumeric: false),
                .init("sessions"), .init("ok"), .init("how the others ended", isNumeric: false),
            ],
            note:
                "The interval allows for calls of one round failing together. Of a call that was sent again the first attempt "
                + "counts. Skipped calls were never sent."
        ) { endpoint in
            let failures = Figures.outcomes(endpoint.outcomes.filter { !$0.key.isSuccess })
            let interval = endpoint.success.interval.map {
                "\(Figures.share($0.lower)) – \(Figures.share($0.upper))"
            }
            return [
                Figures.count(endpoint.attemptedCount), Figures.count(endpoint.retryCount),
                Figures.count(endpoint.quarantinedCount), Figures.count(endpoint.success.hitCount),
                Figures.share(endpoint.success.share), interval ?? Figures.none,
                Figures.count(endpoint.sessionSuccess.trialCount), Figures.count(endpoint.sessionSuccess.hitCount),
                failures ?? Figures.none,
            ]
        }
    }

    /// A table of how fast calls were: a row for each model of an endpoint, for two have no common median that tells anything.
    private static func callTable(
        _ title: String, _ analysis: RunAnalysis, _ columns: [Table.Column], note: String,
        _ cells: (CallSummaries) -> [String]
    ) -> Table {
        guard analysis.documents.plan.secondModel != nil else {
            return table(title, analysis, columns, note: note) { cells($0.calls) }
        }
        let rows = analysis.endpoints.flatMap { endpoint in
            endpoint.models.map { [endpoint.tableName, $0.name] + cells($0.calls) }
        }
        return Table(title, columns: [name, .init("model", isNumeric: false)] + columns, rows: rows, note: note)
    }

    /// Columns of quantiles for some metrics, in milliseconds or tokens per second.
    private static func quantiles(
        _ calls: CallSummaries, _ wanted: [(metric: CallMetric, quantiles: [Double])]
    ) -> [String] {
        wanted.flatMap { metric, quantiles in
            quantiles.map { p in
                let figure = calls.summary(metric)?.quantile(p)?.value
                guard metric.isBetterWhenLower else { return figure.map { Figures.fixed($0, 1) } ?? Figures.none }
                return Figures.milliseconds(figure)
            }
        }
    }

    private static func headings(_ wanted: [(metric: CallMetric, quantiles: [Double])]) -> [Table.Column] {
        wanted.flatMap { metric, quantiles in
            quantiles.map { .init("\(metric.label) p\(Int(($0 * 100).rounded()))") }
        }
    }

    private static let dash = "– where there are too few independent samples for a 95 % bound; "
    private static let tail = dash + "failed calls count as unbounded."

    private static func latency(_ analysis: RunAnalysis) -> Table {
        // Where sessions come by the clock, what counts is when a call was due: who is slow must not make others wait unseen.
        let isOpen = analysis.documents.plan.load.isOpen
        let wanted: [(metric: CallMetric, quantiles: [Double])] = [
            (isOpen ? .scheduledTimeToFirstToken : .timeToFirstToken, [0.5, 0.9, 0.95, 0.99]),
            (.timeToFirstOutput, [0.5, 0.9]), (.timeToFirstToolCall, [0.5, 0.9]),
            (isOpen ? .scheduledTurnTime : .turnTime, [0.5, 0.9, 0.99]),
            (isOpen ? .turnTime : .scheduledTurnTime, [0.9]),
        ]
        return callTable(
            "Latency, ms", analysis, headings(wanted),
            note:
                "TTFT: first content of any kind; TTFO: first visible text or tool call; TT tool: first tool call; turn: to "
                + "the last content; from due: from the time at which the call was to be sent, waits for room included. "
                + tail
        ) { quantiles($0, wanted) }
    }

    private static func streaming(_ analysis: RunAnalysis) -> Table {
        var wanted: [(metric: CallMetric, quantiles: [Double])] = [
            (.timePerOutputToken, [0.5, 0.9]), (.longestStall, [0.5, 0.9]),
        ]
        let isHeldOpen = analysis.endpoints.contains { holdsStreamsOpen($0) }
        if isHeldOpen { wanted.append((.closeDelay, [0.5, 0.99])) }
        return callTable(
            "Streaming, ms", analysis,
            [.init("between chunks p50"), .init("p95"), .init("p99")] + headings(wanted),
            note:
                "Between chunks: between content events of successful calls; TPOT: from the first to the last content event, "
                + "per output token after the first; stall: the longest gap of a call. "
                + (isHeldOpen ? "Close: from the last content to the end of the stream, which no turn waits for. " : "")
                + tail
        ) { calls in
            [0.5, 0.95, 0.99].map { Figures.milliseconds(calls.interChunk.quantile($0)?.value) }
                + quantiles(calls, wanted)
        }
    }

    /// True if more than one in a hundred answers had a stream that stayed open for a twentieth of a second or more.
    private static func holdsStreamsOpen(_ endpoint: EndpointAnalysis) -> Bool {
        let delays = (endpoint.summary(.closeDelay)?.fromBest ?? []).filter(\.isFinite)
        return Double(delays.count { $0 >= 0.05 }) > 0.01 * Double(delays.count)
    }

    private static func speed(_ analysis: RunAnalysis) -> Table {
        let wanted: [(metric: CallMetric, quantiles: [Double])] = [
            (.decodeRate, [0.5, 0.9]), (.turnRate, [0.5, 0.9]),
        ]
        return callTable(
            "Speed, tokens/s", analysis, headings(wanted),
            note:
                "decode: tokens after the first over the time after it; turn: all tokens over the whole turn. p90 is the "
                + "speed that nine of ten calls reach. " + dash + "failed calls count as a speed of zero."
        ) { quantiles($0, wanted) }
    }

    private static func money(_ analysis: RunAnalysis) -> Table {
        let sums = analysis.endpoints.flatMap { [$0.costPerTurn, $0.costPerSuccessfulSession] }
        let decimals = Figures.decimals(sums.compactMap { $0?.dollars }, digits: 3)
        return table(
            "Cost at list price", analysis,
            [
                .init("total"), .init("per turn"), .init("per successful session"), .init("reported against list"),
                .init("prices of", isNumeric: false),
            ],
            note:
                "Failed calls are charged to the successful sessions. Reported against list: what the provider says it "
                + "charged, over what the list says."
        ) { endpoint in
            let overhead = endpoint.cost.overhead.map { value in
                (value >= 0 ? "+" : "") + Figures.fixed(value * 100, 2) + " %"
            }
            return [
                Figures.money(endpoint.cost.list, decimals: decimals),
                Figures.money(endpoint.costPerTurn, decimals: decimals),
                Figures.money(endpoint.costPerSuccessfulSession, decimals: decimals), overhead ?? Figures.none,
                endpoint.prices.map { $0.sources.joined(separator: "; ") } ?? Figures.none,
            ]
        }
    }

    private static func goodput(_ analysis: RunAnalysis) -> Table {
        let limits = analysis.documents.plan.objectives.map { objective in
            let isTime = objective.metric.callMetric.isBetterWhenLower
            let limit =
                isTime ? "\(Figures.fixed(objective.limit, 3)) s" : "\(Figures.fixed(objective.limit, 1)) tokens/s"
            return "\(objective.metric.rawValue) \(isTime ? "≤" : "≥") \(limit)"
        }
        return table(
            "Goodput", analysis,
            [
                .init("good"), .init("missed"), .init("undetermined"), .init("good, share"),
                .init("95 % interval", isNumeric: false), .init("good calls/s"),
                .init("ramps included"),
            ],
            note: "Good: \(limits.joined(separator: ", ")). Failed calls are misses; undetermined calls lack a figure. "
                + "Good calls/s: of those sent while the whole load was there, per second of that time; ramps included: of "
                + "all, per second in which there were calls to do. – where not one answer could be judged, or the whole "
                + "load never was there."
        ) { endpoint in
            let interval = endpoint.attainmentShare.interval.map {
                "\(Figures.share($0.lower)) – \(Figures.share($0.upper))"
            }
            return [
                Figures.count(endpoint.attainment.goodCount), Figures.count(endpoint.attainment.missedCount),
                Figures.count(endpoint.attainment.undeterminedCount), Figures.share(endpoint.attainment.share),
                interval ?? Figures.none, endpoint.steady.goodput.map { Figures.fixed($0, 2) } ?? Figures.none,
                endpoint.goodCallsPerActiveSecond.map { Figures.fixed($0, 2) } ?? Figures.none,
            ]
        }
    }
}
