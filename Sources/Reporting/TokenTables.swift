import Analysis
import Profiles
import Quantities

/// The tables of tokens: how many, how long the answers are, and what came from a cache.
enum TokenTables {
    private static let name = Table.Column("endpoint", isNumeric: false)

    /// How many tokens were counted, and of what kind; and where the plan wanted answers of a length, how they kept to it.
    static func tokens(_ analysis: RunAnalysis) -> Table {
        let policy = analysis.documents.plan.outputLength
        let adherence: [Table.Column] =
            policy == .natural
            ? [] : [.init("ended early"), .init("over calls"), .init("off the wanted length"), .init("over calls")]
        return Table(
            "Tokens",
            columns: [
                name, .init("input"), .init("output"), .init("output/call"), .init("from the median"),
                .init("reasoning, share of output"), .init("over calls"), .init("calls without usage"),
            ] + adherence,
            rows: analysis.endpoints.map { endpoint in
                let tokens = endpoint.tokens
                let length = endpoint.outputLength
                return [
                    endpoint.tableName, Figures.count(tokens.input.value), Figures.count(tokens.output.value),
                    length.mean.map { Figures.fixed($0, 1) } ?? Figures.none,
                    analysis.outputLengths.deviation(of: length).map { signed($0) } ?? Figures.none,
                    Figures.share(tokens.reasoningShare), Figures.count(tokens.callsTellingReasoning),
                    Figures.count(tokens.callsWithoutUsage),
                ] + (policy == .natural ? [] : self.adherence(endpoint.outputAdherence))
            },
            note:
                "As the providers count them. Output/call: the mean over whole answers, and how far it is from the median of "
                + "the endpoints. Output holds the reasoning; its share is over the calls that tell it. Calls without usage: "
                + "taken by the provider, failed or not, without a token count." + note(policy))
    }

    private static func adherence(_ kept: OutputAdherence) -> [String] {
        [
            Figures.share(kept.endedEarlyShare), Figures.count(kept.cappedCount), Figures.share(kept.missedShare),
            Figures.count(kept.checkedCount),
        ]
    }

    private static func note(_ policy: PlanProfile.OutputLengthPolicy) -> String {
        let tolerance = Figures.share(OutputAdherence.tolerance, decimals: 0)
        switch policy {
        case .natural: return ""
        case .capped:
            return
                " Ended early: answers that ended before the recorded length, at which they would have been cut; they are in "
                + "all figures but TPOT and decode speed. Off the wanted length: more than \(tolerance) over it."
        case .exact:
            return
                " Off the wanted length: answers with over \(tolerance) more or fewer tokens than the server was told to "
                + "write."
        }
    }

    /// What came from a cache, by what the provider says, by the plan, and by the call before.
    static func cache(_ analysis: RunAnalysis) -> Table {
        Table(
            "Cache hit rate",
            columns: [
                name, .init("cached tokens"), .init("reported"), .init("ideal"), .init("over calls"), .init("eligible"),
                .init("over calls"),
            ],
            rows: analysis.endpoints.map { endpoint in
                let tokens = endpoint.tokens
                let eligible = endpoint.agents.eligibleCache
                return [
                    endpoint.tableName,
                    tokens.callsTellingCache > 0 ? Figures.count(tokens.cacheRead.value) : Figures.none,
                    Figures.share(tokens.cacheShare), Figures.share(tokens.idealCacheShare),
                    Figures.count(tokens.callsTellingCache), Figures.share(eligible.share),
                    Figures.count(eligible.callCount),
                ]
            },
            note:
                "Reported: cached tokens over prompt tokens, where the provider tells both; ideal: the same calls, had nothing "
                + "ever been forgotten, by the plan's count; eligible: cached tokens over the prompt and answer of the call "
                + "before in the same context, so first calls and compactions do not count. What is not told is left out, "
                + "never taken as 0.")
    }

    /// What caches forget: nothing where no endpoint was called after gaps of different classes.
    static func cacheByGap(_ analysis: RunAnalysis) -> Table? {
        guard analysis.endpoints.contains(where: { $0.agents.cacheByGap.count > 1 }) else { return nil }
        return Table(
            "Cache hit rate by gap",
            columns: [name, .init("gap", isNumeric: false), .init("eligible"), .init("over calls")],
            rows: analysis.endpoints.flatMap { endpoint in
                endpoint.agents.cacheByGap.map { gap in
                    [
                        endpoint.tableName, label(gap), Figures.share(gap.cache.share),
                        Figures.count(gap.cache.callCount),
                    ]
                }
            },
            note:
                "Gap: from the end of the call before in the same context to the sending of this one. What falls from one row to "
                + "the next may have been forgotten meanwhile; the rows hold different calls.")
    }

    private static func label(_ gap: CacheByGap) -> String {
        let minutes = Int(gap.lower.seconds) / 60
        guard let upper = gap.upper else { return "≥ \(minutes) min" }
        return minutes == 0 ? "< \(Int(upper.seconds) / 60) min" : "\(minutes)–\(Int(upper.seconds) / 60) min"
    }

    /// A difference as per cent with its sign.
    static func signed(_ share: Double) -> String {
        let text = Figures.fixed(share * 100, 1)
        return (share > 0 && text != "0.0" ? "+" : "") + text + " %"
    }
}
