import Analysis
import Fixtures
import Quantities
import Records
import Statistics
import Testing

@testable import Ranking

@Suite struct RankIntervalTests {
    /// Losses of three endpoints around given middles.
    private func losses(_ middles: [Double], spread: Double, seed: UInt64 = 1) -> [[Double]] {
        var generator = SeededGenerator(seed: Seed(seed))
        return middles.map { middle in (0..<2000).map { _ in middle + spread * generator.normal() } }
    }

    @Test func `clear differences are ranks, unclear ones are ties`() {
        let beats = CriterionRanking.beats(losses([0, 1, 1.005, 2], spread: 0.05), threshold: 0.03, roundCount: 24)
        #expect(beats[0] == [false, true, true, true])
        #expect(beats[1] == [false, false, false, true])
        #expect(beats[2] == [false, false, false, true])
        #expect(beats[3] == [false, false, false, false])
        #expect(CriterionRanking.tieGroups(beats) == ["a", "b", "b", "c"])
    }

    @Test func `a sure difference below the threshold is a tie`() {
        let pair = losses([0, 0.02], spread: 0.0001)
        #expect(CriterionRanking.beats(pair, threshold: 0.03, roundCount: 24)[0][1] == false)
        #expect(CriterionRanking.beats(pair, threshold: 0.01, roundCount: 24)[0][1] == true)
    }

    @Test func `few rounds among many endpoints prove nothing`() {
        let pair = losses([0, 1], spread: 0.01)
        #expect(CriterionRanking.beats(pair, threshold: 0.03, roundCount: 8)[0][1])
        #expect(!CriterionRanking.beats(pair, threshold: 0.03, roundCount: 7)[0][1])
        let six = losses([0, 1, 2, 3, 4, 5], spread: 0.01)
        #expect(!CriterionRanking.beats(six, threshold: 0.03, roundCount: 9)[0][1])
        #expect(CriterionRanking.beats(six, threshold: 0.03, roundCount: 10)[0][1])
        #expect([2, 5, 6, 20].map { CriterionRanking.neededRounds(endpointCount: $0) } == [8, 9, 10, 13])
    }

    @Test func `endpoints that both never succeed do not differ`() {
        let never = Array(repeating: Double.infinity, count: 2000)
        let beats = CriterionRanking.beats(
            [never, never, losses([0], spread: 0.1)[0]], threshold: 0.03, roundCount: 24)
        #expect(beats[0] == [false, false, false])
        #expect(beats[2] == [true, true, false])
    }

    @Test func `tie groups overlap where only the ends differ`() {
        let beats = [[false, false, true], [false, false, false], [false, false, false]]
        #expect(CriterionRanking.tieGroups(beats) == ["a", "ab", "b"])
    }

    @Test func `the chance of coming first is shared where resamples tie`() {
        #expect(CriterionRanking.chancesOfBest([[1, 2], [1, 3]]) == [0.75, 0.25])
        #expect(CriterionRanking.chancesOfBest([]) == [])
    }

    /// Equal endpoints in rounds with an effect of their own, sessions with theirs; rounds and sessions are resampled jointly.
    @Test(arguments: [(8, 2), (12, 2), (12, 4), (24, 4)])
    func `equal endpoints are told apart in no more than the stated share of experiments`(rounds: Int, endpoints: Int) {
        let (experiments, sessions) = (100, 4)
        var wrong = 0
        for experiment in 0..<experiments {
            var generator = SeededGenerator(seed: Seed(UInt64(experiment)).derived("\(rounds)/\(endpoints)"))
            let values = (0..<rounds).map { _ in
                let shared = 0.5 * generator.normal()
                let own = (0..<endpoints).map { _ in 0.1 * generator.normal() }
                return (0..<sessions).map { _ in own.map { shared + $0 + 0.1 * generator.normal() } }
            }
            var drawn: [[Double]] = Array(repeating: [], count: endpoints)
            ClusterBootstrap(replicates: 480, seed: Seed(9)).forEachResample(
                sessionsPerRound: Array(repeating: sessions, count: rounds)
            ) { resample in
                for endpoint in 0..<endpoints {
                    drawn[endpoint].append(
                        resample.reduce(0) { sum, draw in
                            sum + draw.sessions.reduce(0) { $0 + values[draw.round][$1][endpoint] }
                        } / Double(rounds * sessions))
                }
            }
            let beats = CriterionRanking.beats(drawn, threshold: 0, roundCount: rounds)
            if beats.joined().contains(true) { wrong += 1 }
        }
        // 5 % of 100, and three standard deviations of a binomial count.
        #expect(wrong <= 11, "\(wrong) of \(experiments) equal groups were told apart")
    }
}

