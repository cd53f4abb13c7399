import Quantities

extension PlanProfile {
    /// The model that calls of the role `small` go to, if it is another than ``model``.
    public var secondModel: String? { smallModel == model ? nil : smallModel }

    /// The names of the models that the plan uses, the main one first.
    public var modelNames: [String] { [model] + (secondModel.map { [$0] } ?? []) }
}

extension ProviderProfile {
    /// A model that the provider sells.
    ///
    /// - Parameter name: its name in plans.
    /// - Returns: nil if it is not sold here.
    public func offer(_ name: String) -> ModelOffer? { models.first { $0.name == name } }

    /// What a response must say of who served it, where a given model was asked for.
    ///
    /// - Parameter offer: the model.
    /// - Returns: ``route``, with the names that the model's own entry wants, if it has any.
    public func route(of offer: ModelOffer) -> RouteExpectation {
        var route = route
        if !offer.servedModels.isEmpty { route.servedModels = offer.servedModels }
        return route
    }

    /// True if a request tells which model is to answer it, so that one endpoint can serve two.
    private var isAskedForModels: Bool {
        switch dialect {
        case .openAIChat, .openAIResponses, .anthropicMessages, .dashScope: true
        case .bedrockConverse, .bedrockInvoke, .gemini: path?.contains("{model}") ?? true
        case .tgi: path?.contains("{model}") ?? false
        }
    }

    /// Which models are not sold here, each with those that are.
    func missingOffers(of names: [String]) -> [String] {
        let sold = models.map(\.name).joined(separator: ", ")
        return names.filter { offer($0) == nil }.map {
            "provider '\(identifier)' does not offer the model '\($0)' (it offers: \(sold))"
        }
    }

    /// Why the models of a plan cannot be had here; empty if they can.
    func objections(to plan: PlanProfile) -> [String] {
        let missing = missingOffers(of: plan.modelNames)
        guard missing.isEmpty else { return missing }
        guard let small = plan.secondModel.flatMap(offer), let main = offer(plan.model) else { return [] }
        if !isAskedForModels {
            return [
                "provider '\(identifier)' is not told which model is to answer (dialect \(dialect.rawValue), no {model} in "
                    + "its path), so that 'small_model' could not be had from it"
            ]
        }
        if small.identifier == main.identifier {
            return [
                "provider '\(identifier)' has one id, '\(main.identifier)', for the model '\(main.name)' and the small_model "
                    + "'\(small.name)', so that they are one; leave 'small_model' out to send all calls to it"
            ]
        }
        if !route.servedModels.isEmpty, main.servedModels.isEmpty || small.servedModels.isEmpty {
            return [
                "provider '\(identifier)' has one route.served_model for all models, which cannot prove two; give "
                    + "'served_model' to the entries of '\(main.name)' and '\(small.name)' under models"
            ]
        }
        return []
    }
}
