/// One rate, but for a while a multiple of it.
struct SpikedRate: ArrivalRate {
    private let course: SteppedRate

    /// Makes a course.
    ///
    /// - Parameters:
    ///   - rate: sessions per second, more than zero.
    ///   - factor: what the rate is multiplied with during the spike, more than zero.
    ///   - at: when the spike begins, in seconds.
    ///   - length: how long it lasts, in seconds.
    init(rate: Double, factor: Double, at: Double, length: Double) {
        course = SteppedRate(steps: [(rate, at), (rate * factor, length), (rate, 0)])
    }

    func seconds(untilExpected count: Double) -> Double { course.seconds(untilExpected: count) }
}
