import Pricing
import Quantities
import Records

/// What one of several models of an endpoint did; the endpoint's own figures are over all of them.
public struct ModelFigures: Sendable {
    /// The model's name in the plan.
    public let name: String
    /// Calls that were sent to it and not ended by ourselves; of a call that was sent several times the first attempt counts.
    public let attemptedCount: Int
    /// Those that succeeded.
    public let successCount: Int
    /// How fast they were.
    public let calls: CallSummaries
    /// Tokens of all attempts.
    public let tokens: TokenTotals
    /// Money of all attempts.
    public let cost: CostTotals

    /// Sums up a model's share.
    ///
    /// - Parameters:
    ///   - name: the model.
    ///   - judged: the endpoint's attempts that count, of any model.
    ///   - calls: the first attempts among them.
    ///   - prices: the endpoint's list prices.
    ///   - isOwn: tells the model's own.
    init(
        _ name: String, judged: [AttemptRow], calls: [AttemptRow], prices: ModelPrices?,
        isOwn: (AttemptRow) -> Bool
    ) {
        self.name = name
        let own = calls.filter(isOwn)
        attemptedCount = own.count
        successCount = own.count { $0.outcome.isSuccess }
        self.calls = CallSummaries(own)
        var tokens = TokenTotals()
        var cost = CostTotals(prices)
        for attempt in judged where isOwn(attempt) {
            tokens.add(attempt)
            cost.add(attempt, at: prices)
        }
        (self.tokens, self.cost) = (tokens, cost)
    }

    /// The share of each model of a plan; none where all calls go to one.
    static func all(
        _ names: [String], judged: [AttemptRow], calls: [AttemptRow], prices: ModelPrices?
    ) -> [ModelFigures] {
        guard names.count > 1 else { return [] }
        return names.map { name in
            ModelFigures(name, judged: judged, calls: calls, prices: prices) { ($0.model ?? names[0]) == name }
        }
    }
}
