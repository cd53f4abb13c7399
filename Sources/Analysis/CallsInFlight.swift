import Quantities
public import Records

/// How many calls an endpoint had under way when each of them was sent.
public enum CallsInFlight {
    /// Which attempt.
    public struct Key: Hashable, Sendable {
        /// The call.
        public let place: CallPlace
        /// Which attempt of it.
        public let number: Int

        /// The key of a row.
        public init(_ row: AttemptRow) { (place, number) = (row.place, row.number) }
    }

    /// Counts, for each attempt that was sent, the attempts of its endpoint that had been sent by then and had not ended.
    ///
    /// The attempt itself counts, so the least is one; those that were sent at the same instant count each other. Calls that
    /// another route served, that failed, or that we ended ourselves are load like any other. Only attempts of one round and
    /// one process are compared, since the clocks of two runs have nothing to do with each other.
    ///
    /// - Parameter attempts: rows of any endpoints, in any order.
    /// - Returns: at least one per attempt that was sent; attempts that never were have no entry.
    public static func counts(_ attempts: [AttemptRow]) -> [Key: Int] {
        let sent = attempts.filter { $0.sent != nil && $0.outcome != .skipped }
        let groups = Dictionary(grouping: sent) { [$0.place.endpoint, $0.place.round, $0.part] }
        var counts: [Key: Int] = [:]
        for group in groups.values {
            let begins = group.map { $0.sent ?? $0.ended }.sorted()
            let ends = group.map { max($0.ended, $0.sent ?? $0.ended) }.sorted()
            for attempt in group {
                let now = attempt.sent ?? attempt.ended
                // One that ended the instant it was sent has ended for the others, not for itself.
                let own = attempt.ended <= now ? 1 : 0
                counts[Key(attempt)] = count(begins, upTo: now) - count(ends, upTo: now) + own
            }
        }
        return counts
    }

    /// How many of some sorted instants are not after another.
    private static func count(_ sorted: [Instant], upTo limit: Instant) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] <= limit { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
