import Quantities
import Records

extension CallMetric {
    /// Turn time (request latency, E2E): last content event minus first request byte; usage and `[DONE]` do not count.
    public static let turnTime = CallMetric(
        name: "turn_time", label: "turn", unit: .seconds
    ) { attempt in
        guard let sent = attempt.sent, let last = attempt.lastContent else { return nil }
        return (last.at - sent).seconds
    }
}
