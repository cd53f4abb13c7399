import Scheduling
import Statistics
import Testing

@Suite struct LoadSearchTests {
    /// Plays a system whose calls are good up to a load, and ever less so beyond it.
    private func search(capacity: Double, seed: UInt64, rules: LoadSearch.Rules = LoadSearch.Rules()) -> LoadSearch {
        var search = LoadSearch(rules)
        var generator = SeededGenerator(seed: Seed(seed))
        while let load = search.nextLoad, search.tryCount < 100 {
            let excess = Double(load) / capacity - 1
            let share = excess <= 0 ? 0.995 : max(0, 0.9 - excess)
            let good = (0..<120).count { _ in generator.uniform() < share }
            search.take(good: good, of: 120, effectiveCount: 120, at: load)
        }
        return search
    }

    @Test(arguments: [3.0, 17, 64, 100, 333, 1000])
    func `a known capacity is found within ten per cent in fewer than twenty tries`(capacity: Double) {
        var errors = 0
        for seed in 0..<200 as Range<UInt64> {
            let found = search(capacity: capacity, seed: seed)
            #expect(found.tryCount < 20)
            guard let good = found.highestGood, let bad = found.lowestBad else {
                errors += 1
                continue
            }
            let slack = max(1, capacity * 0.1)
            if !(Double(good) >= capacity - slack && Double(good) <= capacity + slack && good < bad) { errors += 1 }
        }
        #expect(errors <= 4, "\(errors) of 200 searches erred")
    }

    @Test func `the ends of the range are said to be the ends`() {
        let none = search(capacity: 0.5, seed: 1)
        #expect(none.highestGood == nil && none.lowestBad == 1 && none.isPrecise)
        let all = search(capacity: 1e9, seed: 1, rules: LoadSearch.Rules(highest: 48))
        #expect(all.highestGood == 48 && all.lowestBad == nil && !all.isPrecise)
        #expect(all.probes.map(\.load) == [1, 2, 4, 8, 16, 32, 48])
    }

    @Test func `a share that cannot be told from the wanted one is tried again and then judged by the estimate`() {
        var search = LoadSearch(LoadSearch.Rules(first: 4))
        for _ in 0..<2 {
            search.take(good: 95, of: 100, effectiveCount: 100, at: 4)
            #expect(search.nextLoad == 4)
        }
        search.take(good: 95, of: 100, effectiveCount: 100, at: 4)
        #expect(search.probes[0].verdict == .good && search.probes[0].isClose && search.nextLoad == 8)
        search.take(good: 10, of: 10, effectiveCount: 10, at: 8)
        #expect(search.nextLoad == 8, "ten calls decide nothing")
    }

    @Test func `a try that ended early is counted, and its calls alone decide`() {
        var search = LoadSearch(LoadSearch.Rules(first: 4))
        search.take(good: 30, of: 30, effectiveCount: 30, at: 4, isEndedEarly: true)
        #expect(search.probes[0].verdict == .undecided && search.nextLoad == 4, "an early end says nothing by itself")
        search.take(good: 100, of: 100, effectiveCount: 100, at: 4)
        #expect(search.probes[0].verdict == .good && search.probes[0].earlyEndCount == 1 && search.nextLoad == 8)
    }

    @Test func `calls that hang together decide less than as many independent ones`() {
        var (independent, clustered) = (LoadSearch(LoadSearch.Rules()), LoadSearch(LoadSearch.Rules()))
        independent.take(good: 99, of: 110, effectiveCount: 110, at: 1)
        clustered.take(good: 99, of: 110, effectiveCount: 20, at: 1)
        #expect(independent.probes[0].verdict == .bad)
        #expect(clustered.probes[0].verdict == .undecided)
    }
}
