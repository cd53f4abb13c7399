public import Profiles
import Quantities

/// What the models of one endpoint cost by the list.
public struct ModelPrices: Hashable, Sendable {
    /// The price of the plan's `model`.
    public let main: PriceRow
    /// The price of its `small_model`; nil if it has none.
    public let small: PriceRow?

    /// Puts prices together.
    ///
    /// - Parameters:
    ///   - main: the price of the plan's `model`.
    ///   - small: the price of its `small_model`, if it has one.
    public init(main: PriceRow, small: PriceRow? = nil) {
        self.main = main
        self.small = small
    }

    /// The price of the model that a call was sent to.
    ///
    /// - Parameter model: its name in the plan; nil, in records that do not tell it, is the main one.
    /// - Returns: nil for a model that the plan does not have.
    public func price(of model: String?) -> PriceRow? {
        guard let model, model != main.model else { return main }
        return model == small?.model ? small : nil
    }

    /// Where the prices were read and when, each place once.
    public var sources: [String] {
        let all = [main, small].compactMap(\.self).map { "\($0.source), \($0.date)" }
        return all.enumerated().filter { !all[..<$0.offset].contains($0.element) }.map(\.element)
    }
}

extension PriceBook {
    /// The prices of a plan's endpoints, in the plan's order; nil for those of which a model has none.
    ///
    /// An endpoint of which only one of two models has a price has no cost: half of it would pass for the whole.
    public static func prices(of documents: DocumentSet) -> [ModelPrices?] {
        let book = PriceBook(documents.prices)
        let plan = documents.plan
        return plan.endpoints.map { endpoint in
            let provider = documents.providers.first { $0.identifier == endpoint.provider }
            let region = endpoint.region ?? provider?.region
            let rows = plan.modelNames.map { book.price(of: $0, at: endpoint.provider, region: region) }
            guard let main = rows.first ?? nil, !rows.contains(nil) else { return nil }
            return ModelPrices(main: main, small: rows.count > 1 ? rows[1] : nil)
        }
    }
}
