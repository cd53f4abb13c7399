/// The root of everything random in a run; the same seed gives the same run, on every machine and in every version.
public struct Seed: Hashable, Sendable {
    /// The seed's 64 bits.
    public let value: UInt64

    /// Makes a seed.
    public init(_ value: UInt64) {
        self.value = value
    }

    /// A seed for one purpose, independent of the seeds for other labels and indices.
    ///
    /// FNV-1a over the label's bytes (Fowler, Noll, Vo), then SplitMix64's finaliser (Steele, Lea, Flood 2014).
    public func derived(_ label: String, _ index: Int = 0) -> Seed {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in label.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        var state = value ^ hash
        state = SplitMix.mixed(state &+ 0x9E37_79B9_7F4A_7C15)
        return Seed(SplitMix.mixed(state ^ SplitMix.mixed(UInt64(bitPattern: Int64(index)) &+ 0x9E37_79B9_7F4A_7C15)))
    }
}

/// SplitMix64, which spreads a seed over the state of the generator proper.
enum SplitMix {
    static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return mixed(state)
    }
}

/// A repeatable source of random numbers: xoshiro256** (Blackman, Vigna 2018), seeded by SplitMix64.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// Makes a generator.
    public init(seed: Seed) {
        var mix = seed.value
        state = (SplitMix.next(&mix), SplitMix.next(&mix), SplitMix.next(&mix), SplitMix.next(&mix))
    }

    init(state: (UInt64, UInt64, UInt64, UInt64)) {
        self.state = state
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = (state.3 << 45) | (state.3 >> 19)
        return result
    }

    /// A number in [0, 1), with 53 random bits.
    public mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// A whole number in 0 ..< `bound`; `bound` must be positive.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a random choice needs at least one possibility")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// The items in a random order (Fisher and Yates).
    public mutating func shuffled<Item>(_ items: [Item]) -> [Item] {
        var items = items
        for index in items.indices.reversed().dropLast() { items.swapAt(index, below(index + 1)) }
        return items
    }

    /// One of the items; there must be one.
    public mutating func choice<Item>(_ items: [Item]) -> Item {
        items[below(items.count)]
    }

    /// A draw from the standard normal distribution (Box and Muller 1958).
    public mutating func normal() -> Double {
        let radius = (-2 * Elementary.log(1 - uniform())).squareRoot()
        return radius * Elementary.cos(2 * Double.pi * uniform())
    }
}
