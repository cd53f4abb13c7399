import Quantities

/// Remembers prompts by blocks: a block counts as cached if the same bytes, after the same bytes, came before.
struct PrefixCache: Sendable {
    /// Bytes per block; about 64 tokens.
    static let blockBytes = 244
    /// The most blocks that are remembered; beyond it everything is forgotten at once.
    static let maximumBlockCount = 2_000_000

    let lifetime: Duration
    private var lastUse: [UInt64: Instant] = [:]

    init(lifetime: Duration) {
        self.lifetime = lifetime
    }

    /// Looks a prompt up, and remembers it.
    ///
    /// - Parameters:
    ///   - prompt: the prompt.
    ///   - limit: how many of its first bytes may be remembered; nil for all.
    ///   - now: the present.
    /// - Returns: how many of its first bytes were known.
    mutating func use(_ prompt: [UInt8], upTo limit: Int? = nil, at now: Instant) -> Int {
        guard lifetime > .zero else { return 0 }
        if lastUse.count > Self.maximumBlockCount { lastUse.removeAll() }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var known = 0
        var isKnown = true
        for end in stride(from: Self.blockBytes, through: min(limit ?? prompt.count, prompt.count), by: Self.blockBytes)
        {
            for byte in prompt[(end - Self.blockBytes)..<end] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            isKnown = isKnown && (lastUse[hash].map { now - $0 <= lifetime } ?? false)
            if isKnown { known = end }
            lastUse[hash] = now
        }
        return known
    }
}
