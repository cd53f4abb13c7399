import Analysis
import Driving
import Encodings
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
            objective, and then halves the gap. Where the plan's load is constant, poisson or gamma, it varies the rate
            instead, from the plan's rate or --first on, in sessions per second; a run ends early once sessions have come
            faster than they were served. A load passes when the 95 % interval of its share of good calls lies above
            the wanted share; it allows for calls of one session failing together. A load whose interval holds that share is
            tried again, and at last judged by the estimate alone, which the table says: more sessions_per_round, of 73
            calls or more, decide it. Only calls count that were sent while the whole load was there: while so many
            sessions were live, or from the end of the first session to the last arrival. Each load is a run of its
            own, with a run file. The plan must have one endpoint and objectives. Exit code 2 if not even the lowest
            load passes; 4 if no call of a run was answered, which ends the search: who is down has no capacity.
            """,
        options: [
            OptionSpecification("--share", value: "PERCENT", "the share of calls that must be good (default: 95)"),
            OptionSpecification(
                "--first", value: "N", "live sessions, or sessions/s, of the first run (default: 1, or the plan's rate)"
            ),
            OptionSpecification(
                "--highest", value: "N", "the most that are tried (default: 1024, or 1024 times the first rate)"),
            OptionSpecification(
                "--output", value: "PREFIX", "run files are PREFIX-N-TRY.sqlite (default: results/PLAN-TIME)"),
            OptionSpecification(
                "--format", choices: ["table", "markdown", "json"], "how to print what was found (default: table)"),
            OptionSpecification("--quiet", "no progress"),
        ],
        examples: [
            ("search my-plan.yaml --highest 256", "how many sessions at once the endpoint bears"),
            (
                "search my-open-plan.yaml --first 0.5 --highest 20",
                "how many sessions a second, of a load such as {kind: poisson, rate: 1}"
            ),
        ])

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
        let load = try SearchedLoad(documents.plan, path: path, arguments)
        let quiet = arguments.has("--quiet") ? console.withoutProgress() : console
        var search = SearchRun(
            planPath: path,
            prefix: try arguments.runPath(else: "results/\(documents.plan.name)-\(WallTime.fileStamp())"),
            budget: documents.plan.budget, load: load, console: quiet)
        let code = try search.perform()
        let report = search.report(documents.plan)
        let text =
            switch arguments["--format"] {
            case "markdown": MarkdownFormat.text(report.report)
            case "json": report.json.pretty()
            default: TerminalFormat.text(report.report, usesColor: console.usesColor)
            }
        console.output(text)
        return code
    }
}

/// One search under way.
private struct SearchRun {
    let planPath: String
    let prefix: String
    let budget: Money?
    let load: SearchedLoad
    let console: Console
    private var search: LoadSearch
    private var spent = Money.zero
    private var notices: [String] = []
    private var failures: [Int: [OutcomeClass: Int]] = [:]
    private var unansweredLoad: Int?

    init(planPath: String, prefix: String, budget: Money?, load: SearchedLoad, console: Console) {
        self.planPath = planPath
        self.prefix = prefix
        self.budget = budget
        self.load = load
        self.console = console
        search = LoadSearch(load.rules)
    }

    mutating func perform() throws(CommandError) -> ExitCode {
        let signals = SignalWatch(console)
        defer { signals.cancel() }
        while let steps = search.nextLoad {
            if signals.isInterrupted {
                notices.append("ended early: \(StopReason.interrupted.rawValue)")
                return .interrupted
            }
            if let budget, spent >= budget {
                notices.append("the budget is spent")
                return .budgetReached
            }
            let plan = try plan(steps)
            let path = "\(prefix)-\(load.number(steps))-\(search.tryCount + 1).sqlite"
            if Files.exists(path) { throw .usage("\(path): exists already; give another --output") }
            let end = try RunExecution(plan: plan, path: path, console: console, isResumed: false).perform(
                endedBy: signals)
            spent += end.progress.spent
            for counts in end.progress.failures { failures[steps, default: [:]].merge(counts, uniquingKeysWith: +) }
            guard [.complete, .errorRate, .overSaturation].contains(end.reason) else {
                notices.append("ended early: \(end.reason.rawValue)")
                // That a run ends in time is good; a search has then found nothing out.
                return end.exitCode == .good ? .inconclusive : end.exitCode
            }
            // Who answers nothing is down: that says nothing of how much it bears.
            guard end.progress.hasSuccess else {
                unansweredLoad = steps
                notices.append("at \(load.text(steps)) nothing was measured: no call was answered")
                return .notMeasured
            }
            let file = try Runs.file(path)
            guard
                HarnessVerdict(
                    attempts: file.attempts, health: file.health, isOpen: plan.profile.load.isOpen
                ).isValid
            else {
                notices.append(
                    "at \(load.text(steps)) the harness itself could not keep up: no higher load can be measured")
                return .notMeasured
            }
            let holds = BudgetHolds(file.attempts)
            guard holds.count * 50 <= holds.startedCount else {
                notices.append(
                    "at \(load.text(steps)) the budget held back \(holds.count) of "
                        + "\(Counted.text(holds.startedCount, "attempt")): "
                        + "that load was never there; give a larger budget")
                return .budgetReached
            }
            let window = load.window(file, steps)
            if window == nil, end.reason == .complete {
                notices.append(
                    "at \(load.text(steps)) all sessions had begun before one ended, so the whole load was never there: "
                        + "raise sessions_per_round")
                return .inconclusive
            }
            let figure = window?.attainment(file.attempts, plan.profile.objectives) ?? ShareFigure(clusters: [])
            take(figure, steps, isSaturated: end.reason == .overSaturation, path)
        }
        return search.highestGood == nil ? .gateFailed : .good
    }

    private mutating func take(_ figure: ShareFigure, _ steps: Int, isSaturated: Bool, _ path: String) {
        search.take(
            good: figure.hitCount, of: figure.trialCount, effectiveCount: figure.effectiveTrialCount, at: steps,
            isEndedEarly: isSaturated)
        console.message(
            "\(load.text(steps)): \(figure.hitCount) of \(Counted.text(figure.trialCount, "call")) "
                + (figure.hitCount == 1 || figure.trialCount == 1 ? "is good " : "are good ")
                + "(\(Figures.share(figure.share)))"
                + (isSaturated ? ", ended early since sessions came faster than they were served" : "") + "; \(path)")
    }

    /// The plan with another load, as its own document would say it.
    private func plan(_ steps: Int) throws(CommandError) -> Plan {
        let tryNumber = search.probes.first { $0.load == steps }?.tryCount ?? 0
        var values = load.values(steps, tryNumber: tryNumber)
        if let budget {
            let rest = budget.picodollars - spent.picodollars
            values.append(("budget", "\(Figures.fixed(Double(rest) / 1e12, 9)) USD"))
        }
        let changed = values
        let documents = try Plans.documents(planPath) { PlanText.replacing($0, changed) }
        return try Plans.plan(documents)
    }

    func report(_ plan: PlanProfile) -> SearchReport {
        SearchReport(
            plan: plan, load: load, search: search, failures: failures, unansweredLoad: unansweredLoad, notices: notices
        )
    }
}

/// Changes the values of keys in the text of a plan.
enum PlanText {
    /// A plan's text in which some keys at its top have other values.
    ///
    /// - Parameters:
    ///   - bytes: the text; what stands at the top of a key's value, in lines that are indented, goes with the key.
    ///   - values: the keys with their new values, each of one line.
    /// - Returns: the text with the new values at its end.
    static func replacing(_ bytes: [UInt8], _ values: [(key: String, value: String)]) -> [UInt8] {
        // A carriage return and a line feed are one character.
        let lines = String(decoding: bytes, as: UTF8.self)
            .split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        var isDropped = false
        let kept = lines.filter { line in
            if let first = line.first, !" \t#".contains(first) {
                isDropped = values.contains { line.hasPrefix($0.key + ":") }
            }
            return !isDropped
        }
        return Array((kept.joined(separator: "\n") + "\n" + values.map { "\($0.key): \($0.value)\n" }.joined()).utf8)
    }
}
