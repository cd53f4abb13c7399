import Testing

@testable import Statistics

@Suite struct RandomTests {
    @Test func `xoshiro256** gives the published first numbers`() {
        // The first outputs for the state 1, 2, 3, 4, as in the reference implementation's own test of other libraries.
        var generator = SeededGenerator(state: (1, 2, 3, 4))
        #expect([generator.next(), generator.next(), generator.next()] == [11520, 0, 1_509_978_240])
    }

    @Test func `SplitMix64 gives the published first number for the seed zero`() {
        var state: UInt64 = 0
        #expect(SplitMix.next(&state) == 0xE220_A839_7B1D_CDAF)
    }

    @Test func `derived seeds differ by label and index and are stable`() {
        let seed = Seed(7)
        #expect(Set([seed.derived("a"), seed.derived("b"), seed.derived("a", 1), seed.derived("b", 1)]).count == 4)
        #expect(seed.derived("a", 1) == Seed(7).derived("a", 1))
    }

    @Test(arguments: [
        (Distribution.constant(3), 3.0), (.uniform(lower: 1, upper: 3), 2), (.exponential(mean: 5), 5),
        (.logNormal(mu: 0, sigma: 0.5), 1.1331), (.gamma(shape: 0.5, scale: 4), 2), (.gamma(shape: 3, scale: 2), 6),
        (.mixture([.init(weight: 1, .constant(0)), .init(weight: 3, .constant(4))]), 3),
        (.clipped(.constant(9), lower: 0, upper: 5), 5),
    ])
    func `a distribution has the mean that theory gives`(distribution: Distribution, mean: Double) {
        var generator = SeededGenerator(seed: Seed(11))
        let draws = (0..<40_000).map { _ in distribution.sample(using: &generator) }
        #expect(abs(draws.reduce(0, +) / 40_000 - mean) < 0.03 * mean)
    }
}

@Suite struct QuantileTests {
    @Test(arguments: [
        (0.5, 0.99, 11), (0.75, 0.99, 24), (0.90, 0.99, 64), (0.95, 0.99, 130), (0.99, 0.99, 662), (0.999, 0.99, 6636),
        (0.5, 0.95, 8), (0.75, 0.95, 18), (0.90, 0.95, 46), (0.95, 0.95, 93), (0.99, 0.95, 473), (0.999, 0.95, 4742),
    ])
    func `the early stopping floors are MLPerf's`(p: Double, confidence: Double, floor: Int) {
        #expect(Quantile.upperBoundRank(count: floor, p, confidence: confidence) != nil)
        #expect(Quantile.upperBoundRank(count: floor - 1, p, confidence: confidence) == nil)
    }

    @Test(arguments: [(0.5, 6), (0.95, 72), (0.99, 368), (0.999, 3688)])
    func `the two-sided interval exists from the published size on`(p: Double, floor: Int) {
        let sample = (0..<floor).map(Double.init)
        #expect(Quantile.interval(sample, p) != nil)
        #expect(Quantile.interval(Array(sample.dropLast()), p) == nil)
    }

    @Test func `quantiles agree with numpy and never turn failures into not-a-number`() {
        #expect(Quantile.interpolated([1, 2, 3, 4], 0.5) == 2.5)
        #expect(Quantile.interpolated([1, 2, 3, 4], 0.9) == 3.7)
        #expect(Quantile.nearestRank([1, 2, 3, 4], 0.5) == 2)
        let failing = [1, 2, .infinity, .infinity]
        #expect(Quantile.interpolated(failing, 0.5) == .infinity)
        #expect(Quantile.interpolated(failing, 0.9) == .infinity)
        #expect(Quantile.interpolated(failing, 1.0 / 3) == 2)
        #expect(Quantile.interpolated([], 0.5) == nil)
    }

    @Test func `dependence lifts the upper bound and may take it away`() throws {
        let sample = (1...200).map(Double.init)
        let independent = try #require(Quantile.upperBound(sample, 0.9))
        let dependent = try #require(Quantile.upperBound(sample, 0.9, effectiveCount: 60))
        #expect(dependent > independent)
        #expect(Quantile.upperBound(sample, 0.9, effectiveCount: 5) == nil)
    }
}

@Suite struct InferenceTests {
    @Test(arguments: [(20, 150, 0.088, 0.197), (101, 150, 0.595, 0.743), (150, 150, 0.975, 1.0)])
    func `Wilson intervals agree with the known answers`(successes: Int, trials: Int, lower: Double, upper: Double)
        throws
    {
        let interval = try #require(Wilson.interval(successes: successes, trials: trials))
        #expect(abs(interval.lower - lower) < 0.0006)
        #expect(abs(interval.upper - upper) < 0.0006)
    }

    @Test func `a Wilson interval holds its own estimate, also at the ends`() throws {
        for trials in 1...400 {
            for worth in [nil, Double(trials) / 3] {
                let all = try #require(Wilson.interval(successes: trials, trials: trials, effectiveTrials: worth))
                let none = try #require(Wilson.interval(successes: 0, trials: trials, effectiveTrials: worth))
                #expect(all.upper == 1 && none.lower == 0, "\(trials)")
            }
        }
    }

    @Test func `Holm's adjustment agrees with the textbook`() {
        let adjusted = Holm.adjusted([0.01, 0.04, 0.03])
        #expect(zip(adjusted, [0.03, 0.06, 0.06]).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    @Test func `independent values have an autocorrelation time near one and repeated ones a long one`() {
        var generator = SeededGenerator(seed: Seed(3))
        let noise = (0..<2000).map { _ in generator.normal() }
        #expect(Autocorrelation.integratedTime(noise) < 1.3)
        let sticky = noise.flatMap { [$0, $0, $0, $0] }
        #expect(Autocorrelation.integratedTime(sticky) > 3)
    }

    /// ranking.md F2: with a round effect the resampling unit must be the round.
    @Test func `resampling rounds covers the truth where resampling calls does not`() {
        var generator = SeededGenerator(seed: Seed(5))
        var hits = (rounds: 0, calls: 0)
        for trial in 0..<120 {
            let rounds = (0..<12).map { _ in
                let effect = 0.3 * generator.normal()
                return (0..<8).map { _ in effect + 0.4 * generator.normal() }
            }
            let means = rounds.map { $0.reduce(0, +) / 8 }
            let all = rounds.flatMap { $0 }
            hits.rounds += covers(means, seed: trial) ? 1 : 0
            hits.calls += covers(all, seed: trial) ? 1 : 0
        }
        #expect(hits.rounds > 100)
        #expect(hits.calls < 100)
    }

    private func covers(_ values: [Double], seed: Int) -> Bool {
        var means: [Double] = []
        let bootstrap = ClusterBootstrap(replicates: 200, seed: Seed(UInt64(seed)))
        bootstrap.forEachResample(sessionsPerRound: values.map { _ in 1 }) { resample in
            means.append(resample.reduce(0) { $0 + values[$1.round] } / Double(values.count))
        }
        means.sort()
        return means[4] <= 0 && 0 <= means[194]
    }
}
