/// A distribution from which workloads and the embedded fleet draw.
public indirect enum Distribution: Hashable, Sendable {
    /// Always the same value.
    case constant(Double)
    /// Any value between two bounds, all equally likely.
    case uniform(lower: Double, upper: Double)
    /// Exponential with a mean.
    case exponential(mean: Double)
    /// The exponential of a normal variable with mean `mu` and standard deviation `sigma`.
    case logNormal(mu: Double, sigma: Double)
    /// Gamma with a shape and a scale; the mean is their product.
    case gamma(shape: Double, scale: Double)
    /// One of several distributions, chosen by weight.
    case mixture([Component])
    /// Another distribution, its values moved to the nearest bound when outside.
    case clipped(Distribution, lower: Double, upper: Double)

    /// A part of a mixture.
    public struct Component: Hashable, Sendable {
        /// The part's weight, relative to the other weights.
        public let weight: Double
        /// What is drawn when this part is chosen.
        public let distribution: Distribution

        /// Makes a part.
        public init(weight: Double, _ distribution: Distribution) {
            self.weight = weight
            self.distribution = distribution
        }
    }

    /// Draws one value.
    public func sample(using generator: inout SeededGenerator) -> Double {
        switch self {
        case .constant(let value): return value
        case .uniform(let lower, let upper): return lower + (upper - lower) * generator.uniform()
        case .exponential(let mean): return -mean * Elementary.log(1 - generator.uniform())
        case .logNormal(let mu, let sigma): return Elementary.exp(mu + sigma * generator.normal())
        case .gamma(let shape, let scale): return scale * Self.gamma(shape: shape, using: &generator)
        case .clipped(let inner, let lower, let upper): return min(max(inner.sample(using: &generator), lower), upper)
        case .mixture(let components):
            var rest = generator.uniform() * components.reduce(0) { $0 + $1.weight }
            for component in components {
                rest -= component.weight
                if rest < 0 { return component.distribution.sample(using: &generator) }
            }
            return components.last?.distribution.sample(using: &generator) ?? 0
        }
    }

    /// Marsaglia and Tsang 2000, with their boost for shapes below one.
    private static func gamma(shape: Double, using generator: inout SeededGenerator) -> Double {
        guard shape >= 1 else {
            let boost = Elementary.power(1 - generator.uniform(), 1 / shape)
            return gamma(shape: shape + 1, using: &generator) * boost
        }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = generator.normal()
            let v = Elementary.power(1 + c * x, 3)
            guard v > 0 else { continue }
            if Elementary.log(1 - generator.uniform()) < 0.5 * x * x + d - d * v + d * Elementary.log(v) {
                return d * v
            }
        }
    }
}
