import Planning
public import Quantities
import Records
import Scheduling

/// What a run looks like from outside while it goes on, what earlier parts of it have done included.
public struct RunProgress: Hashable, Sendable {
    /// The round, from zero.
    public var round = 0
    /// Calls that were sent and are over, by endpoint; one that will be sent again, or that the end of the run cut off, is
    /// not.
    public private(set) var endedCalls: [Int]
    /// How the failed ones among them ended, by endpoint.
    public private(set) var failures: [[OutcomeClass: Int]]
    /// True if at least one attempt failed by itself, also one that was to be sent again.
    public private(set) var hasFailure = false
    /// Calls under way.
    public var liveCalls = 0
    /// List prices of the calls that have ended.
    public var spent: Money

    /// Makes the progress of a run in which nothing has happened.
    ///
    /// - Parameters:
    ///   - endpointCount: how many endpoints the plan has.
    ///   - spent: what earlier parts of the run have spent.
    public init(endpointCount: Int, spent: Money = .zero) {
        endedCalls = Array(repeating: 0, count: endpointCount)
        failures = Array(repeating: [:], count: endpointCount)
        self.spent = spent
    }

    /// The calls of earlier parts of a run.
    init(endpointCount: Int, history: RunHistory, earlier: [AttemptRow]) {
        self.init(endpointCount: endpointCount, spent: history.spent)
        var outcomes: [CallKey: OutcomeClass] = [:]
        for row in earlier where row.outcome != .skipped { outcomes[CallKey(row.place)] = row.outcome }
        hasFailure = earlier.contains(where: \.outcome.isFailure)
        for (key, outcome) in outcomes where history.ended[key] != nil { note(outcome, endpoint: key.session.endpoint) }
    }

    /// Calls that failed, by endpoint.
    public var failedCalls: [Int] { failures.map { $0.values.reduce(0, +) } }

    /// True if at least one call was answered.
    public var hasSuccess: Bool { endedCalls.reduce(0, +) > failedCalls.reduce(0, +) }

    /// Counts a call that is over, and takes note of a failure that is not its last word.
    ///
    /// - Parameters:
    ///   - outcome: how its attempt ended; ``OutcomeClass/aborted`` counts as nothing, since the user wanted it.
    ///   - endpoint: the endpoint's place in the plan.
    ///   - willRetry: true if the call is to be sent again, and so is not over.
    public mutating func note(_ outcome: OutcomeClass, endpoint: Int, willRetry: Bool = false) {
        hasFailure = hasFailure || outcome.isFailure
        guard outcome != .aborted, !willRetry else { return }
        endedCalls[endpoint] += 1
        if !outcome.isSuccess { failures[endpoint][outcome, default: 0] += 1 }
    }
}
