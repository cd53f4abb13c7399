import Dialects
import Planning
import Profiles
import Quantities
import Workloads

/// The sessions under way and the prompts of their calls, with what is made ahead for calls that are near.
///
/// All on the measuring thread but for the making. The bytes are the same whether they were made ahead or not.
struct LiveSessions {
    /// A branch that begins with its session is prepared with it if it is due so soon.
    static let nearestRoots = Duration.seconds(60)

    private let plan: Plan
    private let writers: [SessionWriter]
    private var sessions: [SessionKey: LiveSession] = [:]
    /// Those that were looked at ahead and have not begun.
    private var coming: [SessionKey: LiveSession] = [:]
    /// By the session that has them for itself, nil for what sessions share, and by name.
    private(set) var prefixes: [SessionKey?: [String: Lazy<SharedPrefix>]] = [:]
    private(set) var prepared = PreparedCalls()
    private var order: SessionOrder

    /// Makes one without a session.
    ///
    /// - Parameters:
    ///   - plan: the plan.
    ///   - routes: those of each endpoint.
    ///   - runSalt: the run's own.
    ///   - ended: sessions that an earlier part of the run has ended.
    ///   - leastTokensAhead: of how many tokens on what a call adds is made before it is due.
    init(
        _ plan: Plan, routes: [EndpointRoutes], runSalt: String, ended: Set<SessionKey>,
        leastTokensAhead: TokenCount = LargeCalls.usualLeastTokens
    ) {
        self.plan = plan
        writers = routes.enumerated().map { endpoint, routes in
            SessionWriter(
                plan: plan, routes: routes,
                salts: EndpointSalts(endpoint: endpoint, runSalt: runSalt, policy: plan.profile.salts),
                runSalt: plan.profile.salts.run ? runSalt : "", leastTokensAhead: leastTokensAhead)
        }
        order = SessionOrder(plan, ended: ended)
    }

    /// A session under way.
    subscript(key: SessionKey) -> LiveSession? { sessions[key] }

    /// Prepares what begins at once, before the clock of the run does.
    ///
    /// - Parameter isUnwanted: tells that the run is not to begin any more.
    mutating func prepareBeginning(unless isUnwanted: () -> Bool = { false }) {
        let most = plan.profile.load.isOpen ? 1 : plan.profile.liveSessions
        var size = TokenCount.zero
        // The first session of each endpoint comes before the second of any, so that none is favoured.
        for _ in 0...min(most, plan.profile.sessionsPerRound) where size < PreparedCalls.mostTokensAtBegin {
            for endpoint in plan.endpoints.indices { size += prepareNext(endpoint) }
        }
        prepared.wait(unless: isUnwanted)
    }

    /// Begins a session, gives up those before it that were not begun, and has the next one prepared.
    mutating func begin(_ key: SessionKey, at now: Instant) {
        sessions[key] = coming.removeValue(forKey: key) ?? writers[key.endpoint].session(key, at: now)
        sessions[key]?.began = now
        for passed in coming.keys.filter({ $0.endpoint == key.endpoint && $0 < key }) {
            coming[passed] = nil
            drop(passed)
        }
        order.pass(key)
        // A resumed run goes through the sessions that had ended at once: none of them makes room for another.
        if !order.hasEnded(key) { prepareNext(key.endpoint) }
    }

    /// The body of a call as shared segments: empty if its session is not under way.
    mutating func body(_ key: CallKey, options: CallOptions) -> [[UInt8]] {
        // There must be no second owner of what the body adds to the session, lest it be copied.
        guard var session = sessions.removeValue(forKey: key.session) else { return [] }
        let call = session.transcript.session.calls[key.call]
        let route = writers[key.session.endpoint].routes.route(of: call)
        let body = session.body(
            key.call, prefix: prefix(of: call, session.transcript, key.session).shared.value, encoder: route.encoder,
            options: options, target: route.target
        ) { prepared.take(CallKey(session: key.session, call: $0)) }
        sessions[key.session] = session
        return body
    }

    /// Has prepared what depends on a call that was started, or whose answer has come, and is large.
    mutating func prepareDependents(of key: CallKey) {
        guard let session = sessions[key.session] else { return }
        for call in session.large.dependents(of: key.call) {
            prepare(CallKey(session: key.session, call: call), of: session)
        }
    }

    /// Keeps what the endpoint answered to a call, for the calls that send it back.
    mutating func note(_ answer: AssistantMessage, of key: CallKey) {
        sessions[key.session]?.note(answer, of: key.call)
        prepareDependents(of: key)
    }

    /// The tools that a call under way was offered.
    mutating func tools(of key: CallKey) -> [ToolDefinition] {
        guard let transcript = sessions[key.session]?.transcript else { return [] }
        return prefix(of: transcript.session.calls[key.call], transcript, key.session).shared.value.prompt.tools
    }

    /// Drops what was prepared for a call that will not be sent.
    mutating func skip(_ key: CallKey) { prepared.drop(key) }

    /// Ends a session, and drops all that nobody else needs.
    mutating func end(_ key: SessionKey) -> LiveSession? {
        drop(key)
        return sessions.removeValue(forKey: key)
    }

    // MARK: What is made ahead

    private mutating func drop(_ key: SessionKey) {
        prepared.drop(key)
        prefixes[key] = nil
    }

    /// Has the large calls prepared with which the next session of an endpoint begins.
    ///
    /// - Returns: the size of what will be made.
    @discardableResult
    private mutating func prepareNext(_ endpoint: Int) -> TokenCount {
        guard let key = order.next(endpoint: endpoint) else { return .zero }
        let session = writers[endpoint].session(key, at: Instant(nanoseconds: 0))
        coming[key] = session
        return session.large.roots.reduce(.zero) { sum, root in
            let call = CallKey(session: key, call: root)
            guard root == 0 || plan.wait(before: call) <= Self.nearestRoots else { return sum }
            return sum + prepare(call, of: session)
        }
    }

    /// Has prepared what a call adds, if it is near, large, and not prepared yet.
    ///
    /// - Returns: the size of what will be made.
    @discardableResult
    private mutating func prepare(_ key: CallKey, of session: LiveSession) -> TokenCount {
        guard !prepared.contains(key), let size = session.large.size(of: key.call),
            let recipe = session.recipeAhead(of: key.call)
        else { return .zero }
        let call = session.transcript.session.calls[key.call]
        let (prefix, isNew) = prefix(of: call, session.transcript, key.session)
        let tokens = size.tokens(hasPrefix: !isNew)
        // The first call of a session is prepared whatever waits beside it, as it is for every endpoint.
        guard tokens >= session.large.leastTokens,
            key.call == 0 || prepared.hasRoom(for: tokens, endpoint: key.session.endpoint)
        else { return .zero }
        let route = writers[key.session.endpoint].routes.route(of: call)
        prepared.prepare(key, tokens) {
            recipe.addition(prefix.value, encoder: route.encoder, target: route.target)
        }
        return tokens
    }

    /// What a call begins with, which may not be made yet, and whether it was never asked for.
    private mutating func prefix(
        of call: Call, _ transcript: Transcript, _ key: SessionKey
    ) -> (shared: Lazy<SharedPrefix>, isNew: Bool) {
        let (writer, owner) = (writers[key.endpoint], transcript.session.share == .session ? key : nil)
        let name = writer.prefixName(of: call, transcript, endpoint: key.endpoint)
        if let prefix = prefixes[owner]?[name] { return (prefix, false) }
        let prefix = Lazy { writer.prefix(of: call, transcript) }
        prefixes[owner, default: [:]][name] = prefix
        return (prefix, true)
    }
}
