import Analysis

/// What endpoints are ordered by.
///
/// Medians are over calls to the plan's model: the mixture of two models has none that tells anything. Everything else is over
/// all calls, whichever model they go to.
public enum Criterion: String, CaseIterable, Hashable, Sendable {
    /// Money per successful session plus the price of the time that it takes: J = C + v · T.
    case score
    /// List price of everything, failures included, per successful session, in dollars.
    case cost
    /// Seconds spent in calls, failed sessions included, per successful session.
    case sessionTime = "session_time"
    /// The median time to first token, in seconds; in an open loop from when the call was due.
    case firstToken = "time_to_first_token"
    /// The median turn time, in seconds; in an open loop from when the call was due.
    case turnTime = "turn_time"
    /// The median decode speed, in tokens per second.
    case decodeRate = "decode_tokens_per_second"

    /// The name in tables.
    ///
    /// - Parameter isOpen: true for an open loop.
    /// - Returns: such as `TTFT p50`.
    public func label(isOpen: Bool) -> String {
        switch self {
        case .score: "score"
        case .cost: "cost per session"
        case .sessionTime: "time per session"
        case .firstToken: isOpen ? "TTFT from due p50" : "TTFT p50"
        case .turnTime: isOpen ? "turn from due p50" : "turn p50"
        case .decodeRate: "decode p50"
        }
    }

    /// True if less is better.
    public var isBetterWhenLower: Bool { self != .decodeRate }
    /// True if an endpoint without a list price has no value.
    public var needsPrice: Bool { self == .score || self == .cost }

    /// Why an endpoint that may be ranked has no value.
    public var whyWithoutValue: String { needsPrice ? "no price is known" : "too few calls have this figure" }

    /// The metric whose median it is, if it is one.
    ///
    /// In an open loop who is slow must not make others wait unseen: times count from when a call was due.
    func callMetric(isOpen: Bool) -> CallMetric? {
        switch self {
        case .firstToken: isOpen ? .scheduledTimeToFirstToken : .timeToFirstToken
        case .turnTime: isOpen ? .scheduledTurnTime : .turnTime
        case .decodeRate: .decodeRate
        case .score, .cost, .sessionTime: nil
        }
    }

    /// The logarithm of a value, turned so that less is better; differences of it are ratios of values.
    func loss(_ value: Double) -> Double {
        let logarithm = Natural.logarithm(value)
        return isBetterWhenLower ? logarithm : -logarithm
    }
}
