import Encodings
import Records
import Reporting

/// The command `submeter export`.
enum ExportCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "export", summary: "the raw rows of a run as JSONL or CSV", operands: "RUN", operandCount: 1...1,
        discussion: """
            One row per attempt: every time in nanoseconds of the monotonic clock, tokens, cost and outcome. With
            '--table events' one row per content event, with the time at which its bytes were read.
            'counted_cost_usd' is what the report counts for an attempt, and 'cost_basis' what that rests on: the usage,
            the plan where none was told, or nothing. 'previous_call', 'is_final' and 'calls_in_flight' tell
            where a call stands in its session and under which load it was sent, 'wanted_output_tokens' and
            'output_is_forced' how long its answer was to be. 'model' is the plan's name of the model that was asked
            for, 'served_model' what the answer calls itself. 'budget_hold_ns' is how long the budget held a call back
            that was due, and 'closed_ns' when its stream was closed, which may be after the call had ended.
            """,
        options: [
            OptionSpecification("--format", choices: ["jsonl", "csv"], "how to print it (default: jsonl)"),
            OptionSpecification(
                "--table", choices: RawRows.Table.allCases.map(\.rawValue), "which rows (default: attempts)"),
            RankCommand.outputOption,
        ],
        examples: [
            ("export results/demo.sqlite | jq -r .outcome | sort | uniq -c", "count outcomes"),
            ("export --format csv --table events --output events.csv results/demo.sqlite", "all event times"),
        ])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        try arguments.checkOutput()
        let file = try Runs.file(arguments.operands[0])
        let table = arguments["--table"].flatMap { RawRows.Table(rawValue: $0) } ?? .attempts
        var text: [UInt8] = []
        if arguments["--format"] == "csv" {
            RawRows.csv(file, table) { text += $0.utf8 }
        } else {
            RawRows.json(file, table) { row in
                row.append(to: &text)
                text.append(UInt8(ascii: "\n"))
            }
        }
        guard let path = arguments.outputFile else {
            console.output(text)
            return .good
        }
        try Files.write(text, to: path, apartFrom: arguments.operands)
        return .good
    }
}
