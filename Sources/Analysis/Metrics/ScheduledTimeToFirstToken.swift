import Quantities
import Records

extension CallMetric {
    /// Scheduled time to first token: first content event of any kind minus the time at which the call was due, free of
    /// coordinated omission; what the budget held the call back for is left out.
    public static let scheduledTimeToFirstToken = CallMetric(
        name: "scheduled_time_to_first_token", label: "TTFT from due", unit: .seconds
    ) { attempt in
        guard let due = attempt.dueInBudget, let first = attempt.events.first else { return nil }
        return (first.at - due).seconds
    }
}
