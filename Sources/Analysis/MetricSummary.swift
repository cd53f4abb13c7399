import Statistics

/// A quantile as it may be printed: the estimate, and a bound on what the endpoint's true one may be.
public struct QuantileFigure: Hashable, Sendable {
    /// The estimate, interpolated between samples; infinite if failures reach this far.
    public var value: Double
    /// With 95 % confidence the true quantile is no worse than this.
    public var worstBound: Double
}

/// The values of one metric over many calls or sessions, failures included at their worst.
public struct MetricSummary: Hashable, Sendable {
    /// The values from best to worst.
    public let fromBest: [Double]
    /// True for times and costs, false for rates.
    public let isBetterWhenLower: Bool
    /// How many independent values the sample is worth, at most its size.
    public let effectiveCount: Double

    /// Values in their order of time.
    ///
    /// - Parameters:
    ///   - values: infinite (or zero, for rates) for failures.
    ///   - isBetterWhenLower: the direction.
    ///   - effectiveCount: the worth of the sample where it is known; otherwise it is found from how the values follow each
    ///     other, as n divided by the integrated autocorrelation time.
    public init(inTimeOrder values: [Double], isBetterWhenLower: Bool = true, effectiveCount: Double? = nil) {
        self.isBetterWhenLower = isBetterWhenLower
        fromBest = isBetterWhenLower ? values.sorted() : values.sorted(by: >)
        let count = Double(values.count)
        self.effectiveCount = min(count, effectiveCount ?? count / Autocorrelation.integratedTime(Self.ranks(values)))
    }

    /// The number of values.
    public var count: Int { fromBest.count }

    /// The value that the share `p` of the sample does at least as well as: p90 of a time is long, p90 of a rate is slow.
    ///
    /// - Parameter p: in (0, 1).
    /// - Returns: nil if the sample is too small for any bound, so that nothing may be printed.
    public func quantile(_ p: Double) -> QuantileFigure? {
        let losses = isBetterWhenLower ? fromBest : fromBest.map { -$0 }
        guard let value = Quantile.interpolated(losses, p),
            let bound = Quantile.upperBound(losses, p, effectiveCount: effectiveCount)
        else { return nil }
        let sign: Double = isBetterWhenLower ? 1 : -1
        return QuantileFigure(value: sign * value, worstBound: sign * bound)
    }

    /// The place of each value among all, which failures cannot make infinite; equal values share the mean of their places.
    private static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = Array(repeating: 0.0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
            for index in order[start...end] { ranks[index] = Double(start + end) / 2 }
            start = end + 1
        }
        return ranks
    }
}
