/// Which calls of a session must have ended before another began, as their recorded times tell.
///
/// A call depends on those that had ended when it began and that no other of them depends on: a call that ended before another
/// of them began is an ancestor already.
enum RecordedOrder {
    /// The most calls that one call waits for: of more, those that ended last.
    private static let maximumDependencies = 256

    /// Where one call stands among those of its session.
    struct Place<Instant: Comparable> {
        /// The calls that it waits for, by index, in the order of their beginnings.
        var dependencies: [Int]
        /// When the last of them ended; nil if it waits for none.
        var end: Instant?
        /// True if an earlier call was still under way.
        var isParallel: Bool
    }

    /// The places of all calls.
    ///
    /// - Parameter times: when each call began and ended, in the order of the beginnings.
    /// - Returns: a place for each.
    static func places<Instant: Comparable>(_ times: [(start: Instant, end: Instant)]) -> [Place<Instant>] {
        let byEnd = times.indices.sorted { (times[$0].end, $0) < (times[$1].end, $1) }
        var places: [Place<Instant>] = []
        var ended = 0
        var latestStart: Instant?
        for (index, time) in times.enumerated() {
            while ended < byEnd.count, times[byEnd[ended]].end <= time.start, byEnd[ended] < index {
                let start = times[byEnd[ended]].start
                latestStart = max(latestStart ?? start, start)
                ended += 1
            }
            let open = byEnd[..<ended].suffix(maximumDependencies).filter { candidate in
                latestStart.map { times[candidate].end >= $0 } ?? true
            }
            places.append(
                Place(dependencies: open.sorted(), end: open.last.map { times[$0].end }, isParallel: ended < index))
        }
        return places
    }
}
