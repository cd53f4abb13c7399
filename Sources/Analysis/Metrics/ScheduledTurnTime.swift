import Quantities
import Records

extension CallMetric {
    /// Scheduled turn time: last content event minus the time at which the call was due, free of coordinated omission; what
    /// the budget held the call back for is left out.
    public static let scheduledTurnTime = CallMetric(
        name: "scheduled_turn_time", label: "turn from due", unit: .seconds
    ) { attempt in
        guard let due = attempt.dueInBudget, let last = attempt.lastContent else { return nil }
        return (last.at - due).seconds
    }
}
