/// How the process ends; also listed in the README and by `submeter help`.
public enum ExitCode: Int32, CaseIterable, Sendable {
    /// Everything went well.
    case good = 0
    /// A gate failed.
    case gateFailed = 2
    /// There is too little to say.
    case inconclusive = 3
    /// Nothing could be measured, or the run is invalid.
    case notMeasured = 4
    /// The budget ended the run.
    case budgetReached = 5
    /// The command line or a document is wrong; nothing was sent.
    case usage = 64
    /// A fault of this program or of the machine.
    case internalError = 70
    /// The user interrupted it; what was measured is kept.
    case interrupted = 130

    /// What the code means, for the help.
    var meaning: String {
        switch self {
        case .good: "good"
        case .gateFailed: "a gate failed"
        case .inconclusive: "inconclusive"
        case .notMeasured: "nothing could be measured, or the run is invalid"
        case .budgetReached: "the budget ended the run"
        case .usage: "the command line or a document is wrong; nothing was sent"
        case .internalError: "a fault of this program or of the machine"
        case .interrupted: "interrupted; what was measured is kept"
        }
    }
}

/// Why a command cannot go on, in words for the user.
struct CommandError: Error, Hashable, CustomStringConvertible {
    /// How the process ends.
    let exitCode: ExitCode
    /// What is wrong and what helps; may have several lines.
    let description: String

    static func usage(_ text: String) -> CommandError { CommandError(exitCode: .usage, description: text) }
    static func failed(_ text: String) -> CommandError { CommandError(exitCode: .internalError, description: text) }
}