@Suite struct ParetoFrontTests {
    private func point(_ name: String, _ cost: Double, _ time: Double) -> ParetoPoint {
        ParetoPoint(endpoint: EndpointIdentifier(name), cost: cost, time: time, isOnFront: false)
    }

    @Test func `a point is on the front unless another is as good on both and better on one`() {
        let marked = ParetoFront.marked([
            point("cheap", 1, 10), point("fast", 10, 1), point("bad", 10, 10), point("twin", 1, 10),
            point("middle", 5, 5),
        ])
        #expect(marked.map(\.isOnFront) == [true, true, false, true, true])
    }

    @Test func `the price of time decides who wins`() {
        let ranges = ParetoFront.winningRanges([
            (EndpointIdentifier("cheap"), 1, 10), (EndpointIdentifier("fast"), 10, 1),
            (EndpointIdentifier("bad"), 20, 20),
        ])
        // 1 + 10 v = 10 + v at v = 1 dollar a second.
        #expect(ranges.map(\.endpoint.rawValue) == ["cheap", "fast"])
        #expect(ranges[0].fromPerHour == 0 && ranges[0].toPerHour == 3600)
        #expect(ranges[1].fromPerHour == 3600 && ranges[1].toPerHour == .infinity)
        #expect(ParetoFront.winningRanges([]).isEmpty)
    }
}

@Suite struct RankingOfRunsTests {
    /// Eight rounds of two sessions at both endpoints; `b` is `factor` times as slow.
    private func fixture(_ factor: Double, settings: String = "") -> RunFixture {
        var fixture = RunFixture()
        fixture.settings = settings
        fixture.rounds = 8
        fixture.sessionsPerRound = 2
        var generator = SeededGenerator(seed: Seed(5))
        for round in 0..<8 {
            for session in 0..<2 {
                for endpoint in 0...1 {
                    let calls = (0..<8).map { call in
                        let first = (100 + 20 * generator.uniform()) * (endpoint == 1 ? factor : 1)
                        let place = CallPlace(endpoint: endpoint, round: round, session: session, call: call)
                        return RunFixture.call(
                            place, at: Int64(round * 10_000 + call * 500), timeToFirstToken: Int64(first))
                    }
                    fixture.addSession(endpoint, round, session, calls: calls)
                }
            }
        }
        return fixture
    }

    private func ranking(_ fixture: RunFixture) throws -> Ranking {
        Ranking(try RunAnalysis([try fixture.file()]))
    }

    @Test func `the faster endpoint is first in time, and prices decide the cost`() throws {
        let ranking = try ranking(fixture(2))
        let first = try #require(ranking.order(by: .firstToken)?.rows)
        #expect(first.map(\.endpoint.rawValue) == ["a", "b"])
        #expect(first.map(\.rankBest) == [1, 2] && first.map(\.rankWorst) == [1, 2])
        #expect(first[0].chanceOfBest == 1)
        let interval = try #require(first[0].interval)
        #expect(interval.lower <= first[0].estimate && first[0].estimate <= interval.upper)
        let cost = try #require(ranking.order(by: .cost)?.rows)
        #expect(cost.map(\.endpoint.rawValue) == ["a", "b"])
        // 8 calls of 684 and of 1,284 microdollars.
        #expect(abs(cost[0].estimate - 8 * 684e-6) < 1e-12 && abs(cost[1].estimate - 8 * 1284e-6) < 1e-12)
        #expect(ranking.order(by: .decodeRate)?.rows.map(\.tieGroups) == ["a", "a"])
        #expect(!ranking.isProvisional && ranking.exclusions.isEmpty)
        let score = try #require(ranking.order(by: .score)?.rows.first)
        let time = try #require(ranking.order(by: .sessionTime)?.rows.first)
        #expect(abs(score.estimate - (cost[0].estimate + time.estimate * 20 / 3600)) < 1e-12)
        #expect(ranking.pareto.map(\.isOnFront) == [true, false])
        #expect(ranking.winningRanges.map(\.endpoint.rawValue) == ["a"])
        // Both judgements rest on the same time, or one could call worthless whom the other calls the best.
        let times = try #require(ranking.order(by: .sessionTime)?.rows)
        #expect(ranking.pareto.map(\.time) == times.map(\.estimate))
    }

