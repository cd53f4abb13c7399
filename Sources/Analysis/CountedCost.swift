public import Pricing
public import Quantities
public import Records

/// What the totals count for one attempt, so that anyone can add them up again from the rows.
public struct CountedCost: Hashable, Sendable {
    /// What an amount rests on.
    public enum Basis: String, Sendable {
        /// The usage that the provider told.
        case usage
        /// The planned tokens, nothing cached: the provider took the call and told no usage.
        case plan
        /// The call was refused or never sent.
        case nothing
    }

    /// The amount at list price.
    public let amount: Money
    /// What it rests on.
    public let basis: Basis

    /// Prices an attempt as the model that it was sent to.
    ///
    /// - Returns: nil without a price, and for attempts that were skipped or that we ended ourselves: no total counts them.
    public init?(_ attempt: AttemptRow, at prices: ModelPrices?) {
        guard let price = prices?.price(of: attempt.model), attempt.isAttempted else { return nil }
        if let known = Cost.of(attempt.usage, at: price) {
            (amount, basis) = (known, .usage)
        } else if attempt.isTakenWithoutUsage {
            let output = attempt.events.isEmpty ? .zero : attempt.plannedOutput
            let planned = TokenUsage(inputTotal: attempt.plannedInput, outputTotal: output)
            (amount, basis) = (Cost.of(planned, at: price) ?? .zero, .plan)
        } else {
            (amount, basis) = (.zero, .nothing)
        }
    }
}

extension AttemptRow {
    /// True if the provider took the call, failed or not, and told no usage.
    ///
    /// Only what was refused, or never sent, is known to cost nothing.
    var isTakenWithoutUsage: Bool {
        (usage.inputTotal == nil || usage.outputTotal == nil) && sent != nil && (status ?? 200) < 400
    }
}
