public import Quantities

/// How long an answer was to be, as the plan has it.
public struct WantedOutput: Hashable, Sendable {
    /// How many tokens: the limit that was sent.
    public var tokens: TokenCount
    /// True if the server was told to write so many, false if the model could end before.
    public var isForced: Bool

    /// Makes a wish.
    public init(tokens: TokenCount, isForced: Bool) {
        self.tokens = tokens
        self.isForced = isForced
    }
}
