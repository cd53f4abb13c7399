import Profiles
import Encodings
import Planning
import Quantities
import Reporting

/// The command `submeter estimate`.
enum EstimateCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "estimate", summary: "tokens, money and time of a plan, before anything is sent", operands: "PLAN",
        operandCount: 1...1,
        discussion: """
            The lowest cost is that of a cache which holds all that was sent before, the highest that of none. Token
            counts are the plan's own; a provider's tokenizer may count differently by some per cent. Calls that go to the
            plan's small_model are priced as that; a note says how many they are.
            """,
        options: [OptionSpecification("--format", choices: ["table", "json"], "how to print it (default: table)")],
        examples: [("estimate profiles/plans/demo.yaml", "print a table")])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        let plan = try Plans.plan(try Plans.documents(arguments.operands[0]))
        let estimate = PlanEstimate(plan)
        if arguments["--format"] == "json" {
            console.output(json(estimate, plan).pretty())
        } else {
            console.output(TerminalFormat.text(report(estimate, plan), usesColor: console.usesColor))
        }
        return .good
    }

    /// What a plan will send, as tables.
    static func report(_ estimate: PlanEstimate, _ plan: Plan) -> Report {
        let decimals = Figures.decimals(estimate.rows.compactMap { $0.lowest?.dollars }, digits: 3)
        let rows = estimate.rows.map { row in
            [
                row.endpoint.rawValue, Figures.count(row.callCount), Figures.count(row.inputTokens.value),
                Figures.count(row.outputTokens.value), Figures.money(row.lowest, decimals: decimals),
                Figures.money(row.highest, decimals: decimals),
            ]
        }
        let table = Table(
            "Per endpoint",
            columns: [
                .init("endpoint", isNumeric: false), .init("calls"), .init("input tokens"), .init("output tokens"),
                .init("lowest cost"), .init("highest cost"),
            ], rows: rows,
            note:
                "Output tokens: as recorded, where limits allow it. Lowest: a cache holds all that was sent before. Highest: no "
                + "cache holds anything, and every answer is as long as its limit allows."
        )
        return Report(
            title: "Estimate of plan \(plan.profile.name)",
            introduction: [
                cost(estimate, plan, decimals: decimals),
                time(estimate, plan),
            ], tables: [table], notices: estimate.notices(plan))
    }

    /// What the run takes at least, and where a stop rule cuts it short.
    private static func time(_ estimate: PlanEstimate, _ plan: Plan) -> String {
        func seconds(_ duration: Duration) -> String { "\(Figures.fixed(duration.seconds, 1)) s" }
        let waits = "the client's own waits alone take \(seconds(estimate.shortest))"
        guard let arrivals = estimate.arrivals else { return waits }
        let text =
            "\(plan.profile.loadText): sessions arrive over \(seconds(arrivals)) in all, and with "
            + "the client's own waits the run takes at least \(seconds(estimate.shortest))"
        guard let duration = plan.profile.stop.duration, duration < estimate.shortest else { return text }
        return text + "; stop.duration ends it after \(seconds(duration))"
    }

    /// The cost of the endpoints that have a price, with the names of the others.
    private static func cost(_ estimate: PlanEstimate, _ plan: Plan, decimals: Int) -> String {
        let others = estimate.rows.filter { $0.lowest == nil }.map(\.endpoint.rawValue)
        guard others.count < estimate.rows.count else { return "the cost is not known: no endpoint has a price" }
        let ends = [\PlanEstimate.Row.lowest, \.highest].map { end in
            Figures.money(PlanEstimate.sum(estimate.priced.map { $0[keyPath: end] }), decimals: decimals)
        }
        let budget = plan.profile.budget.map { ", budget \(Figures.money($0, decimals: 2))" } ?? ""
        let rest = others.isEmpty ? "" : ", without \(others.joined(separator: ", ")), whose price is not known"
        return "cost between \(ends[0]) and \(ends[1])\(budget)\(rest)"
    }

    private static func json(_ estimate: PlanEstimate, _ plan: Plan) -> JSONValue {
        let rows = estimate.rows.map { row -> JSONValue in
            [
                "endpoint": .string(row.endpoint.rawValue), "calls": .integer(row.callCount),
                "input_tokens": .integer(row.inputTokens.value), "output_tokens": .integer(row.outputTokens.value),
                "lowest_cost_usd": .optional(row.lowest?.dollars), "highest_cost_usd": .optional(row.highest?.dollars),
            ]
        }
        return [
            "plan": .string(plan.profile.name), "lowest_cost_usd": .optional(estimate.lowest?.dollars),
            "highest_cost_usd": .optional(estimate.highest?.dollars),
            "least_seconds": .number(estimate.shortest.seconds), "load": .string(plan.profile.loadText),
            "arrival_seconds": .optional(estimate.arrivals?.seconds),
            "endpoints": .array(rows), "notices": .array(estimate.notices(plan).map { .string($0) }),
        ]
    }
}
