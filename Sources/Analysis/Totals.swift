public import Quantities
import Pricing
import Records

/// Tokens of an endpoint's calls; unknown counts are left out and said to be, never taken as zero.
public struct TokenTotals: Hashable, Sendable {
    /// Prompt tokens of the calls that told them.
    public var input = TokenCount.zero
    /// Tokens read from a cache, over the calls that told them without contradiction.
    public var cacheRead = TokenCount.zero
    /// Prompt tokens of those calls.
    public var inputWhereCacheIsKnown = TokenCount.zero
    /// Tokens that an ideal cache would have held, by the plan, over those calls.
    public var plannedCached = TokenCount.zero
    /// Prompt tokens of those calls by the plan's own count.
    public var plannedInput = TokenCount.zero
    /// How many calls those are.
    public var callsTellingCache = 0
    /// Generated tokens of the calls that told them.
    public var output = TokenCount.zero
    /// Reasoning tokens, over the calls that told them without contradiction.
    public var reasoning = TokenCount.zero
    /// Generated tokens of those calls, reasoning included.
    public var outputWhereReasoningIsKnown = TokenCount.zero
    /// How many calls those are.
    public var callsTellingReasoning = 0
    /// Attempts that the provider took, failed ones included, and of which it told no usage.
    public var callsWithoutUsage = 0
    /// Calls whose provider's totals contradict each other.
    public var ambiguousCalls = 0

    /// Cached tokens of all prompt tokens where both are known, from 0 to 1; nil where nothing is known.
    public var cacheShare: Double? {
        inputWhereCacheIsKnown > .zero ? Double(cacheRead.value) / Double(inputWhereCacheIsKnown.value) : nil
    }

    /// The share of the prompts that a cache would hold which forgets nothing, by the plan; nil where nothing is known.
    public var idealCacheShare: Double? {
        plannedInput > .zero ? Double(plannedCached.value) / Double(plannedInput.value) : nil
    }

    /// Reasoning tokens of all output tokens where both are known, from 0 to 1; nil where nothing is known.
    public var reasoningShare: Double? {
        outputWhereReasoningIsKnown > .zero
            ? Double(reasoning.value) / Double(outputWhereReasoningIsKnown.value) : nil
    }

    mutating func add(_ attempt: AttemptRow) {
        let usage = attempt.usage
        if usage.isAmbiguous { ambiguousCalls += 1 }
        if attempt.isTakenWithoutUsage { callsWithoutUsage += 1 }
        input += usage.inputTotal ?? .zero
        output += usage.outputTotal ?? .zero
        if let read = usage.inputCacheRead, let total = usage.inputTotal, !usage.isAmbiguous {
            cacheRead += read
            inputWhereCacheIsKnown += total
            plannedCached += attempt.plannedCached
            plannedInput += attempt.plannedInput
            callsTellingCache += 1
        }
        if let thought = usage.outputReasoning, let total = usage.outputTotal, !usage.isAmbiguous {
            reasoning += thought
            outputWhereReasoningIsKnown += total
            callsTellingReasoning += 1
        }
    }
}

/// Money of an endpoint's calls, by the list prices of the plan.
public struct CostTotals: Hashable, Sendable {
    /// All attempts, failed ones included; nil without a price.
    public var list: Money?
    /// Attempts that the provider took and of which it told no usage, so that the list price of the planned tokens stands
    /// for them.
    public var estimatedCalls = 0
    /// What the provider says it charged, over the calls that it says it of.
    public var reported = Money.zero
    /// The list price of those calls.
    public var listWhereReported = Money.zero
    /// How many those are.
    public var reportedCalls = 0

    /// Reported cost over list price, minus one; nil where the provider reports none.
    public var overhead: Double? {
        guard reportedCalls > 0, listWhereReported > .zero else { return nil }
        return reported.dollars / listWhereReported.dollars - 1
    }

    init(_ prices: ModelPrices?) {
        list = prices == nil ? nil : .zero
    }

    /// Adds an attempt.
    mutating func add(_ attempt: AttemptRow, at prices: ModelPrices?) {
        guard let cost = CountedCost(attempt, at: prices) else { return }
        if cost.basis == .usage, let said = attempt.reportedCost {
            reported += said
            listWhereReported += cost.amount
            reportedCalls += 1
        }
        if cost.basis == .plan { estimatedCalls += 1 }
        list = (list ?? .zero) + cost.amount
    }
}
