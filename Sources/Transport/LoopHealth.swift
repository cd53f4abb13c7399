import Quantities

/// How busy and how punctual a loop was since the figures were last taken.
public struct LoopHealth: Hashable, Sendable {
    /// How many turns there were.
    public var turnCount = 0
    /// The processor time of the thread, reading from sockets included.
    public var busy = Duration.zero
    /// The longest time between two waits: for that long no socket was looked at.
    public var longestTurn = Duration.zero
    /// The most by which a turn that was to end at a deadline ended late.
    public var greatestLateness = Duration.zero

    /// Figures of a loop that has not run.
    public init() {}
}
