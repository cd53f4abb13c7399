public import Quantities
import Records
import Statistics

/// How long the answers of one endpoint are.
public struct OutputLength: Hashable, Sendable {
    /// Whole answers that tell how many tokens they have.
    public private(set) var callCount = 0
    /// Their tokens, reasoning included.
    public private(set) var tokens = 0

    /// Output tokens per call; nil without such answers.
    public var mean: Double? { callCount > 0 ? Double(tokens) / Double(callCount) : nil }

    /// Nothing counted yet.
    init() {}

    /// Counts an attempt: an answer that we cut short says nothing of how long it would have been.
    mutating func add(_ attempt: AttemptRow) {
        guard attempt.outcome == .ok, !attempt.usage.isAmbiguous, let output = attempt.usage.outputTotal else { return }
        callCount += 1
        tokens += output.value
    }
}

/// Whether the endpoints' answers are of one length, so that the times of whole calls and sessions can be compared.
///
/// Who writes more takes longer for it and is no slower; then only figures per token compare the endpoints.
public struct OutputLengths: Hashable, Sendable {
    /// How far an endpoint's mean may lie from the median of all of them, either way.
    ///
    /// MLPerf's gate for agentic inference accepts 390 to 475 output tokens a turn around a reference of 432: ten per cent
    /// either way. Of two endpoints, whose median lies half-way between them, neither answer may be longer than the other by
    /// more than that.
    public static let tolerance = 0.1

    /// An endpoint whose answers are longer or shorter than that.
    public struct Outlier: Hashable, Sendable {
        /// The endpoint.
        public let endpoint: EndpointIdentifier
        /// Its output tokens per call.
        public let mean: Double
        /// Its mean over the median, minus one.
        public let deviation: Double
    }

    /// The median over the endpoints of their means; nil with fewer than two endpoints that tell one.
    public let median: Double?
    /// How far a mean may lie from this median, as a share.
    public let limit: Double
    /// The endpoints outside the limit, in the order of the plan.
    public let outliers: [Outlier]

    /// An endpoint's mean over the median, minus one; nil where one of the two is not known.
    public func deviation(of length: OutputLength) -> Double? {
        guard let median, median > 0, let mean = length.mean else { return nil }
        return mean / median - 1
    }

    /// Compares endpoints.
    ///
    /// - Parameter lengths: one per endpoint that was measured to the end; one that the run stopped has answered other calls
    ///   than the rest.
    init(_ lengths: [(endpoint: EndpointIdentifier, length: OutputLength)]) {
        let means = lengths.compactMap { entry in entry.length.mean.map { (entry.endpoint, $0) } }
        let middle = means.count > 1 ? Quantile.interpolated(means.map(\.1).sorted(), 0.5) : nil
        median = middle
        limit = means.count == 2 ? Self.tolerance / (2 + Self.tolerance) : Self.tolerance
        let limit = limit
        guard let middle, middle > 0 else {
            outliers = []
            return
        }
        outliers = means.compactMap { endpoint, mean in
            // A mean at the very edge is inside, whatever the division makes of it.
            let isInside = abs(mean - middle) <= limit * middle * (1 + 1e-9)
            return isInside ? nil : Outlier(endpoint: endpoint, mean: mean, deviation: mean / middle - 1)
        }
    }
}
