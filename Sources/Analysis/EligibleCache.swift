import Quantities
import Records

/// How much of what the call before had left in a cache was read from it (eligible cache hit rate).
///
/// Tokens read from a cache, over the prompt and the answer of the call before in the same agent's context, all as the
/// provider counts them. The first call of a context, and one after a compaction, has nothing behind it and does not count;
/// nor does one that goes on where another model had answered, whose cache is another.
public struct EligibleCache: Hashable, Sendable {
    /// The calls of which all parts are known.
    public let callCount: Int
    /// Tokens that they read from a cache.
    public let cached: Int
    /// The prompts and answers of the calls before them.
    public let eligible: Int

    /// Cached tokens over eligible ones; nil where nothing is known.
    public var share: Double? { eligible > 0 ? Double(cached) / Double(eligible) : nil }

    /// A call, the call before it in the same context, and what the one read of what the other left.
    struct Pair {
        let call: AttemptRow
        let previous: AttemptRow
        let cached: Int
        let eligible: Int
    }

    /// Follows the contexts.
    ///
    /// - Parameter attempts: an endpoint's attempts that count; a part that is unknown, contradicted, or that its run file
    ///   does not tell leaves the call out.
    init(_ attempts: [AttemptRow]) { self.init(of: Self.pairs(attempts)) }

    /// Adds up calls.
    init(of pairs: [Pair]) {
        callCount = pairs.count
        cached = pairs.reduce(0) { $0 + $1.cached }
        eligible = pairs.reduce(0) { $0 + $1.eligible }
    }

    /// The calls of which all parts are known.
    static func pairs(_ attempts: [AttemptRow]) -> [Pair] {
        var contexts: [CallPlace: (row: AttemptRow, tokens: Int)] = [:]
        for attempt in attempts where attempt.outcome.isSuccess && !attempt.usage.isAmbiguous {
            if let input = attempt.usage.inputTotal, let output = attempt.usage.outputTotal {
                contexts[attempt.place] = (attempt, input.value + output.value)
            }
        }
        return attempts.compactMap { attempt in
            guard !attempt.usage.isAmbiguous, let read = attempt.usage.inputCacheRead, attempt.usage.inputTotal != nil,
                let previous = attempt.context?.previousCall
            else { return nil }
            var place = attempt.place
            place.call = previous
            guard let before = contexts[place], before.row.model == attempt.model else { return nil }
            return Pair(call: attempt, previous: before.row, cached: read.value, eligible: before.tokens)
        }
    }
}
