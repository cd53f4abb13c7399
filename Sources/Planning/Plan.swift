import Pricing
public import Profiles
public import Quantities
public import Statistics
public import Workloads

/// One session of a round.
public struct PlannedSession: Hashable, Sendable {
    /// Which session of the library.
    public let libraryIndex: Int
    /// Decides its text, the same for every endpoint.
    public let seed: Seed
    /// How often the library has been gone through before: what is sent again must not be warm.
    public let pass: Int
    /// When it is due after its endpoint's turn in the round began, the same for every endpoint; nil in a closed loop.
    public let offset: Duration?
    /// True if it keeps its long waits in full, so that what expires meanwhile is seen.
    public let keepsLongWaits: Bool
}

/// A block of time in which every endpoint runs the same sessions.
public struct PlannedRound: Hashable, Sendable {
    /// The endpoints in the order of this round, drawn anew for each: also side by side somebody must be first, and always
    /// being first would be an advantage.
    public let endpointOrder: [Int]
    /// The sessions; in an open loop in the order in which they arrive.
    public let sessions: [PlannedSession]
}

/// Names one session of a run.
public struct SessionKey: Hashable, Comparable, Sendable {
    /// The endpoint's place in the plan.
    public let endpoint: Int
    /// The round.
    public let round: Int
    /// The session's place in the round.
    public let session: Int

    /// Makes a key.
    public init(endpoint: Int, round: Int, session: Int) {
        self.endpoint = endpoint
        self.round = round
        self.session = session
    }

    /// Orders by round, endpoint and session.
    public static func < (left: SessionKey, right: SessionKey) -> Bool {
        (left.round, left.endpoint, left.session) < (right.round, right.endpoint, right.session)
    }
}

/// Names one call of a run.
public struct CallKey: Hashable, Comparable, Sendable {
    /// The session.
    public let session: SessionKey
    /// The call's place in the session.
    public let call: Int

    /// Makes a key.
    public init(session: SessionKey, call: Int) {
        self.session = session
        self.call = call
    }

    /// Orders by session and call.
    public static func < (left: CallKey, right: CallKey) -> Bool {
        (left.session, left.call) < (right.session, right.call)
    }
}

/// Why a plan cannot be made.
public struct PlanningError: Error, Hashable, CustomStringConvertible, Sendable {
    /// What is wrong and what helps.
    public let description: String
}

/// Everything that a run will do, decided before anything is sent.
public struct Plan: Hashable, Sendable {
    /// The documents that it was made from.
    public let documents: DocumentSet
    /// The endpoints.
    public private(set) var endpoints: [PlannedEndpoint]
    /// The sessions.
    public let library: SessionLibrary
    /// What each call of each session of the library has in its context.
    public let graphs: [ContextGraph]
    /// What an ideal cache has seen of each prompt before it is sent.
    public let reuse: PromptReuse
    /// The same for endpoints that are sent recorded reasoning; nil if there are none, or nothing was recorded.
    let reasoningReuse: PromptReuse?
    /// The rounds.
    public let rounds: [PlannedRound]
    /// Turns tokens into text.
    public let tokenizer: ApproximateTokenizer
    /// What becomes of the client's own waits.
    let pace: Pace
    /// What the user should know before it runs.
    public private(set) var notices: [String]

    /// The plan's document.
    public var profile: PlanProfile { documents.plan }
    /// Decides everything random.
    public var seed: Seed { Seed(UInt64(documents.plan.seed)) }

    /// Decides everything.
    ///
    /// - Throws: ``PlanningError`` if the workload is unknown, broken or does not fit the model's context.
    public init(_ documents: DocumentSet) throws(PlanningError) {
        self.documents = documents
        let profile = documents.plan
        let seed = Seed(UInt64(profile.seed))
        let book = PriceBook(documents.prices)
        endpoints = profile.endpoints.compactMap { PlannedEndpoint($0, documents, book) }
        tokenizer = ApproximateTokenizer(bytesPerToken: documents.workload.bytesPerToken)
        var notices = Self.priceNotices(endpoints)
        let count = profile.rounds * profile.sessionsPerRound
        var library = try Self.pricedLibrary(documents, count: count, seed: seed)
        let salts = ReuseSalts(
            run: profile.salts.run, tenant: profile.salts.tenant, session: profile.salts.session,
            model: profile.secondModel != nil)
        let sendsReasoning = endpoints.contains { $0.provider.reasoningField != nil } && Self.hasReasoning(library)
        try Self.cut(
            &library, for: endpoints, maximumCalls: documents.workload.maximumCalls, salts, sendsReasoning, &notices)
        if case .recorded = profile.load.model {
            library = try RecordedArrivals.sorted(library, plan: profile.name)
        }
        let arrivals = try ArrivalTimes(profile, sessions: library.sessions, seed: seed)
        self.library = library
        graphs = library.sessions.map { ContextGraph($0) }
        reuse = PromptReuse(library, graphs, sessionCount: count, salts: salts)
        reasoningReuse =
            sendsReasoning
            ? PromptReuse(library, graphs, sessionCount: count, salts: salts, sendsReasoning: true) : nil
        pace = Pace(profile)
        let kept = pace.kept(library, count: count, seed: seed.derived("kept waits"))
        self.notices = notices
        var generator = SeededGenerator(seed: seed.derived("order"))
        let places = Array(endpoints.indices)
        rounds = (0..<profile.rounds).map { round in
            let order = generator.shuffled(places)
            let sessions = (0..<profile.sessionsPerRound).map { place in
                let number = round * profile.sessionsPerRound + place
                return PlannedSession(
                    libraryIndex: number % library.sessions.count, seed: seed.derived("session text", number),
                    pass: number / library.sessions.count, offset: arrivals.rounds?[round][place],
                    keepsLongWaits: kept[number])
            }
            return PlannedRound(endpointOrder: order, sessions: sessions)
        }
        self.notices += [modelNotice].compactMap(\.self) + libraryNotices + outputNotices
    }

