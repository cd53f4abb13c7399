/// How many values at the beginning of a series belong to its warm-up, by the rule MSER-5 (White, Cobb and Spratt 2000).
///
/// The values are averaged in batches of five. Of the cuts after 0, 1, 2 … batches, up to half of them, the one is taken after
/// which Σ (Y − Ȳ)² / n² is least, over the n batches that are left: a cut is worth it where what goes is further from the
/// rest than what the rest loses in number. A cut in the middle says that the series has not settled by then.
///
/// It finds a beginning that is unlike the rest. It does not find a slow drift in values that scatter widely: of lognormal
/// values with a spread of 0.4 that double over the series, it finds fewer than one in ten.
public enum WarmUp: Hashable, Sendable {
    /// There are too few values to tell; with half as many, one series of ten that has always been settled seems not to be.
    case unknown
    /// So many values belong to the warm-up.
    case values(Int)
    /// The series has not settled within its first half.
    case endless

    /// The fewest values that tell anything.
    public static let minimumCount = 100
    private static let batchSize = 5

    /// Judges a series.
    ///
    /// - Parameter values: finite values in their order of time; what is left over at the end of the last whole batch is not
    ///   looked at.
    public init(_ values: [Double]) {
        guard values.count >= Self.minimumCount else {
            self = .unknown
            return
        }
        let count = values.count / Self.batchSize
        let means = (0..<count).map { batch in
            values[(batch * Self.batchSize)..<((batch + 1) * Self.batchSize)].reduce(0, +) / Double(Self.batchSize)
        }
        // From the end on, so that every cut costs one step (Welford).
        var mean = 0.0
        var squares = 0.0
        var best = (cut: 0, error: Double.infinity)
        for cut in means.indices.reversed() {
            let left = Double(count - cut)
            let deviation = means[cut] - mean
            mean += deviation / left
            squares += deviation * (means[cut] - mean)
            let error = squares / (left * left)
            if cut <= count / 2, error <= best.error { best = (cut, error) }
        }
        self = best.cut == count / 2 ? .endless : .values(best.cut * Self.batchSize)
    }
}
