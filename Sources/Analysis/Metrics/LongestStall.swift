import Quantities
import Records

extension CallMetric {
    /// The longest time between two content events of a call; no value for an answer of one event.
    public static let longestStall = CallMetric(
        name: "longest_stall", label: "stall", unit: .seconds
    ) { attempt in
        zip(attempt.events, attempt.events.dropFirst()).map { ($1.at - $0.at).seconds }.max()
    }
}
