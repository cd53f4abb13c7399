public import Quantities

/// An endpoint as a point of cost and time.
public struct ParetoPoint: Hashable, Sendable {
    /// Its name.
    public var endpoint: EndpointIdentifier
    /// Dollars per successful session.
    public var cost: Double
    /// Seconds spent in calls per successful session.
    public var time: Double
    /// True if no other endpoint is at least as good on both and better on one.
    public var isOnFront: Bool
}

/// The prices of time for which an endpoint has the best score.
public struct WinningRange: Hashable, Sendable {
    /// Its name.
    public var endpoint: EndpointIdentifier
    /// From this many dollars per hour.
    public var fromPerHour: Double
    /// To this many; infinite for the last.
    public var toPerHour: Double
}

/// Which endpoints are worth choosing at all, and for whom.
enum ParetoFront {
    /// Marks the points that no other dominates.
    static func marked(_ points: [ParetoPoint]) -> [ParetoPoint] {
        points.map { point in
            var point = point
            point.isOnFront = !points.contains { other in
                other.cost <= point.cost && other.time <= point.time
                    && (other.cost < point.cost || other.time < point.time)
            }
            return point
        }
    }

    /// The lower envelope of the lines cost + v · time over v ≥ 0; cost and time of each endpoint are finite.
    static func winningRanges(_ lines: [(endpoint: EndpointIdentifier, cost: Double, time: Double)]) -> [WinningRange] {
        var ranges: [WinningRange] = []
        var value = 0.0
        guard var current = lines.min(by: { ($0.cost, $0.time) < ($1.cost, $1.time) }) else { return [] }
        while true {
            // The first line to cross the present one is the one that takes over; of several, the quickest.
            let crossings = lines.filter { $0.time < current.time }.map { line in
                (at: max(value, (line.cost - current.cost) / (current.time - line.time)), line: line)
            }
            guard let next = crossings.min(by: { ($0.at, $0.line.time) < ($1.at, $1.line.time) }) else {
                ranges.append(
                    WinningRange(endpoint: current.endpoint, fromPerHour: value * 3600, toPerHour: .infinity))
                return ranges
            }
            if next.at > value {
                ranges.append(
                    WinningRange(endpoint: current.endpoint, fromPerHour: value * 3600, toPerHour: next.at * 3600))
            }
            (current, value) = (next.line, next.at)
        }
    }
}
