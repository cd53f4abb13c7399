public import Quantities

/// What a cache that forgets nothing has seen of each prompt, if a library's sessions are sent once, in their order.
///
/// Where a call names no blocks, that is what it keeps of its own session, and its prefix; see
/// ``ContextGraph/cachedTokens(_:in:)``. Where it names them, it is also the longest beginning of blocks that earlier calls sent.
public struct BlockReuse: Hashable, Sendable {
    private let tokens: [[TokenCount]]

    private struct Block: Hashable {
        let prefix: String
        let owner: Int?
        let identifier: Int
    }

    /// Follows the blocks through a library.
    ///
    /// - Parameters:
    ///   - library: the sessions.
    ///   - graphs: what each call of each session has in its context.
    public init(_ library: SessionLibrary, _ graphs: [ContextGraph]) {
        var seen: Set<Block> = []
        tokens = zip(library.sessions, graphs).enumerated().map { index, pair in
            let (session, graph) = pair
            return session.calls.indices.map { place in
                let call = session.calls[place]
                let kept = graph.cachedTokens(place, in: session)
                guard !call.blocks.isEmpty else { return kept }
                let prefix = session.prefixKey(of: call.agent, owner: "\(index)")
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
    ///   - session: the session's place in the library.
    /// - Returns: the tokens.
    public func cachedTokens(call: Int, session: Int) -> TokenCount { tokens[session][call] }
}
