import Quantities
import Records

/// How the sessions of an open loop began, against when they were to.
///
/// Over the rounds of all endpoints; the parts of a run after a pause are left out, since what was due meanwhile is late by
/// necessity.
struct SessionArrivals {
    /// One session: when it was to begin and there was money for it, when there was room for it, and when it began.
    private struct Arrival {
        var due: Instant
        var ready: Instant
        var started: Instant
    }

    /// From the first arrival of each round to the last, as planned, summed.
    private var planned = Duration.zero
    /// The same to the last time at which there was room for one.
    private var ready = Duration.zero
    /// The same to the last beginning.
    private var actual = Duration.zero
    private var roundCount = 0

    /// Gathers arrivals.
    ///
    /// - Parameter sent: the attempts that were sent and had a due time; the first of each session is its beginning.
    init(_ sent: [AttemptRow]) {
        let firsts = Dictionary(grouping: sent.filter { $0.part == 0 && $0.number == 0 }) { attempt in
            [attempt.place.endpoint, attempt.place.round, attempt.place.session]
        }.values.compactMap { session in session.min { ($0.due ?? $0.ended) < ($1.due ?? $1.ended) } }
        for round in Dictionary(grouping: firsts, by: { [$0.place.endpoint, $0.place.round] }).values {
            let arrivals = round.compactMap { attempt -> Arrival? in
                guard let due = attempt.dueInBudget, let ready = attempt.ready, let started = attempt.started else {
                    return nil
                }
                return Arrival(due: due, ready: ready, started: started)
            }
            guard let begin = arrivals.map(\.due).min(), let due = arrivals.map(\.due).max(), due > begin,
                let ready = arrivals.map(\.ready).max(), let end = arrivals.map(\.started).max()
            else { continue }
            roundCount += 1
            planned += due - begin
            self.ready += ready - begin
            actual += max(end, ready) - begin
        }
    }

    /// The rate at which sessions began over the rate of the plan; nil without a round of two arrivals.
    var shareOfPlannedRate: Double? { actual > .zero ? planned.seconds / actual.seconds : nil }
    /// The same, but for the waits for room.
    var shareOfOwnRate: Double? { actual > .zero ? ready.seconds / actual.seconds : nil }
    /// Seconds by which the last session of a round began late, on average.
    var lag: Double { roundCount > 0 ? (actual - planned).seconds / Double(roundCount) : 0 }
    /// The same, but for the waits for room.
    var ownLag: Double { roundCount > 0 ? (actual - ready).seconds / Double(roundCount) : 0 }
}

extension AttemptRow {
    /// When it could have been sent: when it was due, or when what it waited for was over, and there was money for it.
    var ready: Instant? { due.map { max($0, predecessorEnd ?? $0) + budgetHold } }
}
