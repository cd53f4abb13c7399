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
    /// True if the plan means all of its endpoints to be played, for it has each of them on a loopback port of its own.
    let isOfLoopback: Bool

    /// Starts a fleet for a plan.
    ///
    /// - Parameters:
    ///   - documents: the plan; each provider is played as its document says under `rehearsal`, else by the persona of its
    ///     name, or by an ordinary one.
    ///   - usesOwnPorts: true to listen where the base URLs say, false to take free ports, wherever the endpoints lie.
    ///   - prepare: gives each member its key, its check of signatures, or its issue of tokens, if all endpoints lie on loopback;
    ///     none by default.
    /// - Throws: ``CommandError`` if an endpoint is to be played on its own port and has none on loopback, or a port is taken.
    init(
        _ documents: DocumentSet, usesOwnPorts: Bool,
        prepare: (inout Fleet.Member, ProviderProfile) -> Void = { _, _ in }
    ) throws(CommandError) {
        let book = PriceBook(documents.prices)
        var members: [Fleet.Member] = []
        var places: [(endpoint: String, path: Substring)] = []
        let ports = documents.plan.endpoints.compactMap { endpoint in
            let provider = documents.providers.first { $0.identifier == endpoint.provider }
            return Self.loopbackPort(endpoint.baseURL ?? provider?.baseURL ?? "")
        }
        isOfLoopback = Set(ports).count == documents.plan.endpoints.count
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
            if isOfLoopback { prepare(&member, provider) }
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

    /// The plan to carry out against the fleet.
    ///
    /// One that has its endpoints on loopback is moved to the fleet's ports, and asks for its keys. Of any other the documents
    /// stay as they are, and nothing of it is sent elsewhere, not even for a token.
    func plan(_ documents: DocumentSet) throws(CommandError) -> Plan {
        if isOfLoopback { return try Plans.plan(try moved(documents)) }
        return try Plans.plan(documents).rehearsed(at: addresses.map(\.url))
    }

    /// The same plan at the ports that the fleet has: wherever a document names a loopback port, the new one is put.
    func moved(_ documents: DocumentSet) throws(CommandError) -> DocumentSet {
        var ports: [(old: String, new: String)] = []
        for (endpoint, port) in zip(documents.plan.endpoints, fleet.ports) {
            let provider = documents.providers.first { $0.identifier == endpoint.provider }
            if let old = Self.loopbackPort(endpoint.baseURL ?? provider?.baseURL ?? "") {
                ports.append(("127.0.0.1:\(old)", "127.0.0.1:\(port)"))
            }
        }
        let sources = documents.sources.map { source in
            guard source.name.hasSuffix(".yaml") || source.name.hasSuffix(".yml") else { return source }
            return DocumentSet.Source(name: source.name, bytes: Self.replaced(source.bytes, ports))
        }
        do throws(Problems) {
            return try DocumentSet(planFile: sources[0].name) { name in sources.first { $0.name == name }?.bytes }
        } catch {
            throw .failed(error.description)
        }
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

    /// Replaces in one pass, so that a new port that equals another old one stays as it is.
    static func replaced(_ bytes: [UInt8], _ pairs: [(old: String, new: String)]) -> [UInt8] {
        let pairs = pairs.map { (old: Array($0.old.utf8), new: Array($0.new.utf8)) }
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let pair = pairs.first { pair in
                let end = position + pair.old.count
                guard bytes[position...].starts(with: pair.old) else { return false }
                // 127.0.0.1:81 must not be found in 127.0.0.1:8101.
                return end == bytes.count || !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[end])
            }
            if let pair {
                result += pair.new
                position += pair.old.count
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return result
    }
}
