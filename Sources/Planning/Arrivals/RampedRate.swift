/// From one rate to another in a straight line, and then on at the second.
struct RampedRate: ArrivalRate {
    /// Sessions per second at the beginning, zero or more.
    let from: Double
    /// Sessions per second at the end of the ramp, more than zero.
    let to: Double
    /// The length of the ramp in seconds, more than zero.
    let over: Double

    func seconds(untilExpected count: Double) -> Double {
        guard count > 0 else { return 0 }
        let whole = (from + to) / 2 * over
        guard count < whole else { return over + (count - whole) / to }
        // The root of from·t + (to − from)/(2·over)·t² = count, in the form that loses no digits when the slope is small.
        let slope = (to - from) / over
        return 2 * count / (from + max(0, from * from + 2 * slope * count).squareRoot())
    }
}
