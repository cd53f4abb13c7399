import Quantities
import Records

/// What the clock says of one session: from its start to its final answer and its end, and what refusals cost in between.
///
/// All in seconds of the monotonic clock, the client's own waits (tools, people) included as they were replayed.
public struct SessionTimeline: Hashable, Sendable {
    /// From the session's start to the end of its last call, which is the last content of a call that succeeded; nil for a
    /// session that was cut in two by a resumption, since the clocks of two processes cannot be compared.
    public let wallTime: Double?
    /// Time to the final answer's first token (TTFAT): the first content event, of any kind, of the final call of the main
    /// agent, minus the session's start.
    ///
    /// Infinite where that call succeeded without any content; nil where it did not succeed, in a session that was cut in
    /// two, and in run files that do not say which call is the final one.
    public let timeToFinalAnswer: Double?
    /// Attempts that ended as rate limited.
    public let rateLimitedCount: Int
    /// The time in which at least one call waited to be sent again after it had been rate limited; nil as the wall time is.
    public let rateLimitWait: Double?
    /// True if the rows say which call is the final one.
    let isFinalCallKnown: Bool

    /// Follows a session.
    ///
    /// - Parameter attempts: its attempts that were sent, in the order of their calls and numbers.
    init(_ attempts: [AttemptRow]) {
        rateLimitedCount = attempts.count { $0.outcome == .rateLimited }
        isFinalCallKnown = attempts.contains { $0.context != nil }
        let isWhole = Set(attempts.map(\.part)).count == 1
        guard isWhole, let start = Self.start(attempts), let end = attempts.map(\.finished).max() else {
            (wallTime, timeToFinalAnswer, rateLimitWait) = (nil, nil, nil)
            return
        }
        wallTime = max(0, (end - start).seconds)
        rateLimitWait = Self.covered(Self.rateLimitWaits(attempts))
        let final = attempts.first { $0.context?.isFinal == true && $0.outcome.isSuccess }
        timeToFinalAnswer = final.map { call in
            call.events.first.map { max(0, ($0.at - start).seconds) } ?? .infinity
        }
    }

    /// When a session started: when its first call was due, or when the budget let it go; nil if no call of it was due.
    static func start(_ attempts: [AttemptRow]) -> Instant? { attempts.compactMap(\.dueInBudget).min() }

    /// From the end of each rate-limited attempt to the start of the same call's next one.
    private static func rateLimitWaits(_ attempts: [AttemptRow]) -> [(from: Instant, to: Instant)] {
        zip(attempts, attempts.dropFirst()).compactMap { refused, next in
            guard refused.outcome == .rateLimited, next.place == refused.place,
                let started = next.started ?? next.sent
            else { return nil }
            // That the budget then held it back was not the provider's wish.
            let free = started.advanced(by: .zero - next.budgetHold)
            return free > refused.ended ? (refused.ended, free) : nil
        }
    }

    /// The time that at least one of several spans covers, so that calls which wait side by side count once.
    private static func covered(_ spans: [(from: Instant, to: Instant)]) -> Double {
        var sum = Duration.zero
        var reached: Instant?
        for span in spans.sorted(by: { $0.from < $1.from }) {
            let from = max(span.from, reached ?? span.from)
            if span.to > from { sum += span.to - from }
            reached = max(span.to, reached ?? span.to)
        }
        return sum.seconds
    }
}

extension AttemptRow {
    /// When it was over for its user: with the last content if it succeeded, otherwise with its end.
    var finished: Instant { outcome.isSuccess ? (lastContent?.at ?? ended) : ended }
}
