import Quantities

/// Remembers prompts by blocks: a block counts as cached if the same bytes, after the same bytes, came before.
struct PrefixCache: Sendable {
    /// Bytes per block; about 16 tokens, as vLLM has it.
    ///
    /// Of each prompt that is known in part, half a block is lost on average: with 64 tokens a block that would be more than
    /// one per cent of a short prompt.
    static let blockBytes = 61
    /// The most blocks that are remembered; beyond it everything is forgotten at once.
    static let maximumBlockCount = 8_000_000

    let lifetime: Duration
    private var lastUse: [Int: Instant] = [:]

    init(lifetime: Duration) {
        self.lifetime = lifetime
    }

    /// Looks a prompt up, and remembers it.
    ///
    /// - Parameters:
    ///   - prompt: the prompt.
    ///   - model: the model that reads it; each has a cache of its own.
    ///   - limit: how many of its first bytes may be remembered; nil for all.
    ///   - now: the present.
    /// - Returns: how many of its first bytes were known.
    mutating func use(_ prompt: [UInt8], of model: String = "", upTo limit: Int? = nil, at now: Instant) -> Int {
        guard lifetime > .zero else { return 0 }
        if lastUse.count > Self.maximumBlockCount { lastUse.removeAll() }
        var chain = Hasher()
        chain.combine(model)
        var known = 0
        var isKnown = true
        for end in stride(from: Self.blockBytes, through: min(limit ?? prompt.count, prompt.count), by: Self.blockBytes)
        {
            unsafe prompt.withUnsafeBytes { bytes in
                unsafe chain.combine(bytes: UnsafeRawBufferPointer(rebasing: bytes[(end - Self.blockBytes)..<end]))
            }
            let hash = (copy chain).finalize()
            isKnown = isKnown && (lastUse[hash].map { now - $0 <= lifetime } ?? false)
            if isKnown { known = end }
            lastUse[hash] = now
        }
        return known
    }
}
