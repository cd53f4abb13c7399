public import Quantities

/// What a cache that forgets nothing has seen of each prompt, if a library's sessions are sent once, in their order.
///
/// Where a call names no blocks, that is what it keeps of its own session, and its prefix; see
/// ``ContextGraph/cachedTokens(_:in:)``. Where it names them, it is also the longest beginning of blocks that earlier calls sent.
public struct BlockReuse: Hashable, Sendable {
    private let tokens: [[TokenCount]]

    private struct Block: Hashable {
        let prefix: Int
        let owner: Int?
        let identifier: Int
    }

    /// Follows the blocks through a library.
    ///
    /// - Parameters:
    ///   - library: the sessions.
    ///   - graphs: what each call of each session has in its context.
    ///   - sessionCount: how many of them are sent.
    public init(_ library: SessionLibrary, _ graphs: [ContextGraph], sessionCount: Int) {
        var seen: Set<Block> = []
        var prefixes: [String: Int] = [:]
        tokens = zip(library.sessions, graphs).prefix(sessionCount).enumerated().map { index, pair in
            let (session, graph) = pair
            return session.calls.indices.map { place in
                let call = session.calls[place]
                let kept = graph.cachedTokens(place, in: session)
                guard !call.blocks.isEmpty else { return kept }
                let key = session.prefixKey(of: call.agent, owner: "\(index)")
                let prefix = prefixes[key, default: prefixes.count]
                prefixes[key] = prefix
                let owner = session.share == .session ? index : nil
                var knownCount = 0
                for (position, identifier) in call.blocks.joined().enumerated() {
                    let block = Block(prefix: prefix, owner: owner, identifier: identifier)
                    if !seen.insert(block).inserted, knownCount == position { knownCount += 1 }
                }
                let known = min(TokenCount(knownCount * library.blockTokens), call.input)
                return graph.entries[place].kept.isEmpty ? known : max(known, kept)
            }
        }
    }

    /// The tokens of a call's prompt that were seen before.
    ///
    /// - Parameters:
    ///   - call: its place in its session.
    ///   - session: the session's place in the library, among those that are sent.
    /// - Returns: the tokens.
    public func cachedTokens(call: Int, session: Int) -> TokenCount { tokens[session][call] }
}
