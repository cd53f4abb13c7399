import Testing

@testable import Profiles

private func problems(_ lines: String) -> [String] {
    let text = """
        submeter: plan
        version: 1
        name: p
        model: m
        providers: [a.yaml]
        workload: w.yaml
        endpoints: [{provider: a}]
        \(lines)
        """
    do throws(Problems) {
        _ = try Document(Array(text.utf8), file: "p.yaml")
        return []
    } catch {
        return error.list.map { "\($0.path): \($0.message)" }
    }
}

@Suite struct PlanMessageTests {
    static let cases: [(String, [String])] = [
        (
            "stop: {errors: 1}",
            [
                "stop.errors: is not a known key "
                    + "(allowed: duration, error_rate, error_rate_minimum_calls, over_saturation)"
            ]
        ),
        (
            "stop: {error_rate_minimum_calls: 5}",
            ["stop.error_rate_minimum_calls: has no meaning without error_rate"]
        ),
        (
            "stop: {error_rate: 2, error_rate_minimum_calls: 5}",
            ["stop.error_rate: '2' is not a number from 0.0 to 1.0"]
        ),
        ("stop: {error_rate: 0.5, error_rate_minimum_calls: 5, duration: 1h}", []),
        ("stop: {duration: 0s}", ["stop.duration: must be longer than 0s"]), ("stop: {duration: 1ms}", []),
        ("waits: {kept_share: 1.5, longest_kept: 70s}", ["waits.kept_share: '1.5' is not a number from 0.0 to 1.0"]),
        ("waits: {longest_kept: 70s}", ["waits.longest_kept: has no meaning without kept_share"]),
        ("waits: {kept_share: 0, longest_kept: 70s}", ["waits.longest_kept: has no meaning without kept_share"]),
        ("temperature: 3", ["temperature: '3' is not a number from 0.0 to 2.0"]), ("temperature: 0", []),
        ("objectives: {decode_rate: 0}", []),
    ]

    @Test(arguments: cases)
    func `each fault of a plan is told once, and no other`(lines: String, expected: [String]) {
        #expect(problems(lines) == expected)
    }

    @Test func `all keys are offered, also those that are seldom given`() {
        let text = problems("tempratur: 1").joined()
        #expect(text.contains("did you mean 'temperature'?") && text.contains(", temperature, "), "\(text)")
    }
}
