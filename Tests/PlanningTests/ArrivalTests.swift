import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Planning

/// A plan at three endpoints, with a load and a library of its own.
private func plan(_ settings: String, sessions: SessionLibrary? = nil, seed: Int = 5) throws -> Plan {
    let files = [
        "a.yaml":
            "submeter: provider\nversion: 1\nname: a\ndelivery_path: self-hosted\ndialect: openai-chat\nbase_url: http://x\nmodels: [{name: m, id: m}]",
        "w.yaml": "submeter: workload\nversion: 1\nname: w\n"
            + (sessions == nil ? "generator: coding-S" : "sessions_file: s.jsonl"),
        "p.yaml":
            "submeter: plan\nversion: 1\nname: p\nmodel: m\nseed: \(seed)\nproviders: [a.yaml]\nworkload: w.yaml\nendpoints: [{name: x, provider: a}, {name: y, provider: a}]\n\(settings)",
    ]
    let documents = try DocumentSet(planFile: "p.yaml") { name in
        name == "s.jsonl" ? sessions.map(SessionFile.write) : files[name].map { Array($0.utf8) }
    }
    return try Plan(documents)
}

private func recording(_ starts: [Double?]) -> SessionLibrary {
    let sessions = starts.enumerated().map { index, start in
        Session(
            identifier: SessionIdentifier("s\(index)"), toolsTokens: 0, systemTokens: 0,
            calls: [
                Call(
                    identifier: "0", after: [], wait: .zero, waitKind: .start, context: .new,
                    added: [.init(role: "user", tokens: 10)], input: 10, output: 5)
            ], start: start.map { .seconds($0) })
    }
    return SessionLibrary(
        header: SessionFile.header(name: "recording", source: ["licence": "none"]), sessions: sessions)
}

/// The offsets of a round in seconds.
private func offsets(_ plan: Plan, round: Int = 0) -> [Double] {
    plan.rounds[round].sessions.compactMap { $0.offset?.seconds }
}

private func gaps(_ times: [Double]) -> [Double] { zip(times, times.dropFirst()).map { $1 - $0 } }

/// Mean and coefficient of variation.
private func moments(_ values: [Double]) -> (mean: Double, variation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    return (mean, variance.squareRoot() / mean)
}

@Suite struct ArrivalTests {
    static let loads = [
        "{kind: constant, rate: 0.5}", "{kind: poisson, rate: 3}", "{kind: gamma, rate: 3}",
        "{kind: gamma, rate: 3, shape: 0.06}", "{kind: steps, steps: [{rate: 1, for: 5s}, {rate: 9, for: 5s}]}",
        "{kind: ramp, from: 0, to: 4, over: 10s}", "{kind: ramp, from: 4, to: 0.1, over: 10s, arrivals: constant}",
        "{kind: ramp, from: 2, to: 2, over: 10s}", "{kind: spike, rate: 1, factor: 8, at: 5s, for: 5s}",
        "{kind: spike, rate: 1, factor: 0.1, for: 5s, arrivals: gamma, shape: 2}",
    ]

    @Test(arguments: loads, 1...4)
    func `arrivals never go back, are as many as sessions, and the same for the same seed`(load: String, seed: Int)
        throws
    {
        let settings = "rounds: 3\nsessions_per_round: 40\nload: \(load)"
        let plan = try plan(settings, seed: seed)
        for round in 0..<3 {
            let times = offsets(plan, round: round)
            #expect(times.count == 40)
            #expect(times == times.sorted() && (times.first ?? -1) >= 0 && times.allSatisfy(\.isFinite))
        }
        #expect(plan == (try again(settings, seed: seed)))
        let isRandom = !load.contains("constant")
        #expect((offsets(plan) != offsets(plan, round: 1)) == isRandom, "each round has its own draw")
        let other = try again(settings, seed: seed + 10)
        #expect((offsets(plan) != offsets(other)) == isRandom)
    }

    private func again(_ settings: String, seed: Int) throws -> Plan { try plan(settings, seed: seed) }

    @Test func `a closed loop has no arrivals`() throws {
        let plan = try plan("rounds: 2")
        #expect(plan.rounds.allSatisfy { $0.sessions.allSatisfy { $0.offset == nil } })
        #expect(PlanEstimate(plan).arrivals == nil)
    }

    @Test(
        arguments: [
            (ArrivalSpread.constant, 0.0), (.poisson, 1), (.gamma(shape: 1), 1), (.gamma(shape: 0.5), 1.414),
            (.gamma(shape: 0.25), 2), (.gamma(shape: 4), 0.5),
        ])
    func `gaps have the mean and the variation that their process has`(spread: ArrivalSpread, variation: Double) {
        for seed in 1...3 {
            var generator = SeededGenerator(seed: Seed(UInt64(seed)))
            let positions = spread.process.positions(40_000, using: &generator)
            let found = moments(gaps(positions))
            #expect(abs(found.mean - 1) < 0.05, "\(spread), seed \(seed): mean \(found.mean)")
            #expect(abs(found.variation - variation) <= 0.05 * variation, "\(spread), seed \(seed): \(found.variation)")
        }
    }

