/// A point on the monotonic clock of one machine.
///
/// Unit: nanoseconds of CLOCK_MONOTONIC. Only Transport and the writers of ground truth read the clock; everybody else is
/// handed an instant. Instants of different boots or machines must not be compared.
public struct Instant: InstantProtocol, Hashable, Codable, Sendable {
    /// Nanoseconds since the clock's own zero.
    public var nanoseconds: Int64

    /// Makes an instant from a reading of CLOCK_MONOTONIC.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The instant that lies `duration` later (earlier if negative).
    public func advanced(by duration: Duration) -> Instant {
        Instant(nanoseconds: nanoseconds + duration.nanoseconds)
    }

    /// The time from this instant to `other`, negative if `other` is earlier.
    public func duration(to other: Instant) -> Duration {
        .nanoseconds(other.nanoseconds - nanoseconds)
    }

    /// Orders instants by time.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// The time from `right` to `left`.
    public static func - (left: Instant, right: Instant) -> Duration {
        right.duration(to: left)
    }

    /// The instant that lies `duration` after `instant`.
    public static func + (instant: Instant, duration: Duration) -> Instant {
        instant.advanced(by: duration)
    }
}

extension Duration {
    /// The whole nanoseconds of this duration, rounded towards zero.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// This duration in seconds, rounded to the nearest `Double`.
    public var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// This duration in milliseconds, rounded to the nearest `Double`.
    public var milliseconds: Double {
        seconds * 1000
    }
}
