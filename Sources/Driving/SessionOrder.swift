import Planning

/// The order in which an endpoint's sessions begin.
struct SessionOrder {
    private let plan: Plan
    private let ended: Set<SessionKey>
    /// The last session of each endpoint that was gone past.
    private var last: [Int: SessionKey] = [:]

    /// Makes an order.
    ///
    /// - Parameters:
    ///   - plan: the plan.
    ///   - ended: sessions that an earlier part of the run has ended, which do not begin again.
    init(_ plan: Plan, ended: Set<SessionKey>) {
        self.plan = plan
        self.ended = ended
    }

    /// True if an earlier part of the run has ended a session.
    func hasEnded(_ key: SessionKey) -> Bool { ended.contains(key) }

    /// The next session of an endpoint; nil after the last one.
    mutating func next(endpoint: Int) -> SessionKey? {
        repeat {
            guard let next = following(endpoint) else { return nil }
            last[endpoint] = next
        } while last[endpoint].map(ended.contains) == true
        return last[endpoint]
    }

    /// Goes past a session that begins.
    mutating func pass(_ key: SessionKey) {
        if last[key.endpoint].map({ $0 < key }) ?? true { last[key.endpoint] = key }
    }

    private func following(_ endpoint: Int) -> SessionKey? {
        var (round, session) = last[endpoint].map { ($0.round, $0.session + 1) } ?? (0, 0)
        while round < plan.rounds.count, session >= plan.rounds[round].sessions.count {
            (round, session) = (round + 1, 0)
        }
        return round < plan.rounds.count ? SessionKey(endpoint: endpoint, round: round, session: session) : nil
    }
}
