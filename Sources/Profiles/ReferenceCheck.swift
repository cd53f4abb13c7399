import Encodings
import Quantities

/// Holds the documents of a plan against one another.
///
/// What is in doubt since something is wrong with it is held against nothing: a fault that may be gone once another is mended
/// is none of its own.
extension DocumentCollection {
    /// Reports endpoints whose provider is not there, or cannot do what the plan wants.
    mutating func checkEndpoints() {
        guard let reading = plan, case .plan(let plan)? = reading.document else { return }
        for (index, endpoint) in plan.endpoints.enumerated() where reading.isKnown("endpoints[\(index)].provider") {
            guard let (provider, document) = provider(of: endpoint) else {
                if hasAllProviders { report(unknownProvider(endpoint)) }
                continue
            }
            let place = "endpoints[\(index)]"
            let ownKeys = ["base_url", "region", "parameters"].map { "\(place).\($0)" }
            if ownKeys.allSatisfy({ reading.isKnown($0) }),
                ["base_url", "path", "region", "parameters"].allSatisfy({ document.isKnown($0) })
            {
                for problem in missingParts(endpoint, provider) { report(problem) }
                for problem in strayParameters(endpoint, provider) { forbid(problem) }
            }
            let lengthKeys = ["dialect", "request"]
            if reading.isKnown("output_length"), lengthKeys.allSatisfy({ document.isKnown($0) }),
                let objection = provider.objection(to: plan.outputLength)
            {
                report(problem(of: endpoint, objection))
            }
            for message in modelFaults(plan, reading, provider, document) { report(problem(of: endpoint, message)) }
        }
    }

    /// Reports endpoints without a price where the plan has a budget.
    mutating func checkPrices() {
        guard hasAllPrices, let reading = plan, case .plan(let plan)? = reading.document, reading.isKnown("budget")
        else {
            return
        }
        let models = knownModels(plan, reading)
        for (index, endpoint) in plan.endpoints.enumerated() {
            let place = "endpoints[\(index)]"
            guard ["provider", "region"].allSatisfy({ reading.isKnown("\(place).\($0)") }),
                let (provider, document) = provider(of: endpoint), document.isKnown("region"),
                document.tellsModels(provider)
            else { continue }
            let offered = models.filter { provider.offer($0) != nil }
            plan.missingPrice(endpoint, provider, prices, models: offered, planFile: planFile).map { report($0) }
        }
    }

    /// Reports what is wrong with the sessions, if it is known where they come from.
    mutating func checkWorkload(_ fault: (WorkloadProfile, [UInt8]?) -> String?) {
        guard let (profile, file, reading) = workload,
            ["generator", "sessions_file"].allSatisfy({ reading.isKnown($0) })
        else { return }
        if case .sessions = profile.origin, sessionFile == nil { return }
        if let message = fault(profile, sessionFile) { report(profile.problem(of: file, message)) }
    }

    private func provider(of endpoint: EndpointProfile) -> (profile: ProviderProfile, reading: DocumentReading)? {
        providers.first { $0.profile.identifier == endpoint.provider && $0.reading.isKnown("name") }
    }

    private func problem(of endpoint: EndpointProfile, _ message: String, key: String = "") -> Problem {
        Problem(
            file: planFile, mark: endpoint.mark.mark, path: "endpoints.\(endpoint.identifier)\(key)", message: message)
    }

    private func unknownProvider(_ endpoint: EndpointProfile) -> Problem {
        let names = providers.map(\.profile.identifier.rawValue)
        let near =
            Suggestion.nearest(to: endpoint.provider.rawValue, among: names).map { "; did you mean '\($0)'?" } ?? ""
        return problem(
            of: endpoint,
            "no provider document is named '\(endpoint.provider)'\(near) (known: \(names.joined(separator: ", ")))")
    }

