import Rehearsal
import Analysis
import Planning
import Profiles
import Quantities
import Ranking
import Records
import Reporting

/// The command `submeter demo`.
enum DemoCommand: Subcommand {
    static let shippedPlan = "profiles/plans/demo.yaml"

    static let specification = CommandSpecification(
        name: "demo", summary: "embedded fleet, agentic workload, ranking, report: no key, no network, no cost",
        operands: "", operandCount: 0...0,
        discussion: """
            Starts five providers on loopback, one per delivery path, replays coding sessions against all of them over
            real sockets, ranks them, and writes the run file and a Markdown report. The providers are models: the
            figures show what Submeter does, not what any company sells.

            With --plan it rehearses a plan of yours before it costs anything: every endpoint is played on loopback, wherever
            it really lies, as its provider document says under 'rehearsal', or plainly. No key is needed or sent. Waits are
            those of the plan, so it takes as long as the real run; a small 'time_scale' shortens them.
            """,
        options: [
            OptionSpecification("--output", value: "FILE", "the run file (default: results/demo-TIME.sqlite)"),
            OptionSpecification("--plan", value: "PLAN", "rehearse this plan"),
            OptionSpecification("--ground-truth", value: "FILE", "write what the fleet truly did as JSONL"),
        ],
        examples: [
            ("demo", "about a minute and a half"),
            ("demo --plan my-plan.yaml", "the same plan against modelled providers"),
        ])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        let planPath = try planPath(arguments)
        let planned = try Plans.documents(planPath)
        let path = try arguments.runPath(else: "results/demo-\(WallTime.fileStamp()).sqlite")
        if Files.exists(path) { throw .usage("\(path): exists already; give another --output") }
        if let truthPath = arguments["--ground-truth"] { try OutputFile.check(truthPath, apartFrom: [planPath]) }
        let stage = try RehearsalStage(planned, usesOwnPorts: false)
        defer { stage.fleet.stop() }
        let plan = try stage.plan(planned)
        console.message(
            "demo: \(Figures.counted(plan.endpoints.count, "modelled provider")) on loopback, "
                + "\(Figures.counted(plan.rounds.count, "round")), nothing leaves this machine")
        let end = try RunExecution(plan: plan, path: path, console: console, isResumed: false, isRehearsal: true)
            .perform()
        if let truthPath = arguments["--ground-truth"] {
            stage.fleet.stop()
            try Files.write(stage.groundTruth, to: truthPath)
        }
        let analysis = try Runs.analysis([path])
        let ranking = Ranking(analysis)
        console.output(TerminalFormat.text(Reports.ranking(ranking, analysis), usesColor: console.usesColor))
        let reportPath = (path.hasSuffix(".sqlite") ? String(path.dropLast(7)) : path) + ".md"
        try Files.write(Array(MarkdownFormat.text(Reports.full(ranking, analysis)).utf8), to: reportPath)
        console.output("\nrun file: \(path)\nreport:   \(reportPath)\n")
        if end.reason != .complete { return end.exitCode }
        return Runs.exitCode(ranking, analysis)
    }

    /// The plan that was asked for, or the shipped one: below the working folder, or a folder that holds this program.
    private static func planPath(_ arguments: Arguments) throws(CommandError) -> String {
        if let path = arguments["--plan"] { return path }
        var folders = ["."]
        var folder = Files.programFolder() ?? "."
        while let end = folder.lastIndex(of: "/") {
            folders += [folder, folder + "/share/submeter"]
            folder = String(folder[..<end])
        }
        for folder in folders {
            let path = folder == "." ? shippedPlan : "\(folder)/\(shippedPlan)"
            if Files.exists(path) { return path }
        }
        throw .usage("'\(shippedPlan)' is neither here nor beside this program; give --plan PLAN")
    }
}
