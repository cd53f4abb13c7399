import Quantities
public import Records

/// How often the budget held calls back that were due, and for how long.
///
/// A call is held while it does not fit into the budget beside the calls under way. The load is then not the plan's, which no
/// endpoint is to blame for: what is counted from the time at which a call was due leaves the hold out.
public struct BudgetHolds: Hashable, Sendable {
    /// How many attempts were held.
    public let count: Int
    /// How many could have been: all that were started.
    public let startedCount: Int
    /// The longest hold; zero without any.
    public let longest: Duration

    /// Looks at the attempts of all endpoints.
    public init(_ attempts: [AttemptRow]) {
        let holds = attempts.map(\.budgetHold).filter { $0 > .zero }
        count = holds.count
        startedCount = attempts.count { $0.due != nil }
        longest = holds.max() ?? .zero
    }
}

extension AttemptRow {
    /// When the call was due, or as much later as the budget let it go; nil if it was never due.
    var dueInBudget: Instant? { due.map { $0 + budgetHold } }
}
