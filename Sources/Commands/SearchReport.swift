import Encodings
import Profiles
import Quantities
import Reporting
import Scheduling
import Statistics

/// What a search has found out, for people and for scripts.
struct SearchReport {
    /// The version of the JSON document's shape.
    static let version = 1

    /// The plan that was searched with.
    let plan: PlanProfile
    /// What was varied.
    let load: SearchedLoad
    /// What came of it.
    let search: LoadSearch
    /// How the calls of each load failed that did, in all its runs.
    let failures: [Int: [OutcomeClass: Int]]
    /// The load at which no call was answered, so that nothing was measured; it ended the search.
    let unansweredLoad: Int?
    /// What the reader must know.
    let notices: [String]

    /// The finding, and a table with a row per load.
    var report: Report {
        let early = search.probes.contains { $0.earlyEndCount > 0 }
        let table = Table(
            "Loads",
            columns: [
                .init(load.unitText), .init("runs"), .init("calls"), .init("good"),
                .init("95 % interval", isNumeric: false), .init("verdict", isNumeric: false),
                .init("failed calls", isNumeric: false),
            ], rows: rows,
            note:
                "A load is good if \(Figures.share(search.rules.wantedShare)) of its calls meet every objective of the plan. "
                + "Calls: those that were sent while the whole load was there. Failed calls: all of its runs, by how they ended."
                + (early
                    ? " A run ends early once sessions have come faster than they were served; its calls until then count."
                    : ""))
        return Report(
            title: "Search for the highest load: \(plan.endpoints.first?.identifier.rawValue ?? plan.name)",
            introduction: [finding, RunConditions.textsOfSending(plan).joined(separator: ", ")], tables: [table],
            notices: notices)
    }

    /// The same as one JSON document with a version; what is not known is null.
    var json: JSONValue {
        func value(_ load: Int?) -> JSONValue {
            guard let value = load.map({ self.load.value($0) }) else { return .null }
            return value == value.rounded() ? .integer(Int(value)) : .number(value)
        }
        let loads = search.probes.sorted { $0.load < $1.load }.map { probe -> JSONValue in
            [
                "load": value(probe.load), "runs": .integer(probe.tryCount), "calls": .integer(probe.callCount),
                "good_calls": .integer(probe.goodCount),
                "good_share_lower_95": probe.interval.map { .number($0.lower) } ?? .null,
                "good_share_upper_95": probe.interval.map { .number($0.upper) } ?? .null,
                "verdict": .string(probe.verdict.rawValue), "by_estimate_alone": .bool(probe.isClose),
                "runs_ended_early": .integer(probe.earlyEndCount), "failed_calls": failedCalls(probe.load),
            ]
        }
        let unanswered = unansweredLoad.map { load -> JSONValue in
            ["load": value(load), "failed_calls": failedCalls(load)]
        }
        return [
            "submeter": "search", "version": .integer(Self.version), "plan": .string(plan.name),
            "model": .string(plan.model), "small_model": .optional(plan.secondModel),
            "conditions": RunConditions.json(plan, isLoadGiven: false),
            "endpoint": .string(plan.endpoints.first?.identifier.rawValue ?? ""), "unit": .string(load.unitText),
            "wanted_share": .number(search.rules.wantedShare), "finding": .string(finding),
            "highest_good_load": value(search.highestGood), "lowest_bad_load": value(lowestBad),
            "is_precise": .bool(lowestBad != nil && load.isPrecise(search)), "loads": .array(loads),
            "unanswered_load": unanswered ?? .null, "notices": .array(notices.map { .string($0) }),
        ]
    }

    private var rows: [[String]] {
        var rows = search.probes.map { probe in
            (
                load: probe.load,
                cells: [
                    load.number(probe.load), "\(probe.tryCount)", Figures.count(probe.callCount),
                    Figures.share(probe.callCount == 0 ? nil : Double(probe.goodCount) / Double(probe.callCount)),
                    probe.interval.map { "\(Figures.share($0.lower)) – \(Figures.share($0.upper))" } ?? Figures.none,
                    verdict(probe), Figures.outcomes(failures[probe.load] ?? [:]) ?? Figures.none,
                ]
            )
        }
        if let unansweredLoad, !search.probes.contains(where: { $0.load == unansweredLoad }) {
            let failed = Figures.outcomes(failures[unansweredLoad] ?? [:]) ?? Figures.none
            let cells = [
                load.number(unansweredLoad), "1", "0", Figures.none, Figures.none, "nothing was measured", failed,
            ]
            rows.append((unansweredLoad, cells))
        }
        return rows.sorted { $0.load < $1.load }.map(\.cells)
    }

    private func failedCalls(_ load: Int) -> JSONValue {
        let sorted = (failures[load] ?? [:]).sorted { $0.key.rawValue < $1.key.rawValue }
        return .object(JSONObject(sorted.map { ($0.key.rawValue, .integer($0.value)) }))
    }

    private func verdict(_ probe: LoadSearch.Probe) -> String {
        var parts = [probe.verdict.rawValue]
        if probe.isClose { parts.append(probe.callCount == 0 ? "no call could be judged" : "by the estimate alone") }
        if probe.earlyEndCount > 0 { parts.append("\(Counted.text(probe.earlyEndCount, "run")) ended early") }
        return parts.joined(separator: ", ")
    }

    /// The lowest load that was bad; nil if the endpoint went down, since it may have been going down at that load already.
    private var lowestBad: Int? { unansweredLoad == nil ? search.lowestBad : nil }

    private var finding: String {
        if unansweredLoad != nil {
            return search.highestGood.map {
                "\(load.text($0)) \(meets($0)) the objectives; then the endpoint answered no call, so no limit is known."
            } ?? "Nothing was found out: the endpoint answered no call."
        }
        let isOver = search.nextLoad == nil
        switch (search.highestGood, search.lowestBad) {
        case (let good?, let bad?):
            return
                "The highest load that meets the objectives lies from \(load.number(good)) to below \(load.text(bad))"
                + (load.isPrecise(search) ? "." : "; the search ended before it was as exact as wanted.")
        case (let good?, nil):
            return isOver
                ? "\(load.text(good)), the most that \(load.verb(good, one: "was", many: "were")) tried, "
                    + "\(meets(good)) the objectives."
                : "\(load.text(good)) \(meets(good)) the objectives; the search ended before a higher load was measured."
        case (nil, let bad?):
            return "Already \(load.text(bad)) \(load.verb(bad, one: "does", many: "do")) not meet the objectives"
                + (isOver ? "." : "; the search ended before a lower load was measured.")
        case (nil, nil): return "Nothing was found out."
        }
    }

    private func meets(_ steps: Int) -> String { load.verb(steps, one: "meets", many: "meet") }
}
