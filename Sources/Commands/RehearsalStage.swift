import Encodings
import Planning
import Pricing
import Profiles
import Quantities
import Rehearsal
import Statistics

/// The fleet that plays the endpoints of a plan.
struct RehearsalStage {
    let fleet: Fleet
    /// The endpoints' names, and where the fleet plays them.
    let addresses: [(endpoint: String, url: String)]

    /// Starts a fleet for a plan.
    ///
    /// - Parameters:
    ///   - documents: the plan; each provider is played as its document says under `rehearsal`, else by the persona of its
    ///     name, or by an ordinary one.
    ///   - usesOwnPorts: true to listen where the base URLs say, false to take free ports, wherever the endpoints lie.
    ///   - prepare: gives each member its key, its check of signatures, or its issue of tokens; none by default.
    /// - Throws: ``CommandError`` if an endpoint is to be played on its own port and has none on loopback, or a port is taken.
    init(
        _ documents: DocumentSet, usesOwnPorts: Bool,
        prepare: (inout Fleet.Member, ProviderProfile) -> Void = { _, _ in }
    ) throws(CommandError) {
        let book = PriceBook(documents.prices)
        var members: [Fleet.Member] = []
        var places: [(endpoint: String, path: Substring)] = []
        for endpoint in documents.plan.endpoints {
            guard let provider = documents.providers.first(where: { $0.identifier == endpoint.provider }) else {
                continue
            }
            let region = endpoint.region ?? provider.region
            let url = provider.filled(
                endpoint.baseURL ?? provider.baseURL, region: region, parameters: endpoint.parameters
            ).text
            let port = Self.loopbackPort(url)
            guard !usesOwnPorts || port != nil else {
                throw .usage(
                    "\(endpoint.identifier): \(url) is not http://127.0.0.1:PORT…, so the fleet cannot be reached there; "
                        + "'submeter demo --plan PLAN' carries out any plan against it")
            }
            let name = provider.identifier.rawValue
            let persona = Persona(
                name: name, profile: provider.rehearsal, models: provider.models.map(\.identifier))
            var member = Fleet.Member(persona: persona, port: usesOwnPorts ? port ?? 0 : 0)
            func price(_ model: String) -> PriceRow? {
                book.price(of: model, at: provider.identifier, region: region)
            }
            member.price = price(documents.plan.model)
            for name in documents.plan.modelNames where documents.plan.secondModel != nil {
                if let offer = provider.offer(name) { member.modelPrices[offer.identifier] = price(name) }
            }
            prepare(&member, provider)
            members.append(member)
            let path = url.drop { $0 != ":" }.dropFirst("://".count).drop { $0 != "/" }
            places.append((endpoint.identifier.rawValue, path))
        }
        do throws(FleetError) {
            fleet = try Fleet(members, seed: Seed(UInt64(documents.plan.seed)).derived("fleet"))
        } catch {
            throw .failed(error.description)
        }
        addresses = zip(places, fleet.ports).map { place, port in
            (endpoint: place.endpoint, url: "http://127.0.0.1:\(port)\(place.path)")
        }
    }

    /// The plan to carry out against the fleet: its documents are as they are, and nothing of it is sent elsewhere, not even for
    /// a token.
    func plan(_ documents: DocumentSet) throws(CommandError) -> Plan {
        try Plans.plan(documents).rehearsed(at: addresses.map(\.url))
    }

    /// One line of JSON per request that was played.
    var groundTruth: [UInt8] {
        var bytes: [UInt8] = []
        for truth in fleet.truths {
            truth.json.append(to: &bytes)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// The port of `http://127.0.0.1:PORT/…`.
    static func loopbackPort(_ url: String) -> UInt16? {
        let start = "http://127.0.0.1:"
        guard url.hasPrefix(start) else { return nil }
        return UInt16(url.dropFirst(start.count).prefix { $0.isASCII && $0.isNumber })
    }
}
