public import Quantities

/// What a cache that forgets nothing has seen of each prompt, if a library's sessions are sent one after another.
///
/// A plan goes through a library again and again. Prefixes are new only the first time, and so are recorded texts where no salt
/// parts them; what is made up for a session or for a pass is new in each. So all passes after the first are alike.
public struct PromptReuse: Hashable, Sendable {
    private let passes: [[[TokenCount]]]

    /// Follows the prompts of a library.
    ///
    /// - Parameters:
    ///   - library: the sessions.
    ///   - graphs: what each call of each session has in its context.
    ///   - sessionCount: how many sessions are sent in all; more than the library has begin it anew.
    ///   - salts: what parts sessions from each other.
    public init(_ library: SessionLibrary, _ graphs: [ContextGraph], sessionCount: Int, salts: ReuseSalts) {
        let size = library.sessions.count
        var memory = PromptMemory()
        let assets = PromptAssets(library)
        var passes: [[[TokenCount]]] = [[]]
        for number in 0..<min(sessionCount, 2 * size) {
            let (pass, place) = (number / size, number % size)
            let prompts = PromptPieces(library.sessions[place], graphs[place], in: assets, salts: salts)
            if pass == passes.count { passes.append([]) }
            passes[pass].append(
                library.sessions[place].calls.indices.map {
                    TokenCount(memory.take($0, of: prompts, number: number, pass: pass).tokens)
                })
            memory.finish(number)
        }
        self.passes = passes
    }

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
