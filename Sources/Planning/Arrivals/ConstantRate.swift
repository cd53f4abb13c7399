/// Always the same rate.
struct ConstantRate: ArrivalRate {
    /// Sessions per second, more than zero.
    let rate: Double

    func seconds(untilExpected count: Double) -> Double { count / rate }
}
