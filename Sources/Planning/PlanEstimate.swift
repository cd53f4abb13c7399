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
        let calls = PlannedCalls(plan)
        rows = plan.endpoints.indices.map { Self.row(plan, calls, at: $0) }
        let counts = calls.counts
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

    /// What is sent to an endpoint, each call priced as the model that it goes to.
    private static func row(_ plan: Plan, _ calls: PlannedCalls, at place: Int) -> Row {
        let endpoint = plan.endpoints[place]
        var row = Row(
            endpoint: endpoint.identifier, callCount: 0, inputTokens: .zero, outputTokens: .zero, lowest: .zero,
            highest: .zero)
        for (index, model) in endpoint.models.enumerated() {
            let sum = calls.sum(at: place, isSmall: endpoint.small == nil ? nil : index > 0)
            row.callCount += sum.callCount
            row.inputTokens += sum.input
            row.outputTokens += sum.output
            let fees = Money(
                picodollars: (model.price?.perRequest?.picodollars ?? 0) * Int64(max(0, sum.callCount - 1)))
            let usage = TokenUsage(inputTotal: sum.input, inputCacheRead: sum.cached, outputTotal: sum.output)
            // A model without a call has no fee either.
            guard sum.callCount > 0 || model.price == nil else { continue }
            let lowest = model.price.flatMap { Cost.of(usage, at: $0) }.map { $0 + fees }
            let highest = model.price.map {
                Cost.worst(input: sum.input, outputLimit: sum.highestOutput, at: $0) + fees
            }
            row.lowest = Self.sum([row.lowest, lowest])
            row.highest = Self.sum([row.highest, highest])
        }
        return row
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

    /// That a budget will hardly be enough; nil if it may be, or if there is none.
    public func budgetNotice(_ plan: Plan) -> String? {
        guard let budget = plan.profile.budget, let lowest = Self.sum(priced.map(\.lowest)), budget < lowest else {
            return nil
        }
        return
            "the budget is below the lowest estimated cost: it will hold calls back and end the run early, unless answers are "
            + "shorter than recorded"
    }

    /// Adds up amounts; nil if one is missing.
    public static func sum(_ amounts: [Money?]) -> Money? {
        amounts.reduce(.zero) { sum, amount in
            guard let sum, let amount else { return nil }
            return sum + amount
        }
    }
}
