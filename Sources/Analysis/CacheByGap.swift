import Quantities
import Records

/// How much of what the call before had left in a cache was read from it, by the time that had passed since.
///
/// Caches forget what is not used for some minutes, and which ones do is seen in calls after long waits only.
public struct CacheByGap: Hashable, Sendable {
    /// The least gap that belongs to the class.
    public let lower: Duration
    /// The least gap that does not belong to it any more; nil for no limit.
    public let upper: Duration?
    /// The calls of the class.
    public let cache: EligibleCache

    /// The classes: below one minute, to five minutes, to an hour, and above; caches are sold for five minutes and for an hour.
    private static let bounds: [Duration] = [.zero, .seconds(60), .seconds(300), .seconds(3600)]

    /// Puts calls into classes by the time from the end of the call before, in the same agent's context, to their own sending.
    ///
    /// - Parameter attempts: an endpoint's attempts that count; a call of another process of the run than the call before is in
    ///   no class, since their clocks cannot be compared.
    /// - Returns: the classes that hold any call, shortest gaps first.
    static func classes(_ attempts: [AttemptRow]) -> [CacheByGap] {
        let pairs = EligibleCache.pairs(attempts).compactMap { pair -> (gap: Duration, pair: EligibleCache.Pair)? in
            guard pair.call.part == pair.previous.part, let sent = pair.call.sent else { return nil }
            return (max(.zero, sent - pair.previous.ended), pair)
        }
        return bounds.indices.compactMap { place in
            let (lower, upper) = (bounds[place], place + 1 < bounds.count ? bounds[place + 1] : nil)
            let members = pairs.filter { pair in pair.gap >= lower && upper.map { pair.gap < $0 } ?? true }
            guard !members.isEmpty else { return nil }
            return CacheByGap(lower: lower, upper: upper, cache: EligibleCache(of: members.map(\.pair)))
        }
    }
}
