import Profiles
import Workloads
public import Quantities
import Pricing

/// What a plan will send and cost, as far as it can be known before.
public struct PlanEstimate: Hashable, Sendable {
    /// One endpoint's share.
    public struct Row: Hashable, Sendable {
        /// The endpoint.
        public var endpoint: EndpointIdentifier
        /// Its calls.
        public var callCount: Int
        /// All prompts.
        public var inputTokens: TokenCount
        /// All recorded answers.
        public var outputTokens: TokenCount
        /// The cost if a cache holds all that was sent before; nil without a price.
        public var lowest: Money?
        /// The cost if no cache holds anything.
        public var highest: Money?
    }

    /// One row per endpoint.
    public let rows: [Row]
    /// The client's own waits of the longest chain of sessions: the run cannot be shorter.
    public let shortest: Duration

    /// All endpoints' lowest costs; nil if a price is missing.
    public var lowest: Money? { Self.sum(rows.map(\.lowest)) }
    /// All endpoints' highest costs; nil if a price is missing.
    public var highest: Money? { Self.sum(rows.map(\.highest)) }

    /// Adds up a plan.
    public init(_ plan: Plan) {
        let sessions = plan.rounds.flatMap(\.sessions).map { plan.library.sessions[$0.libraryIndex] }
        let calls = sessions.flatMap(\.calls)
        let cached = sessions.reduce(TokenCount.zero) { sum, session in
            var known = 0
            return sum
                + session.calls.reduce(.zero) { inner, call in
                    defer { known = call.input.value }
                    return inner + TokenCount(min(known, call.input.value))
                }
        }
        let input = calls.reduce(TokenCount.zero) { $0 + $1.input }
        let output = calls.reduce(TokenCount.zero) { $0 + $1.output }
        rows = plan.endpoints.map { endpoint in
            func cost(_ read: TokenCount) -> Money? {
                guard let price = endpoint.price else { return nil }
                let usage = TokenUsage(inputTotal: input, inputCacheRead: read, outputTotal: output)
                let fees = Money(picodollars: (price.perRequest?.picodollars ?? 0) * Int64(max(0, calls.count - 1)))
                return Cost.of(usage, at: price).map { $0 + fees }
            }
            return Row(
                endpoint: endpoint.identifier, callCount: calls.count, inputTokens: input, outputTokens: output,
                lowest: cost(cached), highest: cost(.zero))
        }
        let waits = plan.rounds.map { round in
            round.sessions.map { session in
                plan.library.sessions[session.libraryIndex].calls.reduce(0) { $0 + $1.wait.seconds }
            }.max() ?? 0
        }
        let turns = plan.profile.order == .random ? Double(plan.endpoints.count) : 1
        shortest = .milliseconds(Int64(waits.reduce(0, +) * turns * plan.profile.timeScale * 1000))
    }

    private static func sum(_ amounts: [Money?]) -> Money? {
        amounts.reduce(.zero) { sum, amount in
            guard let sum, let amount else { return nil }
            return sum + amount
        }
    }
}
