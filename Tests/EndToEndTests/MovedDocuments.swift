import Profiles

@testable import Commands

extension RehearsalStage {
    /// The same plan at the ports that the fleet has: wherever a document names a loopback port, the new one is put, so that
    /// credentials and tokens are asked for as they would be elsewhere.
    func moved(_ documents: DocumentSet) throws -> DocumentSet {
        var ports: [(old: String, new: String)] = []
        for (endpoint, port) in zip(documents.plan.endpoints, fleet.ports) {
            let provider = documents.providers.first { $0.identifier == endpoint.provider }
            if let old = Self.loopbackPort(endpoint.baseURL ?? provider?.baseURL ?? "") {
                ports.append(("127.0.0.1:\(old)", "127.0.0.1:\(port)"))
            }
        }
        let texts = Dictionary(
            uniqueKeysWithValues: documents.sources.map { source in
                (source.name, Self.replaced(String(decoding: source.bytes, as: UTF8.self), ports))
            })
        return try DocumentSet(planFile: documents.sources[0].name) { texts[$0].map { Array($0.utf8) } }
    }

    /// Replaces by way of marks, so that a new port that equals another old one stays as it is.
    private static func replaced(_ text: String, _ pairs: [(old: String, new: String)]) -> String {
        let marked = pairs.enumerated().reduce(text) { $0.replacing($1.element.old, with: "<port \($1.offset)>") }
        return pairs.enumerated().reduce(marked) { $0.replacing("<port \($1.offset)>", with: $1.element.new) }
    }
}
