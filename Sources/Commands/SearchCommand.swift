import Analysis
import Driving
import Pricing
import Profiles
import Planning
import Quantities
import Records
import Reporting
import Scheduling
import Statistics

/// The command `submeter search`.
enum SearchCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "search", summary: "find the highest load that meets the objectives", operands: "PLAN",
        operandCount: 1...1,
        discussion: """
            Runs the plan's workload with one live session, then two, four, eight and so on, until too few calls meet every
            objective, and then halves the gap. A load passes when the 95 % interval of its share of good calls lies above
            the wanted share; it allows for calls of one session failing together. Only calls count that were sent while the
            whole load was there. Each load is a run of its own, with a run file. The plan must have one endpoint and
            objectives.
            """,
        options: [
            OptionSpecification("--share", value: "PERCENT", "the share of calls that must be good (default: 95)"),
            OptionSpecification("--first", value: "N", "live sessions of the first run (default: 1)"),
            OptionSpecification("--highest", value: "N", "the most live sessions that are tried (default: 1024)"),
            OptionSpecification(
                "--output", value: "PREFIX", "run files are PREFIX-N-TRY.sqlite (default: results/PLAN-TIME)"),
            OptionSpecification("--quiet", "no progress"),
        ],
        examples: [("search my-plan.yaml --highest 256", "how many sessions at once the endpoint bears")])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        let path = arguments.operands[0]
        let documents = try Plans.documents(path)
        guard documents.plan.endpoints.count == 1 else {
            throw .usage(
                "\(path): names \(documents.plan.endpoints.count) endpoints; a search needs a plan with one, since each bears "
                    + "another load")
        }
        guard !documents.plan.objectives.isEmpty else {
            throw .usage(
                "\(path): has no objectives; say what a good call meets, such as objectives: {time_to_first_token: 2s}")
        }
        guard !documents.plan.load.isOpen else {
            throw .usage(
                "\(path): has a load with arrivals by the clock; a search varies live_sessions: take the section load out"
            )
        }
        var rules = LoadSearch.Rules()
        rules.wantedShare = Double(try arguments.integer("--share", in: 1...99) ?? 95) / 100
        rules.first = try arguments.integer("--first", in: 1...100_000) ?? 1
        rules.highest = max(rules.first, try arguments.integer("--highest", in: 1...100_000) ?? 1024)
        let quiet = arguments.has("--quiet") ? console.withoutProgress() : console
        var search = SearchRun(
            planPath: path,
            prefix: try arguments.runPath(else: "results/\(documents.plan.name)-\(WallTime.fileStamp())"),
            budget: documents.plan.budget, search: LoadSearch(rules), console: quiet)
        let code = try search.perform()
        console.output(TerminalFormat.text(search.report(documents.plan), usesColor: console.usesColor))
        return code
    }
}

/// One search under way.
private struct SearchRun {
    let planPath: String
    let prefix: String
    let budget: Money?
    var search: LoadSearch
    let console: Console
    private var spent = Money.zero
    private var notices: [String] = []

    init(planPath: String, prefix: String, budget: Money?, search: LoadSearch, console: Console) {
        self.planPath = planPath
        self.prefix = prefix
        self.budget = budget
        self.search = search
        self.console = console
    }

    mutating func perform() throws(CommandError) -> ExitCode {
        while let load = search.nextLoad {
            if let budget, spent >= budget {
                notices.append("the budget is spent")
                return .budgetReached
            }
            let plan = try plan(load)
            let path = "\(prefix)-\(load)-\(search.tryCount + 1).sqlite"
            if Files.exists(path) { throw .usage("\(path): exists already; give another --output") }
            let end = try RunExecution(plan: plan, path: path, console: console, isResumed: false).perform()
            spent += end.progress.spent
            guard end.reason == .complete || end.reason == .errorRate else {
                notices.append("ended early: \(end.reason.rawValue)")
                return end.exitCode
            }
            let file = try Runs.file(path)
            guard HarnessVerdict(attempts: file.attempts, health: file.health).isValid else {
                notices.append(
                    "at \(Figures.counted(load, "live session")) the harness itself could not keep up: no higher load "
                        + "can be measured")
                return .notMeasured
            }
            let window = SteadyWindow(file.sessions, liveCount: load)
            let figure = window?.attainment(file.attempts, plan.profile.objectives) ?? ShareFigure(clusters: [])
            search.take(
                good: figure.hitCount, of: figure.trialCount, effectiveCount: figure.effectiveTrialCount, at: load)
            console.message(
                "\(Figures.counted(load, "live session")): \(figure.hitCount) of "
                    + "\(Figures.counted(figure.trialCount, "call")) \(figure.trialCount == 1 ? "is" : "are") good "
                    + "(\(Figures.share(figure.share))); \(path)")
        }
        return search.highestGood == nil ? .gateFailed : .good
    }

    /// The plan with another load, as its own document would say it.
    private func plan(_ load: Int) throws(CommandError) -> Plan {
        var values = [("rounds", "1"), ("live_sessions", "\(load)"), ("order", "random")]
        let planned = try Plans.documents(planPath).plan
        values.append(("sessions_per_round", "\(max(planned.sessionsPerRound, 3 * load))"))
        if let budget {
            let rest = budget.picodollars - spent.picodollars
            values.append(("budget", "\(Figures.fixed(Double(rest) / 1e12, 9)) USD"))
        }
        let changed = values
        let documents = try Plans.documents(planPath) { PlanText.replacing($0, changed) }
        return try Plans.plan(documents)
    }

    func report(_ plan: PlanProfile) -> Report {
        let rows = search.probes.sorted { $0.load < $1.load }.map { probe in
            return [
                "\(probe.load)", "\(probe.tryCount)", Figures.count(probe.callCount),
                Figures.share(probe.callCount == 0 ? nil : Double(probe.goodCount) / Double(probe.callCount)),
                probe.interval.map { "\(Figures.share($0.lower)) – \(Figures.share($0.upper))" } ?? Figures.none,
                probe.verdict.rawValue + (probe.isClose ? ", by the estimate alone" : ""),
            ]
        }
        let table = Table(
            "Loads",
            columns: [
                .init("live sessions"), .init("runs"), .init("calls"), .init("good"),
                .init("95 % interval", isNumeric: false), .init("verdict", isNumeric: false),
            ], rows: rows,
            note:
                "A load is good if \(Figures.share(search.rules.wantedShare)) of its calls meet every objective of the plan."
        )
        return Report(
            title: "Search for the highest load: \(plan.endpoints.first?.identifier.rawValue ?? plan.name)",
            introduction: [finding], tables: [table], notices: notices)
    }

    private var finding: String {
        switch (search.highestGood, search.lowestBad) {
        case (let good?, let bad?):
            "The highest load that meets the objectives lies from \(good) to below \(bad) live sessions"
                + (search.isPrecise ? "." : "; the search ended before it was as exact as wanted.")
        case (let good?, nil): "\(good) live sessions, the most that were tried, meet the objectives."
        case (nil, let bad?): "Already \(bad) live sessions do not meet the objectives."
        case (nil, nil): "Nothing was found out."
        }
    }
}

/// Changes the values of keys in the text of a plan.
enum PlanText {
    /// A plan's text in which some keys at its top have other values; each must have a value of one line.
    static func replacing(_ bytes: [UInt8], _ values: [(key: String, value: String)]) -> [UInt8] {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let kept = lines.filter { line in !values.contains { line.hasPrefix($0.key + ":") } }
        return Array((kept.joined(separator: "\n") + "\n" + values.map { "\($0.key): \($0.value)\n" }.joined()).utf8)
    }
}
