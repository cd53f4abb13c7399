import Analysis
import Profiles
import Quantities
import Records
import Statistics

/// The sessions of one endpoint laid out for resampling: every figure of a resample is found from how often each session
/// was drawn, without copying or sorting anything.
struct EndpointSample {
    private var costs: [Double] = []
    private var times: [Double] = []
    private var successes: [Bool] = []
    private var calls: [Criterion: [(value: Double, session: Int)]] = [:]
    private let hasPrice: Bool

    /// - Parameters:
    ///   - endpoint: the endpoint.
    ///   - rounds: the rounds that count; sessions are numbered through them in order.
    ///   - plan: an open loop's times count from when a call was due; of two models only the main one's calls have medians.
    init(_ endpoint: EndpointAnalysis, rounds: [Int], plan: PlanProfile) {
        hasPrice = endpoint.cost.list != nil
        for session in rounds.flatMap({ endpoint.sessions[$0] }) {
            let number = costs.count
            costs.append(session.listCost?.dollars ?? 0)
            times.append(session.modelTime)
            successes.append(session.isSuccess)
            let ranked = plan.secondModel.map { small in session.calls.filter { $0.model != small } } ?? session.calls
            for criterion in Criterion.allCases {
                guard let metric = criterion.callMetric(isOpen: plan.load.isOpen) else { continue }
                let values = ranked.compactMap { metric.value(of: $0) }
                calls[criterion, default: []] += values.map { (value: $0, session: number) }
            }
        }
        for criterion in calls.keys {
            calls[criterion]?.sort { $0.value < $1.value }
            // Fewer values than a bound of the median takes have no median that may be printed.
            let count = calls[criterion]?.count ?? 0
            if Quantile.upperBoundRank(count: count, 0.5, confidence: 0.95) == nil { calls[criterion] = [] }
        }
    }

    var sessionCount: Int { costs.count }

    /// The value of a criterion when each session counts as often as it was drawn.
    ///
    /// - Returns: infinite (zero for rates) if nothing succeeded; nil if the endpoint has no price or no values.
    func value(_ criterion: Criterion, weights: [Int], valueOfTimePerSecond: Double) -> Double? {
        if criterion.needsPrice, !hasPrice { return nil }
        if let values = calls[criterion] { return Self.median(values, weights) }
        var (cost, time, count) = (0.0, 0.0, 0)
        for session in costs.indices where weights[session] > 0 {
            cost += costs[session] * Double(weights[session])
            time += times[session] * Double(weights[session])
            count += successes[session] ? weights[session] : 0
        }
        guard count > 0 else { return .infinity }
        switch criterion {
        case .cost: return cost / Double(count)
        case .sessionTime: return time / Double(count)
        default: return (cost + valueOfTimePerSecond * time) / Double(count)
        }
    }

    /// The median of weighted values in ascending order, interpolated as if each stood there as often as its weight says.
    private static func median(_ values: [(value: Double, session: Int)], _ weights: [Int]) -> Double? {
        let total = values.reduce(0) { $0 + weights[$1.session] }
        guard total > 0 else { return nil }
        let (lowPlace, highPlace) = ((total - 1) / 2, total / 2)
        var passed = 0
        var low: Double?
        for (value, session) in values where weights[session] > 0 {
            passed += weights[session]
            if low == nil, passed > lowPlace { low = value }
            if let low, passed > highPlace { return low == value ? value : low + (value - low) / 2 }
        }
        return low
    }
}
