public import Quantities
public import Records

/// One session that ran to its end at one endpoint.
public struct SessionMeasurement: Hashable, Sendable {
    /// The session's name in the library.
    public var name: String
    /// True if every call succeeded.
    public var isSuccess: Bool
    /// Seconds spent in calls, failed ones, waits before retries and the wait for room in a capped open loop included, without
    /// the client's own waits.
    public var modelTime: Double
    /// The price of all its attempts by the list; nil without a price.
    public var listCost: Money?
    /// The first attempts of its calls that were sent, in order.
    public var calls: [AttemptRow]
    /// Its start, its end, and its waits.
    public var timeline: SessionTimeline
    /// True if a call of it was served by another route than the plan's, so that the session says nothing of the endpoint.
    public var isVoid = false

    init(
        name: String, isSuccess: Bool, modelTime: Double, listCost: Money?, calls: [AttemptRow],
        timeline: SessionTimeline
    ) {
        self.timeline = timeline
        self.name = name
        self.isSuccess = isSuccess
        self.modelTime = modelTime
        self.listCost = listCost
        self.calls = calls
    }

    init(voidNamed name: String) {
        self.init(
            name: name, isSuccess: false, modelTime: 0, listCost: nil, calls: [], timeline: SessionTimeline([]))
        isVoid = true
    }

    /// The model time as a sample: infinite if the session failed.
    public var modelTimeOrFailure: Double { isSuccess ? modelTime : .infinity }
    /// The wall time as a sample: infinite if the session failed, nil if it cannot be known.
    public var wallTimeOrFailure: Double? { isSuccess ? timeline.wallTime : .infinity }
    /// The time to the final answer as a sample: infinite if the session failed, nil if it cannot be known.
    public var timeToFinalAnswerOrFailure: Double? {
        guard timeline.isFinalCallKnown else { return nil }
        return isSuccess ? timeline.timeToFinalAnswer : .infinity
    }
}
