public import Analysis
public import Encodings
import Profiles
import Quantities
public import Ranking
import Statistics

/// A judgement as one JSON document with a version.
///
/// An unbounded figure is the text `unbounded`, an unknown one null.
public enum JSONFormat {
    /// The version of the document's shape.
    ///
    /// 2: what calls to each of two models show stands under `models`, and nothing of both together; `rehearsal` is there.
    public static let version = 2

    /// The ranking.
    public static func ranking(_ ranking: Ranking, _ analysis: RunAnalysis) -> JSONValue {
        .object(JSONObject(head("ranking", analysis) + rankingMembers(ranking, analysis)))
    }

    /// The ranking and every figure.
    public static func full(_ ranking: Ranking, _ analysis: RunAnalysis) -> JSONValue {
        let endpoints = JSONValue.array(analysis.endpoints.map { endpoint($0, analysis.outputLengths) })
        let members = head("report", analysis) + rankingMembers(ranking, analysis) + [("endpoints", endpoints)]
        return .object(JSONObject(members))
    }

    private static func head(_ kind: String, _ analysis: RunAnalysis) -> [(String, JSONValue)] {
        let findings = analysis.verdicts.flatMap(\.findings).map { finding -> JSONValue in
            ["severity": .string(finding.severity.rawValue), "text": .string(finding.text)]
        }
        let facts = analysis.facts.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
        return [
            ("submeter", .string(kind)), ("version", .integer(version)),
            ("rehearsal", .bool(analysis.isRehearsal)), ("plan", .string(analysis.documents.plan.name)),
            ("model", .string(analysis.documents.plan.model)),
            ("small_model", .optional(analysis.documents.plan.secondModel)),
            ("seed", .integer(analysis.documents.plan.seed)),
            ("conditions", RunConditions.json(analysis.documents.plan)),
            ("runs", .array(analysis.paths.map { .string($0) })), ("facts", .object(JSONObject(facts))),
            ("harness", ["valid": .bool(analysis.isValid), "findings": .array(findings)]),
        ]
    }

    private static func rankingMembers(_ ranking: Ranking, _ analysis: RunAnalysis) -> [(String, JSONValue)] {
        let criteria = ranking.criteria.map { criterion -> JSONValue in
            let rows = criterion.rows.map { row -> JSONValue in
                [
                    "endpoint": .string(row.endpoint.rawValue), "estimate": number(row.estimate),
                    "lower_95": number(row.interval?.lower), "upper_95": number(row.interval?.upper),
                    "rank_best": .integer(row.rankBest), "rank_worst": .integer(row.rankWorst),
                    "tie_group": .string(row.tieGroups), "chance_of_best": number(row.chanceOfBest),
                ]
            }
            let others = criterion.withoutValue.map { endpoint -> JSONValue in
                ["endpoint": .string(endpoint.rawValue), "reason": .string(criterion.criterion.whyWithoutValue)]
            }
            return [
                "criterion": .string(criterion.criterion.rawValue), "order": .array(rows),
                "without_value": .array(others),
            ]
        }
        let excluded = ranking.exclusions.map { exclusion -> JSONValue in
            [
                "endpoint": .string(exclusion.endpoint.rawValue),
                "reasons": .array(exclusion.reasons.map { .string($0) }),
            ]
        }
        let points = ranking.pareto.map { point -> JSONValue in
            [
                "endpoint": .string(point.endpoint.rawValue), "cost_usd": number(point.cost),
                "time_s": number(point.time), "on_front": .bool(point.isOnFront),
            ]
        }
        let ranges = ranking.winningRanges.map { range -> JSONValue in
            [
                "endpoint": .string(range.endpoint.rawValue), "from_usd_per_hour": number(range.fromPerHour),
                "to_usd_per_hour": number(range.toPerHour),
            ]
        }
        let warning = [OutputLengthNotice.text(analysis.outputLengths)].compactMap(\.self)
        let endReasons = analysis.endings.map { JSONValue.optional($0.reason) }
        let notices =
            RunEndNotice.texts(analysis) + ranking.notices + warning + OutputAdherenceNotice.texts(analysis)
            + SteadyTable.notices(analysis) + [BudgetHoldNotice.text(analysis.budgetHolds)].compactMap(\.self)
            + analysis.notes
        return [
            ("planned_rounds", .integer(analysis.endings.reduce(0) { $0 + $1.plannedRoundCount })),
            ("complete_rounds", .integer(ranking.roundCount)), ("end_reasons", .array(endReasons)),
            ("times_count_from", .string(ranking.isOpen ? "due" : "sent")),
            ("provisional", .bool(ranking.isProvisional)),
            ("replicates", .integer(ranking.replicateCount)),
            ("value_of_time_usd_per_hour", number(ranking.valueOfTimePerHour.dollars)),
            ("criteria", .array(criteria)), ("not_ranked", .array(excluded)),
            ("pareto", ["time": .string(Criterion.sessionTime.rawValue), "points": .array(points)]),
            ("best_score_by_value_of_time", .array(ranges)),
            ("output_length", outputLength(analysis.outputLengths)),
            ("notices", .array(notices.map { .string($0) })),
        ]
    }

