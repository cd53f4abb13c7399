import Quantities
import Records

/// How an endpoint's answers kept to the length that the plan wanted; nothing is counted where it left that to the model.
public struct OutputAdherence: Hashable, Sendable {
    /// How far the tokens of an answer may lie from what was wanted, as a share.
    ///
    /// AIPerf's default for telling that what came is not what was requested.
    public static let tolerance = 0.05

    /// Whole answers that were limited to what was recorded.
    public private(set) var cappedCount = 0
    /// Those that ended before: they tell no speed of writing that could be compared.
    public private(set) var endedEarlyCount = 0
    /// Whole answers that were to have a length, and that tell how many tokens they have.
    public private(set) var checkedCount = 0
    /// Those that have too many, or where the server was told to write so many, too few.
    public private(set) var missedCount = 0

    /// The share of answers that ended early; nil if none was limited so.
    public var endedEarlyShare: Double? { cappedCount > 0 ? Double(endedEarlyCount) / Double(cappedCount) : nil }
    /// The share of answers of another length than was wanted; nil if none could be checked.
    public var missedShare: Double? { checkedCount > 0 ? Double(missedCount) / Double(checkedCount) : nil }

    /// Nothing counted yet.
    init() {}

    /// Counts an attempt.
    mutating func add(_ attempt: AttemptRow) {
        guard attempt.outcome == .ok, let wanted = attempt.wantedOutput else { return }
        if !wanted.isForced {
            cappedCount += 1
            endedEarlyCount += attempt.hasEndedEarly ? 1 : 0
        }
        guard let output = attempt.usage.outputTotal, !attempt.usage.isAmbiguous else { return }
        checkedCount += 1
        let excess = Double(output.value - wanted.tokens.value)
        // A length at the very edge is inside, whatever the product makes of it.
        let limit = Self.tolerance * Double(wanted.tokens.value) * (1 + 1e-9)
        missedCount += excess > limit || (wanted.isForced && -excess > limit) ? 1 : 0
    }
}

extension AttemptRow {
    /// How the dialects say that an answer was cut at its limit.
    private static let lengthReasons: Set<String> = ["length", "max_tokens", "max_output_tokens"]

    /// True if the answer could end before the limit that it was to reach, and did.
    ///
    /// One that names no reason has ended early unless it has as many tokens as were wanted.
    var hasEndedEarly: Bool {
        guard outcome == .ok, let wanted = wantedOutput, !wanted.isForced else { return false }
        if let finishReason { return !Self.lengthReasons.contains(finishReason.lowercased()) }
        return usage.outputTotal.map { $0 < wanted.tokens } ?? true
    }
}
