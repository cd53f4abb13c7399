/// A speed in tokens per second.
public struct TokenRate: Hashable, Comparable, Codable, Sendable {
    /// Tokens per second.
    public var tokensPerSecond: Double

    /// Makes a rate.
    public init(tokensPerSecond: Double) {
        self.tokensPerSecond = tokensPerSecond
    }

    /// The rate of `tokens` in `duration`.
    ///
    /// - Returns: nil if the duration is not positive.
    public init?(tokens: TokenCount, in duration: Duration) {
        guard duration > .zero else { return nil }
        tokensPerSecond = Double(tokens.value) / duration.seconds
    }

    /// Orders rates by speed.
    public static func < (left: TokenRate, right: TokenRate) -> Bool {
        left.tokensPerSecond < right.tokensPerSecond
    }
}
