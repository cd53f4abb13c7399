public import Quantities

/// Turns tokens into sizes of text and back, without any model's vocabulary.
///
/// It counts with ``TokenMeter``, in hundredths of a token. It serves for estimates, for making text of a wanted size and for
/// the embedded fleet, never as a provider's count.
public struct ApproximateTokenizer: Hashable, Sendable {
    /// How many bytes of made-up text stand for a token that is wanted.
    public let bytesPerToken: Double

    /// How many bytes of made-up text the meter takes for a token.
    public static let usualBytesPerToken = 3.8

    /// Makes a tokenizer.
    ///
    /// - Parameter bytesPerToken: how dense made-up text is to be taken: more makes longer texts of as many tokens, for a model
    ///   that counts fewer tokens than the meter. It must be positive.
    public init(bytesPerToken: Double = usualBytesPerToken) {
        precondition(bytesPerToken > 0, "a token must have some bytes")
        self.bytesPerToken = bytesPerToken
    }

    private var scale: Double { bytesPerToken / Self.usualBytesPerToken }

    /// The size of the text that is made for so many tokens, in hundredths of what the meter calls a token.
    public func centitokens(_ tokens: TokenCount) -> Int {
        Int((Double(tokens.value) * 100 * scale).rounded())
    }

    /// How many tokens a size stands for, to the nearest.
    public func tokens(centitokens: Int) -> TokenCount {
        TokenCount(max(0, Int((Double(centitokens) / 100 / scale).rounded())))
    }

    /// How many tokens a text has, to the nearest.
    public func tokens(in text: String) -> TokenCount { tokens(centitokens: text.centitokens) }
}
