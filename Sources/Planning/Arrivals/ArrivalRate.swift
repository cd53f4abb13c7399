import Profiles
import Quantities

/// How the rate of arrivals goes over a round.
///
/// One file per course. The integral of the rate is the number of arrivals that are expected by a time; arrivals at a changing
/// rate are those at a rate of one, moved to the times at which the integral reaches them.
protocol ArrivalRate: Sendable {
    /// When so many arrivals are expected: the inverse of the integral of the rate.
    ///
    /// - Parameter count: zero or more.
    /// - Returns: seconds from the beginning of the round; never less for a greater count.
    func seconds(untilExpected count: Double) -> Double
}

extension RateCourse {
    /// The rate that the plan names.
    var arrivalRate: any ArrivalRate {
        switch self {
        case .constant(let rate): ConstantRate(rate: rate)
        case .steps(let steps): SteppedRate(steps: steps.map { ($0.rate, $0.length.seconds) })
        case .ramp(let from, let to, let over): RampedRate(from: from, to: to, over: over.seconds)
        case .spike(let rate, let factor, let at, let length):
            SpikedRate(rate: rate, factor: factor, at: at.seconds, length: length.seconds)
        }
    }
}
