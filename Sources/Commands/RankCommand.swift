import Encodings
import Analysis
import Ranking
import Reporting

/// The command `submeter rank`.
enum RankCommand: Subcommand {
    static let formatOption = OptionSpecification(
        "--format", choices: ["table", "markdown", "csv", "json"], "how to print it (default: table)")
    static let criterionOption = OptionSpecification(
        "--by", choices: Criterion.allCases.map(\.rawValue), "what to order by (default: score)")
    static let outputOption = OptionSpecification(
        "--output", value: "FILE", "write to a file, not to the standard output")

    static let specification = CommandSpecification(
        name: "rank", summary: "rank the endpoints of a run, with rank intervals", operands: "RUN…",
        operandCount: 1...1000,
        discussion: """
            Several runs must be of the same plan and documents; their rounds are joined. Reads run files only: no
            network, no key, no cost. Exit code 3 if nobody can be ranked, 4 if no call was answered or the run is invalid.
            """, options: [formatOption, criterionOption, outputOption],
        examples: [
            ("rank results/demo.sqlite", "a table"),
            ("rank --by cost --format markdown results/demo.sqlite", "by cost, as Markdown"),
            ("rank --format json results/*.sqlite | jq .criteria", "for scripts"),
        ])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        try arguments.checkOutput()
        let analysis = try Runs.analysis(arguments.operands)
        let ranking = Ranking(analysis)
        let criterion = arguments["--by"].flatMap { Criterion(rawValue: $0) } ?? .score
        let report = Reports.ranking(ranking, analysis, by: criterion)
        let text =
            switch arguments["--format"] {
            case "markdown": MarkdownFormat.text(report)
            case "csv": CSVFormat.ranking(ranking, analysis)
            case "json": JSONFormat.ranking(ranking, analysis).pretty()
            default: TerminalFormat.text(report, usesColor: console.usesColor && !arguments.has("--output"))
            }
        try deliver(text, analysis, arguments, console)
        return Runs.exitCode(ranking, analysis)
    }

    /// Writes a judgement to where it was asked for.
    ///
    /// That nothing was measured is also told on the standard error, unless the standard output says it.
    static func deliver(
        _ text: String, _ analysis: RunAnalysis, _ arguments: Arguments, _ console: Console
    ) throws(CommandError) {
        if arguments.outputFile != nil || arguments["--format"] == "csv", let line = Reports.noAnswer(analysis) {
            console.message(line)
        }
        guard let path = arguments.outputFile else { return console.output(text) }
        try Files.write(Array(text.utf8), to: path, apartFrom: arguments.operands)
    }
}

/// The command `submeter report`.
enum ReportCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "report", summary: "everything that a run says about every endpoint", operands: "RUN…",
        operandCount: 1...1000,
        discussion: """
            The ranking, then reliability, agent sessions, latency, streaming, speed, the figures under the whole load,
            tokens, cache, cost, tools and goodput, and where all of it comes from. A figure with too few samples prints
            as –. Exit codes as of 'rank'.
            """,
        options: [RankCommand.formatOption, RankCommand.criterionOption, RankCommand.outputOption],
        examples: [
            ("report results/demo.sqlite", "tables for the terminal"),
            ("report --format markdown --output report.md results/demo.sqlite", "a file to share"),
            ("report --format csv results/demo.sqlite", "one row per figure"),
        ])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        try arguments.checkOutput()
        let analysis = try Runs.analysis(arguments.operands)
        let ranking = Ranking(analysis)
        let criterion = arguments["--by"].flatMap { Criterion(rawValue: $0) } ?? .score
        let report = Reports.full(ranking, analysis, by: criterion)
        let text =
            switch arguments["--format"] {
            case "markdown": MarkdownFormat.text(report)
            case "csv": CSVFormat.figures(analysis)
            case "json": JSONFormat.full(ranking, analysis).pretty()
            default: TerminalFormat.text(report, usesColor: console.usesColor && !arguments.has("--output"))
            }
        try RankCommand.deliver(text, analysis, arguments, console)
        return Runs.exitCode(ranking, analysis)
    }
}
