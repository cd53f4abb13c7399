/// An exact amount of US dollars.
///
/// Unit: picodollars (10⁻¹² USD), so that a price of one millionth of a dollar per million tokens is still a whole number
/// for one token. Range: about ±9.2 million USD; sums and products beyond it stop at the end of the range, since their terms
/// may come from strangers.
public struct Money: Hashable, Comparable, Codable, Sendable, AdditiveArithmetic {
    /// The amount in 10⁻¹² USD.
    public var picodollars: Int64

    /// Makes an amount from 10⁻¹² USD.
    public init(picodollars: Int64) {
        self.picodollars = picodollars
    }

    /// The amount nearest to `dollars`.
    ///
    /// - Returns: nil if `dollars` is not finite or lies outside the range.
    public init?(dollars: Double) {
        let scaled = (dollars * 1e12).rounded()
        guard scaled.isFinite, abs(scaled) < 9.2e18 else { return nil }
        picodollars = Int64(scaled)
    }

    /// No money.
    public static let zero = Money(picodollars: 0)

    /// The amount in dollars, rounded to the nearest `Double`.
    public var dollars: Double {
        Double(picodollars) / 1e12
    }

    /// Orders amounts by value.
    public static func < (left: Money, right: Money) -> Bool {
        left.picodollars < right.picodollars
    }

    /// The sum of two amounts.
    public static func + (left: Money, right: Money) -> Money {
        let (sum, overflows) = left.picodollars.addingReportingOverflow(right.picodollars)
        return Money(picodollars: overflows ? (right.picodollars < 0 ? .min : .max) : sum)
    }

    /// The difference of two amounts.
    public static func - (left: Money, right: Money) -> Money {
        let (difference, overflows) = left.picodollars.subtractingReportingOverflow(right.picodollars)
        return Money(picodollars: overflows ? (right.picodollars < 0 ? .max : .min) : difference)
    }
}

/// The price of one token.
///
/// Unit: picodollars per token, which is the same number as millionths of a dollar per million tokens.
public struct TokenPrice: Hashable, Comparable, Codable, Sendable {
    /// 10⁻¹² USD per token.
    public var picodollarsPerToken: Int64

    /// Makes a price from 10⁻¹² USD per token.
    public init(picodollarsPerToken: Int64) {
        self.picodollarsPerToken = picodollarsPerToken
    }

    /// The price nearest to `dollars` per million tokens.
    ///
    /// - Returns: nil if `dollars` is negative, not finite, or above 1,000,000.
    public init?(dollarsPerMillionTokens dollars: Double) {
        guard dollars >= 0, dollars <= 1_000_000 else { return nil }
        picodollarsPerToken = Int64((dollars * 1_000_000).rounded())
    }

    /// Dollars per million tokens.
    public var dollarsPerMillionTokens: Double {
        Double(picodollarsPerToken) / 1_000_000
    }

    /// Orders prices by value.
    public static func < (left: TokenPrice, right: TokenPrice) -> Bool {
        left.picodollarsPerToken < right.picodollarsPerToken
    }

    /// What `tokens` tokens cost at this price.
    public static func * (tokens: TokenCount, price: TokenPrice) -> Money {
        let (product, overflows) = Int64(tokens.value).multipliedReportingOverflow(by: price.picodollarsPerToken)
        return Money(picodollars: overflows ? .max : product)
    }
}
