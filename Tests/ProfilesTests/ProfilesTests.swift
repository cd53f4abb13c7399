import Encodings
import Quantities
import Testing

@testable import Profiles

private let provider = """
    submeter: provider
    version: 1
    name: acme
    delivery_path: aggregator
    dialect: openai-chat
    base_url: https://acme.example/v1/
    authentication: {kind: bearer, environment: ACME_KEY}
    headers: {X-Title: test}
    request: {extra: {top_k: 3, provider: {only: [a]}}}
    models: [{name: m, id: acme/m, context_limit: 131_072}]
    policy: {retention: {answer: no, source: "https://acme.example", date: 2026-11-01}}
    """
private let prices = """
    submeter: prices
    version: 1
    rows: [{provider: acme, model: m, input_per_million: 0.28 USD, output_per_million: 1.1 USD, source: list, date: 2026-11-01}]
    """
private let workload = "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\n"
private let plan = """
    submeter: plan
    version: 1
    name: p
    model: m
    providers: [../providers/acme.yaml]
    prices: [../prices/p.yaml]
    workload: ../workloads/w.yaml
    endpoints: [{provider: acme}]
    timeouts: {connect: 250ms}
    budget: 2.5 USD
    objectives: {time_to_first_token: 5s, decode_rate: 30}
    """

private func load(_ changes: [String: String] = [:]) throws(Problems) -> DocumentSet {
    var files = [
        "x/plans/p.yaml": plan, "x/providers/acme.yaml": provider, "x/prices/p.yaml": prices,
        "x/workloads/w.yaml": workload,
    ]
    for (name, text) in changes { files[name] = text }
    return try DocumentSet(planFile: "x/plans/p.yaml") { files[$0].map { Array($0.utf8) } }
}

@Suite struct ProfilesTests {
    @Test func `a plan is read with everything it refers to`() throws {
        let set = try load()
        #expect(set.providers[0].baseURL == "https://acme.example/v1")
        #expect(set.providers[0].authentication == .bearer(.environment("ACME_KEY")))
        #expect(set.providers[0].extraBody["provider"]?["only"] == ["a"])
        #expect(set.providers[0].models[0].contextLimit == 131_072)
        #expect(set.prices[0].input.picodollarsPerToken == 280_000)
        #expect(set.plan.timeouts.connect == .milliseconds(250))
        #expect(set.plan.budget == Money(dollars: 2.5))
        #expect(set.plan.objectives.count == 2)
        #expect(
            set.sources.map(\.name) == [
                "x/plans/p.yaml", "x/providers/acme.yaml", "x/prices/p.yaml", "x/workloads/w.yaml",
            ])
    }

    static let faults: [(String, String, String, String)] = [
        ("x/plans/p.yaml", "budget: 2.5 USD", "budget: 2.5", "10:9: budget: '2.5' is not an amount with its currency"),
        ("x/plans/p.yaml", "connect: 250ms", "connect: 250", "timeouts.connect: '250' is not a duration with its unit"),
        ("x/plans/p.yaml", "name: p", "nmae: p", "3:1: nmae: is not a known key; did you mean 'name'?"),
        ("x/plans/p.yaml", "name: p", "nmae: p", "1:1: name: is missing"),
        ("x/plans/p.yaml", "model: m", "model: [m]", "4:8: model: must be a text"),
        (
            "x/plans/p.yaml", "provider: acme", "provider: acmee",
            "no provider document is named 'acmee'; did you mean 'acme'?"
        ),
        ("x/plans/p.yaml", "model: m", "model: n", "does not offer the model 'n' (it offers: m)"),
        ("x/plans/p.yaml", "workloads/w.yaml", "workloads/v.yaml", "'x/workloads/v.yaml' cannot be read"),
        ("x/providers/acme.yaml", "aggregator", "agregator", "is not one of aggregator, inference-platform"),
        ("x/providers/acme.yaml", "environment: ACME_KEY", "key: sk-secret", "authentication.key: is not a known key"),
        ("x/providers/acme.yaml", "X-Title: test", "Authorization: sk-secret", "secrets belong under 'authentication'"),
        ("x/providers/acme.yaml", ", date: 2026-11-01}}", "}}", "needs a 'source' and a 'date'"),
        ("x/providers/acme.yaml", "131_072", "-5", "'-5' is not a whole number from 1"),
        ("x/providers/acme.yaml", "version: 1", "version: 1\nversion: 1", "3:1: the key 'version' stands here again"),
        ("x/prices/p.yaml", "input_per_million: 0.28 USD, ", "", "rows[0].input_per_million: is missing"),
        ("x/workloads/w.yaml", "submeter: workload", "submeter: worklod", "did you mean 'workload'?"),
    ]

    @Test(arguments: faults)
    func `every fault is reported with its place and what is allowed`(
        file: String, old: String, new: String, expected: String
    ) {
        let texts = [
            "x/plans/p.yaml": plan, "x/providers/acme.yaml": provider, "x/prices/p.yaml": prices,
            "x/workloads/w.yaml": workload,
        ]
        let text = (texts[file] ?? "").replacing(old, with: new)
        #expect(text != texts[file])
        let problems = #expect(throws: Problems.self) { try load([file: text]) }
        let description = problems?.description ?? ""
        #expect(description.contains(expected), "\(description)")
        #expect(!description.contains("sk-secret"))
    }

    @Test func `all problems of all files are reported at once`() {
        let problems = #expect(throws: Problems.self) {
            try load([
                "x/plans/p.yaml": plan.replacing("budget: 2.5 USD", with: "budget: lots").replacing(
                    "connect", with: "conect"),
                "x/providers/acme.yaml": provider.replacing("aggregator", with: "shop"),
            ])
        }
        #expect((problems?.list.count ?? 0) >= 2)
    }

    @Test(arguments: [("250ms", 0.25), ("1.5s", 1.5), ("5min", 300), ("2h", 7200), ("3 us", 3e-6)])
    func `durations carry units`(text: String, seconds: Double) {
        #expect(Units.duration(text)?.seconds == seconds)
    }
}
