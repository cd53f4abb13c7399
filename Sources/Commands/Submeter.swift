import Quantities

/// The program: finds the command that the words call and carries it out.
public enum Submeter {
    /// The version, as in `submeter --version` and in run files.
    public static let version = "0.1.0"

    static let commands: [any Subcommand.Type] = [
        DemoCommand.self, CheckCommand.self, EstimateCommand.self, RunCommand.self, SearchCommand.self,
        RankCommand.self,
        ReportCommand.self, ExportCommand.self, WorkloadGenerateCommand.self, WorkloadImportCommand.self,
        WorkloadLintCommand.self, WorkloadDescribeCommand.self, RehearseCommand.self, DecodeCommand.self,
    ]

    /// Runs one command.
    ///
    /// - Parameter console: the arguments and where output goes.
    /// - Returns: how the process should end.
    public static func run(_ console: Console) -> ExitCode {
        do throws(CommandError) {
            return try dispatch(console)
        } catch {
            console.message(
                error.description.hasPrefix("submeter") ? error.description : "submeter: \(error.description)")
            return error.exitCode
        }
    }

    private static func dispatch(_ console: Console) throws(CommandError) -> ExitCode {
        var words = console.arguments
        if words.first == "help" { words = Array(words.dropFirst()) + ["--help"] }
        guard let first = words.first else {
            console.message(help)
            return .usage
        }
        switch first {
        case "--help", "-h":
            console.output(help)
            return .good
        case "--version":
            console.output("submeter \(version)\n")
            return .good
        default: break
        }
        guard
            let command = commands.first(where: {
                words.starts(with: $0.specification.name.split(separator: " ").map(String.init))
            })
        else { return try unknown(words, console) }
        let count = command.specification.name.split(separator: " ").count
        let arguments = try Arguments(Array(words.dropFirst(count)), for: command.specification)
        if arguments.wantsHelp {
            console.output(command.specification.help)
            return .good
        }
        return try command.run(arguments, console)
    }

    /// `submeter workload` and words that call nothing.
    private static func unknown(_ words: [String], _ console: Console) throws(CommandError) -> ExitCode {
        let names = commands.map { $0.specification.name }
        let group = names.filter { $0.hasPrefix(words[0] + " ") }
        if !group.isEmpty {
            guard words.count > 1, !words[1].hasPrefix("-") else {
                let rows = commands.filter { group.contains($0.specification.name) }.map {
                    ($0.specification.name, $0.specification.summary)
                }
                let text = "usage: submeter \(words[0]) COMMAND\n\n" + CommandSpecification.columns(rows)
                guard words.count > 1 else {
                    console.message(text)
                    return .usage
                }
                console.output(text)
                return .good
            }
            let near = Suggestion.nearest(to: words.prefix(2).joined(separator: " "), among: group)
            throw .usage(
                "no command 'submeter \(words[0]) \(words[1])'"
                    + (near.map { "; did you mean 'submeter \($0)'?" } ?? ""))
        }
        let candidates = names + Set(names.compactMap { $0.split(separator: " ").first.map(String.init) })
        let near = Suggestion.nearest(to: words[0], among: candidates)
        throw .usage(
            "no command 'submeter \(words[0])'"
                + (near.map { "; did you mean 'submeter \($0)'?" } ?? "; see 'submeter help'"))
    }

    static var help: String {
        let rows = commands.map { ($0.specification.name, $0.specification.summary) }
        let codes = ExitCode.allCases.map { (String($0.rawValue), $0.meaning) }
        return "submeter \(version): an independent meter for LLM endpoints\n\nusage: submeter COMMAND [options] …\n\n"
            + "commands:\n" + CommandSpecification.columns(rows)
            + "\n'submeter COMMAND --help' says more, with examples. Begin with 'submeter demo'.\n\nexit codes:\n"
            + CommandSpecification.columns(codes)
    }
}
