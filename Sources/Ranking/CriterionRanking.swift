public import Quantities
public import Statistics

/// One endpoint's place under one criterion.
public struct RankedEndpoint: Hashable, Sendable {
    /// Its name.
    public var endpoint: EndpointIdentifier
    /// The value over all complete rounds.
    public var estimate: Double
    /// Where the value lies in 95 % of the resamples; nil with too few rounds to say.
    public var interval: Interval?
    /// One more than the number of endpoints that beat it.
    public var rankBest: Int
    /// The number of ranked endpoints less those that it beats.
    public var rankWorst: Int
    /// Letters; endpoints that share one cannot be told apart.
    public var tieGroups: String
    /// The share of resamples in which it comes first, from 0 to 1; shared places count in part.
    public var chanceOfBest: Double
}

/// The order of the endpoints under one criterion.
///
/// Endpoint i beats j if, over resamples drawn jointly for both, the Holm-adjusted two-sided p-value of the difference of
/// logarithms is below 0.05 and the median difference is at least the plan's threshold. So a rank is claimed only where the
/// rounds agree on it. No p-value is taken to be smaller than 2 · 2⁻ᴿ for R rounds: so often chance alone makes all rounds
/// tell the same (the sign test), whatever a bootstrap of few rounds may say. Below eight rounds nothing is claimed: with six
/// a bootstrap tells equal endpoints apart in 11 % of experiments, with eight in no more than the 5 % that it promises.
public struct CriterionRanking: Hashable, Sendable {
    /// The fewest rounds from which an interval of 95 % is given: 2 · 2⁻⁶ is the first below 0.05.
    static let minimumRounds = 6
    /// The fewest rounds from which a rank is claimed.
    static let minimumRoundsOfClaim = 8

    /// The smallest p-value that so many rounds can support.
    private static func smallestPValue(rounds: Int) -> Double { rounds < 1000 ? Natural.power(0.5, rounds - 1) : 0 }

    /// The fewest rounds from which ranks can be claimed among so many endpoints.
    public static func neededRounds(endpointCount: Int) -> Int {
        let pairs = Double(endpointCount * (endpointCount - 1) / 2)
        return (minimumRoundsOfClaim...1000).first { smallestPValue(rounds: $0) * pairs < 0.05 } ?? 1000
    }

    /// The criterion.
    public let criterion: Criterion
    /// From the best estimate to the worst.
    public let rows: [RankedEndpoint]
    /// Endpoints that have no value, such as for want of a price.
    public let withoutValue: [EndpointIdentifier]

    /// Judges the resamples.
    ///
    /// - Parameters:
    ///   - criterion: the criterion.
    ///   - names: the endpoints.
    ///   - estimates: the value of each; nil where there is none.
    ///   - replicates: for each endpoint its value in each resample; nil where there is none.
    ///   - threshold: the least ratio, less one, that counts as a difference.
    ///   - roundCount: how many rounds the values rest on.
    init(
        _ criterion: Criterion, names: [EndpointIdentifier], estimates: [Double?], replicates: [[Double?]],
        threshold: Double, roundCount: Int
    ) {
        self.criterion = criterion
        let ranked = names.indices.filter { estimates[$0] != nil }.sorted { left, right in
            let losses = [left, right].map { criterion.loss(estimates[$0] ?? .nan) }
            return losses[0] != losses[1] ? losses[0] < losses[1] : left < right
        }
        withoutValue = names.indices.filter { estimates[$0] == nil }.map { names[$0] }
        let losses = ranked.map { index in replicates[index].map { $0.map { criterion.loss($0) } ?? .infinity } }
        let isEnough = roundCount >= Self.minimumRounds
        let beats = Self.beats(losses, threshold: threshold, roundCount: roundCount)
        let letters = Self.tieGroups(beats)
        let chances = Self.chancesOfBest(losses)
        rows = ranked.enumerated().map { place, index in
            let values = replicates[index].map { $0 ?? (criterion.isBetterWhenLower ? .infinity : 0) }.sorted()
            let estimate = estimates[index] ?? .nan
            return RankedEndpoint(
                endpoint: names[index], estimate: estimate,
                interval: isEnough
                    ? Interval(
                        lower: Quantile.interpolated(values, 0.025) ?? estimate,
                        upper: Quantile.interpolated(values, 0.975) ?? estimate) : nil,
                rankBest: 1 + beats.count { $0[place] }, rankWorst: ranked.count - beats[place].count { $0 },
                tieGroups: letters[place], chanceOfBest: chances[place])
        }
    }

    /// Who beats whom: `result[i][j]` is true if i beats j.
    static func beats(_ losses: [[Double]], threshold: Double, roundCount: Int) -> [[Bool]] {
        let pairs = losses.indices.flatMap { i in ((i + 1)..<losses.count).map { (i, $0) } }
        var values: [Double] = []
        var medians: [Double] = []
        for (i, j) in pairs {
            // Two endpoints that both never succeed, or both cost nothing, do not differ.
            let differences = zip(losses[i], losses[j]).map { $0 == $1 ? 0 : $0 - $1 }.sorted()
            let tail = min(differences.count { $0 <= 0 }, differences.count { $0 >= 0 })
            let share = 2 * Double(tail + 1) / Double(differences.count + 1)
            values.append(min(1, max(share, smallestPValue(rounds: roundCount))))
            medians.append(Quantile.interpolated(differences, 0.5) ?? 0)
        }
        var beats = Array(repeating: Array(repeating: false, count: losses.count), count: losses.count)
        guard roundCount >= minimumRoundsOfClaim else { return beats }
        for (pair, (adjusted, median)) in zip(pairs, zip(Holm.adjusted(values), medians))
        where adjusted < 0.05 && abs(median) >= Natural.logarithm(1 + threshold) {
            if median < 0 { beats[pair.0][pair.1] = true } else { beats[pair.1][pair.0] = true }
        }
        return beats
    }

    /// Letters for endpoints in order: each letter is a longest run of endpoints of which none beats another.
    static func tieGroups(_ beats: [[Bool]]) -> [String] {
        var letters = Array(repeating: "", count: beats.count)
        var (reached, groups) = (0, 0)
        for start in beats.indices {
            var end = start
            while end + 1 < beats.count, (start...end).allSatisfy({ !beats[$0][end + 1] && !beats[end + 1][$0] }) {
                end += 1
            }
            guard end + 1 > reached else { continue }
            reached = end + 1
            let letter = Character(UnicodeScalar(UInt8(97 + groups % 26)))
            for index in start...end { letters[index].append(letter) }
            groups += 1
        }
        return letters
    }

    /// How often each endpoint comes first; who share the first place share the resample.
    static func chancesOfBest(_ losses: [[Double]]) -> [Double] {
        var firsts = Array(repeating: 0.0, count: losses.count)
        let count = losses.first?.count ?? 0
        for replicate in 0..<count {
            let best = losses.map { $0[replicate] }.min() ?? 0
            let winners = losses.indices.filter { losses[$0][replicate] == best }
            for winner in winners { firsts[winner] += 1 / Double(winners.count) }
        }
        return firsts.map { count > 0 ? $0 / Double(count) : 0 }
    }
}
