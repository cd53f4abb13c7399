import Planning
import Quantities

/// The sessions of one endpoint and round that have not begun, in the order in which they may.
///
/// In a closed loop all may begin from the endpoint's turn on, as soon as there is room. In an open loop each is due at its
/// offset. When a round is resumed, the clock of the turn goes on from where it stopped: sessions that had begun go on at
/// once, those that had found no room are as late as they were, and the others keep their distances.
struct ArrivalQueue: Sendable {
    /// A session and when it is due.
    struct Arrival: Hashable, Comparable, Sendable {
        let at: Instant
        let session: Int

        static func < (left: Arrival, right: Arrival) -> Bool { (left.at, left.session) < (right.at, right.session) }
    }

    private var arrivals: [Arrival] = []
    private var next = 0
    private var arrivedCount = 0
    /// True if an earlier part of the run has begun a session of the round.
    private(set) var isResumed = false

    /// A queue without sessions.
    init() {}

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - sessions: the round's sessions.
    ///   - opened: when the endpoint's turn began, or went on.
    ///   - passed: how far its clock had come before.
    ///   - hasBegun: tells of a session's place whether an earlier part of the run has begun it.
    init(_ sessions: [PlannedSession], opened: Instant, passed: Duration, hasBegun: (Int) -> Bool) {
        let begun = sessions.indices.map(hasBegun)
        isResumed = passed > .zero || begun.contains(true)
        arrivals = sessions.indices.map { place in
            guard let offset = sessions[place].offset, !begun[place] else { return Arrival(at: opened, session: place) }
            return Arrival(at: opened + (offset - passed), session: place)
        }
        arrivals.sort()
    }

    /// The next to begin; nil if all have begun.
    var first: Arrival? { next < arrivals.count ? arrivals[next] : nil }

    /// The next session that was due until an instant; each is given once, whether or not it has begun.
    mutating func nextArrival(until now: Instant) -> Arrival? {
        guard arrivedCount < arrivals.count, arrivals[arrivedCount].at <= now else { return nil }
        arrivedCount += 1
        return arrivals[arrivedCount - 1]
    }

    /// Takes the next away.
    mutating func removeFirst() {
        precondition(next < arrivals.count, "no session is left to begin")
        next += 1
    }
}
