/// Quantiles of a sample and what is known about the quantile behind it; failures are samples of plus infinity.
public enum Quantile {
    /// The interpolated quantile of numpy and R (type 7; Hyndman and Fan 1996).
    ///
    /// - Parameters:
    ///   - sorted: the sample in ascending order.
    ///   - p: 0 ... 1.
    /// - Returns: infinity if a failure has any weight in it; nil for an empty sample.
    public static func interpolated(_ sorted: [Double], _ p: Double) -> Double? {
        guard let last = sorted.indices.last else { return nil }
        let position = p * Double(last)
        let low = min(Int(position), last)
        let weight = position - Double(low)
        guard weight > 0, low < last else { return sorted[low] }
        guard sorted[low + 1].isFinite else { return sorted[low + 1] }
        return sorted[low] + weight * (sorted[low + 1] - sorted[low])
    }

    /// The smallest value that at least the share `p` of the sample does not exceed; nil for an empty sample.
    public static func nearestRank(_ sorted: [Double], _ p: Double) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let rank = Int((p * Double(sorted.count)).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    /// Which largest value bounds the quantile from above: MLPerf's early stopping rule.
    ///
    /// The largest t with P[Bin(n, 1 − p) ≤ t] ≤ 1 − confidence (mlcommons inference policies, "Early Stopping"). The bound
    /// is the t-th largest value of the sample.
    ///
    /// - Parameters:
    ///   - count: the size of the sample.
    ///   - p: the quantile, in (0, 1).
    ///   - confidence: one-sided, in (0, 1).
    /// - Returns: t, at least 1; nil if the sample is too small to say anything.
    public static func upperBoundRank(count: Int, _ p: Double, confidence: Double) -> Int? {
        let allowed = 1 - confidence
        guard Binomial.cumulative(1, trials: count, chance: 1 - p) <= allowed, count > 1 else { return nil }
        var (low, high) = (1, count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if Binomial.cumulative(middle, trials: count, chance: 1 - p) <= allowed {
                low = middle
            } else {
                high = middle
            }
        }
        return low
    }

    /// An upper bound of the quantile behind a sample.
    ///
    /// - Parameters:
    ///   - sorted: the sample in ascending order.
    ///   - p: the quantile, in (0, 1).
    ///   - confidence: one-sided, in (0, 1).
    ///   - effectiveCount: how many independent values the sample is worth; the rank shrinks by its share of the count.
    /// - Returns: nil below the floor, where nothing may be printed.
    public static func upperBound(
        _ sorted: [Double], _ p: Double, confidence: Double = 0.95, effectiveCount: Double? = nil
    ) -> Double? {
        guard let rank = upperBoundRank(count: sorted.count, p, confidence: confidence) else { return nil }
        let share = min(1, (effectiveCount ?? Double(sorted.count)) / Double(sorted.count))
        let shrunk = Int(Double(rank) * share)
        return shrunk >= 1 ? sorted[sorted.count - shrunk] : nil
    }

    /// The two-sided interval of the quantile between two order statistics, equal tails.
    ///
    /// Both ends must exist: for 95 % that takes 6 values for the median, 72 for p95 and 368 for p99.
    ///
    /// - Returns: nil for a sample too small to have both ends.
    public static func interval(_ sorted: [Double], _ p: Double, confidence: Double = 0.95) -> Interval? {
        let n = sorted.count
        let tail = (1 - confidence) / 2
        guard n > 0, Binomial.cumulative(0, trials: n, chance: p) <= tail,
            1 - Binomial.cumulative(n - 1, trials: n, chance: p) <= tail
        else { return nil }
        var lower = 0
        while Binomial.cumulative(lower + 1, trials: n, chance: p) <= tail { lower += 1 }
        var upper = n - 1
        while upper > 0, 1 - Binomial.cumulative(upper - 1, trials: n, chance: p) <= tail { upper -= 1 }
        return Interval(lower: sorted[lower], upper: sorted[upper])
    }
}
