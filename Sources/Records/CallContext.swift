/// Where a call stands in its session, as the plan has it.
public struct CallContext: Hashable, Sendable {
    /// The agent that makes the call.
    public var agent: String
    /// The call, by its place in the session, whose whole prompt and answer open this call's prompt.
    ///
    /// Nil for the first call of a context, and for one after a compaction.
    public var previousCall: Int?
    /// True for the last call of the session's main agent: its answer is the session's.
    public var isFinal: Bool

    /// Makes a context.
    public init(agent: String, previousCall: Int?, isFinal: Bool) {
        self.agent = agent
        self.previousCall = previousCall
        self.isFinal = isFinal
    }
}
