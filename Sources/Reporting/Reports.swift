public import Analysis
import Profiles
import Quantities
public import Ranking

/// Puts the tables of a judgement together for people.
public enum Reports {
    /// That not one call was answered, with what helps; nil if one was.
    public static func noAnswer(_ analysis: RunAnalysis) -> String? { RunEndNotice.noAnswer(analysis) }

    /// What to do when no call was answered.
    ///
    /// - Parameter planFile: the plan as the user named it; nil if that is not known.
    /// - Returns: a part of a sentence.
    public static func adviceWithoutAnswer(planFile: String?) -> String {
        "'submeter check --connect \(planFile ?? "PLAN")' tells what to mend"
    }

    /// The ranking with all that qualifies it.
    public static func ranking(_ ranking: Ranking, _ analysis: RunAnalysis, by criterion: Criterion = .score) -> Report
    {
        var tables: [Table] = []
        if ranking.hasRanks {
            tables.append(RankingTables.order(ranking, analysis, by: chosen(criterion, ranking)))
        }
        let shown = chosen(criterion, ranking)
        tables += [
            RankingTables.byPath(ranking, analysis, by: shown), RankingTables.exclusions(ranking, by: shown),
            RankingTables.pareto(ranking),
        ].compactMap(\.self)
        return Report(
            title: title(analysis), introduction: introduction(ranking, analysis), tables: tables,
            notices: notices(ranking, analysis))
    }

    /// The ranking and everything that was measured.
    public static func full(_ ranking: Ranking, _ analysis: RunAnalysis, by criterion: Criterion = .score) -> Report {
        var report = self.ranking(ranking, analysis, by: criterion)
        report.tables += EndpointTables.all(analysis) + [provenance(analysis)]
        return report
    }

    /// Without any price there is no score; then the time of a session decides.
    private static func chosen(_ criterion: Criterion, _ ranking: Ranking) -> Criterion {
        let isEmpty = ranking.order(by: criterion)?.rows.isEmpty ?? true
        return isEmpty && criterion.needsPrice ? .sessionTime : criterion
    }

    private static func title(_ analysis: RunAnalysis) -> String {
        let plan = analysis.documents.plan
        return (analysis.isRehearsal ? "Rehearsal of " : "")
            + "\(plan.modelNames.joined(separator: " with ")) at \(Counted.text(analysis.endpoints.count, "endpoint")), plan \(plan.name)"
    }

    private static func introduction(_ ranking: Ranking, _ analysis: RunAnalysis) -> [String] {
        let plan = analysis.documents.plan
        let calls = analysis.endpoints.reduce(0) { $0 + $1.attemptedCount }
        var lines = [
            "\(Counted.text(ranking.roundCount, "complete round")) of "
                + "\(Counted.text(plan.sessionsPerRound, "session")) per endpoint, "
                + "\(Figures.counted(calls, "call")), workload \(analysis.documents.workload.name), "
                + RunConditions.texts(plan).joined(separator: ", ")
        ]
        if let start = analysis.facts["started_at"] { lines.append("measured from \(start)") }
        return lines + RunEndNotice.texts(analysis)
    }

    private static func notices(_ ranking: Ranking, _ analysis: RunAnalysis) -> [String] {
        let findings = analysis.verdicts.flatMap(\.findings).map { "harness, \($0.severity.rawValue): \($0.text)" }
        let clean = findings.isEmpty ? ["harness: no stall, no late sending, no overload was found"] : findings
        let method =
            "ranks: \(Figures.count(ranking.replicateCount)) resamples of rounds and sessions, drawn jointly for all "
            + "endpoints; a rank is claimed at Holm-adjusted p < 0.05 and a difference of at least "
            + Figures.share(analysis.documents.plan.ranking.differenceThreshold, decimals: 0)
        // Where there is a ranking, it stands beside that.
        let lengths = ranking.hasRanks ? nil : OutputLengthNotice.text(analysis.outputLengths)
        return ranking.notices + [lengths].compactMap(\.self) + OutputAdherenceNotice.texts(analysis)
            + SteadyTable.notices(analysis)
            + [BudgetHoldNotice.text(analysis.budgetHolds)].compactMap(\.self) + clean
            + (ranking.hasRanks ? [method] : [])
            + analysis.notes
    }

    private static func provenance(_ analysis: RunAnalysis) -> Table {
        var rows = analysis.paths.map { ["run file", $0] }
        rows += analysis.facts.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }
        rows.append(["seed", String(analysis.documents.plan.seed)])
        rows += analysis.documents.sources.map { ["document", "\($0.name), \(Figures.count($0.bytes.count)) bytes"] }
        return Table(
            "Where this comes from", columns: [.init("fact", isNumeric: false), .init("value", isNumeric: false)],
            rows: rows)
    }
}
