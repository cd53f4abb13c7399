/// Why a run ended, by the name that its file has for it.
public enum StopReason: String, CaseIterable, Hashable, Sendable {
    /// All sessions are done.
    case complete
    /// The time is up.
    case duration
    /// The next call could have gone past the budget.
    case budget
    /// The user interrupted it.
    case interrupted
    /// Every endpoint failed too often.
    case errorRate = "error-rate"
    /// No endpoint is left, and sessions arrived faster than one served them.
    case overSaturation = "over-saturation"
}
