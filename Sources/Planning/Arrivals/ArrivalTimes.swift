import Profiles
import Quantities
import Statistics
import Workloads

/// When the sessions of each round are due, drawn before anything is sent.
struct ArrivalTimes {
    /// The longest time over which the sessions of a round may arrive, in seconds.
    private static let longest = 1e7

    /// For each round the offsets of its sessions from its beginning, never decreasing; nil in a closed loop.
    let rounds: [[Duration]]?

    /// Draws the times.
    ///
    /// - Parameters:
    ///   - profile: the plan.
    ///   - sessions: the library's sessions; for recorded arrivals in the order of their starts.
    ///   - seed: the plan's seed.
    /// - Throws: ``PlanningError`` if a round would take longer than 115 days.
    init(_ profile: PlanProfile, sessions: [Session], seed: Seed) throws(PlanningError) {
        let count = profile.sessionsPerRound
        let draws: [[Double]]
        switch profile.load.model {
        case .closed:
            rounds = nil
            return
        case .arrivals(let course, let spread):
            let rate = course.arrivalRate
            draws = (0..<profile.rounds).map { round in
                var generator = SeededGenerator(seed: seed.derived("arrivals", round))
                return spread.process.positions(count, using: &generator).map(rate.seconds(untilExpected:))
            }
        case .recorded(let quantum):
            let recorded = RecordedArrivals(
                starts: sessions.map { $0.start?.seconds ?? 0 }, quantum: quantum.seconds)
            draws = (0..<profile.rounds).map { round in
                recorded.offsets(first: round * count, count: count).map { $0 * profile.timeScale }
            }
        }
        if let last = draws.compactMap(\.last).max(), last > Self.longest {
            throw PlanningError(
                description:
                    "plan '\(profile.name)': the \(Counted.text(count, "session")) of a round would arrive over "
                    + "\(Int((min(last, 1e15) / 86_400).rounded())) days; a higher rate or fewer sessions_per_round are needed"
            )
        }
        rounds = draws.map { $0.map { .nanoseconds(Int64(($0 * 1e9).rounded())) } }
    }
}
