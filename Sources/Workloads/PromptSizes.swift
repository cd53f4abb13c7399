public import Quantities

/// How large the prompts of a library are as they go over the wire: with the salts in front of recorded texts, and with recorded
/// reasoning if it is sent.
public struct PromptSizes: Hashable, Sendable {
    private let inputs: [[TokenCount]]

    /// Adds prompts up.
    ///
    /// - Parameters:
    ///   - library: the sessions.
    ///   - graphs: what each call of each session has in its context.
    ///   - salts: which salts there are.
    ///   - sendsReasoning: true if recorded reasoning is sent with the answers that it led to.
    public init(_ library: SessionLibrary, _ graphs: [ContextGraph], salts: ReuseSalts, sendsReasoning: Bool) {
        let assets = PromptAssets(library)
        inputs = zip(library.sessions, graphs).map { session, graph in
            let prompts = PromptPieces(
                session, graph, in: assets, salts: salts, additions: sendsReasoning ? .saltsAndReasoning : .salts)
            return session.calls.indices.map(prompts.inputTokens)
        }
    }

    /// The tokens of a call's prompt.
    ///
    /// - Parameters:
    ///   - call: its place in its session.
    ///   - session: the session's place in the library.
    /// - Returns: the tokens.
    public func inputTokens(call: Int, session: Int) -> TokenCount { inputs[session][call] }
}
