import Profiles
import Statistics

/// How arrivals scatter, at a rate of one.
///
/// One file per process. A process knows nothing of rates: it gives the numbers of arrivals that are expected by the time of
/// each arrival, and an ``ArrivalRate`` turns those into times.
protocol ArrivalProcess: Sendable {
    /// The first arrivals.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - generator: decides everything random.
    /// - Returns: `count` numbers of at least zero, never decreasing.
    func positions(_ count: Int, using generator: inout SeededGenerator) -> [Double]
}

extension ArrivalSpread {
    /// The process that the plan names.
    var process: any ArrivalProcess {
        switch self {
        case .constant: EvenArrivals()
        case .poisson: PoissonArrivals()
        case .gamma(let shape): GammaArrivals(shape: shape)
        }
    }
}

extension Distribution {
    /// Sums of gaps that are drawn independently.
    func sums(_ count: Int, using generator: inout SeededGenerator) -> [Double] {
        var sum = 0.0
        return (0..<count).map { _ in
            sum += sample(using: &generator)
            return sum
        }
    }
}
