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
        /// All answers: as they were recorded, where their limits allow it.
        public var outputTokens: TokenCount
        /// The cost if a cache holds all that was sent before; nil without a price.
        public var lowest: Money? = nil
        /// The cost if no cache holds anything, all is written to one, and every answer is as long as it may be.
        public var highest: Money? = nil
    }

    /// One row per endpoint.
    public let rows: [Row]
    /// The client's own waits of the longest chain of sessions, and in an open loop their arrivals: the run cannot be shorter.
    public let shortest: Duration
    /// How long sessions arrive, over all rounds and turns; nil in a closed loop.
    public let arrivals: Duration?

    /// All endpoints' lowest costs; nil if a price is missing.
    public var lowest: Money? { Self.sum(rows.map(\.lowest)) }
    /// All endpoints' highest costs; nil if a price is missing.
    public var highest: Money? { Self.sum(rows.map(\.highest)) }

    /// The endpoints that have a price; what they cost is known also where others have none.
    public var priced: [Row] { rows.filter { $0.lowest != nil } }

    /// Adds up a plan.
    public init(_ plan: Plan) {
        // A library is small beside a plan that goes through it again and again: each session is added up once.
        var counts = Array(repeating: 0, count: plan.library.sessions.count)
        for planned in plan.rounds.lazy.flatMap(\.sessions) { counts[planned.libraryIndex] += 1 }
        let used = counts.indices.filter { counts[$0] > 0 }
        func total(_ amount: (_ session: Int, _ call: Int) -> Int) -> TokenCount {
            TokenCount(
                used.reduce(0) { sum, index in
                    sum + counts[index]
                        * plan.library.sessions[index].calls.indices.reduce(0) { $0 + amount(index, $1) }
                })
        }
        let sessions = plan.library.sessions
        let callCount = total { _, _ in 1 }.value
        rows = plan.endpoints.enumerated().map { place, endpoint in
            let reuse = plan.reuse(endpoint: place)
            let input = total { reuse.inputTokens(call: $1, session: $0).value }
            let highestOutput = total { plan.outputBounds($1, of: $0, at: place).limit.value }
            let output = total { session, call in
                let bounds = plan.outputBounds(call, of: session, at: place)
                return (bounds.isForced ? bounds.limit : min(sessions[session].calls[call].output, bounds.limit)).value
            }
            guard let price = endpoint.price else {
                return Row(
                    endpoint: endpoint.identifier, callCount: callCount, inputTokens: input, outputTokens: output)
            }
            let fees = Money(picodollars: (price.perRequest?.picodollars ?? 0) * Int64(max(0, callCount - 1)))
            let lowest = Cost.of(
                TokenUsage(inputTotal: input, inputCacheRead: Self.cachedTokens(plan, reuse), outputTotal: output),
                at: price)
            return Row(
                endpoint: endpoint.identifier, callCount: callCount, inputTokens: input, outputTokens: output,
                lowest: lowest.map { $0 + fees },
                highest: Cost.worst(input: input, outputLimit: highestOutput, at: price) + fees)
        }
        let longest = [false, true].map { keeps in
            counts.indices.map { counts[$0] > 0 ? Self.longestWait(plan, $0, keepsLongWaits: keeps) : 0 }
        }
        let times = plan.rounds.map { round in
            round.sessions.map { ($0.offset?.seconds ?? 0) + longest[$0.keepsLongWaits ? 1 : 0][$0.libraryIndex] }
                .max() ?? 0
        }
        let turns = plan.profile.order == .random ? Double(plan.endpoints.count) : 1
        shortest = .milliseconds(Int64(times.reduce(0, +) * turns * 1000))
        let lastArrivals = plan.rounds.compactMap { $0.sessions.last?.offset?.seconds }
        arrivals = plan.profile.load.isOpen ? .milliseconds(Int64(lastArrivals.reduce(0, +) * turns * 1000)) : nil
    }

    /// Prompt tokens that a cache which forgets nothing has seen before, at one endpoint: those of all planned calls together.
    static func cachedTokens(_ plan: Plan, _ reuse: PromptReuse) -> TokenCount {
        plan.rounds.lazy.flatMap(\.sessions).reduce(.zero) {
            $0 + reuse.cachedTokens(session: $1.libraryIndex, pass: $1.pass)
        }
    }

    /// The client's own waits along the longest chain of dependent calls of a session, in seconds.
    private static func longestWait(_ plan: Plan, _ index: Int, keepsLongWaits: Bool) -> Double {
        var ends: [Double] = []
        for (call, entry) in zip(plan.library.sessions[index].calls, plan.graphs[index].entries) {
            ends.append(
                (entry.dependencies.map { ends[$0] }.max() ?? 0)
                    + plan.pace.wait(call.wait, keepsLongWaits: keepsLongWaits).seconds)
        }
        return ends.max() ?? 0
    }

    /// Adds up amounts; nil if one is missing.
    public static func sum(_ amounts: [Money?]) -> Money? {
        amounts.reduce(.zero) { sum, amount in
            guard let sum, let amount else { return nil }
            return sum + amount
        }
    }
}
