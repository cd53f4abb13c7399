/// How much values that follow each other in time depend on each other.
public enum Autocorrelation {
    /// The integrated autocorrelation time: 1 + 2 Σ ρ over the initial positive run of lags (Geyer 1992, simplified).
    ///
    /// - Parameter values: finite values in their order of time.
    /// - Returns: at least 1; 1 for fewer than three values or for values that are all equal. A sample of n values is worth
    ///   n divided by this many independent ones.
    public static func integratedTime(_ values: [Double]) -> Double {
        let n = values.count
        guard n >= 3 else { return 1 }
        let mean = values.reduce(0, +) / Double(n)
        let deviations = values.map { $0 - mean }
        let variance = deviations.reduce(0) { $0 + $1 * $1 }
        guard variance > 0 else { return 1 }
        var time = 1.0
        for lag in 1..<(n - 1) {
            var covariance = 0.0
            for index in 0..<(n - lag) { covariance += deviations[index] * deviations[index + lag] }
            guard covariance > 0 else { break }
            time += 2 * covariance / variance
        }
        return time
    }
}

/// Corrections for asking many questions at once.
public enum Holm {
    /// The p-values adjusted so that the chance of any false discovery stays below the level (Holm 1979).
    public static func adjusted(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var adjusted = values
        var floor = 0.0
        for (rank, index) in order.enumerated() {
            floor = max(floor, min(1, values[index] * Double(values.count - rank)))
            adjusted[index] = floor
        }
        return adjusted
    }
}

/// Resampling that keeps rounds and sessions whole: the two-stage cluster bootstrap.
///
/// Rounds are drawn with replacement, the same rounds for every endpoint, and within each drawn round sessions are drawn with
/// replacement. Resampling single calls instead would pretend that calls of one round are independent, and the intervals
/// would be far too narrow.
public struct ClusterBootstrap: Sendable {
    /// One draw: for each drawn round its index, and the indices of the sessions drawn within it.
    public typealias Resample = [(round: Int, sessions: [Int])]

    /// How many draws are made.
    public let replicates: Int
    /// Where the draws come from.
    public let seed: Seed

    /// Makes a bootstrap.
    public init(replicates: Int = 2000, seed: Seed) {
        self.replicates = replicates
        self.seed = seed
    }

    /// Draws all resamples in turn.
    ///
    /// - Parameters:
    ///   - sessionsPerRound: the number of sessions in each round.
    ///   - body: called once per replicate.
    public func forEachResample(sessionsPerRound: [Int], _ body: (Resample) -> Void) {
        guard !sessionsPerRound.isEmpty else { return }
        var generator = SeededGenerator(seed: seed.derived("bootstrap"))
        for _ in 0..<replicates {
            let resample = sessionsPerRound.indices.map { _ in
                let round = generator.below(sessionsPerRound.count)
                let count = sessionsPerRound[round]
                return (round: round, sessions: (0..<count).map { _ in generator.below(count) })
            }
            body(resample)
        }
    }
}
