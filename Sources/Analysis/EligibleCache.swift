import Quantities
import Records

/// How much of what the call before had left in a cache was read from it (eligible cache hit rate).
///
/// Tokens read from a cache, over the prompt and the answer of the call before in the same agent's context, all as the
/// provider counts them. The first call of a context, and one after a compaction, has nothing behind it and does not count.
public struct EligibleCache: Hashable, Sendable {
    /// The calls of which all parts are known.
    public private(set) var callCount = 0
    /// Tokens that they read from a cache.
    public private(set) var cached = 0
    /// The prompts and answers of the calls before them.
    public private(set) var eligible = 0

    /// Cached tokens over eligible ones; nil where nothing is known.
    public var share: Double? { eligible > 0 ? Double(cached) / Double(eligible) : nil }

    /// Follows the contexts.
    ///
    /// - Parameter attempts: an endpoint's attempts that count; a part that is unknown, contradicted, or that its run file
    ///   does not tell leaves the call out.
    init(_ attempts: [AttemptRow]) {
        var contexts: [CallPlace: Int] = [:]
        for attempt in attempts where attempt.outcome.isSuccess && !attempt.usage.isAmbiguous {
            if let input = attempt.usage.inputTotal, let output = attempt.usage.outputTotal {
                contexts[attempt.place] = input.value + output.value
            }
        }
        for attempt in attempts where !attempt.usage.isAmbiguous {
            guard let read = attempt.usage.inputCacheRead, attempt.usage.inputTotal != nil,
                let previous = attempt.context?.previousCall
            else { continue }
            var place = attempt.place
            place.call = previous
            guard let before = contexts[place] else { continue }
            callCount += 1
            cached += read.value
            eligible += before
        }
    }
}
