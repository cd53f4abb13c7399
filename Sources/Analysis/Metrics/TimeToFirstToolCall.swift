import Quantities
import Records

extension CallMetric {
    /// Time to first tool call: the event that names it minus first request byte.
    ///
    /// A successful answer without a tool call has no value; a failed call counts, since it may have been one.
    public static let timeToFirstToolCall = CallMetric(
        name: "time_to_first_tool_call", label: "TT tool", unit: .seconds
    ) { attempt in
        guard let sent = attempt.sent, let first = attempt.events.first(where: { $0.kind == .toolName }) else {
            return nil
        }
        return (first.at - sent).seconds
    }
}
