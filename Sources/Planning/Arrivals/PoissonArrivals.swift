import Statistics

/// Arrivals of many users who do not know of each other: exponential gaps, whose coefficient of variation is one.
///
/// At a changing rate this is the inhomogeneous Poisson process, exactly.
struct PoissonArrivals: ArrivalProcess {
    func positions(_ count: Int, using generator: inout SeededGenerator) -> [Double] {
        Distribution.exponential(mean: 1).sums(count, using: &generator)
    }
}
