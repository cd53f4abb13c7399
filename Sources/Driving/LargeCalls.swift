import Quantities
import Workloads

/// Which calls of a session have so much to be written that it is made before they are due.
///
/// To write a hundred thousand tokens takes some ten milliseconds. Were they written in the moment in which they are due, the
/// call would be sent that much later, and nothing that other calls receive meanwhile could be stamped in time. It is what a
/// call adds that counts: what it keeps of earlier calls is there already.
struct LargeCalls: Sendable {
    /// What is to be written for one call.
    struct Size: Hashable, Sendable {
        /// What the call adds to its context.
        let own: TokenCount
        /// Its agent's prefix.
        let prefix: TokenCount

        /// What has to be written.
        func tokens(hasPrefix: Bool) -> TokenCount { hasPrefix ? own : own + prefix }
    }

    /// To write less is not worth it, unless another limit is wanted.
    static let usualLeastTokens = TokenCount(20_000)

    /// What is smaller is not large.
    let leastTokens: TokenCount
    /// The large calls that depend on nothing.
    let roots: [Int]
    private let sizes: [Int: Size]
    private var dependents: [Int: [Int]] = [:]

    /// Looks through a session.
    init(_ session: Session, _ graph: ContextGraph, leastTokens: TokenCount = usualLeastTokens) {
        self.leastTokens = leastTokens
        var (sizes, roots): ([Int: Size], [Int]) = ([:], [])
        var prefixes: Set<[String]> = []
        for (call, entry) in graph.entries.enumerated() {
            let agent = session.calls[call].agent
            let size = Size(
                own: graph.promptTokens(call, in: session) - entry.keptTokens, prefix: session.prefixTokens(of: agent))
            guard size.tokens(hasPrefix: false) >= leastTokens else { continue }
            // Later calls of an agent find its prefix written, if they go to the same model.
            let isFirst = prefixes.insert([agent, session.calls[call].role]).inserted
            guard size.tokens(hasPrefix: !isFirst) >= leastTokens else { continue }
            sizes[call] = size
            if entry.dependencies.isEmpty { roots.append(call) }
            for dependency in Set(entry.dependencies) { dependents[dependency, default: []].append(call) }
        }
        (self.sizes, self.roots) = (sizes, roots)
    }

    /// The large calls that depend on a call.
    func dependents(of call: Int) -> [Int] { dependents[call] ?? [] }

    /// What is to be written for a call that is large; nil for any other.
    func size(of call: Int) -> Size? { sizes[call] }
}
