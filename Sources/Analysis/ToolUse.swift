public import Quantities
import Records

/// How an endpoint's answers used their tools.
public struct ToolUse: Hashable, Sendable {
    /// Successful calls whose answers called tools, by the worst level that one of their tool calls has on the fidelity ladder.
    public private(set) var levels: [ToolLevel: Int] = [:]
    /// Successful calls whose answer could be compared with the recording, by how it does.
    public private(set) var divergences: [ToolDivergence: Int] = [:]
    /// Tool calls of live answers that were replaced by recorded ones, since they would have broken the next request.
    public private(set) var substitutedCallCount = 0

    /// Nothing counted yet.
    public init() {}

    /// Answers that called tools.
    public var judgedCount: Int { levels.values.reduce(0, +) }
    /// Answers whose tool calls all name an offered tool, with arguments that fit its schema.
    public var validCount: Int { levels.reduce(0) { $0 + ($1.key.isValid ? $1.value : 0) } }
    /// The share of valid ones; nil if no answer called a tool.
    public var validShare: Double? { judgedCount == 0 ? nil : Double(validCount) / Double(judgedCount) }
    /// Answers that could be compared with the recording.
    public var comparedCount: Int { divergences.values.reduce(0, +) }
    /// The share of those that leave the recorded path; nil if none could be compared.
    public var divergenceRate: Double? {
        let agreeing = divergences[.agreeing] ?? 0
        return comparedCount == 0 ? nil : Double(comparedCount - agreeing) / Double(comparedCount)
    }

    mutating func add(_ attempt: AttemptRow) {
        substitutedCallCount += attempt.substitutedCallCount
        guard attempt.outcome.isSuccess else { return }
        if let level = attempt.toolLevel { levels[level, default: 0] += 1 }
        if let divergence = attempt.divergence { divergences[divergence, default: 0] += 1 }
    }
}
