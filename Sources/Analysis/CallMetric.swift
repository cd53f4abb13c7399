import Quantities
public import Records

/// A figure of one attempted call.
///
/// Times are in seconds and better when small, rates in tokens per second and better when great. A call that failed has the
/// worst value that there is: an infinite time, a rate of zero. So quantiles stay honest: who drops slow calls gains nothing.
public struct CallMetric: Sendable {
    /// The unit of a metric.
    public enum Unit: String, Sendable {
        /// Seconds.
        case seconds = "s"
        /// Tokens per second.
        case tokensPerSecond = "tokens/s"
    }

    /// The name in exports, such as `time_to_first_token`.
    public let name: String
    /// The name in tables.
    public let label: String
    /// The unit.
    public let unit: Unit
    /// The value of a call that succeeded; nil where it has none.
    let valueOfSuccess: @Sendable (AttemptRow) -> Double?

    /// True for times, false for rates.
    public var isBetterWhenLower: Bool { unit == .seconds }

    /// The value of a call.
    ///
    /// - Parameter attempt: a call that was sent and that we did not end ourselves.
    /// - Returns: nil if the metric does not apply to the call, or is a speed of writing and the answer ended before the length
    ///   at which all were to be compared.
    public func value(of attempt: AttemptRow) -> Double? {
        isSpeedOfWriting && attempt.hasEndedEarly ? nil : valueAlone(of: attempt)
    }

    /// True if it tells how fast a model writes.
    private var isSpeedOfWriting: Bool { name == Self.decodeRate.name || name == Self.timePerOutputToken.name }

    /// The value of a call by itself, to be held against a limit and not against other calls.
    ///
    /// - Parameter attempt: a call that was sent and that we did not end ourselves.
    /// - Returns: nil if the metric does not apply to the call.
    func valueAlone(of attempt: AttemptRow) -> Double? {
        guard attempt.outcome.isSuccess else { return isBetterWhenLower ? .infinity : 0 }
        return attempt.outcome == .hungUp ? valueOfBeginning(attempt) : valueOfSuccess(attempt)
    }

    /// What an answer tells that was cut short by us: when it began, and nothing of what might have followed.
    ///
    /// One that had not begun when its time was up is no better than none. One that had only reasoned tells no time to its
    /// first output: that we did not wait for it is not the endpoint's doing.
    private func valueOfBeginning(_ attempt: AttemptRow) -> Double? {
        switch name {
        case Self.timeToFirstToken.name, Self.scheduledTimeToFirstToken.name:
            attempt.events.isEmpty ? .infinity : valueOfSuccess(attempt)
        case Self.timeToFirstByte.name: attempt.firstByte == nil ? .infinity : valueOfSuccess(attempt)
        case Self.timeToFirstOutput.name, Self.timeToFirstToolCall.name:
            attempt.events.isEmpty ? .infinity : valueOfSuccess(attempt).flatMap { $0.isFinite ? $0 : nil }
        default: nil
        }
    }

    /// All metrics in the order of the tables.
    public static let all: [CallMetric] = [
        timeToFirstByte, timeToFirstToken, scheduledTimeToFirstToken, timeToFirstOutput, timeToFirstToolCall,
        timePerOutputToken, longestStall, turnTime, scheduledTurnTime, closeDelay, decodeRate, turnRate,
    ]
}

extension AttemptRow {
    /// Seconds that the call had to wait after it was due, because a cap left no room for its session in an open loop; zero
    /// in a closed one.
    ///
    /// The sessions before it caused that wait, and so the endpoint did: its predecessor delay.
    var predecessorDelay: Double {
        guard let due, let predecessorEnd else { return 0 }
        return max(0, (predecessorEnd - due).seconds)
    }

    /// The last content event.
    var lastContent: ContentEvent? { events.last }
}
