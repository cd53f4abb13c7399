import Profiles
import Quantities
import Testing

@testable import Planning

private func documents(_ settings: String = "", workload: String = "generator: coding-S", limit: Int = 100_000) throws
    -> DocumentSet
{
    let files = [
        "a.yaml":
            "submeter: provider\nversion: 1\nname: a\ndelivery_path: self-hosted\ndialect: openai-chat\nbase_url: http://x\nmodels: [{name: m, id: m, context_limit: \(limit)}]",
        "prices.yaml":
            "submeter: prices\nversion: 1\nrows: [{provider: a, model: m, input_per_million: 1 USD, cache_read_per_million: 0.1 USD, output_per_million: 2 USD, source: s, date: d}]",
        "w.yaml": "submeter: workload\nversion: 1\nname: w\n\(workload)",
        "p.yaml":
            "submeter: plan\nversion: 1\nname: p\nmodel: m\nseed: 5\nproviders: [a.yaml]\nprices: [prices.yaml]\nworkload: w.yaml\nendpoints: [{name: x, provider: a}, {name: y, provider: a}, {name: z, provider: a}]\nrounds: 6\nsessions_per_round: 2\n\(settings)",
    ]
    return try DocumentSet(planFile: "p.yaml") { files[$0].map { Array($0.utf8) } }
}

@Suite struct PlanningTests {
    @Test func `a plan is the same for the same seed, and its order changes from round to round`() throws {
        let plan = try Plan(documents())
        #expect(plan == (try Plan(documents())))
        #expect(Set(plan.rounds.map(\.endpointOrder)).count > 1)
        #expect(plan.rounds.allSatisfy { $0.endpointOrder.sorted() == [0, 1, 2] })
        #expect(Set(plan.rounds.flatMap(\.sessions).map(\.seed)).count == 12)
    }

    @Test func `an estimate has exact tokens and both ends of the cost`() throws {
        let plan = try Plan(documents())
        let estimate = PlanEstimate(plan)
        let calls = plan.library.sessions.flatMap(\.calls)
        #expect(estimate.rows.count == 3)
        #expect(estimate.rows[0].callCount == 144)
        #expect(estimate.rows[0].inputTokens.value == calls.reduce(0) { $0 + $1.input.value })
        let longest = calls.reduce(0) { $0 + plan.naturalLimit($1).value }
        let highest = estimate.rows[0].inputTokens.value * 1_000_000 + longest * 2_000_000
        #expect(estimate.rows[0].highest?.picodollars == Int64(highest))
        // All but the first prefix, which sessions share, and what each call adds is read from a cache.
        let cached = zip(plan.library.sessions, plan.graphs).reduce(0) { sum, pair in
            sum + zip(pair.0.calls, pair.1.entries).reduce(0) { $0 + min($1.1.keptTokens, $1.0.input).value }
        }
        let fresh =
            estimate.rows[0].inputTokens.value - cached + plan.library.sessions[0].prefixTokens(of: "main").value
        let read = (estimate.rows[0].inputTokens.value - fresh) * 100_000
        let lowest = fresh * 1_000_000 + read + estimate.rows[0].outputTokens.value * 2_000_000
        #expect(estimate.rows[0].lowest?.picodollars == Int64(lowest))
    }

    @Test func `an answer is never asked to be longer than the context leaves`() throws {
        let plan = try Plan(documents(limit: 14_000))
        for session in plan.library.sessions {
            for call in session.calls {
                #expect(call.input.value * 11 / 10 + plan.naturalLimit(call).value <= 14_000)
                #expect(plan.naturalLimit(call) >= call.output)
            }
        }
    }

    @Test func `sessions are cut to the context, and what cannot be planned is said`() throws {
        let plan = try Plan(documents(limit: 14_000))
        #expect(plan.library.sessions.allSatisfy { $0.calls.allSatisfy { $0.input.value + $0.output.value <= 14_000 } })
        #expect(plan.notices.contains { $0.contains("cut before the call") })
        let error = #expect(throws: PlanningError.self) { try Plan(documents(workload: "generator: codng-S")) }
        #expect(error?.description.contains("did you mean 'coding-S'?") == true)
        #expect(throws: PlanningError.self) { try Plan(documents(limit: 10)) }
    }
}
