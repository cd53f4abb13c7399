import Statistics
import Analysis
import Profiles
public import Quantities

/// An endpoint that is not ranked, and why.
public struct Exclusion: Hashable, Sendable {
    /// Its name.
    public var endpoint: EndpointIdentifier
    /// Every rule that it does not meet.
    public var reasons: [String]
}

/// The rules that an endpoint must meet to be ranked.
enum Eligibility {
    /// The rules that an endpoint breaks; empty if it may be ranked.
    static func reasons(_ endpoint: EndpointAnalysis, _ analysis: RunAnalysis) -> [String] {
        let settings = analysis.documents.plan.ranking
        var reasons: [String] = []
        if endpoint.wasStopped {
            reasons.append(
                "the run stopped calling it because "
                    + (endpoint.wasSaturated
                        ? "sessions arrived faster than it served them" : "too many calls failed"))
        }
        let rounds = analysis.completeRounds.count
        if rounds < settings.minimumRounds, !endpoint.wasStopped {
            reasons.append("\(Counted.text(rounds, "complete round")), \(settings.minimumRounds) wanted")
        }
        if let lower = endpoint.success.interval?.lower {
            if lower < settings.minimumSuccess {
                reasons.append(
                    "\(endpoint.success.hitCount) of \(Counted.text(endpoint.success.trialCount, "call")) succeeded: at least "
                        + "\(percent(lower)) with 95 % confidence, \(percent(settings.minimumSuccess)) wanted")
            }
        } else {
            reasons.append("no call was made")
        }
        let arrivedCount = endpoint.unservedCount + endpoint.sessions.joined().count
        if Double(endpoint.unservedCount) > 0.02 * Double(arrivedCount) {
            reasons.append(
                "\(endpoint.unservedCount) of \(Counted.text(arrivedCount, "session")) that had arrived found no room before the run was stopped; "
                    + "at most 2 % may, or only the lucky ones would count")
        }
        let served = endpoint.sentCount
        if Double(endpoint.quarantinedCount) > 0.05 * Double(served) {
            reasons.append(
                "\(endpoint.quarantinedCount) of \(Counted.text(served, "call")) "
                    + "\(endpoint.quarantinedCount == 1 ? "was" : "were") served by another route than the plan's; at most "
                    + "5 % may be")
        }
        for demand in analysis.documents.policy?.requirements ?? [] {
            let fact = endpoint.provider.policy.first { $0.subject == demand.subject }
            let answer = fact?.answer ?? .unknown
            if answer != demand.answer {
                reasons.append("policy: \(demand.subject) is \(answer.rawValue), \(demand.answer.rawValue) wanted")
            }
        }
        return reasons
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded(.down))
        return "\(tenths / 10).\(tenths % 10) %"
    }
}
