import Quantities
public import Profiles
import Records
public import Statistics

/// How many calls met every objective of the plan.
public struct Attainment: Hashable, Sendable {
    /// Calls that met all.
    public var goodCount = 0
    /// Calls that failed, or that missed one.
    public var missedCount = 0
    /// Those of the missed calls that failed.
    public var failedCount = 0
    /// Calls that missed none but of which one could not be measured, such as a decode speed without a token count.
    public var undeterminedCount = 0

    /// All calls that were sent.
    public var attemptedCount: Int { goodCount + missedCount + undeterminedCount }
    /// True if the calls tell how many are good: no call is undetermined, or an answer at least could be judged.
    var isTold: Bool { undeterminedCount == 0 || goodCount + missedCount > failedCount }
    /// Good calls of all that were sent; nil if none were, or if not one answer could be judged.
    public var share: Double? { attemptedCount > 0 && isTold ? Double(goodCount) / Double(attemptedCount) : nil }

    /// What becomes of a call.
    enum Judgement {
        case good, missed, undetermined
    }

    /// Judges a call that was sent; what it had to wait for room counts as part of its times.
    static func judge(_ attempt: AttemptRow, _ objectives: [Objective]) -> Judgement {
        guard attempt.outcome.isSuccess else { return .missed }
        var isDetermined = true
        for objective in objectives {
            let metric = objective.metric.callMetric
            guard let value = metric.valueAlone(of: attempt) else {
                isDetermined = false
                continue
            }
            let isMissed =
                metric.isBetterWhenLower
                ? value + attempt.predecessorDelay > objective.limit : value < objective.limit
            if isMissed { return .missed }
        }
        return isDetermined ? .good : .undetermined
    }

    mutating func add(_ judgement: Judgement, isSuccess: Bool) {
        switch judgement {
        case .good: goodCount += 1
        case .missed:
            missedCount += 1
            failedCount += isSuccess ? 0 : 1
        case .undetermined: undeterminedCount += 1
        }
    }
}

extension Objective.Metric {
    /// The metric that the objective limits.
    public var callMetric: CallMetric {
        switch self {
        case .timeToFirstToken: .timeToFirstToken
        case .timeToFirstOutput: .timeToFirstOutput
        case .turnTime: .turnTime
        case .decodeRate: .decodeRate
        }
    }
}

/// A share of calls with what it may truly be, given that calls of one cluster, such as a round, rise and fall together.
public struct ShareFigure: Hashable, Sendable {
    /// Hits.
    public var hitCount: Int
    /// Trials.
    public var trialCount: Int
    /// How many independent trials they are worth.
    public var effectiveTrialCount: Double
    /// The Wilson interval, 95 %, two-sided; nil without trials.
    public var interval: Interval?

    /// The share; nil without trials.
    public var share: Double? { trialCount > 0 ? Double(hitCount) / Double(trialCount) : nil }

    /// Counts hits and trials cluster by cluster.
    ///
    /// The design effect is the variance of the share between clusters over the variance that independent trials would have;
    /// it is never taken to be below one.
    public init(clusters: [(hits: Int, trials: Int)]) {
        let used = clusters.filter { $0.trials > 0 }
        hitCount = used.reduce(0) { $0 + $1.hits }
        trialCount = used.reduce(0) { $0 + $1.trials }
        effectiveTrialCount = Double(trialCount)
        let share = trialCount > 0 ? Double(hitCount) / Double(trialCount) : 0
        if used.count > 1, share > 0, share < 1 {
            let n = Double(trialCount)
            let squares = used.reduce(0.0) { sum, cluster in
                let deviation = Double(cluster.hits) - share * Double(cluster.trials)
                return sum + deviation * deviation
            }
            let between = squares / (n * n) * Double(used.count) / Double(used.count - 1)
            effectiveTrialCount = n / max(1, between / (share * (1 - share) / n))
        }
        interval = Wilson.interval(successes: hitCount, trials: trialCount, effectiveTrials: effectiveTrialCount)
    }
}
