public import Profiles
public import Quantities
public import Records

/// The time of a closed loop in which as many sessions were live as were wanted.
///
/// It begins when the last of the first sessions began, and ends when the last session of all began: from then on there are
/// fewer, and a load that is not there proves nothing.
public struct SteadyWindow: Hashable, Sendable {
    /// Its beginning.
    public let begin: Instant
    /// Its end.
    public let end: Instant

    /// Finds the window of one endpoint's round.
    ///
    /// - Parameters:
    ///   - sessions: the round's sessions.
    ///   - liveCount: how many were wanted at once, at least one.
    public init?(_ sessions: [SessionRow], liveCount: Int) {
        let begins = sessions.map(\.began).sorted()
        guard begins.count > liveCount, let last = begins.last else { return nil }
        begin = begins[liveCount - 1]
        end = last
    }

    /// The share of good calls among those that were sent within the window and not ended by ourselves.
    ///
    /// A call that missed no objective but cannot be judged by all of them is not good; one that another route served is set
    /// apart. Calls of one session rise and fall together, and the interval allows for that.
    public func attainment(_ attempts: [AttemptRow], _ objectives: [Objective]) -> ShareFigure {
        let own = attempts.filter { attempt in
            guard attempt.isAttempted, attempt.number == 0, attempt.routeMismatch == nil,
                let sent = attempt.sent ?? attempt.started
            else { return false }
            return sent >= begin && sent <= end
        }
        let sessions = Dictionary(grouping: own, by: \.place.session).values
        return ShareFigure(
            clusters: sessions.map { calls in
                (calls.count { Attainment.judge($0, objectives) == .good }, calls.count)
            })
    }
}
