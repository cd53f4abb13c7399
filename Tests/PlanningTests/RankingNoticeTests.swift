import Profiles
import Statistics
import Testing

@testable import Planning

/// A plan of sessions of one call each.
private func plan(_ settings: String) throws -> Plan {
    let files = [
        "a.yaml":
            "submeter: provider\nversion: 1\nname: a\ndelivery_path: self-hosted\ndialect: openai-chat\nbase_url: http://x\nmodels: [{name: m, id: m}]",
        "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\nmaximum_calls: 1",
        "p.yaml":
            "submeter: plan\nversion: 1\nname: p\nmodel: m\nproviders: [a.yaml]\nworkload: w.yaml\nendpoints: [{provider: a}]\n\(settings)",
    ]
    return try Plan(DocumentSet(planFile: "p.yaml") { files[$0].map { Array($0.utf8) } })
}

@Suite struct RankingNoticeTests {
    static let start = "nobody can be ranked by this plan: "
    static let cases: [(settings: String, expected: String?)] = [
        ("rounds: 8\nsessions_per_round: 10", nil),
        ("rounds: 7\nsessions_per_round: 20", start + "it has 7 rounds, and ranking.minimum_rounds wants 8"),
        ("rounds: 1\nsessions_per_round: 20\nranking: {minimum_rounds: 1, minimum_success: 0.5}", nil),
        (
            "rounds: 8\nsessions_per_round: 9",
            start
                + "if all of its 72 calls per endpoint succeed, that proves a share of at least 94.9 % with 95 % confidence, "
                + "and ranking.minimum_success wants 95.0 %, for which 73 calls are needed"
        ),
        (
            "rounds: 2\nsessions_per_round: 2",
            start
                + "it has 2 rounds, and ranking.minimum_rounds wants 8; if all of its 4 calls per endpoint succeed, that "
                + "proves a share of at least 51.0 % with 95 % confidence, and ranking.minimum_success wants 95.0 %, for which "
                + "73 calls are needed"
        ),
        (
            "rounds: 8\nsessions_per_round: 10\nranking: {minimum_success: 1}",
            start
                + "if all of its 80 calls per endpoint succeed, that proves a share of at least 95.4 % with 95 % confidence, "
                + "and ranking.minimum_success wants 100.0 %"
        ),
        ("rounds: 8\nsessions_per_round: 1\nranking: {minimum_success: 0}", nil),
    ]

    @Test(arguments: cases.indices)
    func `a plan that can rank nobody is told before it runs`(index: Int) throws {
        let plan = try plan(Self.cases[index].settings)
        let estimate = PlanEstimate(plan)
        #expect(estimate.rankingNotice(plan) == Self.cases[index].expected)
        #expect(estimate.notices(plan).contains { $0.hasPrefix(Self.start) } == (Self.cases[index].expected != nil))
    }
}
