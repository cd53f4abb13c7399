import Reporting
import Workloads

/// The command `submeter workload import`.
enum WorkloadImportCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "workload import", summary: "turn recorded traces into sessions", operands: "FILE…",
        operandCount: 1...100_000,
        discussion:
            "Files may be compressed by gzip; - is the standard input. All files become one library.\nWhat a source lacks is "
            + "guessed by rules that 'submeter workload describe' lists.\n\nFormats:\n"
            + TraceImporters.formats.map { "  \($0.name): \($0.summary)" }.joined(separator: "\n"),
        options: [
            OptionSpecification(
                "--format", value: "FORMAT", choices: TraceImporters.formats.map(\.name),
                "what the files are (needed)"),
            OptionSpecification("--name", value: "NAME", "what the workload is called (default: the format)"),
            OptionSpecification("--licence", value: "TEXT", "the licence of the trace, kept in the header"),
            RankCommand.outputOption,
        ],
        examples: [
            ("workload import --format weka --licence Apache-2.0 trace.jsonl.gz --output sessions.jsonl", "import")
        ]
    )

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        guard let name = arguments["--format"], let type = TraceImporters.named(name) else {
            let known = TraceImporters.formats.map(\.name).joined(separator: ", ")
            throw .usage("submeter workload import needs --format (known: \(known))")
        }
        let options = ImportOptions(name: arguments["--name"], licence: arguments["--licence"])
        let sink = try SessionSink(arguments.outputFile, apartFrom: arguments.operands, console)
        sink.write(SessionFile.line(of: TraceImport.header(type, options)))
        var work = TraceImport(type)
        for path in arguments.operands {
            work.begin(Self.stem(path))
            let file = try TraceFile(path)
            var readBytes = 0
            while let chunk = try file.next() {
                readBytes += chunk.count
                try attempt(path) { () throws(SessionFileError) in try work.take(chunk, sink.take) }
                sink.progress("\(path): \(Figures.count(readBytes >> 20)) MiB read")
            }
            try attempt(path) { () throws(SessionFileError) in try work.end(sink.take) }
        }
        try attempt(arguments.operands[0]) { () throws(SessionFileError) in try work.finish(sink.take) }
        try sink.close()
        for entry in work.leftOut.entries { console.message("left out, \(entry.what): \(Figures.count(entry.count))") }
        return .good
    }

    private static func attempt(
        _ path: String, _ work: () throws(SessionFileError) -> Void
    ) throws(CommandError) {
        do throws(SessionFileError) {
            try work()
        } catch {
            throw .usage("\(path): \(error.description)")
        }
    }

    /// A path's last part without its endings.
    private static func stem(_ path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        return last.split(separator: ".").first.map(String.init) ?? last
    }
}
