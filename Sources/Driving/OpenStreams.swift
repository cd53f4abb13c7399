import Quantities
import Records
import Transport

/// Streams whose answers are whole, while their servers have not closed them.
///
/// A session does not wait for that: its next call is due when the answer was there. The next call is only held for a moment,
/// ``LiveCall/closingPatience``, since most servers close at once and their connection is then free for it.
struct OpenStreams {
    /// A stream of an attempt that has ended.
    struct Stream {
        /// The attempt as it was written when it ended.
        var row: AttemptRow
        /// Where that waits to be written.
        let waiting: WaitingRow?
        /// True if it was cut off before its time was up, so that nobody knows how long it would have stayed open.
        var isCutOff = false
    }

    /// The streams of attempts that are about to end, in the order of their completion.
    private var completed: [(transfer: TransferIdentifier, at: Instant)] = []
    private var streams: [TransferIdentifier: Stream] = [:]

    /// How many streams of ended attempts are open.
    var count: Int { streams.count }

    /// When the next attempt ends, if its stream is not closed before; nil without one.
    var nextEnd: Instant? { completed.first.map { $0.at + LiveCall.closingPatience } }

    /// Takes note of a stream whose answer is whole.
    mutating func complete(_ transfer: TransferIdentifier, at instant: Instant) {
        completed.append((transfer, instant))
    }

    /// Takes note that a stream was closed at once.
    mutating func forget(_ transfer: TransferIdentifier) { completed.removeAll { $0.transfer == transfer } }

    /// Takes the streams away that were not closed at once.
    ///
    /// - Parameter now: the present; nil for all of them.
    /// - Returns: the streams, and when their answers were whole.
    mutating func takeCompleted(until now: Instant?) -> [(transfer: TransferIdentifier, at: Instant)] {
        let count =
            now.map { now in completed.firstIndex { $0.at + LiveCall.closingPatience > now } ?? completed.count }
            ?? completed.count
        defer { completed.removeFirst(count) }
        return Array(completed.prefix(count))
    }

    /// Keeps the stream of an attempt that has ended.
    mutating func insert(_ stream: Stream, _ transfer: TransferIdentifier) { streams[transfer] = stream }

    /// Takes a stream away, since its exchange is over.
    mutating func remove(_ transfer: TransferIdentifier) -> Stream? { streams.removeValue(forKey: transfer) }

    /// The streams that have been open for too long.
    func overdue(at now: Instant) -> [TransferIdentifier] {
        streams.filter { now - $0.value.row.ended > LiveCall.closingGrace }.map(\.key)
    }

    /// Gives all streams up.
    mutating func cutOff() -> [TransferIdentifier] {
        let all = Array(streams.keys)
        for transfer in all { streams[transfer]?.isCutOff = true }
        return all
    }
}
