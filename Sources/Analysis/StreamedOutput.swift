import Quantities
import Records

/// The part of an answer from which a speed of writing can be told.
struct StreamedOutput {
    /// Tokens after the first.
    let tokens: Int
    /// From the first content event to the last.
    let seconds: Double

    /// Fewer times than this at which content came tell no speed: two bursts measure the network, not the model.
    static let minimumReadCount = 3

    /// Nil without a token count, for an answer of one token, for content that came at fewer than three instants, and for an
    /// answer that was held back: more than 200 tokens, of which the first came in the last tenth of the turn.
    ///
    /// - Parameter attempt: a call that succeeded.
    init?(_ attempt: AttemptRow) {
        guard let first = attempt.events.first, let last = attempt.events.last, let sent = attempt.sent,
            var count = attempt.usage.outputTotal?.value
        else { return nil }
        // Reasoning that was not shown was written before the first token, not after it.
        if !attempt.events.contains(where: { $0.kind == .reasoning }) {
            count -= attempt.usage.outputReasoning?.value ?? 0
        }
        let isHeldBack = count > 200 && (first.at - sent).seconds > 0.9 * (last.at - sent).seconds
        guard count > 1, !isHeldBack, Self.hasEnoughReads(attempt.events) else { return nil }
        tokens = count - 1
        seconds = (last.at - first.at).seconds
    }

    private static func hasEnoughReads(_ events: [ContentEvent]) -> Bool {
        var count = 0
        var last: Instant?
        for event in events where event.at != last {
            count += 1
            last = event.at
            if count == minimumReadCount { return true }
        }
        return false
    }
}