    /// What the URL of an endpoint lacks, or what is wrong with it once it lacks nothing.
    private func missingParts(_ endpoint: EndpointProfile, _ provider: ProviderProfile) -> [Problem] {
        let region = endpoint.region ?? provider.region
        let filled = [endpoint.baseURL ?? provider.baseURL, provider.path ?? ""].map {
            provider.filled($0, region: region, parameters: endpoint.parameters)
        }
        var problems = Set(filled.flatMap(\.missing)).sorted().map { name in
            problem(
                of: endpoint, "is missing; the URL of provider '\(provider.identifier)' needs it",
                key: name == "region" ? ".region" : ".parameters.\(name)")
        }
        if !areRecorded, filled[0].missing.isEmpty, let fault = BaseURL.fault(filled[0].text) {
            // What stands before an @ may be a secret.
            let isShown = !filled[0].text.contains("@")
            let url = isShown ? "the URL '\(SecretURL.shown(filled[0].text))', which" : "a URL that"
            problems.append(problem(of: endpoint, "has \(url) \(fault)"))
        }
        return problems
    }

    /// Parameters of an endpoint that none of its URLs has, as slips of the pen are.
    private func strayParameters(_ endpoint: EndpointProfile, _ provider: ProviderProfile) -> [Problem] {
        let urls = [provider.baseURL, endpoint.baseURL ?? "", provider.path ?? ""]
        let names = Set(urls.flatMap(ProviderProfile.placeholders)).sorted()
        return endpoint.parameters.keys.sorted().filter { !names.contains($0) }.map { name in
            let near = Suggestion.nearest(to: name, among: names).map { "; did you mean '\($0)'?" } ?? ""
            let known =
                names.isEmpty ? "there are no names in braces" : "names there: \(names.joined(separator: ", "))"
            return problem(
                of: endpoint, "stands in no URL of provider '\(provider.identifier)'\(near) (\(known))",
                key: ".parameters.\(name)")
        }
    }

    /// Why the models of the plan cannot be had from a provider.
    private func modelFaults(
        _ plan: PlanProfile, _ reading: DocumentReading, _ provider: ProviderProfile, _ document: DocumentReading
    ) -> [String] {
        let keys = ["models", "dialect", "path", "route"]
        if ["model", "small_model"].allSatisfy({ reading.isKnown($0) }), keys.allSatisfy({ document.isKnown($0) }) {
            return provider.objections(to: plan)
        }
        return document.tellsModels(provider) ? provider.missingOffers(of: knownModels(plan, reading)) : []
    }

    /// The plan's models whose names are beyond doubt.
    private func knownModels(_ plan: PlanProfile, _ reading: DocumentReading) -> [String] {
        let names = [("model", plan.model), ("small_model", plan.smallModel)].compactMap { key, name in
            reading.isKnown(key) ? name : nil
        }
        return names.first == names.last ? Array(names.prefix(1)) : names
    }
}

extension DocumentReading {
    /// True if there is no doubt which models a provider's document names.
    fileprivate func tellsModels(_ provider: ProviderProfile) -> Bool {
        isKnown("models", withParts: false) && provider.models.indices.allSatisfy { isKnown("models[\($0)].name") }
    }
}

extension PlanProfile {
    /// What a budget lacks to be kept at an endpoint; nil if there is no budget, or a price for every model.
    func missingPrice(
        _ endpoint: EndpointProfile, _ provider: ProviderProfile, _ prices: [PriceRow], models: [String],
        planFile: String
    ) -> Problem? {
        guard budget != nil else { return nil }
        let region = endpoint.region ?? provider.region
        let missing = models.filter {
            PriceRow.row(of: $0, at: provider.identifier, region: region, in: prices) == nil
        }
        guard !missing.isEmpty else { return nil }
        let names = missing.map { $0 == model ? "the model '\($0)'" : "the small_model '\($0)'" }
        return Problem(
            file: planFile, mark: endpoint.mark.mark, path: "endpoints.\(endpoint.identifier)",
            message:
                "has no price of \(names.joined(separator: " and of ")), so that 'budget' cannot be kept; give it a row "
                + "in a price document, of 0 USD if it costs nothing")
    }
}
