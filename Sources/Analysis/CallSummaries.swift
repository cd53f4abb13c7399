import Quantities
import Records

/// How fast some calls of an endpoint were: all that count, or those to one of its models.
public struct CallSummaries: Sendable {
    /// The metrics of calls by name.
    private let metrics: [String: MetricSummary]
    /// Times between content events of successful calls, in seconds.
    public let interChunk: MetricSummary

    /// Sums up calls in the order of their time.
    init(_ calls: [AttemptRow]) {
        metrics = Dictionary(
            uniqueKeysWithValues: CallMetric.all.map { metric in
                let values = calls.compactMap { metric.value(of: $0) }
                return (metric.name, MetricSummary(inTimeOrder: values, isBetterWhenLower: metric.isBetterWhenLower))
            })
        let streams = calls.filter { $0.outcome.isSuccess && $0.events.count > 1 }
        let gaps = streams.flatMap { zip($0.events, $0.events.dropFirst()).map { ($1.at - $0.at).seconds } }
        // Gaps of one stream hang together; a stream counts as one independent value.
        interChunk = MetricSummary(inTimeOrder: gaps, effectiveCount: Double(streams.count))
    }

    /// The summary of a metric, one value per call.
    public func summary(_ metric: CallMetric) -> MetricSummary? { metrics[metric.name] }
}
