import Profiles
import Statistics
public import Analysis
import Encodings
import Quantities
public import Ranking

/// Figures for spreadsheets and scripts: one row per figure, full precision, nothing where a figure is not known.
///
/// Those of a rehearsal have one column more, `rehearsal`, which says so in each row.
public enum CSVFormat {
    /// One row per criterion and endpoint.
    ///
    /// Endpoints that are not ranked, at all or by one criterion, have only their reasons.
    public static func ranking(_ ranking: Ranking, _ analysis: RunAnalysis) -> String {
        func csv(_ fields: [CSV.Field]) -> String { row(fields, analysis) }
        var text = heading(
            [
                "criterion", "endpoint", "delivery_path", "estimate", "lower_95", "upper_95", "rank_best", "rank_worst",
                "tie_group", "chance_of_best", "not_ranked_because",
            ], analysis)
        func path(_ endpoint: EndpointIdentifier) -> CSV.Field {
            let found = analysis.endpoints.first { $0.identifier == endpoint }
            return found.map { .text($0.provider.deliveryPath.rawValue) } ?? .empty
        }
        for criterion in ranking.criteria {
            for row in criterion.rows {
                text += csv([
                    .text(criterion.criterion.rawValue), .text(row.endpoint.rawValue), path(row.endpoint),
                    number(row.estimate), number(row.interval?.lower), number(row.interval?.upper),
                    .number(String(row.rankBest)), .number(String(row.rankWorst)), .text(row.tieGroups),
                    number(row.chanceOfBest), .empty,
                ])
            }
        }
        let nothing = Array(repeating: CSV.Field.empty, count: 7)
        for criterion in ranking.criteria {
            let reason = CSV.Field.text(criterion.criterion.whyWithoutValue)
            for endpoint in criterion.withoutValue {
                let head: [CSV.Field] = [
                    .text(criterion.criterion.rawValue), .text(endpoint.rawValue), path(endpoint),
                ]
                text += csv(head + nothing + [reason])
            }
        }
        for exclusion in ranking.exclusions {
            text += csv(
                [.empty, .text(exclusion.endpoint.rawValue), path(exclusion.endpoint)] + nothing
                    + [.text(exclusion.reasons.joined(separator: "; "))])
        }
        return text
    }

    /// One row per endpoint, metric and quantile, then one per count or sum.
    public static func figures(_ analysis: RunAnalysis) -> String {
        let heading = [
            "endpoint", "metric", "unit", "quantile", "value", "worst_95", "samples", "effective_samples",
        ]
        func csv(_ fields: [CSV.Field]) -> String { row(fields, analysis) }
        var text = self.heading(heading, analysis)
        for endpoint in analysis.endpoints {
            let name = CSV.Field.text(endpoint.identifier.rawValue)
            let ofModels = endpoint.models.flatMap { model in
                model.calls.all.map { ("\($0.metric)_of_\(model.name)", $0.unit, $0.summary) }
            }
            for (metric, unit, summary) in endpoint.allSummaries + ofModels {
                for p in quantiles {
                    let figure = summary.quantile(p)
                    text += csv([
                        name, .text(metric), .text(unit), .number("\(p)"), number(figure?.value),
                        number(figure?.worstBound), .number(String(summary.count)), number(summary.effectiveCount),
                    ])
                }
            }
            let bands = endpoint.namedBands.flatMap { kind, name, band in
                band.sums.map { sum in ("\(sum.metric)_at_\(kind)_\(name)", sum.unit, sum.value) }
            }
            for (metric, unit, value) in endpoint.allSums(analysis.outputLengths) + bands {
                text += csv([name, .text(metric), .text(unit), .empty, number(value), .empty, .empty, .empty])
            }
        }
        return text
    }

    static let quantiles = [0.5, 0.9, 0.95, 0.99]

    private static func heading(_ names: [String], _ analysis: RunAnalysis) -> String {
        CSV.row((names + (analysis.isRehearsal ? ["rehearsal"] : [])).map { .text($0) })
    }

    private static func row(_ fields: [CSV.Field], _ analysis: RunAnalysis) -> String {
        CSV.row(fields + (analysis.isRehearsal ? [.text("true")] : []))
    }

    private static func number(_ value: Double?) -> CSV.Field {
        guard let value, !value.isNaN else { return .empty }
        return value.isFinite ? .number("\(value)") : .text("unbounded")
    }
}

extension CallSummaries {
    /// Every metric of calls with its samples.
    var all: [(metric: String, unit: String, summary: MetricSummary)] {
        CallMetric.all.compactMap { metric in
            summary(metric).map { (metric.name, metric.unit.rawValue, $0) }
        } + [("inter_chunk_time", CallMetric.Unit.seconds.rawValue, interChunk)]
    }
}

extension EndpointAnalysis {
    /// Every metric with its samples; those of calls only where all go to one model, else see ``models``.
    var allSummaries: [(metric: String, unit: String, summary: MetricSummary)] {
        (models.isEmpty ? calls.all : []) + [
            ("session_model_time", CallMetric.Unit.seconds.rawValue, sessionModelTime),
            ("session_wall_time", CallMetric.Unit.seconds.rawValue, agents.sessions.wallTime),
            ("time_to_final_answer_token", CallMetric.Unit.seconds.rawValue, agents.sessions.timeToFinalAnswer),
        ] + steadySummaries
    }

    /// Every count, sum and share.
    func allSums(_ lengths: OutputLengths) -> [Sum] {
        var sums: [Sum] = [
            ("attempted_calls", "calls", Double(attemptedCount)), ("retries", "calls", Double(retryCount)),
            ("other_route_calls", "calls", Double(quarantinedCount)),
            ("successful_calls", "calls", Double(success.hitCount)),
            ("success_share", "", success.share), ("success_share_lower_95", "", success.interval?.lower),
            ("success_share_upper_95", "", success.interval?.upper),
            ("sessions", "sessions", Double(sessionSuccess.trialCount)),
            ("successful_sessions", "sessions", Double(sessionSuccess.hitCount)),
            ("input_tokens", "tokens", Double(tokens.input.value)),
            ("output_tokens", "tokens", Double(tokens.output.value)),
            ("cached_tokens", "tokens", tokens.cacheShare == nil ? nil : Double(tokens.cacheRead.value)),
            ("cached_share", "", tokens.cacheShare), ("ideal_cached_share", "", tokens.idealCacheShare),
            ("calls_without_usage", "calls", Double(tokens.callsWithoutUsage)),
            ("list_cost", "USD", cost.list?.dollars), ("cost_per_turn", "USD", costPerTurn?.dollars),
            ("cost_per_successful_session", "USD", costPerSuccessfulSession?.dollars),
            ("reported_over_list", "", cost.overhead), ("active_time", "s", activeTime.seconds),
        ]
        sums += [
            ("good_calls", "calls", Double(attainment.goodCount)),
            ("missed_calls", "calls", Double(attainment.missedCount)),
            ("undetermined_calls", "calls", Double(attainment.undeterminedCount)),
            ("good_share", "", attainment.share),
            ("good_share_lower_95", "", attainmentShare.interval?.lower),
            ("good_share_upper_95", "", attainmentShare.interval?.upper),
            ("good_calls_per_second", "1/s", steady.goodput),
            ("good_calls_per_active_second", "1/s", goodCallsPerActiveSecond),
        ]
        sums += steadySums + agentSums(lengths)
        for (outcome, count) in outcomes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            sums.append(("outcome_" + outcome.rawValue, "calls", Double(count)))
        }
        return sums
    }
}
