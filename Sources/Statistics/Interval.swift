/// A range of values that holds an unknown figure with a stated confidence.
public struct Interval: Hashable, Sendable {
    /// The lower end.
    public var lower: Double
    /// The upper end; may be infinite.
    public var upper: Double

    /// Makes an interval.
    public init(lower: Double, upper: Double) {
        self.lower = lower
        self.upper = upper
    }
}

/// Intervals for a share (Wilson 1927).
public enum Wilson {
    /// The score interval of a share of successes.
    ///
    /// - Parameters:
    ///   - successes: 0 ... `trials`.
    ///   - trials: the number of trials.
    ///   - confidence: two-sided, in (0, 1).
    ///   - effectiveTrials: the number of independent trials that the trials are worth, where they come in clusters.
    /// - Returns: nil without trials.
    public static func interval(
        successes: Int, trials: Int, confidence: Double = 0.95, effectiveTrials: Double? = nil
    ) -> Interval? {
        guard trials > 0 else { return nil }
        let n = min(effectiveTrials ?? Double(trials), Double(trials))
        guard n > 0 else { return nil }
        let share = Double(successes) / Double(trials)
        let z = Normal.quantile(0.5 + confidence / 2)
        let scale = 1 + z * z / n
        let centre = share + z * z / (2 * n)
        let reach = z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        // At its ends the interval ends with the share itself; rounding would leave it out.
        return Interval(
            lower: successes == 0 ? 0 : max(0, (centre - reach) / scale),
            upper: successes == trials ? 1 : min(1, (centre + reach) / scale))
    }
}

/// The standard normal distribution.
public enum Normal {
    /// The probability of a value below `x`.
    public static func cumulative(_ x: Double) -> Double {
        0.5 * Elementary.complementaryError(-x / 2.0.squareRoot())
    }

    /// The value below which the share `p` lies, by bisection on ``cumulative(_:)``; `p` in (0, 1), infinite at the ends.
    public static func quantile(_ p: Double) -> Double {
        guard p > 0 else { return -.infinity }
        guard p < 1 else { return .infinity }
        var (low, high) = (-40.0, 40.0)
        for _ in 0..<200 {
            let middle = (low + high) / 2
            if cumulative(middle) < p { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}

/// The binomial distribution.
public enum Binomial {
    /// The probability of at most `k` successes in `n` trials of chance `p`, summed in logarithms; exact to about 1e-12.
    public static func cumulative(_ k: Int, trials n: Int, chance p: Double) -> Double {
        guard k >= 0 else { return 0 }
        guard k < n else { return 1 }
        guard p > 0 else { return 1 }
        guard p < 1 else { return 0 }
        var term = Double(n) * Elementary.log(1 - p)
        let ratio = Elementary.log(p) - Elementary.log(1 - p)
        var sum = Elementary.exp(term)
        for i in stride(from: 1, through: k, by: 1) {
            term += Elementary.log(Double(n - i + 1)) - Elementary.log(Double(i)) + ratio
            sum += Elementary.exp(term)
        }
        return min(1, sum)
    }
}
