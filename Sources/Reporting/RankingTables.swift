import Statistics
public import Analysis
import Profiles
import Quantities
public import Ranking

/// The tables of a ranking.
public enum RankingTables {
    /// The table in the order of one criterion, with the other criteria and their rank intervals beside it.
    public static func order(_ ranking: Ranking, _ analysis: RunAnalysis, by criterion: Criterion) -> Table {
        let main = ranking.order(by: criterion)
        let others: [Criterion] = [.cost, .sessionTime, .firstToken, .turnTime, .decodeRate].filter { $0 != criterion }
        let scale = CriterionScale(criterion, ranking)
        let otherScales = others.map { CriterionScale($0, ranking) }
        var columns: [Table.Column] = [
            .init("rank"), .init("tie", isNumeric: false), .init("endpoint", isNumeric: false),
            .init("path", isNumeric: false), .init(scale.heading), .init("95 % interval", isNumeric: false),
            .init("P(best)"),
        ]
        columns += otherScales.map { .init($0.heading) } + [.init("calls ok")]
        let rows = (main?.rows ?? []).map { row -> [String] in
            let endpoint = analysis.endpoints.first { $0.identifier == row.endpoint }
            let interval = row.interval.map { "\(scale.text($0.lower)) – \(scale.text($0.upper))" } ?? Figures.none
            let rest = zip(others, otherScales).map { other, otherScale in
                guard let own = ranking.order(by: other)?.rows.first(where: { $0.endpoint == row.endpoint }) else {
                    return Figures.none
                }
                return "\(otherScale.text(own.estimate)) (\(Figures.ranks(own.rankBest, own.rankWorst)))"
            }
            let head = [
                Figures.ranks(row.rankBest, row.rankWorst), row.tieGroups, endpoint?.tableName ?? row.endpoint.rawValue,
                endpoint?.provider.deliveryPath.rawValue ?? "", scale.text(row.estimate), interval,
                ranking.isProvisional ? Figures.none : Figures.share(row.chanceOfBest, decimals: 0),
            ]
            return head + rest + [Figures.share(endpoint?.success.share)]
        }
        let price = Figures.money(ranking.valueOfTimePerHour, decimals: 2)
        let meaning =
            criterion == .score ? " Score: money per successful session plus its time at \(price) per hour." : ""
        let warning = OutputLengthNotice.text(analysis.outputLengths).map { " " + $0 } ?? ""
        return Table(
            "Ranking by \(criterion.label(isOpen: ranking.isOpen))", columns: columns, rows: rows,
            note:
                "Ranks in parentheses are those of the column, among all that have a value in it; 2–4 means that the rounds cannot tell places 2 to 4 "
                + "apart. Endpoints that share a letter are tied.\(meaning)\(warning)")
    }

    /// The endpoints grouped by delivery path, in the order of one criterion within each, those that are not ranked last; nil
    /// if there is only one path.
    public static func byPath(_ ranking: Ranking, _ analysis: RunAnalysis, by criterion: Criterion) -> Table? {
        let paths = DeliveryPath.allCases.filter { path in
            analysis.endpoints.contains { $0.provider.deliveryPath == path }
        }
        guard paths.count > 1 else { return nil }
        let order = ranking.order(by: criterion)?.rows ?? []
        let scale = CriterionScale(criterion, ranking)
        let rows = paths.flatMap { path -> [[String]] in
            let members = analysis.endpoints.filter { $0.provider.deliveryPath == path }
            let ranked = order.filter { row in members.contains { $0.identifier == row.endpoint } }
            let others = members.filter { member in !order.contains { $0.endpoint == member.identifier } }
            let texts =
                ranked.map { row -> [String] in
                    let member = members.first { $0.identifier == row.endpoint }
                    return [
                        member?.tableName ?? row.endpoint.rawValue, Figures.ranks(row.rankBest, row.rankWorst),
                        scale.text(row.estimate), Figures.share(member?.success.share),
                    ]
                } + others.map { [$0.tableName, Figures.none, Figures.none, Figures.share($0.success.share)] }
            return texts.enumerated().map { [$0.offset == 0 ? path.rawValue : ""] + $0.element }
        }
        return Table(
            "By delivery path",
            columns: [
                .init("path", isNumeric: false), .init("endpoint", isNumeric: false), .init("rank"),
                .init(scale.heading), .init("calls ok"),
            ], rows: rows)
    }

    /// Who is not ranked at all or by a criterion, and why; nil if everybody is.
    public static func exclusions(_ ranking: Ranking, by criterion: Criterion) -> Table? {
        let excluded = ranking.exclusions.map { [$0.endpoint.rawValue, $0.reasons.joined(separator: "; ")] }
        let others = (ranking.order(by: criterion)?.withoutValue ?? []).map { endpoint in
            [endpoint.rawValue, "\(criterion.label(isOpen: ranking.isOpen)): \(criterion.whyWithoutValue)"]
        }
        guard !(excluded + others).isEmpty else { return nil }
        return Table(
            "Not ranked", columns: [.init("endpoint", isNumeric: false), .init("why", isNumeric: false)],
            rows: excluded + others)
    }

    /// Cost against time; nil if no endpoint has a price.
    public static func pareto(_ ranking: Ranking) -> Table? {
        guard !ranking.pareto.isEmpty else { return nil }
        let costDecimals = Figures.decimals(ranking.pareto.map(\.cost), digits: 3)
        let points = ranking.pareto.sorted { ($0.cost, $0.time) < ($1.cost, $1.time) }
        return Table(
            "Cost and time",
            columns: [
                .init("endpoint", isNumeric: false), .init("$/session"), .init("s/session"),
                .init("worth choosing", isNumeric: false), .init("best score when an hour is worth", isNumeric: false),
            ],
            rows: points.map { point in
                let range = ranking.winningRanges.first { $0.endpoint == point.endpoint }.map { range in
                    range.toPerHour.isFinite
                        ? "$\(Figures.fixed(range.fromPerHour, 2)) to $\(Figures.fixed(range.toPerHour, 2))"
                        : "$\(Figures.fixed(range.fromPerHour, 2)) and more"
                }
                return [
                    point.endpoint.rawValue, Figures.fixed(point.cost, costDecimals), Figures.fixed(point.time, 2),
                    point.isOnFront ? "yes" : "no", range ?? "never",
                ]
            },
            note:
                "Worth choosing: no other endpoint is both cheaper and faster (Pareto front, of the estimates). Both are per "
                + "successful session, as in the score. Time: that of its calls and of the waits that the provider caused, "
                + "those side by side added up; not the waits of tools and people.")
    }
}

/// How the values of a criterion are written, the same for all endpoints of a table.
struct CriterionScale {
    let heading: String
    private let factor: Double
    private let decimals: Int

    init(_ criterion: Criterion, _ ranking: Ranking) {
        let values = (ranking.order(by: criterion)?.rows ?? []).map(\.estimate)
        switch criterion {
        case .score, .cost: (heading, factor) = (criterion == .score ? "score, $/session" : "$/session", 1)
        case .sessionTime: (heading, factor) = ("s/session", 1)
        case .firstToken, .turnTime: (heading, factor) = (criterion.label(isOpen: ranking.isOpen) + ", ms", 1000)
        case .decodeRate: (heading, factor) = ("decode, tokens/s", 1)
        }
        let scale = factor
        decimals = Figures.decimals(values.map { $0 * scale }, digits: 3)
    }

    func text(_ value: Double) -> String { Figures.fixed(value * factor, decimals) }
}
