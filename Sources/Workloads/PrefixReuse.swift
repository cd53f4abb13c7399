import Quantities

/// What a cache of prompts could hold of a library's input, if its sessions ran once.
///
/// A cache that forgets nothing sees the sessions one after another, by their starts where all are known, as in a plan that
/// goes through the library once. The salts of tenants and sessions are on, as in a plan that does not say otherwise. One that
/// forgets what was not used for ``PromptMemory/lifetime`` sees the calls in the order of their times.
struct PrefixReuse: Hashable, Sendable {
    /// Input tokens that a cache holds which forgets nothing and is shared by all sessions.
    private(set) var idealTokens = 0
    /// The same for one that forgets.
    private(set) var freshTokens = 0

    init(_ library: SessionLibrary, salts: ReuseSalts = ReuseSalts()) {
        let library = library.inOrderOfStarts
        let assets = PromptAssets(library)
        let prompts = library.sessions.map { PromptPieces($0, ContextGraph($0), in: assets, salts: salts) }
        var memory = PromptMemory()
        for (number, session) in prompts.enumerated() {
            for call in session.session.calls.indices {
                idealTokens += memory.take(call, of: session, number: number).tokens
            }
            memory.finish(number)
        }
        takeByTime(prompts)
    }

    private mutating func takeByTime(_ prompts: [PromptPieces]) {
        var timed: [(start: Duration, number: Int, call: Int)] = []
        for (number, session) in prompts.enumerated() {
            for (call, start) in Self.starts(session).enumerated() { timed.append((start, number, call)) }
        }
        timed.sort { ($0.start, $0.number, $0.call) < ($1.start, $1.number, $1.call) }
        var memory = PromptMemory()
        for (start, number, call) in timed {
            let end = start + (prompts[number].session.calls[call].recorded.duration ?? .zero)
            freshTokens +=
                memory.take(call, of: prompts[number], number: number, at: start, until: end).freshTokens
        }
    }

    /// When each call begins, if each takes as long as was recorded, or no time.
    private static func starts(_ prompts: PromptPieces) -> [Duration] {
        let session = prompts.session
        var starts: [Duration] = []
        for (index, call) in session.calls.enumerated() {
            let ends = prompts.graph.entries[index].dependencies.map {
                starts[$0] + (session.calls[$0].recorded.duration ?? .zero)
            }
            starts.append((ends.max() ?? session.start ?? .zero) + call.wait)
        }
        return starts
    }
}
