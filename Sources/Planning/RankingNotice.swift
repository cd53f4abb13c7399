import Profiles
import Quantities
import Statistics

/// What a plan lacks for a ranking of its results.
extension PlanEstimate {
    /// That nobody can be ranked by the plan, however well all goes; nil if somebody may be.
    ///
    /// - Parameter plan: the plan of the estimate.
    /// - Returns: every rule that no endpoint can meet.
    public func rankingNotice(_ plan: Plan) -> String? {
        let (settings, rounds) = (plan.profile.ranking, plan.profile.rounds)
        var reasons: [String] = []
        if rounds < settings.minimumRounds {
            reasons.append(
                "it has \(Counted.text(rounds, "round")), and ranking.minimum_rounds wants \(settings.minimumRounds)")
        }
        let count = rows.map(\.callCount).max() ?? 0
        if let lower = Self.highestBound(count), lower < settings.minimumSuccess {
            var text =
                "if all of its \(Counted.text(count, "call")) per endpoint succeed, that proves a share of at least "
                + "\(Self.percent(lower)) with 95 % confidence, and ranking.minimum_success wants "
                + Self.percent(settings.minimumSuccess)
            if let needed = Self.callsNeeded(settings.minimumSuccess) {
                text += ", for which \(Counted.text(needed, "call")) \(needed == 1 ? "is" : "are") needed"
            }
            reasons.append(text)
        }
        return reasons.isEmpty ? nil : "nobody can be ranked by this plan: " + reasons.joined(separator: "; ")
    }

    /// All that a user should know before the plan runs.
    ///
    /// - Parameter plan: the plan of the estimate.
    /// - Returns: the plan's own notices, and what its cost and size tell.
    public func notices(_ plan: Plan) -> [String] {
        plan.notices + [budgetNotice(plan), rankingNotice(plan)].compactMap(\.self)
    }

    /// The lower bound of the share of good answers if all are good; nil without calls.
    private static func highestBound(_ callCount: Int) -> Double? {
        Wilson.interval(successes: callCount, trials: callCount)?.lower
    }

    /// How many calls must succeed, all of them, for a bound; nil if no number that can be planned is enough.
    private static func callsNeeded(_ bound: Double) -> Int? {
        var (low, high) = (0, 1_000_000_000)
        guard let most = highestBound(high), most >= bound else { return nil }
        while high - low > 1 {
            let middle = (low + high) / 2
            if highestBound(middle) ?? 0 >= bound { high = middle } else { low = middle }
        }
        return high
    }

    /// A share in per cent, with a digit after the point, rounded down as it is where an endpoint is left out.
    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded(.down))
        return "\(tenths / 10).\(tenths % 10) %"
    }
}
