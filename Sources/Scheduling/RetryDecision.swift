public import Profiles
import Quantities
import Statistics

/// Decides whether a failed call is sent again, and when.
public enum RetryDecision {
    /// The wait before the next attempt.
    ///
    /// What the provider asks for goes before our own wait, which doubles from half a second up to eight, less up to a
    /// quarter (protocols.md §0.4, after openai-python and together-python).
    ///
    /// - Parameters:
    ///   - end: how the attempt ended.
    ///   - retryCount: how often the call has been sent again already.
    ///   - rules: the plan's rules.
    ///   - draw: a number in [0, 1) that spreads the waits of many calls.
    /// - Returns: nil if the call is given up.
    public static func wait(
        after end: AttemptEnd, retryCount: Int, rules: RetryRules, draw: Double
    ) -> Duration? {
        guard !end.outcome.isSuccess, retryCount < rules.maximum, end.outcome != .aborted else { return nil }
        guard end.shouldRetry ?? rules.outcomes.contains(end.outcome) else { return nil }
        if let asked = end.retryAfter { return asked <= rules.longestWait ? asked : nil }
        let seconds = min(8, 0.5 * Double(1 << min(retryCount, 10))) * (1 - 0.25 * draw)
        return .nanoseconds(Int64(seconds * 1e9))
    }
}
