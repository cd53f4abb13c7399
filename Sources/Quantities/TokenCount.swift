/// A number of tokens under some tokenizer, zero or more.
public struct TokenCount: Hashable, Comparable, Codable, Sendable, AdditiveArithmetic, ExpressibleByIntegerLiteral {
    /// The number of tokens.
    public var value: Int

    /// Makes a count.
    ///
    /// - Parameter value: the number of tokens; differences may be negative for a moment, counts may not.
    public init(_ value: Int) {
        self.value = value
    }

    /// Makes a count from a literal.
    public init(integerLiteral value: Int) {
        self.value = value
    }

    /// Decodes a bare number.
    public init(from decoder: any Decoder) throws {
        value = try decoder.singleValueContainer().decode(Int.self)
    }

    /// Encodes a bare number.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    /// No tokens.
    public static let zero = TokenCount(0)

    /// Orders counts by size.
    public static func < (left: TokenCount, right: TokenCount) -> Bool {
        left.value < right.value
    }

    /// The sum of two counts.
    public static func + (left: TokenCount, right: TokenCount) -> TokenCount {
        TokenCount(left.value + right.value)
    }

    /// The difference of two counts.
    public static func - (left: TokenCount, right: TokenCount) -> TokenCount {
        TokenCount(left.value - right.value)
    }
}

/// The token usage of one call, normalised so that every provider's figures mean the same.
///
/// `inputTotal` includes cache reads and cache writes; `outputTotal` includes reasoning. A field is nil where the provider
/// did not say, which is not the same as zero.
public struct TokenUsage: Hashable, Codable, Sendable {
    /// All tokens of the prompt: fresh, read from a cache, and written to one.
    public var inputTotal: TokenCount?
    /// The part of the prompt that was read from a cache.
    public var inputCacheRead: TokenCount?
    /// The part of the prompt that was written to a cache, where that is billed apart.
    public var inputCacheWrite: TokenCount?
    /// All generated tokens, reasoning included.
    public var outputTotal: TokenCount?
    /// The part of the output that is reasoning.
    public var outputReasoning: TokenCount?
    /// True if the provider's totals contradict each other, so that no reading of them is certain.
    public var isAmbiguous: Bool

    /// Makes a usage; a field that is left out is unknown.
    public init(
        inputTotal: TokenCount? = nil, inputCacheRead: TokenCount? = nil, inputCacheWrite: TokenCount? = nil,
        outputTotal: TokenCount? = nil, outputReasoning: TokenCount? = nil, isAmbiguous: Bool = false
    ) {
        self.inputTotal = inputTotal
        self.inputCacheRead = inputCacheRead
        self.inputCacheWrite = inputCacheWrite
        self.outputTotal = outputTotal
        self.outputReasoning = outputReasoning
        self.isAmbiguous = isAmbiguous
    }
}
