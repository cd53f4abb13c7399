public import Profiles
public import Quantities

/// The prices of a plan.
public struct PriceBook: Hashable, Sendable {
    private let rows: [PriceRow]

    /// Makes a book; of two rows for the same thing, which only old run files have, the later one counts.
    public init(_ rows: [PriceRow]) {
        self.rows = rows
    }

    /// The price of a model at a provider.
    ///
    /// - Parameters:
    ///   - model: the model's name in plans.
    ///   - provider: the provider.
    ///   - region: a row of this region is preferred to one without a region; a row of another region never counts.
    /// - Returns: nil if there is none.
    public func price(of model: String, at provider: ProviderIdentifier, region: String?) -> PriceRow? {
        PriceRow.row(of: model, at: provider, region: region, in: rows)
    }
}

/// What calls cost by the list.
public enum Cost {
    /// The price of a usage: fresh, read and written prompt tokens and generated tokens each at their price, plus the fee.
    ///
    /// Reasoning is part of the output and never added again. Cache reads cost the input price where the list has no price
    /// for them, and so do cache writes.
    ///
    /// - Returns: nil if prompt or output tokens are unknown.
    public static func of(_ usage: TokenUsage, at price: PriceRow) -> Money? {
        guard let input = usage.inputTotal, let output = usage.outputTotal else { return nil }
        let read = min(usage.inputCacheRead ?? .zero, input)
        let write = min(usage.inputCacheWrite ?? .zero, input - read)
        let fresh = input - read - write
        return fresh * price.input + read * (price.cacheRead ?? price.input) + write * (price.cacheWrite ?? price.input)
            + output * price.output + (price.perRequest ?? .zero)
    }

    /// The most that a call can cost: nothing cached, all of it written to a cache, the longest answer.
    public static func worst(input: TokenCount, outputLimit: TokenCount, at price: PriceRow) -> Money {
        let dearest = max(price.input, max(price.cacheWrite ?? price.input, price.cacheRead ?? price.input))
        return input * dearest + outputLimit * price.output + (price.perRequest ?? .zero)
    }
}
