import Analysis
import Quantities

/// The warning that the budget held calls back, so that the load was not the plan's.
enum BudgetHoldNotice {
    /// What to say; nil if no call was held.
    static func text(_ holds: BudgetHolds) -> String? {
        guard holds.count > 0 else { return nil }
        return
            "The budget held back \(Figures.count(holds.count)) of \(Figures.counted(holds.startedCount, "attempt")), for "
            + "\(Figures.fixed(holds.longest.seconds, 3)) s at most, until calls under way had left enough of it: the load "
            + "was lower than the plan's. Times from when a call was due leave this out; times of whole sessions do not."
    }
}
