import Quantities

/// Tells from one endpoint's turn whether sessions arrive faster than it serves them.
///
/// An endpoint that cannot keep up shows two things at once: sessions pile up, and each waits longer for its first answer than
/// those before it. The first alone is seen while the population is still growing to its steady size, and the second alone by
/// chance; so both must hold. It is a value that is told what happens in the order of time. It looks when 64, 128, 256 and so
/// on sessions have arrived. A burst may look like too much, so its word may end a measurement but is no result.
struct Saturation: Hashable, Sendable {
    /// The first look comes when so many sessions have arrived, each further one at twice as many.
    static let firstLook = 64
    /// By so many sessions per arrival the population must grow.
    static let leastSlope = 0.25
    /// The waits of the last third must be so many times those of the first.
    static let leastGrowth = 2.0
    /// Fewer sessions with an ended call than this show no growth of waits.
    static let fewestEnded = 12

    private struct Arrival: Hashable {
        let at: Instant
        /// Sessions that had arrived before it and had not ended, those that wait for room among them.
        let populationBefore: Int
        var firstEnd: Instant?
    }

    private var arrivals: [Arrival] = []
    /// The number of each session's arrival.
    private var numbers: [Int: Int] = [:]
    private var endedSessionCount = 0
    private var endedCallCount = 0

    /// Takes the arrival of a session, whether or not there is room for it.
    ///
    /// - Parameters:
    ///   - session: its place in the round; each arrives once.
    ///   - instant: when it was due, never before the one that arrived last.
    /// - Returns: true if a look was due and the endpoint is over-saturated.
    mutating func arrive(_ session: Int, at instant: Instant) -> Bool {
        precondition(numbers[session] == nil, "session \(session) has arrived already")
        precondition(arrivals.last.map { $0.at <= instant } ?? true, "arrivals must come in the order of time")
        numbers[session] = arrivals.count
        arrivals.append(Arrival(at: instant, populationBefore: arrivals.count - endedSessionCount))
        let count = arrivals.count
        guard count >= Self.firstLook, count.nonzeroBitCount == 1 else { return false }
        return slope >= Self.leastSlope && areWaitsGrowing(at: instant)
    }

    /// Takes the end of a call; only the first of each session counts.
    mutating func callEnded(of session: Int, at instant: Instant) {
        guard let number = numbers[session], arrivals[number].firstEnd == nil else { return }
        arrivals[number].firstEnd = instant
        endedCallCount += 1
    }

    /// Takes the end of a session; one that was over before it arrived was never there.
    mutating func sessionEnded(_ session: Int) {
        if numbers[session] != nil { endedSessionCount += 1 }
    }

    /// By how many sessions the population grows per arrival: the slope of the least-squares line.
    private var slope: Double {
        let middle = Double(arrivals.count - 1) / 2
        var (covariance, variance) = (0.0, 0.0)
        for (number, arrival) in arrivals.enumerated() {
            let distance = Double(number) - middle
            covariance += distance * Double(arrival.populationBefore)
            variance += distance * distance
        }
        return covariance / variance
    }

    /// True if the medians of the waits for the first end rise from third to third of the earlier arrivals.
    ///
    /// A wait that is not over counts as long as it has been. That is less the later the session came, and would hide the
    /// growth: so the latest quarter is left out, and no more arrivals are looked at than have an ended call.
    private func areWaitsGrowing(at now: Instant) -> Bool {
        guard endedCallCount >= Self.fewestEnded else { return false }
        let waits = arrivals.prefix(min(arrivals.count * 3 / 4, endedCallCount)).map { ($0.firstEnd ?? now) - $0.at }
        let medians = (0..<3).map { third in
            Self.median(waits[(waits.count * third / 3)..<(waits.count * (third + 1) / 3)])
        }
        return medians[0] < medians[1] && medians[1] < medians[2] && medians[2] >= medians[0] * Self.leastGrowth
    }

    /// The median in seconds.
    private static func median(_ waits: ArraySlice<Duration>) -> Double {
        let sorted = waits.map(\.seconds).sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
