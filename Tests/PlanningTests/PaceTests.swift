import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Planning

/// A plan over sessions whose second calls wait so many seconds.
private func plan(_ settings: String, waits: [Int], count: Int) throws -> Plan {
    let sessions = waits.enumerated().map { index, wait in
        let calls = ["0", "1"].enumerated().map { place, name in
            Call(
                identifier: CallIdentifier(name), after: place == 0 ? [] : ["0"],
                wait: place == 0 ? .zero : .seconds(wait), waitKind: .human, context: .new,
                added: [.init(role: "user", tokens: 1)], input: 1, output: 1)
        }
        return Session(identifier: SessionIdentifier("s\(index)"), toolsTokens: 0, systemTokens: 0, calls: calls)
    }
    let library = SessionLibrary(header: SessionFile.header(name: "waits"), sessions: sessions)
    let files = [
        "a.yaml":
            "submeter: provider\nversion: 1\nname: a\ndelivery_path: self-hosted\ndialect: openai-chat\nbase_url: http://x\nmodels: [{name: m, id: m}]",
        "w.yaml": "submeter: workload\nversion: 1\nname: w\nsessions_file: s.jsonl",
        "p.yaml":
            "submeter: plan\nversion: 1\nname: p\nmodel: m\nproviders: [a.yaml]\nworkload: w.yaml\nendpoints: [{provider: a}]\nrounds: 2\nsessions_per_round: \(count)\n\(settings)",
    ]
    return try Plan(
        try DocumentSet(planFile: "p.yaml") {
            $0 == "s.jsonl" ? SessionFile.write(library) : files[$0].map { Array($0.utf8) }
        })
}

extension Plan {
    /// The waits before the second calls, in seconds.
    fileprivate var waits: [Double] {
        rounds.indices.flatMap { round in
            rounds[round].sessions.indices.map { place in
                wait(before: CallKey(session: SessionKey(endpoint: 0, round: round, session: place), call: 1)).seconds
            }
        }
    }
}

@Suite struct PaceTests {
    @Test(
        arguments: [
            ("", [5, 59, 60, 4000], [5, 59, 60, 4000]),
            ("time_scale: 0.1", [5, 59, 60, 4000], [0.5, 5.9, 6, 400]),
            ("waits: {longest: 20s}", [5, 59, 60, 4000], [5, 20, 20, 20]),
            ("time_scale: 0.1\nwaits: {longest: 6s}", [5, 59, 60, 4000], [0.5, 5.9, 6, 6]),
            ("time_scale: 0\nwaits: {kept_share: 1}", [5, 59, 60, 4000], [0, 0, 60, 4000]),
            (
                "time_scale: 0.1\nwaits: {longest: 1s, kept_share: 1, longest_kept: 400s}", [5, 59, 60, 4000],
                [0.5, 1, 60, 400]
            ),
            ("time_scale: 2\nwaits: {kept_share: 1, longest_kept: 60s}", [30, 70], [60, 140]),
        ] as [(String, [Int], [Double])])
    func `waits are scaled and cut, and kept where they are long`(settings: String, waits: [Int], expected: [Double])
        throws
    {
        let plan = try plan(settings, waits: waits, count: waits.count)
        #expect(plan.waits == expected + expected)
    }

    @Test(arguments: [0.05, 0.1, 0.25, 0.5, 0.9], 1...8)
    func `as many sessions keep their waits as the share says, evenly spread`(share: Double, seed: Int) throws {
        let settings = "seed: \(seed)\ntime_scale: 0\nwaits: {kept_share: \(share)}"
        // Every third session has nothing to keep, and none of them is chosen in vain.
        let plan = try plan(settings, waits: [90, 5, 700], count: 30)
        let kept = plan.waits.enumerated().filter { $0.offset % 3 != 1 }.map { $0.element > 0 }
        #expect(plan.waits.enumerated().allSatisfy { $0.offset % 3 != 1 || $0.element == 0 })
        #expect(abs(Double(kept.count(where: \.self)) - 40 * share) < 1)
        let half = Double(kept.prefix(20).count(where: \.self))
        #expect(abs(half - 20 * share) < 1, "the second round is not left out")
    }

    @Test func `the estimate knows the kept waits, and a share without effect is said`() throws {
        let kept = try plan("time_scale: 0\nwaits: {kept_share: 1, longest_kept: 100s}", waits: [400], count: 1)
        #expect(PlanEstimate(kept).shortest == .seconds(200))
        #expect(kept.notices.contains { $0.contains("kept_share: ") })
        let vain = try plan("waits: {kept_share: 1}", waits: [59], count: 1)
        #expect(vain.notices.contains { $0.hasPrefix("waits.kept_share has no effect") })
        #expect(
            kept.profile.waitText
                == "waits scaled by 0.0, 100.0 % of sessions keep waits of a minute or more, up to 100.0 s")
    }

    @Test(
        arguments: [
            ("waits: {longest_kept: 100s}", "waits.longest_kept: has no meaning without kept_share"),
            ("waits: {kept_share: 0.1, longest_kept: 10s}", "waits.longest_kept: must be at least 60s"),
            ("waits: {kept_share: 2}", "waits.kept_share: '2' is not a number from 0"),
            ("waits: {lngest: 2s}", "did you mean 'longest'?"),
        ])
    func `what is wrong with waits is said`(settings: String, expected: String) {
        let problems = #expect(throws: Problems.self) { try plan(settings, waits: [1], count: 1) }
        #expect(problems?.description.contains(expected) == true, "\(problems?.description ?? "")")
    }
}
