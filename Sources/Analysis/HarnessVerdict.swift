import Quantities
public import Records
import Statistics

/// Whether the harness itself kept up, so that what it measured is the endpoints and not itself.
///
/// The limits: calls leave late by our own fault by more than max(5 ms, 1 % of the median TTFT) at p99: a warning, by more
/// than 50 ms: invalid. The loop does not look at its sockets for more than 25 ms: a warning, in more than one second of
/// twenty: invalid. The loop works for more than 85 % of the time while calls are under way, in more than one second of twenty:
/// invalid.
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
    public init(attempts: [AttemptRow], health: [HealthRow]) {
        var findings: [Finding] = []
        let sent = attempts.filter { $0.sent != nil && $0.due != nil }
        // A call over a new connection is sent when the connection is up; that wait is the endpoint's, not ours.
        let delays = sent.compactMap { attempt -> Double? in
            guard let due = attempt.due, let started = attempt.started else { return nil }
            // Nor is a wait for money.
            return (started - max(due, attempt.predecessorEnd ?? due) - attempt.budgetHold).seconds
        }
        dispatchDelay = Quantile.nearestRank(delays.sorted(), 0.99)
        let firstTokens = sent.compactMap { CallMetric.timeToFirstToken.value(of: $0) }.filter(\.isFinite).sorted()
        let tolerated = max(0.005, 0.01 * (Quantile.interpolated(firstTokens, 0.5) ?? 0))
        if let delay = dispatchDelay, delay > tolerated {
            let text =
                "p99 of the delay before sending is \(Self.milliseconds(delay)), tolerated \(Self.milliseconds(tolerated))"
            findings.append(Finding(severity: delay > 0.05 ? .invalid : .warning, text: text))
        }
        // Only while there are calls under way can the loop be too busy for them; hours of waiting excuse nothing.
        let loaded = health.filter { $0.liveTransfers > 0 && $0.length > .zero }
        let length = loaded.reduce(0) { $0 + $1.length.seconds }
        busyShare = length > 0 ? loaded.reduce(0) { $0 + $1.busy.seconds } / length : nil
        let overloadCount = loaded.count { $0.busy.seconds > 0.85 * $0.length.seconds }
        let isOverloaded = overloadCount > 2 && Double(overloadCount) > 0.05 * Double(loaded.count)
        if isOverloaded || (busyShare ?? 0) > 0.85 {
            findings.append(
                Finding(
                    severity: .invalid,
                    text: "the loop worked more than 85 % of the time in \(overloadCount) of \(loaded.count) seconds"))
        }
        let stalls = health.map { max($0.longestTurn, $0.greatestLateness).seconds }
        longestStall = stalls.max()
        let stallCount = stalls.count { $0 > 0.025 }
        if stallCount > 0, let longestStall {
            let isWide = stallCount > 1 && Double(stallCount) > 0.05 * Double(stalls.count)
            let text =
                "the loop stalled for up to \(Self.milliseconds(longestStall)) in \(stallCount) of \(stalls.count) seconds"
            findings.append(Finding(severity: isWide ? .invalid : .warning, text: text))
        }
        self.findings = findings
    }

    private static func milliseconds(_ seconds: Double) -> String { "\(Int((seconds * 1000).rounded(.up))) ms" }
}
