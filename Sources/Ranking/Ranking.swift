import Profiles
public import Analysis
public import Quantities
import Statistics

/// The judgement of a run: who may be ranked, in what order, and how sure that is.
public struct Ranking: Sendable {
    /// One order per criterion, in the order of ``Criterion``.
    public let criteria: [CriterionRanking]
    /// Endpoints that are not ranked.
    public let exclusions: [Exclusion]
    /// Cost and time of the ranked endpoints that have a price.
    public let pareto: [ParetoPoint]
    /// For which price of time which endpoint has the best score.
    public let winningRanges: [WinningRange]
    /// Complete rounds that were compared.
    public let roundCount: Int
    /// Draws of the bootstrap.
    public let replicateCount: Int
    /// What an hour of waiting is worth in the score.
    public let valueOfTimePerHour: Money
    /// True if sessions came by the clock, so that times count from when a call was due.
    public let isOpen: Bool
    /// What the reader must know.
    public let notices: [String]

    /// True if there are too few rounds to trust the intervals.
    public var isProvisional: Bool { roundCount < 8 }
    /// True if endpoints were ranked at all.
    public var hasRanks: Bool { criteria.contains { !$0.rows.isEmpty } }

    /// The order under a criterion.
    public func order(by criterion: Criterion) -> CriterionRanking? { criteria.first { $0.criterion == criterion } }

    /// Ranks the endpoints of an analysis.
    ///
    /// Rounds are resampled jointly for all endpoints, and sessions within them. The number of resamples is raised where
    /// the plan's is too small for the Holm correction to let any pair through.
    public init(_ analysis: RunAnalysis) {
        let settings = analysis.documents.plan.ranking
        isOpen = analysis.documents.plan.load.isOpen
        valueOfTimePerHour = settings.valueOfTimePerHour
        roundCount = analysis.completeRounds.count
        let judged = analysis.endpoints.map { (endpoint: $0, reasons: Eligibility.reasons($0, analysis)) }
        exclusions = judged.filter { !$0.reasons.isEmpty }.map {
            Exclusion(endpoint: $0.endpoint.identifier, reasons: $0.reasons)
        }
        let eligible = analysis.isValid ? judged.filter(\.reasons.isEmpty).map(\.endpoint) : []
        let pairCount = eligible.count * (eligible.count - 1) / 2
        replicateCount = max(settings.replicates, 80 * pairCount)
        criteria = Self.criteria(eligible, analysis, replicates: replicateCount)
        pareto = Self.pareto(criteria)
        winningRanges = ParetoFront.winningRanges(
            pareto.filter(\.cost.isFinite).map { ($0.endpoint, $0.cost, $0.time) })
        notices = Self.notices(analysis, isProvisional: roundCount < 8, endpointCount: eligible.count)
    }

    private static func criteria(
        _ endpoints: [EndpointAnalysis], _ analysis: RunAnalysis, replicates: Int
    ) -> [CriterionRanking] {
        let settings = analysis.documents.plan.ranking
        let rounds = analysis.completeRounds
        let samples = endpoints.map { EndpointSample($0, rounds: rounds, plan: analysis.documents.plan) }
        let perSecond = settings.valueOfTimePerHour.dollars / 3600
        let sessionsPerRound = analysis.documents.plan.sessionsPerRound
        func values(_ weights: [Int]) -> [[Double?]] {
            Criterion.allCases.map { criterion in
                samples.map { $0.value(criterion, weights: weights, valueOfTimePerSecond: perSecond) }
            }
        }
        let once = Array(repeating: 1, count: rounds.count * sessionsPerRound)
        let estimates = values(once)
        var drawn: [[[Double?]]] = Criterion.allCases.map { _ in endpoints.map { _ in [] } }
        let seed = Seed(UInt64(analysis.documents.plan.seed)).derived("ranking")
        let sizes = Array(repeating: sessionsPerRound, count: rounds.count)
        if !endpoints.isEmpty {
            ClusterBootstrap(replicates: replicates, seed: seed).forEachResample(sessionsPerRound: sizes) { resample in
                var weights = Array(repeating: 0, count: once.count)
                for (round, sessions) in resample {
                    for session in sessions { weights[round * sessionsPerRound + session] += 1 }
                }
                for (place, row) in values(weights).enumerated() {
                    for (index, value) in row.enumerated() { drawn[place][index].append(value) }
                }
            }
        }
        return zip(Criterion.allCases, zip(estimates, drawn)).map { criterion, figures in
            CriterionRanking(
                criterion, names: endpoints.map(\.identifier), estimates: figures.0, replicates: figures.1,
                threshold: settings.differenceThreshold, roundCount: rounds.count)
        }
    }

    /// Cost against time, each per successful session as in the score: so whoever has the best score for some price of time
    /// is on the front.
    private static func pareto(_ criteria: [CriterionRanking]) -> [ParetoPoint] {
        let costs = criteria.first { $0.criterion == .cost }?.rows ?? []
        let times = criteria.first { $0.criterion == .sessionTime }?.rows ?? []
        return ParetoFront.marked(
            costs.compactMap { cost in
                times.first { $0.endpoint == cost.endpoint }.map { time in
                    ParetoPoint(endpoint: cost.endpoint, cost: cost.estimate, time: time.estimate, isOnFront: false)
                }
            })
    }

    private static func notices(_ analysis: RunAnalysis, isProvisional: Bool, endpointCount: Int) -> [String] {
        var notices: [String] = []
        if analysis.isRehearsal {
            notices.append(
                "rehearsal: every provider was modelled on the machine that measured; no figure says anything of a real one"
            )
        }
        if !analysis.isValid { notices.append("the harness was the bottleneck: this run is invalid and ranks nobody") }
        let rounds = analysis.completeRounds.count
        if isProvisional, analysis.isValid {
            notices.append(
                "provisional: \(Counted.text(rounds, "complete round")); trustworthy intervals need 8 or more")
        }
        let needed = CriterionRanking.neededRounds(endpointCount: endpointCount)
        if endpointCount > 1, rounds < needed {
            notices.append(
                "no rank is claimed: among \(endpointCount) endpoints that takes at least \(needed) complete rounds")
        }
        let plan = analysis.documents.plan
        if let small = plan.secondModel {
            notices.append(
                "TTFT, turn and decode are ranked by the calls to '\(plan.model)'; score, cost and time per session are over "
                    + "these and the calls to '\(small)'")
        }
        for endpoint in analysis.endpoints {
            if endpoint.cost.estimatedCalls > 0, endpoint.prices != nil {
                notices.append(
                    "\(endpoint.identifier): \(Counted.text(endpoint.cost.estimatedCalls, "call")) without usage, failed or not; the "
                        + "list price of the planned tokens stands for them, nothing cached")
            }
            if endpoint.quarantinedCount > 0 {
                notices.append(
                    "† \(endpoint.identifier): \(Counted.text(endpoint.quarantinedCount, "call")) served by another route "
                        + "than the plan's, set apart from all figures with the sessions")
            }
            if endpoint.tokens.ambiguousCalls > 0 {
                notices.append(
                    "\(endpoint.identifier): token totals that contradict each other in "
                        + Counted.text(endpoint.tokens.ambiguousCalls, "call")
                )
            }
        }
        return notices
    }
}
