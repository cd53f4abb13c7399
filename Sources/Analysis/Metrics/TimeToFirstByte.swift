import Quantities
import Records

extension CallMetric {
    /// Time to first byte: first byte of the response body minus first request byte, on the monotonic clock.
    public static let timeToFirstByte = CallMetric(
        name: "time_to_first_byte", label: "TTFB", unit: .seconds
    ) { attempt in
        guard let sent = attempt.sent, let first = attempt.firstByte else { return nil }
        return (first - sent).seconds
    }
}
