import Quantities
import Records

extension CallMetric {
    /// Time to first token (TTFT): first content event of any kind, reasoning included, minus first request byte.
    ///
    /// Events that only carry a role, a usage or a ping are no content.
    public static let timeToFirstToken = CallMetric(
        name: "time_to_first_token", label: "TTFT", unit: .seconds
    ) { attempt in
        guard let sent = attempt.sent, let first = attempt.events.first else { return nil }
        return (first.at - sent).seconds
    }
}
