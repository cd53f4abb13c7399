import Testing

@testable import Profiles

private func problems(_ lines: String, name: String = "p") -> [String] {
    let text = """
        submeter: plan
        version: 1
        name: \(name)
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
        ("timeouts: {connect: 0s}", ["timeouts.connect: must be longer than 0s"]),
        ("timeouts: {first_token: 0ms}", ["timeouts.first_token: must be longer than 0s"]),
        ("timeouts: {idle: 0h}", ["timeouts.idle: must be longer than 0s"]),
        ("timeouts: {total: 0.0s}", ["timeouts.total: must be longer than 0s"]),
        (
            "timeouts: {total: -1s}",
            ["timeouts.total: '-1s' is not a duration with its unit, such as 250ms, 30s, 5min or 2h"]
        ),
        ("timeouts: {connect: 1us, total: 1h}", []), ("rounds: 10000\nsessions_per_round: 1000", []),
        ("rounds: 100\nsessions_per_round: 100000", []),
        (
            "rounds: 10000\nsessions_per_round: 100000",
            [
                "sessions_per_round: 10000 rounds of 100000 sessions are 1000000000 sessions per endpoint; at most 10000000 "
                    + "can be planned"
            ]
        ),
        (
            "rounds: 10000\nsessions_per_round: 1001",
            [
                "sessions_per_round: 10000 rounds of 1001 sessions are 10010000 sessions per endpoint; at most 10000000 "
                    + "can be planned"
            ]
        ),
    ]

    @Test(arguments: cases)
    func `each fault of a plan is told once, and no other`(lines: String, expected: [String]) {
        #expect(problems(lines) == expected)
    }

    @Test(arguments: [
        "\"\"", "a/b", "/", "\"a\\nb\"", "\"a\\x7Fb\"", "\"a\\0b\"", "\" \"", String(repeating: "a", count: 201),
    ])
    func `a name that no run file can have is refused`(name: String) {
        let found = problems("", name: name)
        #expect(found.count == 1 && found[0].hasPrefix("name: must be"), "\(found)")
    }

    @Test(arguments: ["a b", "Größe-1", "a.b", "..", String(repeating: "a", count: 200)])
    func `a name that a run file can have is allowed`(name: String) {
        #expect(problems("", name: name) == [])
    }

    @Test func `all keys are offered, also those that are seldom given`() {
        let text = problems("tempratur: 1").joined()
        #expect(text.contains("did you mean 'temperature'?") && text.contains(", temperature, "), "\(text)")
    }
}
