public import Quantities

/// How large each prompt is, and what a cache that forgets nothing has seen of it, if a library's sessions are sent one after
/// another.
///
/// Sizes are those that go over the wire: with the salts in front of recorded texts, and with recorded reasoning if it is sent.
/// A plan goes through a library again and again. Prefixes are new only the first time, and so are recorded texts where no salt
/// parts them; what is made up for a session or for a pass is new in each. So all passes after the first are alike.
public struct PromptReuse: Hashable, Sendable {
    private let passes: [[[TokenCount]]]
    private let sizes: PromptSizes

    /// Follows the prompts of a library.
    ///
    /// - Parameters:
    ///   - library: the sessions.
    ///   - graphs: what each call of each session has in its context.
    ///   - sessionCount: how many sessions are sent in all; more than the library has begin it anew.
    ///   - salts: what parts sessions from each other.
    ///   - sendsReasoning: true if recorded reasoning is sent with the answers that it led to.
    public init(
        _ library: SessionLibrary, _ graphs: [ContextGraph], sessionCount: Int, salts: ReuseSalts,
        sendsReasoning: Bool = false
    ) {
        let size = library.sessions.count
        var memory = PromptMemory()
        let assets = PromptAssets(library)
        var passes: [[[TokenCount]]] = [[]]
        for number in 0..<min(sessionCount, 2 * size) {
            let (pass, place) = (number / size, number % size)
            let prompts = PromptPieces(
                library.sessions[place], graphs[place], in: assets, salts: salts,
                additions: sendsReasoning ? .saltsAndReasoning : .salts)
            if pass == passes.count { passes.append([]) }
            passes[pass].append(
                library.sessions[place].calls.indices.map {
                    TokenCount(memory.take($0, of: prompts, number: number, pass: pass).tokens)
                })
            memory.finish(number)
        }
        self.passes = passes
        sizes = PromptSizes(library, graphs, salts: salts, sendsReasoning: sendsReasoning)
    }

    /// The tokens of a call's prompt.
    ///
    /// - Parameters:
    ///   - call: its place in its session.
    ///   - session: the session's place in the library.
    /// - Returns: the tokens.
    public func inputTokens(call: Int, session: Int) -> TokenCount { sizes.inputTokens(call: call, session: session) }

    /// The tokens of a call's prompt that were sent before.
    ///
    /// - Parameters:
    ///   - call: its place in its session.
    ///   - session: the session's place in the library.
    ///   - pass: how often the library has been gone through before; the session must be among those that are sent in it.
    /// - Returns: the tokens.
    public func cachedTokens(call: Int, session: Int, pass: Int) -> TokenCount {
        passes[min(pass, 1)][session][call]
    }
}
