import Quantities
import Statistics

/// How the sessions of one endpoint fared as a whole.
///
/// Counts every session that ended, successful or not; a session of which another route served a call is set apart.
public struct AgentSessions: Sendable {
    /// Sessions that ended.
    public let endedCount: Int
    /// Calls that were sent in those sessions; a call that was sent several times counts once.
    public let callCount: Int
    /// The median of the calls sent per session; nil without sessions.
    public let medianCallsPerSession: Double?
    /// Time to the final answer's first token (TTFAT), one value per session, infinite for those that failed.
    public let timeToFinalAnswer: MetricSummary
    /// The wall time, one value per session, infinite for those that failed.
    public let wallTime: MetricSummary
    /// Attempts in those sessions that were rate limited (HTTP 429).
    public let rateLimitedCount: Int
    /// What waiting after them cost.
    public let rateLimitWaits: RateLimitWaits

    /// The mean of the calls sent per session; nil without sessions.
    public var meanCallsPerSession: Double? { endedCount > 0 ? Double(callCount) / Double(endedCount) : nil }

    /// Gathers sessions.
    ///
    /// - Parameter sessions: those that ended and are not set apart, in the order of time.
    init(_ sessions: [SessionMeasurement]) {
        let counts = sessions.map(\.calls.count)
        endedCount = sessions.count
        callCount = counts.reduce(0, +)
        medianCallsPerSession = Quantile.interpolated(counts.sorted().map(Double.init), 0.5)
        timeToFinalAnswer = MetricSummary(inTimeOrder: sessions.compactMap(\.timeToFinalAnswerOrFailure))
        wallTime = MetricSummary(inTimeOrder: sessions.compactMap(\.wallTimeOrFailure))
        rateLimitedCount = sessions.reduce(0) { $0 + $1.timeline.rateLimitedCount }
        rateLimitWaits = RateLimitWaits(sessions.map(\.timeline))
    }
}

/// The time that sessions spent waiting to send a call again after it had been rate limited.
///
/// From the end of the refused attempt to the start of the call's next one; waits of calls side by side count once. The time
/// of a refused attempt itself is no wait, and a session that gave up after a refusal did not wait.
public struct RateLimitWaits: Hashable, Sendable {
    /// Sessions whose times are known.
    public let sessionCount: Int
    /// Those that waited at all.
    public let waitingSessionCount: Int
    /// Seconds of waiting in all of them.
    public let seconds: Double
    /// Seconds of wall time of all of them.
    public let wallSeconds: Double

    /// Seconds of waiting per session; nil without sessions.
    public var secondsPerSession: Double? { sessionCount > 0 ? seconds / Double(sessionCount) : nil }
    /// Waiting as a share of the sessions' wall time, from 0 to 1; nil without any.
    public var shareOfWallTime: Double? { wallSeconds > 0 ? seconds / wallSeconds : nil }

    init(_ timelines: [SessionTimeline]) {
        let timed = timelines.compactMap { timeline in
            timeline.rateLimitWait.flatMap { wait in timeline.wallTime.map { (wait: wait, wall: $0) } }
        }
        sessionCount = timed.count
        waitingSessionCount = timed.count { $0.wait > 0 }
        seconds = timed.reduce(0) { $0 + $1.wait }
        wallSeconds = timed.reduce(0) { $0 + $1.wall }
    }
}
