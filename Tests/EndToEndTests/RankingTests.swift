import Analysis
import Planning
import Driving
import Quantities
import Ranking
import Records
import Rehearsal
import Statistics
import Testing

/// Five providers whose true order is known on every metric, and a sixth that is the twin of the third.
///
/// Their waits lie 25 ms and more apart: unoptimized, the harness and the fleet take up to ten to write and to read one
/// prompt while another session waits for them.
private let known: [Persona] = {
    // Name, network in ms, decode speed: the order of waiting is not that of speaking.
    let habits = [
        ("a", 15, 6000.0), ("b", 40, 3000), ("c", 75, 12_000), ("d", 110, 1500), ("e", 150, 24_000), ("c2", 75, 12_000),
    ]
    return habits.map { name, network, speed in
        Persona(
            name: name, network: .milliseconds(network), prefillTokensPerSecond: 5e6, decodeTokensPerSecond: speed,
            slowdownPerStream: 0, tokensPerEvent: 16, jitter: 0.05)
    }
}()

extension EndToEnd {
    @Suite(.serialized) struct KnownOrderTests {
        /// Of at most five experiments two must be without any error.
        ///
        /// Each of three orders is claimed with five per cent of error for all its pairs together, so an experiment errs in up
        /// to fifteen of a hundred: that four of five do happens in two of a thousand, and who always errs is never right twice.
        @Test func `the ranking recovers the true order on every metric and ties the equal pair`() throws {
            var errors: [[String]] = []
            while errors.filter(\.isEmpty).count < 2 {
                try #require(errors.count < 5, "\(errors)")
                errors.append(try errorsOfOneExperiment())
            }
        }

        private func errorsOfOneExperiment() throws -> [String] {
            let settings = """
                rounds: 12
                sessions_per_round: 2
                order: random
                ranking: {minimum_rounds: 12, minimum_success: 0.85}
                """
            let analysis = try valid(settings)
            let ranking = Ranking(analysis)
            try #require(ranking.exclusions.isEmpty)
            let truth: [(Criterion, [Set<String>])] = [
                (.firstToken, [["a"], ["b"], ["c", "c2"], ["d"], ["e"]]),
                (.decodeRate, [["e"], ["c", "c2"], ["a"], ["b"], ["d"]]),
            ]
            var errors: [String] = []
            for (criterion, groups) in truth {
                let rows = try #require(ranking.order(by: criterion)?.rows)
                #expect(rows.count == 6)
                var rank = 1
                for group in groups {
                    let members = rows.filter { group.contains($0.endpoint.rawValue) }
                    for row in members where row.rankBest != rank || row.rankWorst != rank + group.count - 1 {
                        errors.append("\(criterion): \(row)")
                    }
                    if group.count > 1, members[0].tieGroups != members[1].tieGroups {
                        errors.append("\(criterion): the twins are not tied")
                    }
                    rank += group.count
                }
            }
            // All prices are equal and so are the tokens: nobody is cheaper.
            let costs = try #require(ranking.order(by: .cost)?.rows)
            #expect(costs.allSatisfy { $0.rankBest == 1 && $0.rankWorst == 6 })
            let times = try #require(ranking.order(by: .sessionTime)?.rows)
            let twins = times.filter { ["c", "c2"].contains($0.endpoint.rawValue) }
            if twins[0].rankBest != twins[1].rankBest || twins[0].rankWorst != twins[1].rankWorst {
                errors.append("session time: the twins are not tied")
            }
            return errors
        }

        /// Runs until the harness kept up: other programs may spoil a run, and it says so itself; five in a row are no accident.
        private func valid(_ settings: String) throws -> RunAnalysis {
            var findings: [String] = []
            for _ in 0..<5 {
                let stage = try Stage(known, settings: settings, calls: 2)
                defer { stage.close() }
                let analysis = try RunAnalysis([try stage.run().0])
                if analysis.isValid { return analysis }
                findings += analysis.verdicts.flatMap(\.findings).map(\.text)
            }
            try #require(Bool(false), "five runs were spoilt: \(findings)")
            throw CancellationError()
        }

        @Test func `the measured time to first token agrees with the ground truth`() throws {
            let stage = try Stage(Array(known.prefix(3)), settings: "rounds: 4\nsessions_per_round: 2", calls: 4)
            defer { stage.close() }
            let (file, _) = try stage.run()
            let truths = Dictionary(uniqueKeysWithValues: stage.fleet.truths.map { ($0.requestIdentifier, $0) })
            var excess: [Double] = []
            for row in file.attempts {
                let truth = try #require(truths[RunDriver.requestIdentifier(CallKey(row.place))])
                let measured = try #require(CallMetric.timeToFirstToken.value(of: row))
                let true_ = (try #require(truth.firstContent) - truth.received).seconds
                // The harness sees the request leave before the server has it, and the answer after the server gave it away.
                #expect(measured >= true_)
                excess.append(measured - true_)
            }
            let median = try #require(Quantile.interpolated(excess.sorted(), 0.5))
            #expect(median < 0.005, "half of the calls measure \(median) s more than truth")
        }
    }
}
