import Quantities
import Records

/// The time in which an endpoint had calls to do, in one round and one process of the run.
struct RoundSpan {
    /// When the first call was due.
    let begin: Instant
    /// When the last attempt ended.
    let end: Instant

    /// How long it is.
    var length: Duration { end - begin }

    /// Nil without attempts.
    init?(_ attempts: [AttemptRow]) {
        // In a part of a run that goes on, a call may have been due before it.
        let begins = attempts.map { $0.ready ?? max($0.ended, $0.predecessorEnd ?? $0.ended) }
        guard let begin = begins.min(), let end = attempts.map(\.ended).max() else { return nil }
        (self.begin, self.end) = (begin, end)
    }
}
