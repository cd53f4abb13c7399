import Quantities

/// An option of a command.
struct OptionSpecification: Hashable, Sendable {
    /// With its dashes, such as `--format`.
    let name: String
    /// What its value is called in the help; nil for a switch.
    let value: String?
    /// One line.
    let help: String
    /// The values that are allowed; nil allows any.
    let choices: [String]?

    init(_ name: String, value: String? = nil, choices: [String]? = nil, _ help: String) {
        self.name = name
        self.value = value ?? choices?.joined(separator: "|")
        self.choices = choices
        self.help = help
    }
}

/// What a command is called and what it takes.
struct CommandSpecification: Sendable {
    /// The words that call it, such as `workload lint`.
    let name: String
    /// One line.
    let summary: String
    /// What its plain arguments are called, such as `RUN…`.
    let operands: String
    /// How many plain arguments it takes.
    let operandCount: ClosedRange<Int>
    /// More about it.
    let discussion: String
    /// Its options.
    let options: [OptionSpecification]
    /// Calls and what they do.
    let examples: [(call: String, effect: String)]

    /// The help text.
    var help: String {
        var text = "\(summary)\n\nusage: submeter \(name)"
        if !options.isEmpty { text += " [options]" }
        if !operands.isEmpty { text += " \(operands)" }
        text += "\n"
        if !discussion.isEmpty { text += "\n\(discussion)\n" }
        let rows = (options + [OptionSpecification("--help", "show this help")]).map { option in
            (option.value.map { "\(option.name) \($0)" } ?? option.name, option.help)
        }
        text += "\noptions:\n" + Self.columns(rows)
        if !examples.isEmpty {
            text += "\nexamples:\n" + Self.columns(examples.map { ("submeter " + $0.call, $0.effect) })
        }
        return text
    }

    /// Two columns, the second on a line of its own where the first is long.
    static func columns(_ rows: [(String, String)]) -> String {
        let width = min(34, rows.map(\.0.count).max() ?? 0)
        return rows.map { left, right in
            let gap =
                left.count > width
                ? "\n" + String(repeating: " ", count: width + 4)
                : String(repeating: " ", count: width - left.count + 2)
            return "  \(left)\(gap)\(right)\n"
        }.joined()
    }
}

/// The arguments of a command, checked against its specification.
struct Arguments: Hashable {
    /// The plain arguments in order.
    private(set) var operands: [String] = []
    private var values: [String: String] = [:]
    /// True if the help was asked for.
    private(set) var wantsHelp = false

    /// The value of an option.
    subscript(_ option: String) -> String? { values[option] }

    /// The file that `--output` names; nil for the standard output, which is also what `-` stands for.
    var outputFile: String? { values["--output"] == "-" ? nil : values["--output"] }

    /// The path that `--output` names for a run file or several.
    ///
    /// - Throws: ``CommandError`` for `-`: a database cannot be written to a stream.
    func runPath(else standard: @autoclosure () -> String) throws(CommandError) -> String {
        guard values["--output"] != "-" else {
            throw .usage("--output: a run file cannot go to the standard output; name a file")
        }
        let path = values["--output"] ?? standard()
        try Files.checkFolder(of: path)
        return path
    }

    /// Finds out before the work whether the file that `--output` names can be written.
    ///
    /// - Throws: ``CommandError`` if it cannot be, or if it is one of the plain arguments.
    func checkOutput() throws(CommandError) {
        if let outputFile { try OutputFile.check(outputFile, apartFrom: operands) }
    }

    /// True if a switch was given.
    func has(_ option: String) -> Bool { values[option] != nil }

    /// A whole number.
    func integer(_ option: String, in range: ClosedRange<Int>) throws(CommandError) -> Int? {
        guard let text = values[option] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .usage("\(option): '\(text)' is no whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A number.
    func number(_ option: String, in range: ClosedRange<Double>) throws(CommandError) -> Double? {
        guard let text = values[option] else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw .usage("\(option): '\(text)' is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// Reads words.
    ///
    /// `--name value` and `--name=value` are the same; after `--` nothing is an option. A lone `-` is a plain argument.
    init(_ words: [String], for specification: CommandSpecification) throws(CommandError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                break
            }
            if word == "--help" || word == "-h" {
                wantsHelp = true
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                operands.append(word)
                continue
            }
            try take(word, &rest, specification)
        }
        guard !specification.operandCount.contains(operands.count) else { return }
        let wanted = specification.operands.isEmpty ? "no arguments" : specification.operands
        throw .usage(
            "submeter \(specification.name) takes \(wanted), but \(operands.count) "
                + "\(operands.count == 1 ? "was" : "were") given; see 'submeter \(specification.name) --help'")
    }

    private mutating func take(
        _ word: String, _ rest: inout ArraySlice<String>, _ specification: CommandSpecification
    ) throws(CommandError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let option = specification.options.first(where: { $0.name == parts[0] }) else {
            let near = Suggestion.nearest(to: parts[0], among: specification.options.map(\.name) + ["--help"])
            throw .usage(
                "submeter \(specification.name) has no option '\(parts[0])'"
                    + (near.map { "; did you mean '\($0)'?" } ?? "; see 'submeter \(specification.name) --help'"))
        }
        if values[option.name] != nil { throw .usage("'\(option.name)' is given twice") }
        guard let placeholder = option.value else {
            if parts.count > 1 { throw .usage("'\(option.name)' takes no value") }
            values[option.name] = ""
            return
        }
        guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
            throw .usage("'\(option.name)' needs a value: \(option.name) \(placeholder)")
        }
        if let choices = option.choices, !choices.contains(value) {
            let near = Suggestion.nearest(to: value, among: choices).map { "; did you mean '\($0)'?" } ?? ""
            throw .usage("'\(option.name)' cannot be '\(value)'\(near) (allowed: \(choices.joined(separator: ", ")))")
        }
        values[option.name] = value
    }
}

/// A command of the program.
protocol Subcommand: SendableMetatype {
    /// What it is called and what it takes.
    static var specification: CommandSpecification { get }

    /// Carries it out.
    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode
}
