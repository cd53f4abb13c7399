import Dialects
import Profiles
import Quantities

/// What one response is to be, decided before its first byte.
struct StreamPlan: Sendable {
    let dialect: DialectName
    let context: ResponseContext
    let form: AnswerForm

    init(
        _ number: Int, _ request: ServedRequest, _ dialect: DialectName, _ persona: Persona, fault: Scenario?,
        manners: Set<Scenario>
    ) {
        self.dialect = dialect
        let habits = Self.habits(persona, manners)
        var upstream = persona.upstream ?? (persona.system == .openRouter ? "Rehearsal" : nil)
        if fault == .fallback { upstream = "rehearsal-fallback" }
        let model = fault == .otherModel ? "rehearsal-other-model" : persona.answeringModel(request.model)
        context = ResponseContext(
            identifier: String(number), model: model, provider: upstream,
            framing: Self.framing(persona.system, dialect, manners), habits: habits, request: request,
            isCumulative: manners.contains(.cumulative))
        let writer = ResponseWriters.writer(dialect, context)
        form = AnswerForm(
            tokensPerEvent: persona.tokensPerEvent, reasoningShare: persona.reasoningShare,
            outputShare: persona.outputShare, leastTokens: Self.leastTokens(request, persona.system), fault: fault,
            manners: manners, interleaves: writer.interleavesToolCalls, sendsWholeArguments: writer.sendsWholeArguments,
            knowsTools: dialect != .tgi, identifier: Self.identifier(dialect, request, habits))
    }

    /// How many tokens the system has to write at least, as the request has it.
    private static func leastTokens(_ request: ServedRequest, _ system: PersonaSystem) -> Int {
        guard system.takesOutputMinimum else { return 0 }
        let limit = (request.outputLimit ?? AnswerForm.usualLimit).value
        return request.ignoresEnd ? limit : min(request.outputMinimum?.value ?? 0, limit)
    }

    private static func habits(_ persona: Persona, _ manners: Set<Scenario>) -> ChatHabits {
        var habits = persona.system.habits
        if persona.hasUsageAtFinish { (habits.usage, habits.alwaysTellsUsage) = (.finish, true) }
        let placements: [(Scenario, ChatHabits.Usage)] = [
            (.usageOwnEvent, .ownEvent), (.usageWithChoice, .ownEventWithChoice), (.usageAtFinish, .finish),
            (.usageInsideChoice, .insideChoice), (.usageEverywhere, .every),
        ]
        for (manner, usage) in placements where manners.contains(manner) {
            (habits.usage, habits.alwaysTellsUsage) = (usage, true)
        }
        if manners.contains(.emptyFirstEvent) { habits.extras.insert(.filterResults) }
        return habits
    }

    private static func framing(
        _ system: PersonaSystem, _ dialect: DialectName, _ manners: Set<Scenario>
    ) -> EventFraming {
        var framing = EventFraming()
        framing.usesCarriageReturn = dialect == .gemini || manners.contains(.carriageReturns)
        framing.hasSpace = dialect != .tgi && !manners.contains(.noSpace)
        framing.putsDataFirst =
            manners.contains(.dataFirst) || (system == .bedrockOpenAI && dialect == .openAIResponses)
        return framing
    }

    private static func identifier(
        _ dialect: DialectName, _ request: ServedRequest, _ habits: ChatHabits
    ) -> ToolIdentifier {
        switch request.innerDialect ?? dialect {
        case .anthropicMessages: .prefix("toolu_")
        case .bedrockConverse: .prefix("tooluse_")
        case .openAIChat: .chat(habits.identifier)
        case .openAIResponses, .bedrockInvoke, .gemini, .tgi, .dashScope: .prefix("call_")
        }
    }

    /// True if the stream is made of Amazon's frames.
    var hasFrames: Bool { dialect == .bedrockConverse || dialect == .bedrockInvoke }

    /// What a fault answers in place of a stream; nil if it lets one begin.
    static func refusal(_ fault: Scenario?) -> (refusal: ServedRefusal, hint: RetryHint)? {
        switch fault {
        case .rateLimit: (ServedRefusal(.rateLimit, "the rehearsal plays a rate limit"), .seconds)
        case .rateLimitDate: (ServedRefusal(.rateLimit, "the rehearsal plays a rate limit"), .date)
        case .rateLimitMilliseconds: (ServedRefusal(.rateLimit, "the rehearsal plays a rate limit"), .milliseconds)
        case .rateLimitBare: (ServedRefusal(.rateLimit, "the rehearsal plays a rate limit"), .none)
        case .serverError: (ServedRefusal(.server, "the rehearsal plays a server error"), .none)
        case .overload: (ServedRefusal(.unavailable, "the rehearsal plays an overload"), .seconds)
        case .overloaded: (ServedRefusal(.overloaded, "Overloaded"), .none)
        case .paymentRequired: (ServedRefusal(.payment, "Insufficient Balance"), .none)
        case .tokenExpiry: (ServedRefusal(.expiredToken, "The access token has expired."), .none)
        case .clockSkew: (ServedRefusal(.signature, "Signature expired: the request's time is too far off."), .none)
        default: nil
        }
    }
}
