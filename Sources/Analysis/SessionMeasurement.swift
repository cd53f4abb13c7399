public import Quantities
public import Records

/// One session that ran to its end at one endpoint.
public struct SessionMeasurement: Hashable, Sendable {
    /// The session's name in the library.
    public var name: String
    /// True if every call succeeded.
    public var isSuccess: Bool
    /// Seconds spent in calls, failed ones included, without the client's own waits.
    public var modelTime: Double
    /// The price of all its attempts by the list; nil without a price.
    public var listCost: Money?
    /// Its calls that were sent, in order.
    public var calls: [AttemptRow]

    /// The model time as a sample: infinite if the session failed.
    public var modelTimeOrFailure: Double { isSuccess ? modelTime : .infinity }
}
