import Profiles
import Scheduling
import Statistics
import Testing

@testable import Commands

@Suite struct SearchedLoadTests {
    private static func profile(_ settings: String) throws -> PlanProfile {
        let text = """
            submeter: plan
            version: 1
            name: p
            model: m
            providers: [a.yaml]
            workload: w.yaml
            endpoints: [{provider: a}]
            \(settings)
            """
        guard case .plan(let plan) = try Document(Array(text.utf8), file: "p.yaml") else { throw CancellationError() }
        return plan
    }

    private static func load(_ settings: String, _ options: [String] = []) throws -> SearchedLoad {
        let arguments = try Arguments(["p.yaml"] + options, for: SearchCommand.specification)
        return try SearchedLoad(profile(settings), path: "p.yaml", arguments)
    }

    @Test(
        arguments: [
            ("live_sessions: 3", [], "1 live session", "1024 live sessions"),
            ("load: {kind: closed}", ["--first", "4", "--highest", "9"], "4 live sessions", "9 live sessions"),
            ("load: {kind: poisson, rate: 3}", [], "3 sessions/s", "3072 sessions/s"),
            ("load: {kind: gamma, rate: 0.3}", ["--highest", "1.2"], "0.3 sessions/s", "1.2 sessions/s"),
            (
                "load: {kind: constant, rate: 3}", ["--first", "0.5", "--highest", "7"], "0.5 sessions/s",
                "7 sessions/s"
            ),
            // The plan's own rate is no reason to try more than may be tried.
            ("load: {kind: constant, rate: 30}", ["--highest", "7"], "7 sessions/s", "7 sessions/s"),
            ("load: {kind: poisson, rate: 9000}", [], "9000 sessions/s", "9562.5 sessions/s"),
            ("load: {kind: poisson, rate: 0.0001}", ["--first", "0.0016"], "0.0016 sessions/s", "1.6384 sessions/s"),
        ] as [(String, [String], String, String)])
    func `a search begins at one load and ends at another`(
        settings: String, options: [String], first: String, highest: String
    ) throws {
        let load = try Self.load(settings, options)
        #expect(load.text(load.rules.first) == first)
        #expect(load.text(load.rules.highest) == highest)
    }

    @Test(
        arguments: [
            ("load: {kind: recorded}", [], "arrivals as recorded"),
            ("load: {kind: steps, steps: [{rate: 1, for: 9s}]}", [], "at 1.0 sessions/s for 9.0 s"),
            ("load: {kind: ramp, from: 1, to: 2, over: 9s}", [], "from 1.0 to 2.0 sessions/s"),
            (
                "load: {kind: spike, rate: 1, factor: 2, for: 9s}", [],
                "a search varies the rate of a load of kind constant"
            ),
            ("load: {kind: poisson, rate: 1}", ["--first", "0"], "--first: '0' is no number from 0.0016 to 10000.0"),
            ("load: {kind: poisson, rate: 1}", ["--highest", "nan"], "--highest: 'nan' is no number"),
            (
                "load: {kind: poisson, rate: 1}", ["--first", "3", "--highest", "2.5"],
                "--first: 3 is above --highest, 2.5"
            ),
            ("load: {kind: poisson, rate: 0.0015}", [], "begins at 0.0016 sessions/s or above, not at 0.0015"),
            ("live_sessions: 3", ["--first", "0.5"], "--first: '0.5' is no whole number"),
        ] as [(String, [String], String)])
    func `a load without one rate, or a bound that has no meaning, is refused`(
        settings: String, options: [String], expected: String
    ) {
        let error = #expect(throws: CommandError.self) { try Self.load(settings, options) }
        #expect(
            error?.exitCode == .usage && error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test(
        arguments: [
            ("load: {kind: constant, rate: 8}", "load: {kind: constant, rate: 9.5}"),
            (
                "load: {kind: gamma, rate: 8, shape: 0.25, maximum_live_sessions: 7}",
                "load: {kind: gamma, rate: 9.5, shape: 0.25, maximum_live_sessions: 7}"
            ),
            (
                "load:\n  kind: poisson\n  rate: 8\nstop: {duration: 90s, error_rate: 0.5}\nseed: 5",
                "load: {kind: poisson, rate: 9.5}\nseed: 7\n"
                    + "stop: {duration: 90s, error_rate: 0.5, over_saturation: true}"
            ),
        ])
    func `the plan of a rate says all else as the plan does`(settings: String, expected: String) throws {
        let values = try Self.load(settings).values(19, tryNumber: settings.contains("seed") ? 2 : 0)
        let found = try Self.profile(values.map { "\($0.key): \($0.value)" }.joined(separator: "\n"))
        var wanted = try Self.profile(expected)
        wanted.rounds = 1
        wanted.stop.overSaturation = true
        wanted.sessionsPerRound = 64
        #expect(found == wanted)
    }

    @Test func `a rate has at least as many sessions as the plan, a closed loop three for each live one`() throws {
        let open = try Self.load("load: {kind: poisson, rate: 8}\nsessions_per_round: 300").values(16, tryNumber: 0)
        #expect(open.contains { $0 == ("sessions_per_round", "300") } && !open.contains { $0.key == "live_sessions" })
        let closed = try Self.load("sessions_per_round: 30").values(16, tryNumber: 2)
        #expect(
            closed.contains { $0 == ("sessions_per_round", "48") } && closed.contains { $0 == ("live_sessions", "16") })
        #expect(!closed.contains { ["load", "stop", "seed"].contains($0.key) })
    }

    @Test(arguments: [0.2, 1.0, 1.6, 7, 60, 333])
    func `a known capacity in sessions a second is found within ten per cent`(capacity: Double) throws {
        let load = try Self.load("load: {kind: poisson, rate: 1.6}")
        var errors = 0
        for seed in 0..<50 as Range<UInt64> {
            var search = LoadSearch(load.rules)
            var generator = SeededGenerator(seed: Seed(seed))
            while let steps = search.nextLoad {
                let rate = try #require(Double(load.number(steps)))
                let share = rate <= capacity ? 0.995 : max(0, 0.9 - (rate / capacity - 1))
                let good = (0..<120).count { _ in generator.uniform() < share }
                search.take(good: good, of: 120, effectiveCount: 120, at: steps, isEndedEarly: rate > capacity * 1.5)
            }
            #expect(search.tryCount <= load.rules.maximumProbes)
            guard let good = search.highestGood, let bad = search.lowestBad,
                let lower = Double(load.number(good)), let upper = Double(load.number(bad))
            else {
                errors += 1
                continue
            }
            // A low rate has few steps below it, and the search says that it is not as exact as wanted.
            let slack = max(0.1, capacity * 0.1)
            #expect(load.isPrecise(search) == (upper - lower <= 0.1 * lower + 1e-9))
            if lower < capacity - slack || lower > capacity + slack { errors += 1 }
            if capacity > 1.6, !load.isPrecise(search) { errors += 1 }
        }
        #expect(errors <= 1, "\(errors) of 50 searches erred")
    }
}
