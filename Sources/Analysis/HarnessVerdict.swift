import Quantities
public import Records
import Statistics

/// Whether the harness itself kept up, so that what it measured is the endpoints and not itself.
///
/// The limits: calls leave late by our own fault by more than max(5 ms, 1 % of the median TTFT) at p99: a warning, by more
/// than 50 ms: invalid. In an open loop sessions begin at less than 98 % of the planned rate: invalid if it is our own fault;
/// a warning if a cap of the plan kept them waiting, which counts in their times and is no fault of ours. Where the last of a
/// round come less than 50 ms late, a short round proves nothing, and the first rule alone decides. The loop does not look at
/// its sockets for more than 25 ms: a warning, in more than one second of twenty: invalid. The loop works for more than 85 %
/// of the time while calls are under way, in more than one second of twenty: invalid.
public struct HarnessVerdict: Hashable, Sendable {
    /// How bad a finding is.
    public enum Severity: String, Hashable, Sendable {
        /// Worth knowing.
        case warning
        /// The run does not rank.
        case invalid
    }

    /// Something that the harness did badly.
    public struct Finding: Hashable, Sendable {
        /// How bad it is.
        public var severity: Severity
        /// What it is.
        public var text: String
    }

    /// What was found.
    public let findings: [Finding]
    /// The 99th percentile of the delay that we added before sending, in seconds; nil without calls.
    public let dispatchDelay: Double?
    /// The share of time in which the loop worked, from 0 to 1; nil without records.
    public let busyShare: Double?
    /// The longest time in which no socket was looked at, in seconds; nil without records.
    public let longestStall: Double?

    /// True if nothing that was found forbids a ranking.
    public var isValid: Bool { !findings.contains { $0.severity == .invalid } }

    /// Judges a run.
    ///
    /// - Parameters:
    ///   - attempts: its attempts.
    ///   - health: how the loop fared.
    ///   - isOpen: true if sessions began by the clock, so that they had a rate to keep.
    public init(attempts: [AttemptRow], health: [HealthRow], isOpen: Bool = false) {
        let sent = attempts.filter { $0.sent != nil && $0.due != nil }
        // A call over a new connection is sent when the connection is up; that wait is the endpoint's, not ours.
        let delays = sent.compactMap { attempt -> Double? in
            // Nor is a wait for money.
            guard let ready = attempt.ready, let started = attempt.started else { return nil }
            return (started - ready).seconds
        }
        dispatchDelay = Quantile.nearestRank(delays.sorted(), 0.99)
        // Only while there are calls under way can the loop be too busy for them; hours of waiting excuse nothing.
        let loaded = health.filter { $0.liveTransfers > 0 && $0.length > .zero }
        let length = loaded.reduce(0) { $0 + $1.length.seconds }
        busyShare = length > 0 ? loaded.reduce(0) { $0 + $1.busy.seconds } / length : nil
        let stalls = health.map { max($0.longestTurn, $0.greatestLateness).seconds }
        longestStall = stalls.max()
        let firstTokens = sent.compactMap { CallMetric.timeToFirstToken.value(of: $0) }.filter(\.isFinite).sorted()
        findings = [
            dispatchDelay.flatMap { Self.judgeDelay($0, medianFirstToken: Quantile.interpolated(firstTokens, 0.5)) },
            isOpen ? Self.judgeRate(SessionArrivals(sent)) : nil,
            Self.judgeWork(loaded, busyShare: busyShare), Self.judgeStalls(stalls),
        ].compactMap(\.self)
    }

    private static func judgeDelay(_ delay: Double, medianFirstToken: Double?) -> Finding? {
        let tolerated = max(0.005, 0.01 * (medianFirstToken ?? 0))
        let text = "p99 of the delay before sending is \(milliseconds(delay)), "
        // Slow answers excuse a delay that is small beside them, but no delay that another endpoint would be blamed for.
        if delay > longestDelay {
            return Finding(severity: .invalid, text: text + "at most \(milliseconds(longestDelay)) may be")
        }
        guard delay > tolerated else { return nil }
        return Finding(severity: .warning, text: text + "tolerated \(milliseconds(tolerated))")
    }

    private static func judgeRate(_ arrivals: SessionArrivals) -> Finding? {
        if let share = arrivals.shareOfOwnRate, share < leastRate, arrivals.ownLag > longestDelay {
            return Finding(
                severity: .invalid,
                text: "sessions began at \(percent(share)) of the planned rate, at least 98 % wanted")
        }
        guard let share = arrivals.shareOfPlannedRate, share < leastRate, arrivals.lag > longestDelay else {
            return nil
        }
        return Finding(
            severity: .warning,
            text:
                "sessions began at \(percent(share)) of the planned rate, since others left no room for them: the load was "
                + "not the planned one; raise maximum_live_sessions, or lower the rate")
    }

    private static func judgeWork(_ loaded: [HealthRow], busyShare: Double?) -> Finding? {
        let overloadCount = loaded.count { $0.busy.seconds > 0.85 * $0.length.seconds }
        let isOverloaded = overloadCount > 2 && Double(overloadCount) > 0.05 * Double(loaded.count)
        guard isOverloaded || (busyShare ?? 0) > 0.85 else { return nil }
        return Finding(
            severity: .invalid,
            text: "the loop worked more than 85 % of the time in \(overloadCount) of "
                + Counted.text(loaded.count, "second"))
    }

    private static func judgeStalls(_ stalls: [Double]) -> Finding? {
        let stallCount = stalls.count { $0 > 0.025 }
        guard stallCount > 0, let longest = stalls.max() else { return nil }
        let isWide = stallCount > 1 && Double(stallCount) > 0.05 * Double(stalls.count)
        return Finding(
            severity: isWide ? .invalid : .warning,
            text: "the loop stalled for up to \(milliseconds(longest)) in \(stallCount) of "
                + Counted.text(stalls.count, "second"))
    }

    /// No delay above this is ours to add, in seconds.
    private static let longestDelay = 0.05
    /// The least share of the planned rate at which sessions must begin.
    private static let leastRate = 0.98

    private static func milliseconds(_ seconds: Double) -> String { "\(Int((seconds * 1000).rounded(.up))) ms" }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded(.down))
        return "\(tenths / 10).\(tenths % 10) %"
    }
}
