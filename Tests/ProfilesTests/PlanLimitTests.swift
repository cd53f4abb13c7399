import Testing

@testable import Profiles

/// The problems of a plan with some lines and a generated workload with others.
private func problems(_ lines: String, workload: String, recorded: Bool = false) -> [String] {
    let texts = [
        "p.yaml": """
        submeter: plan
        version: 1
        name: p
        model: m
        providers: [a.yaml]
        workload: w.yaml
        endpoints: [{provider: a}]
        \(lines)
        """,
        "a.yaml": """
        submeter: provider
        version: 1
        name: a
        delivery_path: self-hosted
        dialect: openai-chat
        base_url: http://127.0.0.1:1
        models: [{name: m, id: m}]
        """,
        "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\n\(workload)",
    ]
    do throws(Problems) {
        _ = try DocumentSet(planFile: "p.yaml", areRecorded: recorded) { texts[$0].map { Array($0.utf8) } }
        return []
    } catch {
        return error.list.map(\.description)
    }
}

@Suite struct PlanLimitTests {
    static let counts: [(plan: String, workload: String, expected: [String])] = [
        (
            "rounds: 1000\nsessions_per_round: 101", "",
            [
                "p.yaml:9:21: sessions_per_round: 1000 rounds of 101 sessions are 101000 sessions per endpoint; a generator "
                    + "makes at most 100000: give the workload a 'session_count', which is gone through again, or plan fewer"
            ]
        ),
        (
            "rounds: 10000\nsessions_per_round: 100000", "session_count: 50\n",
            [
                "p.yaml:9:21: sessions_per_round: 10000 rounds of 100000 sessions are 1000000000 sessions per endpoint; at "
                    + "most 10000000 can be planned"
            ]
        ),
        // Too many for any plan, and so for a generator: that is told once.
        (
            "rounds: 10000\nsessions_per_round: 100000", "",
            [
                "p.yaml:9:21: sessions_per_round: 10000 rounds of 100000 sessions are 1000000000 sessions per endpoint; at "
                    + "most 10000000 can be planned"
            ]
        ),
        ("rounds: 1000\nsessions_per_round: 100", "", []),
        ("rounds: 1000\nsessions_per_round: 101", "session_count: 50\n", []),
    ]

    @Test(arguments: counts.indices)
    func `more sessions than a plan or a generator can have are refused`(index: Int) {
        #expect(problems(Self.counts[index].plan, workload: Self.counts[index].workload) == Self.counts[index].expected)
    }

    @Test(arguments: ["stop: {duration: 0s}", "timeouts: {connect: 0s}", "rounds: 1000\nsessions_per_round: 101"])
    func `a run file whose plan has what is refused now can be read`(line: String) {
        #expect(problems(line, workload: "").count == 1)
        #expect(problems(line, workload: "", recorded: true) == [])
    }
}
