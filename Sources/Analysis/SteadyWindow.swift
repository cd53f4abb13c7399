public import Profiles
public import Quantities
public import Records

/// The time of a round in which the whole load was there.
///
/// Before and after it there is less, and a load that is not there proves nothing.
///
/// In a closed loop it begins when as many sessions were live as were wanted, and ends when the first place stays empty: when a
/// session ended after the last of all had begun, since no other could take its place (MLPerf's rule for the tail).
/// In an open loop it begins when the first session had ended, since until then sessions only join those that are live, and
/// ends when the last session arrived.
public struct SteadyWindow: Hashable, Sendable {
    /// Its beginning.
    public let begin: Instant
    /// Its end.
    public let end: Instant

    /// How long it is.
    public var length: Duration { end - begin }

    /// True for an instant within it, its ends included.
    func contains(_ instant: Instant?) -> Bool { instant.map { $0 >= begin && $0 <= end } ?? false }

    /// Finds the window of one endpoint's round in a closed loop; nil with no more sessions than were wanted at once, since
    /// they would all begin together and none would ever follow another.
    ///
    /// - Parameters:
    ///   - sessions: the round's sessions.
    ///   - liveCount: how many were wanted at once, at least one.
    public init?(_ sessions: [SessionRow], liveCount: Int) {
        let begins = sessions.map(\.began).sorted()
        let ends = sessions.map(\.ended).sorted()
        guard sessions.count > liveCount else { return nil }
        (begin, end) = (begins[liveCount - 1], ends[sessions.count - liveCount])
        guard begin < end else { return nil }
    }

    /// Finds the window of one endpoint's round in an open loop; nil if no session had ended when the last one arrived.
    ///
    /// A session whose call failed ended too early to show that the load was whole, unless none ended otherwise.
    ///
    /// - Parameters:
    ///   - sessions: the round's sessions.
    ///   - attempts: their attempts; a session arrived when its first call was due, though there may have been no room for
    ///     it yet.
    public init?(arrivalsOf sessions: [SessionRow], _ attempts: [AttemptRow]) {
        let dues = attempts.compactMap { attempt in attempt.due.map { (attempt.place.session, $0) } }
        let arrivals = Dictionary(dues, uniquingKeysWith: { min($0, $1) })
        let whole = sessions.filter(\.isSuccess)
        guard let firstEnd = (whole.isEmpty ? sessions : whole).map(\.ended).min(),
            let lastArrival = sessions.map({ arrivals[$0.session] ?? $0.began }).max(),
            firstEnd < lastArrival
        else { return nil }
        (begin, end) = (firstEnd, lastArrival)
    }

    /// The share of good calls among those that were sent within the window and not ended by ourselves.
    ///
    /// A call that missed no objective but cannot be judged by all of them is not good; one that another route served is set
    /// apart. Calls of one session rise and fall together, and the interval allows for that.
    public func attainment(_ attempts: [AttemptRow], _ objectives: [Objective]) -> ShareFigure {
        let own = attempts.filter { attempt in
            attempt.isAttempted && attempt.number == 0 && attempt.routeMismatch == nil
                && contains(attempt.sent ?? attempt.started)
        }
        let sessions = Dictionary(grouping: own, by: \.place.session).values
        return ShareFigure(
            clusters: sessions.map { calls in
                (calls.count { Attainment.judge($0, objectives) == .good }, calls.count)
            })
    }
}
