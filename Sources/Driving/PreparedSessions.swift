import Dispatch
import Planning
import Quantities
import Synchronization
import Workloads

/// Makes the first prompts of sessions before they begin, on a thread of its own.
///
/// To write a prompt of a million tokens takes a tenth of a second and more. Were it written in the moment in which it is due,
/// it would be sent that much later, and nothing that other calls receive meanwhile could be stamped in time. Later prompts of a
/// session are their predecessors and little more.
final class PreparedSessions: Sendable {
    /// A session that can begin.
    struct Prepared: Sendable {
        /// The session, which holds the items of its first call.
        var session: LiveSession
        /// What names the bytes of the prefix.
        let prefixName: String
        /// The prefix of the first call.
        let prefix: SharedPrefix
    }

    /// Shorter prompts are not worth it.
    static let leastTokens = TokenCount(20_000)
    /// As many tokens, or a little more, are prepared before the run begins.
    static let mostTokensAtBegin = TokenCount(4_000_000)

    /// By session; nil for one that is not ready yet.
    private let sessions = Mutex<[SessionKey: Prepared?]>([:])
    private let queue = DispatchQueue(label: "prepared sessions", qos: .utility)

    /// Has a session prepared.
    func prepare(_ key: SessionKey, _ make: @escaping @Sendable () -> Prepared) {
        sessions.withLock { $0[key] = .some(nil) }
        queue.async { [self] in
            guard sessions.withLock({ $0[key] != nil }) else { return }
            let made = make()
            sessions.withLock { if $0[key] != nil { $0[key] = made } }
        }
    }

    /// Waits until all are ready.
    func wait() { queue.sync {} }

    /// Takes a session that begins; waits for one that is being prepared, and gives up those before it.
    ///
    /// - Returns: nil if it was not prepared.
    func take(_ key: SessionKey) -> Prepared? {
        if case .some(.none) = sessions.withLock({ $0[key] }) { wait() }
        return sessions.withLock { sessions in
            let taken = sessions.removeValue(forKey: key).flatMap(\.self)
            sessions = sessions.filter { $0.key.endpoint != key.endpoint || $0.key > key }
            return taken
        }
    }
}

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
