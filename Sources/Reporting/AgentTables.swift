import Analysis
import Quantities
import Statistics

/// The tables of what matters to agents, whose calls hang together; a run without such calls has none of them.
enum AgentTables {
    private static let name = Table.Column("endpoint", isNumeric: false)
    private static let interval = Table.Column("95 % interval", isNumeric: false)

    /// How sessions fared as a whole: nothing where no session has more than one call and no call has to do with a tool.
    static func sessions(_ analysis: RunAnalysis) -> [Table] {
        let isAgentic = analysis.endpoints.contains { endpoint in
            endpoint.toolUse != ToolUse() || endpoint.sessions.joined().contains { $0.calls.count > 1 }
        }
        guard isAgentic else { return [] }
        let isLimited = analysis.endpoints.contains { $0.agents.sessions.rateLimitedCount > 0 }
        return [times(analysis)] + (isLimited ? [rateLimits(analysis)] : [])
    }

    private static func times(_ analysis: RunAnalysis) -> Table {
        Table(
            "Agent sessions, times in s",
            columns: [
                name, .init("ended"), .init("ok, share"), .init("calls/session mean"), .init("median"),
                .init("TTFAT p50"), .init("TTFAT p90"), .init("wall p50"), .init("wall p90"), .init("model p50"),
                .init("model p90"),
            ],
            rows: analysis.endpoints.map { endpoint in
                let sessions = endpoint.agents.sessions
                let summaries = [sessions.timeToFinalAnswer, sessions.wallTime, endpoint.sessionModelTime]
                return [
                    endpoint.tableName, Figures.count(sessions.endedCount),
                    Figures.share(endpoint.sessionSuccess.share), number(sessions.meanCallsPerSession, 1),
                    number(sessions.medianCallsPerSession, 1),
                ] + summaries.flatMap { summary in [0.5, 0.9].map { number(summary.quantile($0)?.value, 2) } }
            },
            note:
                "Calls: those that were sent, also in sessions that failed. TTFAT: from the time at which a session's first call "
                + "was due to the first token of its final answer; wall: to its end; both with the waits of tools and people "
                + "as they were replayed. Model: in calls, and in waits before a call was sent again or for room. Failed "
                + "sessions count as unbounded; – where there are too few sessions for a 95 % bound, or the run file does not "
                + "tell the final call.")
    }

    private static func rateLimits(_ analysis: RunAnalysis) -> Table {
        Table(
            "Rate limits in sessions",
            columns: [
                name, .init("rate limited (429)"), .init("sessions that waited"), .init("of"), .init("wait, s/session"),
                .init("wait, share of wall time"),
            ],
            rows: analysis.endpoints.map { endpoint in
                let sessions = endpoint.agents.sessions
                let waits = sessions.rateLimitWaits
                return [
                    endpoint.tableName, Figures.count(sessions.rateLimitedCount),
                    Figures.count(waits.waitingSessionCount), Figures.count(waits.sessionCount),
                    number(waits.secondsPerSession, 3), Figures.share(waits.shareOfWallTime),
                ]
            },
            note:
                "Attempts that were rate limited in sessions that ended, and the time from each to the start of the same call's "
                + "next attempt; waits side by side count once. Without retries in the plan nobody waits: the session fails."
        )
    }

    /// How tools were used under long prompts and under load, each only where an answer could be compared with the recording.
    static func tools(_ analysis: RunAnalysis) -> [Table] {
        let valid =
            "Tool expected: answers where the recording calls tools; valid, of expected: those that call tools, all of them "
            + "offered and with arguments that fit the schema. Left the recording: of all answers that could be compared. "
            + "The interval allows for calls of one session failing together."
        return [
            bands(
                "Tools by prompt length", "prompt tokens", analysis, \.toolsByPrompt, label: promptLabel,
                note: valid + " Prompt tokens by the plan's count; K is 1,000."),
            bands(
                "Tools by load", "calls in flight", analysis, \.toolsByLoad, label: loadLabel,
                note:
                    "Calls in flight at the endpoint when the call was sent, itself included. Two bands hold other calls, and "
                    + "differ in more than the load: compare endpoints within a band. Otherwise as above."),
        ].compactMap(\.self)
    }

    private static func bands(
        _ title: String, _ heading: String, _ analysis: RunAnalysis, _ bands: (AgentFigures) -> [ToolBand],
        label: (ToolBand.Range) -> String, note: String
    ) -> Table? {
        let rows = analysis.endpoints.flatMap { endpoint in
            bands(endpoint.agents).map { band -> [String] in
                let bounds = band.valid.interval.map { "\(Figures.share($0.lower)) – \(Figures.share($0.upper))" }
                return [
                    endpoint.tableName, label(band.range), Figures.count(band.valid.trialCount),
                    Figures.share(band.valid.share), bounds ?? Figures.none, Figures.count(band.divergent.trialCount),
                    Figures.share(band.divergent.share),
                ]
            }
        }
        guard !rows.isEmpty else { return nil }
        return Table(
            title,
            columns: [
                name, .init(heading, isNumeric: false), .init("tool expected"), .init("valid, of expected"),
                interval,
                .init("compared"), .init("left the recording"),
            ], rows: rows, note: note)
    }

    private static func promptLabel(_ range: ToolBand.Range) -> String {
        func thousands(_ count: Int) -> String { "\(Figures.count(count / 1000))K" }
        guard let upper = range.upper else { return "≥ \(thousands(range.lower))" }
        return range.lower == 0 ? "< \(thousands(upper))" : "\(thousands(range.lower))–\(thousands(upper))"
    }

    private static func loadLabel(_ range: ToolBand.Range) -> String {
        guard let upper = range.upper else { return "≥ \(Figures.count(range.lower))" }
        return Figures.ranks(range.lower, upper - 1)
    }

    private static func number(_ value: Double?, _ decimals: Int) -> String {
        value.map { Figures.fixed($0, decimals) } ?? Figures.none
    }
}
