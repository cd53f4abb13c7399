public import Statistics

/// Looks for the highest load at which enough calls are good: doubles until too few are, then halves the gap.
///
/// It is a value that says which load to try next and is told what came of it. A load passes when the Wilson interval of its
/// good calls lies above the wanted share, and fails when it lies below; while the share lies inside, the load is tried again,
/// and at last it is judged by the estimate alone.
public struct LoadSearch: Hashable, Sendable {
    /// What is looked for, and how hard.
    public struct Rules: Hashable, Sendable {
        /// The share of calls that must be good, above zero and below one.
        public var wantedShare: Double
        /// The first load.
        public var first: Int
        /// The highest load that is tried.
        public var highest: Int
        /// How near the highest good and the lowest bad load must come, as a share of the good one.
        public var precision: Double
        /// Fewer calls than this decide nothing; with less than 73 not even all good ones would show a share of 95 %.
        public var minimumCalls: Int
        /// How often one load is tried.
        public var triesPerLoad: Int
        /// How many loads are tried in all.
        public var maximumProbes: Int

        /// Makes rules.
        public init(
            wantedShare: Double = 0.95, first: Int = 1, highest: Int = 4096, precision: Double = 0.1,
            minimumCalls: Int = 80, triesPerLoad: Int = 3, maximumProbes: Int = 19
        ) {
            self.wantedShare = wantedShare
            self.first = first
            self.highest = highest
            self.precision = precision
            self.minimumCalls = minimumCalls
            self.triesPerLoad = triesPerLoad
            self.maximumProbes = maximumProbes
        }
    }

    /// What a load has shown.
    public struct Probe: Hashable, Sendable {
        /// What follows from it.
        public enum Verdict: String, Hashable, Sendable {
            /// Enough calls were good.
            case good
            /// Too few were.
            case bad
            /// More calls are needed.
            case undecided
        }

        /// The load.
        public let load: Int
        /// Good calls of all its tries.
        public internal(set) var goodCount = 0
        /// All calls of all its tries.
        public internal(set) var callCount = 0
        /// How many independent calls they are worth.
        public internal(set) var effectiveCallCount = 0.0
        /// How often it was tried.
        public internal(set) var tryCount = 0
        /// How many of its tries ended early, since sessions came faster than they were served.
        public internal(set) var earlyEndCount = 0
        /// What follows.
        public internal(set) var verdict = Verdict.undecided
        /// True if the interval holds the wanted share, so that the estimate alone decided.
        public internal(set) var isClose = false

        /// The 95 % interval of the share of good calls; nil without calls.
        public var interval: Interval? {
            Wilson.interval(successes: goodCount, trials: callCount, effectiveTrials: effectiveCallCount)
        }
    }

    /// The rules.
    public let rules: Rules
    /// What was tried, in the order of the first tries.
    public private(set) var probes: [Probe] = []
    /// How many tries there were.
    public private(set) var tryCount = 0

    /// Begins a search.
    public init(_ rules: Rules) {
        self.rules = rules
    }

    /// The highest load that was good, below every bad one; nil if there is none.
    public var highestGood: Int? {
        let limit = lowestBad ?? .max
        return probes.filter { $0.verdict == .good && $0.load < limit }.map(\.load).max()
    }

    /// The lowest load that was bad; nil if none was.
    public var lowestBad: Int? { probes.filter { $0.verdict == .bad }.map(\.load).min() }

    /// True if good and bad are as near as was wanted.
    public var isPrecise: Bool {
        guard let lowestBad else { return false }
        let good = highestGood ?? 0
        return lowestBad - good <= max(1, Int(Double(good) * rules.precision))
    }

    /// The load to try next; nil if the search is over.
    public var nextLoad: Int? {
        if let open = probes.last(where: { $0.verdict == .undecided }) { return open.load }
        guard tryCount < rules.maximumProbes, !isPrecise else { return nil }
        switch (highestGood, lowestBad) {
        case (nil, nil): return rules.first
        case (let good?, nil): return good >= rules.highest ? nil : min(rules.highest, good * 2)
        case (let good, let bad?):
            let low = good ?? 0
            let middle = low + (bad - low) / 2
            return middle > low && middle < bad ? middle : nil
        }
    }

    /// Takes what a try has shown.
    ///
    /// - Parameters:
    ///   - good: how many calls were good.
    ///   - count: how many there were.
    ///   - effectiveCount: how many independent calls they are worth.
    ///   - load: the load, as ``nextLoad`` gave it.
    ///   - isEndedEarly: whether the try ended early as over-saturated. That may be a false alarm, so only the calls decide.
    public mutating func take(
        good: Int, of count: Int, effectiveCount: Double, at load: Int, isEndedEarly: Bool = false
    ) {
        tryCount += 1
        let place =
            probes.firstIndex { $0.load == load }
            ?? {
                probes.append(Probe(load: load))
                return probes.count - 1
            }()
        probes[place].goodCount += good
        probes[place].callCount += count
        probes[place].effectiveCallCount += effectiveCount
        probes[place].tryCount += 1
        probes[place].earlyEndCount += isEndedEarly ? 1 : 0
        judge(&probes[place])
    }

    private func judge(_ probe: inout Probe) {
        let isLastTry = probe.tryCount >= rules.triesPerLoad || tryCount >= rules.maximumProbes
        let share = probe.callCount == 0 ? 0 : Double(probe.goodCount) / Double(probe.callCount)
        if probe.callCount >= rules.minimumCalls, let interval = probe.interval {
            if interval.lower >= rules.wantedShare {
                probe.verdict = .good
                return
            }
            if interval.upper < rules.wantedShare {
                probe.verdict = .bad
                return
            }
        }
        guard isLastTry else { return }
        probe.verdict = share >= rules.wantedShare ? .good : .bad
        probe.isClose = true
    }
}
