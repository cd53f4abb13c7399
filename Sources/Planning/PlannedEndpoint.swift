import Pricing
public import Profiles
public import Quantities
public import Workloads

/// A model of an endpoint, with what it costs there.
public struct PlannedModel: Hashable, Sendable {
    /// The model as the provider sells it.
    public let offer: ModelOffer
    /// The list price; nil if no document has one.
    public let price: PriceRow?
}

/// One endpoint of a plan with all that is needed to call it and to price it.
public struct PlannedEndpoint: Hashable, Sendable {
    /// The name in tables.
    public let identifier: EndpointIdentifier
    /// The provider.
    public private(set) var provider: ProviderProfile
    /// The plan's `model`.
    public private(set) var main: PlannedModel
    /// The plan's `small_model`; nil if it has none, or the same one.
    public private(set) var small: PlannedModel?
    /// Where requests go.
    public private(set) var baseURL: String
    /// A path in place of the dialect's own, with `{model}` left in it.
    public let path: String?
    /// The region.
    public let region: String?

    /// Makes an endpoint of a plan; nil if its documents lack the provider or a model.
    init?(_ profile: EndpointProfile, _ documents: DocumentSet, _ book: PriceBook) {
        guard let provider = documents.providers.first(where: { $0.identifier == profile.provider }) else { return nil }
        let region = profile.region ?? provider.region
        let models = documents.plan.modelNames.compactMap { name in
            provider.offer(name).map { offer in
                PlannedModel(offer: offer, price: book.price(of: name, at: provider.identifier, region: region))
            }
        }
        guard let main = models.first, models.count == documents.plan.modelNames.count else { return nil }
        identifier = profile.identifier
        self.provider = provider
        self.main = main
        small = models.count > 1 ? models[1] : nil
        baseURL =
            provider.filled(profile.baseURL ?? provider.baseURL, region: region, parameters: profile.parameters).text
        path = provider.path.map { provider.filled($0, region: region, parameters: profile.parameters).text }
        self.region = region
    }

    /// The same endpoint played elsewhere: without a credential, and without a proof of who served it.
    func rehearsed(at url: String) -> PlannedEndpoint {
        func unproved(_ model: PlannedModel) -> PlannedModel {
            var offer = model.offer
            offer.servedModels = []
            return PlannedModel(offer: offer, price: model.price)
        }
        var copy = self
        copy.baseURL = url
        copy.provider.authentication = .none
        copy.provider.route = ProviderProfile.RouteExpectation()
        (copy.main, copy.small) = (unproved(main), small.map(unproved))
        return copy
    }

    /// The models, the main one first.
    public var models: [PlannedModel] { [main] + [small].compactMap(\.self) }

    /// True if each of its models has a price, so that it has a cost.
    public var isPriced: Bool { models.allSatisfy { $0.price != nil } }

    /// The model that a call goes to.
    ///
    /// - Parameter call: the call.
    /// - Returns: the small one for a call that is meant for it, if there is one.
    public func model(of call: Call) -> PlannedModel { call.isForSmallModel ? small ?? main : main }
}
