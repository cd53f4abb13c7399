import Quantities
import Records

/// The figures of one endpoint that tell how it serves agents, whose calls hang together.
public struct AgentFigures: Sendable {
    /// Its sessions as a whole.
    public let sessions: AgentSessions
    /// How much it read from its cache of what the call before had left there.
    public let eligibleCache: EligibleCache
    /// The same by the time since the call before: what a cache forgets.
    public let cacheByGap: [CacheByGap]
    /// How its answers used their tools, by the length of the prompt.
    public let toolsByPrompt: [ToolBand]
    /// How its answers used their tools, by how many calls it had in flight.
    public let toolsByLoad: [ToolBand]

    /// Gathers the figures.
    ///
    /// - Parameters:
    ///   - sessions: those that ended and are not set apart, in the order of time.
    ///   - judged: the attempts that say something of the endpoint.
    ///   - all: every attempt, since whatever was sent is load.
    init(_ sessions: [SessionMeasurement], judged: [AttemptRow], all: [AttemptRow]) {
        self.sessions = AgentSessions(sessions)
        eligibleCache = EligibleCache(judged)
        cacheByGap = CacheByGap.classes(judged)
        toolsByPrompt = ToolBand.bands(judged, ToolBand.promptRanges) { $0.plannedInput.value }
        let inFlight = CallsInFlight.counts(all)
        toolsByLoad = ToolBand.bands(judged, ToolBand.loadRanges) { inFlight[CallsInFlight.Key($0)] }
    }
}
