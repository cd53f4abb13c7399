public import Quantities

/// An attempt that is about to be made: what its ``AttemptRow`` will say that is known before it is sent.
public struct IntentRow: Hashable, Sendable {
    /// The call.
    public var place: CallPlace
    /// Which attempt of the call, from zero.
    public var number: Int
    /// The model that it is sent to, by its name in the plan.
    public var model: String?
    /// When it was due.
    public var due: Instant
    /// When the last call that it depends on ended.
    public var predecessorEnd: Instant
    /// How long the budget had then held it back.
    public var budgetHold = Duration.zero
    /// When the request was handed to the network loop.
    public var started: Instant
    /// The prompt as the plan has it.
    public var plannedInput: TokenCount
    /// The part of the prompt that an ideal cache would hold.
    public var plannedCached: TokenCount
    /// The answer as it was recorded or drawn.
    public var plannedOutput: TokenCount
    /// How long the answer is to be; nil if that is the model's to decide.
    public var wantedOutput: WantedOutput?
    /// How many tool calls of earlier live answers were replaced by recorded ones in the prompt.
    public var substitutedCallCount = 0
    /// Where the call stands in its session.
    public var context: CallContext?

    /// Makes a row.
    public init(place: CallPlace, number: Int, due: Instant, predecessorEnd: Instant, started: Instant) {
        self.place = place
        self.number = number
        self.due = due
        self.predecessorEnd = predecessorEnd
        self.started = started
        plannedInput = .zero
        plannedCached = .zero
        plannedOutput = .zero
    }
}

extension AttemptRow {
    /// The row of an attempt that is under way: it stands as aborted until its end replaces it.
    public init(_ intent: IntentRow) {
        self.init(place: intent.place, number: intent.number, outcome: .aborted, ended: intent.started)
        due = intent.due
        model = intent.model
        predecessorEnd = intent.predecessorEnd
        budgetHold = intent.budgetHold
        started = intent.started
        sent = intent.started
        plannedInput = intent.plannedInput
        plannedCached = intent.plannedCached
        plannedOutput = intent.plannedOutput
        wantedOutput = intent.wantedOutput
        substitutedCallCount = intent.substitutedCallCount
        context = intent.context
    }
}
