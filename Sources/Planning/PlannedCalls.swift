import Quantities
import Workloads

/// How often each session of a plan's library is sent to each endpoint.
///
/// A library is small beside a plan that goes through it again and again: each session is added up once, and the later passes
/// through it, which are alike, once more.
struct PlannedCalls {
    /// What calls add up to.
    struct Sum {
        var callCount = 0
        /// All prompts.
        var input = TokenCount.zero
        /// What a cache which forgets nothing has seen of them before.
        var cached = TokenCount.zero
        /// All answers: as they were recorded, where their limits allow it.
        var output = TokenCount.zero
        /// All answers, if each is as long as it may be.
        var highestOutput = TokenCount.zero
    }

    /// By session, over all passes.
    let counts: [Int]
    private let firstCounts: [Int]
    private let plan: Plan

    init(_ plan: Plan) {
        self.plan = plan
        var counts = Array(repeating: 0, count: plan.library.sessions.count)
        var firstCounts = counts
        for planned in plan.rounds.lazy.flatMap(\.sessions) {
            counts[planned.libraryIndex] += 1
            firstCounts[planned.libraryIndex] += planned.pass == 0 ? 1 : 0
        }
        (self.counts, self.firstCounts) = (counts, firstCounts)
    }

    /// Adds up the calls of an endpoint.
    ///
    /// - Parameters:
    ///   - endpoint: its place in the plan.
    ///   - isSmall: true for those that are meant for a small model only, false for the others only, nil for all.
    /// - Returns: the sums over all rounds.
    func sum(at endpoint: Int, isSmall: Bool?) -> Sum {
        var sum = Sum()
        let reuse = plan.reuse(endpoint: endpoint)
        for index in counts.indices where counts[index] > 0 {
            let (first, later) = (firstCounts[index], counts[index] - firstCounts[index])
            for (place, call) in plan.library.sessions[index].calls.enumerated()
            where isSmall == nil || call.isForSmallModel == isSmall {
                let bounds = plan.outputBounds(place, of: index, at: endpoint)
                let output = bounds.isForced ? bounds.limit : min(call.output, bounds.limit)
                sum.callCount += counts[index]
                sum.input += Self.times(reuse.inputTokens(call: place, session: index), counts[index])
                sum.output += Self.times(output, counts[index])
                sum.highestOutput += Self.times(bounds.limit, counts[index])
                for (pass, count) in [(0, first), (1, later)] where count > 0 {
                    sum.cached += Self.times(reuse.cachedTokens(call: place, session: index, pass: pass), count)
                }
            }
        }
        return sum
    }

    private static func times(_ tokens: TokenCount, _ count: Int) -> TokenCount { TokenCount(tokens.value * count) }
}
