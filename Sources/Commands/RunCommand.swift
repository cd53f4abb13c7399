import Profiles
import Planning
import Quantities
import Records
import Reporting

/// The command `submeter run`.
enum RunCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "run", summary: "measure the endpoints of a plan", operands: "PLAN", operandCount: 0...1,
        discussion: """
            Everything is written to one run file, from which 'rank' and 'report' compute every table. Ctrl-C ends the run
            with its record whole (exit code 130); '--resume' goes on with it, and also with one that was killed or that
            'stop.duration' ended, and repeats no finished call. The duration counts anew each time.
            """,
        options: [
            OptionSpecification("--output", value: "FILE", "the run file (default: results/PLAN-TIME.sqlite)"),
            OptionSpecification("--resume", value: "FILE", "go on with an unfinished run; takes no PLAN"),
            OptionSpecification("--quiet", "no progress"),
        ],
        examples: [
            ("run profiles/plans/demo.yaml", "measure, with progress"),
            ("run --resume results/demo.sqlite", "go on after Ctrl-C, a crash or a reboot"),
        ])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        if let path = arguments["--resume"], arguments.operands.isEmpty {
            let file = try Runs.file(path)
            guard !file.isRehearsal else {
                throw .usage(
                    "\(path): is a rehearsal, and the providers that were modelled for it are gone; begin another one with "
                        + "'submeter demo', or measure the real ones with 'submeter run PLAN'")
            }
            if let code = endOfComplete(file, console) { return code }
        }
        let execution = try execution(arguments, console)
        let end = try execution.perform()
        let path = execution.path
        for line in end.messages(path) { console.message(line) }
        console.message("next: submeter rank \(path)")
        console.output(path + "\n")
        return end.exitCode
    }

    /// Tells of a run with which one cannot go on since it is complete, and ends as it did; nil if it is not.
    private static func endOfComplete(_ file: RunFile, _ console: Console) -> ExitCode? {
        guard file.facts[FactRow.stopReason] == StopReason.complete.rawValue else { return nil }
        let hasAnswer = file.attempts.contains(where: \.outcome.isSuccess)
        console.message("\(file.path): the run is complete; nothing is left to do")
        let hasFailure = file.attempts.contains(where: \.outcome.isFailure)
        if !hasAnswer {
            console.message(RunEnd.noAnswer(file.documents.sources.first?.name, hasFailure: hasFailure))
        }
        console.message("next: submeter rank \(file.path)")
        console.output(file.path + "\n")
        return hasAnswer ? .good : .notMeasured
    }

    private static func execution(_ arguments: Arguments, _ console: Console) throws(CommandError) -> RunExecution {
        let quiet = arguments.has("--quiet") ? console.withoutProgress() : console
        if let path = arguments["--resume"] {
            guard arguments.operands.isEmpty, !arguments.has("--output") else {
                throw .usage("'--resume' takes the plan and the place from the run file; give no PLAN and no --output")
            }
            let plan = try Plans.plan(try Runs.file(path).documents)
            return RunExecution(plan: plan, path: path, console: quiet, isResumed: true)
        }
        guard let planPath = arguments.operands.first else {
            throw .usage("submeter run needs a PLAN, or --resume FILE; see 'submeter run --help'")
        }
        let plan = try Plans.plan(try Plans.documents(planPath))
        let path = try arguments.runPath(else: "results/\(plan.profile.name)-\(WallTime.fileStamp()).sqlite")
        if Files.exists(path) { throw .usage("\(path): exists already; give another --output, or --resume it") }
        let estimate = PlanEstimate(plan)
        for notice in plan.notices { console.message("note: \(notice)") }
        if let highest = estimate.highest, highest > .zero {
            let decimals = Figures.decimals([estimate.lowest?.dollars ?? 0], digits: 3)
            console.message(
                "estimate: \(Figures.money(estimate.lowest, decimals: decimals)) to "
                    + Figures.money(highest, decimals: decimals)
                    + (plan.profile.budget.map { ", budget \(Figures.money($0, decimals: 2))" } ?? ", no budget is set")
            )
        }
        return RunExecution(plan: plan, path: path, console: quiet, isResumed: false)
    }
}
