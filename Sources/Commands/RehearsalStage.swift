import Encodings
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
    ///   - usesOwnPorts: true to listen where the base URLs say, false to take free ports.
    ///   - prepare: gives each member its key, its check of signatures, or its issue of tokens; none by default.
    /// - Throws: ``CommandError`` if an endpoint lies elsewhere than on loopback, or a port is taken.
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
            let url = endpoint.baseURL ?? provider.baseURL
            guard let port = Self.loopbackPort(url) else {
                throw .usage(
                    "\(endpoint.identifier): \(url) is not http://127.0.0.1:PORT…, so the fleet cannot play it")
            }
            let name = provider.identifier.rawValue
            let persona = Persona(
                name: name, profile: provider.rehearsal, models: provider.models.map(\.identifier))
            var member = Fleet.Member(persona: persona, port: usesOwnPorts ? port : 0)
            let region = endpoint.region ?? provider.region
            func price(_ model: String) -> PriceRow? {
                book.price(of: model, at: provider.identifier, region: region)
            }
            member.price = price(documents.plan.model)
            for name in documents.plan.modelNames where documents.plan.secondModel != nil {
                if let offer = provider.offer(name) { member.modelPrices[offer.identifier] = price(name) }
            }
            prepare(&member, provider)
            members.append(member)
            let path = url.dropFirst("http://".count).drop { $0 != "/" }
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
