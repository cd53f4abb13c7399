public import Quantities

/// How far a run came and why it ended.
public struct RunEnding: Hashable, Sendable {
    /// The run file.
    public let path: String
    /// Why it ended, as the file says; nil if it does not, since the run goes on still or was killed.
    public let reason: String?
    /// The rounds of its plan.
    public let plannedRoundCount: Int
    /// Those that every endpoint finished, but for endpoints that were stopped.
    public let completeRoundCount: Int

    /// The reason, if it is one that this program knows.
    public var knownReason: StopReason? { reason.flatMap { StopReason(rawValue: $0) } }

    /// True if the run did not come to its end and rounds are missing.
    public var isUnfinished: Bool { knownReason != .complete && completeRoundCount < plannedRoundCount }
}