    @Test func `the same run gives the same ranking`() throws {
        let fixture = fixture(1)
        let (first, second) = (try ranking(fixture), try ranking(fixture))
        #expect(first.criteria == second.criteria)
        #expect(first.order(by: .firstToken)?.rows.map(\.rankWorst) == [2, 2], "equal endpoints are tied")
    }

    @Test func `who breaks a rule is not ranked, and every reason is said`() throws {
        var broken = fixture(1, settings: "policy: no.yaml")
        for index in broken.attempts.indices where broken.attempts[index].place.endpoint == 1 {
            if broken.attempts[index].place.call % 2 == 0 { broken.attempts[index].outcome = .server }
        }
        for index in broken.sessions.indices where broken.sessions[index].endpoint == 1 {
            broken.sessions[index].isSuccess = false
        }
        let ranking = try ranking(broken)
        #expect(ranking.exclusions.map(\.endpoint.rawValue) == ["b"])
        let reasons = try #require(ranking.exclusions.first?.reasons)
        #expect(reasons.count == 2)
        #expect(reasons[0].hasPrefix("64 of 128 calls succeeded"))
        #expect(reasons[1] == "policy: training is unknown, no wanted")
        #expect(ranking.order(by: .cost)?.rows.map(\.endpoint.rawValue) == ["a"])
    }

    @Test func `too few rounds rank nobody, and few are provisional`() throws {
        let few = try ranking(fixture(2, settings: "ranking: {minimum_rounds: 9}"))
        #expect(!few.hasRanks && few.exclusions.count == 2)
        var short = fixture(2, settings: "ranking: {minimum_rounds: 2, minimum_success: 0.9}")
        short.sessions.removeAll { $0.round >= 4 }
        short.attempts.removeAll { $0.place.round >= 4 }
        let provisional = try ranking(short)
        #expect(provisional.hasRanks && provisional.isProvisional)
        #expect(provisional.notices.contains { $0.hasPrefix("provisional: 4") })
        // Four rounds that all agree prove nothing: there is an estimate, but no interval and no rank.
        let rows = try #require(provisional.order(by: .sessionTime)?.rows)
        #expect(rows.map(\.endpoint.rawValue) == ["a", "b"] && rows[1].estimate > 1.2 * rows[0].estimate)
        #expect(rows.allSatisfy { $0.interval == nil && $0.rankBest == 1 && $0.rankWorst == 2 })
        #expect(provisional.notices.contains { $0.hasPrefix("no rank is claimed") })
    }

    @Test(arguments: [
        (0, 1, "0 of 1 call succeeded: at least "), (0, 2, "0 of 2 calls succeeded: at least "),
        (1, 1, "1 of 1 call was served by another route than the plan's; at most 5 % may be"),
        (1, 3, "1 of 3 calls was served by another route than the plan's; at most 5 % may be"),
        (2, 3, "2 of 3 calls were served by another route than the plan's; at most 5 % may be"),
        (-1, 1, "1 of 1 session that had arrived found no room before the run was stopped; "),
    ])
    func `what one call or session did is told of one`(odd: Int, count: Int, expected: String) throws {
        var run = RunFixture()
        run.rounds = 1
        run.sessionsPerRound = count
        for session in 0..<count {
            let place = CallPlace(endpoint: 0, round: 0, session: session, call: 0)
            var call = RunFixture.call(place, outcome: odd == 0 ? .server : odd < 0 ? .skipped : .ok)
            if odd < 0 { (call.skipReason, call.due, call.sent) = ("no-room", nil, nil) }
            if session < odd { call.routeMismatch = "served_by" }
            if odd < 0 { run.attempts.append(call) } else { run.addSession(0, 0, session, calls: [call]) }
        }
        let reasons = try ranking(run).exclusions.first { $0.endpoint.rawValue == "a" }?.reasons ?? []
        #expect(reasons.contains { $0.hasPrefix(expected) }, "\(reasons)")
    }

