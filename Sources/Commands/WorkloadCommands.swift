import Quantities
import Reporting
import Statistics
import Workloads

/// Reading and writing session files.
enum SessionFiles {
    static func read(_ path: String) throws(CommandError) -> SessionLibrary {
        let bytes = try TraceFile.contents(path)
        do throws(SessionFileError) {
            return try SessionFile.read(bytes)
        } catch {
            throw .usage("\(path): \(error.description)")
        }
    }

    /// Reads a library that is to be replayed.
    ///
    /// - Throws: why it cannot be read, or its first fault.
    static func readSound(_ path: String) throws(CommandError) -> SessionLibrary {
        let library = try read(path)
        if let faults = faults(library, path) { throw .usage(faults) }
        return library
    }

    /// How many faults a library has, and the first of them; nil if it has none.
    static func faults(_ library: SessionLibrary, _ path: String) -> String? {
        let errors = SessionLint.findings(library).filter { $0.severity == .error }
        guard let first = errors.first else { return nil }
        return "\(path): \(Counted.text(errors.count, "fault")), the first: \(first)"
    }

    static func deliver(_ library: SessionLibrary, _ arguments: Arguments, _ console: Console) throws(CommandError) {
        let bytes = SessionFile.write(library)
        guard let path = arguments.outputFile else { return console.output(bytes) }
        try Files.write(bytes, to: path)
        let calls = library.sessions.reduce(0) { $0 + $1.calls.count }
        console.message(
            "\(path): \(Figures.counted(library.sessions.count, "session")), \(Figures.counted(calls, "call"))")
    }
}

/// The command `submeter workload generate`.
enum WorkloadGenerateCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "workload generate", summary: "make sessions from published distributions", operands: "PROFILE",
        operandCount: 1...1,
        discussion: "The same seed makes the same sessions.\n\nprofiles:\n"
            + CommandSpecification.columns(SessionGenerator.all.map { ($0.name, $0.purpose) }),
        options: [
            OptionSpecification("--count", value: "N", "how many sessions (default: 100)"),
            OptionSpecification("--seed", value: "N", "decides everything random (default: 1)"),
            RankCommand.outputOption,
        ],
        examples: [("workload generate coding-S --count 50 --output sessions.jsonl", "fifty sessions")])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        let name = arguments.operands[0]
        let generator = try generator(name)
        let count = try arguments.integer("--count", in: 1...1_000_000) ?? 100
        let seed = try arguments.integer("--seed", in: 0...Int.max) ?? 1
        if let path = arguments.outputFile { try OutputFile.check(path) }
        let library = WorkloadGenerator.generate(generator, count: count, seed: Seed(UInt64(seed)))
        try SessionFiles.deliver(library, arguments, console)
        return .good
    }

    /// The generator of a name.
    ///
    /// - Throws: which ones there are.
    static func generator(_ name: String) throws(CommandError) -> SessionGenerator {
        if let generator = SessionGenerator.named[name] { return generator }
        let known = SessionGenerator.named.keys.sorted()
        let near = Suggestion.nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
        throw .usage("no profile '\(name)'\(near) (known: \(known.joined(separator: ", ")))")
    }
}

/// The command `submeter workload lint`.
enum WorkloadLintCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "workload lint", summary: "check session files before they are replayed", operands: "FILE…",
        operandCount: 1...1000,
        discussion: "Files may be compressed by gzip; - is the standard input.\n"
            + "Exit code 64 if a file has errors; warnings alone are good.", options: [],
        examples: [("workload lint sessions.jsonl", "say what is wrong")])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        var errorCount = 0
        for path in arguments.operands {
            let library = try SessionFiles.read(path)
            let findings = SessionLint.findings(library)
            for finding in findings { console.output("\(path): \(PlainText.forTerminal(finding.description))\n") }
            let errors = findings.count { $0.severity == .error }
            errorCount += errors
            let calls = library.sessions.reduce(0) { $0 + $1.calls.count }
            console.output(
                "\(path): \(Figures.counted(library.sessions.count, "session")), \(Figures.counted(calls, "call")), "
                    + "\(Figures.counted(errors, "error")), \(Figures.counted(findings.count - errors, "warning"))\n")
        }
        return errorCount == 0 ? .good : .usage
    }
}

/// The command `submeter workload describe`.
enum WorkloadDescribeCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "workload describe", summary: "what a session file holds, in figures", operands: "FILE",
        operandCount: 1...1, discussion: "The file may be compressed by gzip; - is the standard input.", options: [],
        examples: [("workload describe sessions.jsonl", "lengths, waits and what a cache could hold")])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        let path = arguments.operands[0]
        let library = try SessionFiles.read(path)
        if let faults = SessionFiles.faults(library, path) {
            console.message(
                PlainText.forTerminal(faults) + "; no plan reads it, so mend it before you trust its figures")
        }
        let description = WorkloadDescription(library)
        let rows = description.rows.map { row in
            [row.name]
                + [row.median, row.ninetieth, row.mean].map { figure in
                    figure.map { Figures.fixed($0, row.mean ?? 0 < 100 ? 1 : 0) } ?? Figures.none
                } + [shape(row.bins)]
        }
        let table = Table(
            "Distributions",
            columns: [
                .init("figure", isNumeric: false), .init("median"), .init("p90"), .init("mean"),
                .init("p1 to p99, logarithmic", isNumeric: false),
            ], rows: rows)
        let report = Report(
            title: "Workload \(library.name)",
            introduction: [
                "\(Figures.counted(description.sessionCount, "session")), "
                    + "\(Figures.counted(description.callCount, "call")), "
                    + "licence \(library.licence ?? "not stated")",
                "\(Figures.counted(description.inputTokens.value, "input token")), "
                    + Figures.counted(description.outputTokens.value, "output token"),
                "calls that bring a tool result: \(Figures.share(description.toolShare)); calls of sub-agents: "
                    + "\(Figures.share(description.agentShare)); reasoning in answers: "
                    + Figures.share(description.reasoningShare),
                "input that an ideal cache holds: \(Figures.share(description.idealHitShare)), one that forgets after "
                    + "five minutes: \(Figures.share(description.fiveMinuteHitShare))",
            ] + arrivals(description), tables: [table],
            notices: library.guesses.map { "guessed: \($0)" })
        console.output(TerminalFormat.text(report, usesColor: console.usesColor))
        return .good
    }

    /// Over which time sessions arrive, as far as their starts are recorded.
    private static func arrivals(_ description: WorkloadDescription) -> [String] {
        guard let span = description.arrivalSpan else { return [] }
        let text = "sessions arrive over \(Figures.fixed(span.seconds, 1)) s, from the first recorded start to the last"
        guard description.startedCount < description.sessionCount else { return [text] }
        return [text + "; \(Figures.count(description.sessionCount - description.startedCount)) have none"]
    }

    /// Counts as bars of eight heights.
    private static func shape(_ bins: [Int]) -> String {
        let bars = Array("▁▂▃▄▅▆▇█")
        let highest = max(1, bins.max() ?? 1)
        return String(bins.map { $0 == 0 ? " " : bars[min(7, $0 * 8 / (highest + 1))] })
    }
}
