/// One rate after another; the last goes on for ever.
struct SteppedRate: ArrivalRate {
    /// Sessions per second, more than zero, and for how many seconds; at least one.
    let steps: [(rate: Double, length: Double)]

    init(steps: [(rate: Double, length: Double)]) {
        precondition(!steps.isEmpty, "a course of steps needs a step")
        self.steps = steps
    }

    func seconds(untilExpected count: Double) -> Double {
        var (rest, begin) = (count, 0.0)
        for step in steps.dropLast() {
            let expected = step.rate * step.length
            guard rest >= expected else { return begin + rest / step.rate }
            rest -= expected
            begin += step.length
        }
        return begin + rest / steps[steps.count - 1].rate
    }
}