    @Test func `a median of too few calls has no value`() throws {
        var tiny = fixture(2, settings: "ranking: {minimum_rounds: 1, minimum_success: 0}")
        tiny.sessions.removeAll { $0.round > 0 }
        tiny.attempts.removeAll { $0.place.round > 0 || $0.place.call > 2 }
        let ranking = try ranking(tiny)
        #expect(ranking.roundCount == 1)
        #expect(ranking.order(by: .firstToken)?.rows.isEmpty == true)
        #expect(ranking.order(by: .firstToken)?.withoutValue.count == 2)
        #expect(ranking.order(by: .sessionTime)?.rows.count == 2)
    }

    @Test func `an invalid run ranks nobody`() throws {
        var overloaded = fixture(2)
        overloaded.health = [
            HealthRow(
                at: Instant(nanoseconds: 0), length: .seconds(1), busy: .milliseconds(990), longestTurn: .zero,
                greatestLateness: .zero, liveTransfers: 1)
        ]
        let ranking = try ranking(overloaded)
        #expect(!ranking.hasRanks)
        #expect(ranking.notices.contains { $0.contains("invalid") })
    }

    @Test func `without prices there is time to rank by, but no cost`() throws {
        var free = fixture(2)
        free.priced = []
        let ranking = try ranking(free)
        #expect(ranking.order(by: .score)?.rows.isEmpty == true)
        #expect(ranking.order(by: .score)?.withoutValue.count == 2)
        #expect(ranking.order(by: .sessionTime)?.rows.map(\.endpoint.rawValue) == ["a", "b"])
        #expect(ranking.pareto.isEmpty)
    }
}

@Suite struct OpenLoopRankingTests {
    /// Eight rounds of ten calls: `a` answers at once what it has room for, half a second late; `b` takes 200 ms each.
    private func ranking(_ settings: String, unserved: Int = 0) throws -> Ranking {
        var fixture = RunFixture()
        fixture.rounds = 8
        fixture.sessionsPerRound = 10
        fixture.settings = settings + "\nranking: {minimum_success: 0.5}"
        for round in 0..<8 {
            for session in 0..<10 {
                for endpoint in 0...1 {
                    let place = CallPlace(endpoint: endpoint, round: round, session: session, call: 0)
                    let start = Int64(round * 60_000 + session * 3000)
                    var call = RunFixture.call(place, at: start, timeToFirstToken: endpoint == 0 ? 50 : 200)
                    if endpoint == 0 {
                        call.due = Instant(nanoseconds: (start - 500) * 1_000_000)
                        call.predecessorEnd = Instant(nanoseconds: start * 1_000_000)
                    }
                    fixture.addSession(endpoint, round, session, calls: [call])
                }
            }
        }
        for session in 0..<unserved {
            let place = CallPlace(endpoint: 1, round: 8, session: session, call: 0)
            var skipped = RunFixture.call(place, outcome: .skipped)
            (skipped.skipReason, skipped.due, skipped.sent) = ("no-room", nil, nil)
            fixture.attempts.append(skipped)
        }
        if unserved > 0 { fixture.rounds = 9 }
        return Ranking(try RunAnalysis([try fixture.file()]))
    }

    @Test func `where sessions come by the clock, times count from when calls were due`() throws {
        let load = "load: {kind: constant, rate: 1, maximum_live_sessions: 1}"
        for criterion in [Criterion.firstToken, .turnTime] {
            let open = try #require(try ranking(load).order(by: criterion)?.rows.first)
            #expect(open.endpoint == "b")
            let closed = try #require(try ranking("live_sessions: 2").order(by: criterion)?.rows.first)
            #expect(closed.endpoint == "a")
        }
        #expect(try ranking(load).isOpen)
    }

    @Test func `who left more than two in a hundred sessions without room is not ranked`() throws {
        let load = "load: {kind: constant, rate: 1, maximum_live_sessions: 1}"
        #expect(try ranking(load, unserved: 1).exclusions.isEmpty)
        let excluded = try ranking(load, unserved: 2).exclusions
        #expect(excluded.map(\.endpoint) == ["b"])
        #expect(excluded.first?.reasons.first?.hasPrefix("2 of 82 sessions that had arrived found no room") == true)
    }
}
