import Analysis

/// What endpoints are ordered by.
public enum Criterion: String, CaseIterable, Hashable, Sendable {
    /// Money per successful session plus the price of the time that it takes: J = C + v · T.
    case score
    /// List price of everything, failures included, per successful session, in dollars.
    case cost
    /// Seconds spent in calls, failed sessions included, per successful session.
    case sessionTime = "session_time"
    /// The median time to first token, in seconds.
    case firstToken = "time_to_first_token"
    /// The median turn time, in seconds.
    case turnTime = "turn_time"
    /// The median decode speed, in tokens per second.
    case decodeRate = "decode_tokens_per_second"

    /// The name in tables.
    public var label: String {
        switch self {
        case .score: "score"
        case .cost: "cost per session"
        case .sessionTime: "time per session"
        case .firstToken: "TTFT p50"
        case .turnTime: "turn p50"
        case .decodeRate: "decode p50"
        }
    }

    /// True if less is better.
    public var isBetterWhenLower: Bool { self != .decodeRate }
    /// True if an endpoint without a list price has no value.
    public var needsPrice: Bool { self == .score || self == .cost }

    /// Why an endpoint that may be ranked has no value.
    public var whyWithoutValue: String { needsPrice ? "no price is known" : "too few calls have this figure" }

    var callMetric: CallMetric? {
        switch self {
        case .firstToken: .timeToFirstToken
        case .turnTime: .turnTime
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