    private static func endpoint(_ endpoint: EndpointAnalysis, _ lengths: OutputLengths) -> JSONValue {
        let sums = endpoint.allSums(lengths).map { ($0.metric, number($0.value)) }
        return [
            "endpoint": .string(endpoint.identifier.rawValue),
            "provider": .string(endpoint.provider.identifier.rawValue),
            "delivery_path": .string(endpoint.provider.deliveryPath.rawValue),
            "metrics": metrics(endpoint.allSummaries), "sums": .object(JSONObject(sums)),
            "models": .array(endpoint.models.map { model($0) }),
            "tools_by_prompt_tokens": .array(endpoint.agents.toolsByPrompt.map { tools($0) }),
            "tools_by_calls_in_flight": .array(endpoint.agents.toolsByLoad.map { tools($0) }),
        ]
    }

    private static func metrics(_ summaries: [(metric: String, unit: String, summary: MetricSummary)]) -> JSONValue {
        let members = summaries.map { name, unit, summary -> (String, JSONValue) in
            var members: [(String, JSONValue)] = [
                ("unit", .string(unit)), ("samples", .integer(summary.count)),
                ("effective_samples", number(summary.effectiveCount)),
            ]
            for p in CSVFormat.quantiles {
                let figure = summary.quantile(p)
                let value: JSONValue = ["value": number(figure?.value), "worst_95": number(figure?.worstBound)]
                members.append(("p\(Int((p * 100).rounded()))", figure == nil ? .null : value))
            }
            return (name, .object(JSONObject(members)))
        }
        return .object(JSONObject(members))
    }

    private static func model(_ model: ModelFigures) -> JSONValue {
        [
            "model": .string(model.name), "attempted_calls": .integer(model.attemptedCount),
            "successful_calls": .integer(model.successCount),
            "metrics": metrics(model.calls.all),
            "input_tokens": .integer(model.tokens.input.value), "cache_share": number(model.tokens.cacheShare),
            "ideal_cache_share": number(model.tokens.idealCacheShare),
            "output_tokens": .integer(model.tokens.output.value), "list_cost_usd": number(model.cost.list?.dollars),
        ]
    }

    private static func tools(_ band: ToolBand) -> JSONValue {
        let ends: [(String, JSONValue)] = [
            ("from", .integer(band.range.lower)), ("below", .optional(band.range.upper)),
        ]
        return .object(JSONObject(ends + band.sums.map { ($0.metric, number($0.value)) }))
    }

    private static func outputLength(_ lengths: OutputLengths) -> JSONValue {
        let outliers = lengths.outliers.map { outlier -> JSONValue in
            [
                "endpoint": .string(outlier.endpoint.rawValue), "tokens_per_call": number(outlier.mean),
                "deviation_from_median": number(outlier.deviation),
            ]
        }
        return [
            "median_tokens_per_call": number(lengths.median), "tolerance": number(OutputLengths.tolerance),
            "outside": .array(outliers),
        ]
    }

    private static func number(_ value: Double?) -> JSONValue {
        guard let value, !value.isNaN else { return .null }
        guard value.isFinite else { return "unbounded" }
        return value == value.rounded() && abs(value) < 1e15 ? .integer(Int(value)) : .number(value)
    }
}
