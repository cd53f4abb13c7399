public import Planning
public import Quantities

/// What an earlier part of a run has done, so that the rest can go on as if it had never stopped.
public struct RunHistory: Hashable, Sendable {
    /// One endpoint's turn in one round.
    public struct Turn: Hashable, Sendable {
        /// The endpoint.
        public var endpoint: Int
        /// The round.
        public var round: Int

        /// Makes a turn.
        public init(endpoint: Int, round: Int) { (self.endpoint, self.round) = (endpoint, round) }
    }

    /// Calls that are over, with their success; they are never sent again.
    public var ended: [CallKey: Bool]
    /// How often calls that are not over have been sent again already.
    public var retryCounts: [CallKey: Int]
    /// What was spent, what may have been spent by calls of unknown cost included.
    public var spent: Money
    /// Calls that have ended for good, after their last attempt, by endpoint.
    public var callCounts: [Int: Int]
    /// Those of them that failed, by endpoint.
    public var failureCounts: [Int: Int]
    /// Sessions of which a call was sent, whatever became of it.
    public var begun: Set<SessionKey>
    /// How far the clock of each turn of an open loop had come; it goes on from there.
    public var turnTimes: [Turn: Duration]
    /// Endpoints that were no longer called, and why.
    public var stoppedEndpoints: [Int: SkipReason]

    /// Makes a history; nothing has happened unless said otherwise.
    public init(
        ended: [CallKey: Bool] = [:], retryCounts: [CallKey: Int] = [:], spent: Money = .zero,
        begun: Set<SessionKey> = [], turnTimes: [Turn: Duration] = [:], stoppedEndpoints: [Int: SkipReason] = [:]
    ) {
        self.ended = ended
        self.retryCounts = retryCounts
        self.spent = spent
        self.begun = begun.union(ended.keys.map(\.session))
        self.turnTimes = turnTimes
        self.stoppedEndpoints = stoppedEndpoints
        (callCounts, failureCounts) = ([:], [:])
    }

    /// Counts a call that has ended for good in the earlier part.
    public mutating func note(endpoint: Int, isSuccess: Bool) {
        callCounts[endpoint, default: 0] += 1
        failureCounts[endpoint, default: 0] += isSuccess ? 0 : 1
    }
}
