public import Planning
public import Quantities

/// Something that the scheduler is told.
public enum SchedulingEvent: Hashable, Sendable {
    /// The run begins.
    case begin
    /// Time has passed.
    case timeReached
    /// An attempt of a call ended, well or not.
    case attemptEnded(CallKey, AttemptEnd)
    /// The run must end.
    case stopRequested(StopReason)
}

/// How an attempt of a call ended, as far as it decides what comes next.
public struct AttemptEnd: Hashable, Sendable {
    /// How it ended.
    public var outcome: OutcomeClass
    /// What it cost; nil if that is not known.
    public var cost: Money?
    /// The wait that the provider asked for.
    public var retryAfter: Duration?
    /// Whether the provider wants it sent again; nil if it does not say.
    public var shouldRetry: Bool?

    /// Makes an end.
    public init(outcome: OutcomeClass, cost: Money?, retryAfter: Duration? = nil, shouldRetry: Bool? = nil) {
        self.outcome = outcome
        self.cost = cost
        self.retryAfter = retryAfter
        self.shouldRetry = shouldRetry
    }
}

/// Something that the scheduler wants done.
public enum SchedulingAction: Hashable, Sendable {
    /// A round begins.
    case beginRound(Int)
    /// A session becomes live.
    case beginSession(SessionKey)
    /// Send a call now; it was due at an instant, after its last dependency ended.
    ///
    /// The first call of a session in an open loop was due when the session was; where a cap kept the session waiting, that
    /// delay ended at `predecessorEnd`, and only what comes after it is the harness's. Of that, `hold` was spent waiting for
    /// money: the call did not fit into the budget beside those under way.
    case startCall(CallKey, due: Instant, predecessorEnd: Instant, hold: Duration = .zero)
    /// Record a call that will not be sent.
    case skipCall(CallKey, SkipReason)
    /// A session is over.
    case endSession(SessionKey, isSuccess: Bool)
    /// A round is over.
    case endRound(Int)
    /// Nothing more will be started and nothing is under way.
    case finish(StopReason)
}

/// Why a call was not sent.
public enum SkipReason: String, Hashable, Sendable {
    /// An earlier call of its session failed.
    case sessionFailed = "session-failed"
    /// The run was stopped.
    case runStopped = "run-stopped"
    /// The run was stopped when its session had arrived and still found no room.
    case noRoom = "no-room"
    /// Its endpoint failed too often.
    case endpointStopped = "endpoint-stopped"
    /// Sessions arrived faster than its endpoint served them.
    case endpointSaturated = "endpoint-saturated"
}

extension SkipReason {
    /// True if the endpoint was called no more, in this session or any other.
    public var isOfEndpoint: Bool { self == .endpointStopped || self == .endpointSaturated }
}
