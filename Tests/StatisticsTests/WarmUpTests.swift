import Testing

@testable import Statistics

@Suite struct WarmUpTests {
    /// Whole numbers from -2 to 2 that repeat, so that every batch of five has the mean zero.
    private func ripple(_ count: Int) -> [Double] { (0..<count).map { Double($0 % 5 - 2) } }

    @Test(arguments: [(0, 0), (5, 5), (25, 25), (23, 25), (70, 70)])
    func `a beginning that is unlike the rest is found, to the batch`(length: Int, cut: Int) {
        let values = ripple(200).enumerated().map { $0.element + ($0.offset < length ? 40 : 0) }
        #expect(WarmUp(values) == .values(cut))
    }

    @Test func `what has not settled by the middle has not settled`() {
        #expect(WarmUp(ripple(200).enumerated().map { $0.element + Double($0.offset) }) == .endless)
        #expect(WarmUp(ripple(200).enumerated().map { $0.element + ($0.offset < 100 ? 40 : 0) }) == .endless)
    }

    @Test func `few values tell nothing, and equal ones have no warm-up`() {
        #expect(WarmUp(ripple(99)) == .unknown && WarmUp([]) == .unknown)
        #expect(WarmUp(ripple(100)) == .values(0))
        #expect(WarmUp(Array(repeating: 0.1, count: 500)) == .values(0))
    }

    @Test func `the error of every cut is that of its definition`() {
        var generator = SeededGenerator(seed: Seed(11))
        for _ in 0..<50 {
            let values = (0..<137).map { Double($0 < 30 ? 1 : 0) + generator.uniform() * 3 }
            let means = (0..<27).map { batch in values[(batch * 5)..<(batch * 5 + 5)].reduce(0, +) / 5 }
            func error(_ cut: Int) -> Double {
                let rest = means[cut...]
                let mean = rest.reduce(0, +) / Double(rest.count)
                let squares = rest.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                return squares / Double(rest.count * rest.count)
            }
            let best = (0...13).min { error($0) < error($1) } ?? 0
            #expect(WarmUp(values) == (best == 13 ? .endless : .values(best * 5)))
        }
    }

    @Test func `independent values seldom seem to be unsettled`() {
        let endless = (0..<400 as Range<UInt64>).count { seed in
            var generator = SeededGenerator(seed: Seed(seed))
            return WarmUp((0..<100).map { _ in generator.uniform() }) == .endless
        }
        #expect(endless <= 20, "\(endless) of 400")
    }
}