    @Test(
        arguments: [
            RateCourse.constant(rate: 3),
            .steps([.init(rate: 1, length: .seconds(10)), .init(rate: 5, length: .seconds(20))]),
            .ramp(from: 0, to: 2, over: .seconds(30)), .ramp(from: 3, to: 0.5, over: .seconds(40)),
            .ramp(from: 2, to: 2, over: .seconds(10)), .spike(rate: 1, factor: 6, at: .seconds(4), length: .seconds(8)),
        ])
    func `a course reaches each count at the time at which its integral does`(course: RateCourse) {
        func rate(_ time: Double) -> Double {
            switch course {
            case .constant(let rate): rate
            case .steps: time < 10 ? 1 : 5
            case .ramp(let from, let to, let over): from + (to - from) * min(1, time / over.seconds)
            case .spike: time >= 4 && time < 12 ? 6 : 1
            }
        }
        // The integral by the midpoint rule, in steps of a millisecond.
        var (count, time) = (0.0, 0.0)
        while time < 60 {
            let found = course.arrivalRate.seconds(untilExpected: count)
            #expect(abs(found - time) < 0.05, "\(course): \(count) are expected after \(time) s, not \(found) s")
            for _ in 0..<500 {
                count += rate(time + 0.0005) * 0.001
                time += 0.001
            }
        }
    }

    @Test func `a spike has as many more arrivals as its factor says`() throws {
        let times = offsets(
            try plan("rounds: 1\nsessions_per_round: 6000\nload: {kind: spike, rate: 10, factor: 4, at: 60s, for: 60s}")
        )
        func count(_ begin: Double) -> Double { Double(times.count { $0 >= begin && $0 < begin + 60 }) }
        #expect(abs(count(0) / 600 - 1) < 0.15)
        #expect(abs(count(60) / 2400 - 1) < 0.08)
        #expect(abs(count(120) / 600 - 1) < 0.15)
    }

    @Test func `recorded batches are spread over their quantum, but not past the next batch`() throws {
        let library = recording([3, 0, 0, 3, 3, 4, 12])
        let whole = try plan("rounds: 1\nsessions_per_round: 7\nload: {kind: recorded, quantum: 3s}", sessions: library)
        // Two at 0 over three seconds; three at 3 over the second before the next; one at 4; one at 12.
        let expected = [0, 1.5, 3, 3 + 1.0 / 3, 3 + 2.0 / 3, 4, 12]
        #expect(zip(offsets(whole), expected).allSatisfy { abs($0 - $1) < 1e-6 })
        let names = whole.rounds[0].sessions.map { whole.library.sessions[$0.libraryIndex].identifier.rawValue }
        #expect(names == ["s1", "s2", "s0", "s3", "s4", "s5", "s6"])
        let literal = try plan("rounds: 1\nsessions_per_round: 7\nload: {kind: recorded}", sessions: library)
        #expect(offsets(literal) == [0, 0, 3, 3, 3, 4, 12])
        let scaled = try plan(
            "time_scale: 0.5\nrounds: 1\nsessions_per_round: 7\nload: {kind: recorded}", sessions: library)
        #expect(offsets(scaled) == [0, 0, 1.5, 1.5, 1.5, 2, 6])
    }

    @Test func `each round of a recording begins at once, and a second pass goes on after the first`() throws {
        let library = recording([10, 12, 20])
        let plan = try plan("rounds: 3\nsessions_per_round: 2\nload: {kind: recorded}", sessions: library)
        #expect(offsets(plan) == [0, 2])
        // The last of the first pass, and the first of the second a mean gap of five seconds later.
        #expect(offsets(plan, round: 1) == [0, 5])
        #expect(offsets(plan, round: 2) == [0, 8])
    }

    @Test func `a session without a start, and a round without an end, are refused`() throws {
        let missing = #expect(throws: PlanningError.self) {
            try plan("load: {kind: recorded}", sessions: recording([0, nil, 3]))
        }
        #expect(missing?.description.contains("1 of 3 sessions has no start (start_s), the first: s1") == true)
        #expect(throws: PlanningError.self) { try plan("load: {kind: recorded}") }
        let endless = #expect(throws: PlanningError.self) {
            try plan("sessions_per_round: 2000\nload: {kind: poisson, rate: 0.0001}")
        }
        #expect(endless?.description.contains("a higher rate or fewer sessions_per_round are needed") == true)
    }

    @Test func `an estimate counts the arrivals of all rounds and turns`() throws {
        let settings = "rounds: 3\nsessions_per_round: 5\nload: {kind: constant, rate: 0.5}\ntime_scale: 0"
        let turns = PlanEstimate(try plan(settings))
        #expect(turns.arrivals == .seconds(48) && turns.shortest == .seconds(48))
        #expect(PlanEstimate(try plan(settings + "\norder: side-by-side")).arrivals == .seconds(24))
    }
}
