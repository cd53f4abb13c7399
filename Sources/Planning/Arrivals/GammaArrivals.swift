import Statistics

/// Arrivals with gamma gaps, in bursts if the shape is below one: the coefficient of variation is 1/sqrt(shape).
struct GammaArrivals: ArrivalProcess {
    /// The shape; one is Poisson.
    let shape: Double

    func positions(_ count: Int, using generator: inout SeededGenerator) -> [Double] {
        Distribution.gamma(shape: shape, scale: 1 / shape).sums(count, using: &generator)
    }
}
