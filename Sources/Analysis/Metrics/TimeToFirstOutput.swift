import Quantities
import Records

extension CallMetric {
    /// Time to first output (TTFO): first visible text or tool call minus first request byte; reasoning does not count.
    ///
    /// Infinite for an answer that holds nothing but reasoning, for its user never saw any output.
    public static let timeToFirstOutput = CallMetric(
        name: "time_to_first_output", label: "TTFO", unit: .seconds
    ) { attempt in
        guard let sent = attempt.sent else { return nil }
        guard let first = attempt.events.first(where: { $0.kind != .reasoning }) else { return .infinity }
        return (first.at - sent).seconds
    }
}
