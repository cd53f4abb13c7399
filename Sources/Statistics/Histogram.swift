/// Counts of values in bins.
public enum Histogram {
    /// Counts values in bins that are equally wide on a logarithmic scale, from the 1st to the 99th percentile.
    ///
    /// Values outside lie in the outermost bins. Values near zero have no logarithm worth showing: a thousandth of the 99th
    /// percentile is the least that is told apart.
    ///
    /// - Parameters:
    ///   - sorted: the values, in rising order, none negative.
    ///   - binCount: how many bins, at least one.
    /// - Returns: a count for each bin; all in the first if the values are alike.
    public static func logarithmic(_ sorted: [Double], binCount: Int) -> [Int] {
        var bins = Array(repeating: 0, count: binCount)
        guard let low = Quantile.interpolated(sorted, 0.01), let high = Quantile.interpolated(sorted, 0.99) else {
            return bins
        }
        let least = max(low, high / 1000)
        guard least > 0, high > least else {
            bins[0] = sorted.count
            return bins
        }
        let width = Elementary.log(high / least) / Double(binCount)
        for value in sorted {
            let place = Elementary.log(max(value, least) / least) / width
            bins[min(binCount - 1, Int(place))] += 1
        }
        return bins
    }
}