    /// The same plan, its documents unchanged, played elsewhere: without credentials, and without proofs of who served a call.
    ///
    /// - Parameter urls: the base URL of each endpoint, in the order of the plan.
    /// - Returns: the plan, for a rehearsal.
    public func rehearsed(at urls: [String]) -> Plan {
        precondition(urls.count == endpoints.count, "\(urls.count) places for \(endpoints.count) endpoints")
        var copy = self
        copy.endpoints = zip(endpoints, urls).map { $0.rehearsed(at: $1) }
        return copy
    }

    /// Cuts sessions to the calls that every endpoint's model for them can hold.
    private static func cut(
        _ library: inout SessionLibrary, for endpoints: [PlannedEndpoint], maximumCalls: Int?, _ salts: ReuseSalts,
        _ sendsReasoning: Bool, _ notices: inout [String]
    ) throws(PlanningError) {
        let sizes = PromptSizes(
            library, library.sessions.map { ContextGraph($0) }, salts: salts, sendsReasoning: sendsReasoning)
        var cuts: [TokenCount: Int] = [:]
        for index in library.sessions.indices {
            let calls = library.sessions[index].calls
            var kept = calls.prefix(maximumCalls ?? calls.count)
            for (place, call) in kept.enumerated() {
                let input = sizes.inputTokens(call: place, session: index)
                guard let limit = contextLimit(call, endpoints), room(input, limit) < call.output else { continue }
                kept = kept[..<place]
                cuts[limit, default: 0] += 1
                break
            }
            library.sessions[index].calls = Array(kept)
        }
        library.sessions.removeAll { $0.calls.isEmpty }
        for (limit, count) in cuts.sorted(by: { $0.key < $1.key }) {
            notices.append(
                "\(Counted.text(count, "session")) \(count == 1 ? "is" : "are") cut before the call that would pass \(limit.value) tokens of context"
            )
        }
        if library.sessions.isEmpty {
            guard !cuts.isEmpty else { throw PlanningError(description: "the workload has no session with a call") }
            let limits = cuts.keys.sorted().map { String($0.value) }.joined(separator: " or ")
            throw PlanningError(description: "no session fits the context of \(limits) tokens")
        }
    }

    /// The smallest context of the models that the endpoints have for a call; nil if none is known.
    static func contextLimit(_ call: Call, _ endpoints: [PlannedEndpoint]) -> TokenCount? {
        endpoints.compactMap { $0.model(of: call).offer.contextLimit }.min()
    }

    /// What a context leaves for an answer, if the provider's tokenizer counts a tenth more than ours.
    static func room(_ input: TokenCount, _ limit: TokenCount) -> TokenCount {
        TokenCount(max(0, limit.value - input.value * 11 / 10))
    }

    private static func hasReasoning(_ library: SessionLibrary) -> Bool {
        library.sessions.contains { $0.calls.contains { $0.answer.reasoning != nil } }
    }

    /// What an endpoint is sent, and what its cache has seen of it.
    func reuse(endpoint: Int) -> PromptReuse {
        endpoints[endpoint].provider.reasoningField == nil ? reuse : reasoningReuse ?? reuse
    }

    /// The tokens of a call's prompt as its endpoint is sent it, unless live answers replace recorded ones.
    public func inputTokens(_ key: CallKey) -> TokenCount {
        let planned = rounds[key.session.round].sessions[key.session.session]
        return reuse(endpoint: key.session.endpoint).inputTokens(call: key.call, session: planned.libraryIndex)
    }

    /// The library's session that a key names.
    public func session(_ key: SessionKey) -> Session {
        library.sessions[rounds[key.round].sessions[key.session].libraryIndex]
    }

    /// What each call of the session that a key names has in its context.
    public func graph(_ key: SessionKey) -> ContextGraph {
        graphs[rounds[key.round].sessions[key.session].libraryIndex]
    }

    /// Prompt tokens of a call that its endpoint's cache has seen if it forgets nothing and the sessions run in their order.
    ///
    /// A prefix is new for the first call of the run that sends it, also where all sessions share it.
    public func cachedTokens(_ key: CallKey) -> TokenCount {
        let planned = rounds[key.session.round].sessions[key.session.session]
        return reuse(endpoint: key.session.endpoint).cachedTokens(
            call: key.call, session: planned.libraryIndex, pass: planned.pass)
    }

    /// The most that a call can cost at an endpoint; zero without a price.
    public func worstCost(_ key: CallKey) -> Money {
        let call = session(key.session).calls[key.call]
        guard let price = endpoints[key.session.endpoint].model(of: call).price else { return .zero }
        let limit = outputBounds(key).limit
        // The provider's own tokenizer may count more than ours; a quarter more is reserved for that.
        let input = TokenCount(inputTokens(key).value * 5 / 4 + 64)
        return Cost.worst(input: input, outputLimit: limit, at: price)
    }
}
