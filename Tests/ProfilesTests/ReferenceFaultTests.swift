import Testing

@testable import Profiles

private let documents = [
    "p.yaml": """
    submeter: plan
    version: 1
    name: p
    model: m
    providers: [a.yaml, b.yaml]
    prices: [prices.yaml]
    workload: w.yaml
    endpoints:
      - {provider: a}
      - {provider: b}
    budget: 1 USD
    rounds: 2
    """,
    "a.yaml": provider("a"), "b.yaml": provider("b"),
    "prices.yaml": """
    submeter: prices
    version: 1
    rows:
      - {provider: a, model: m, input_per_million: 1 USD, output_per_million: 2 USD, source: s, date: d}
      - {provider: b, model: m, input_per_million: 1 USD, output_per_million: 2 USD, source: s, date: d}
    """,
    "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\n",
]

private func provider(_ name: String) -> String {
    """
    submeter: provider
    version: 1
    name: \(name)
    delivery_path: self-hosted
    dialect: openai-chat
    base_url: http://127.0.0.1:1
    models: [{name: m, id: m}]
    """
}

/// One change of a document; without a new text the document cannot be read.
private struct Change {
    let file: String
    let old: String
    let new: String?

    init(_ file: String, _ old: String, _ new: String?) {
        (self.file, self.old, self.new) = (file, old, new)
    }
}

private func problems(
    _ changes: [Change], workloadFault: (WorkloadProfile, [UInt8]?) -> String? = { _, _ in nil }
) -> [String] {
    var texts = documents
    for change in changes {
        let text = texts[change.file] ?? ""
        if !text.contains(change.old) { return ["'\(change.old)' is not in \(change.file)"] }
        texts[change.file] = change.new.map { text.replacing(change.old, with: $0) }
    }
    do throws(Problems) {
        _ = try DocumentSet(planFile: "p.yaml", workloadFault: workloadFault) { texts[$0].map { Array($0.utf8) } }
        return []
    } catch {
        return error.list.map(\.description)
    }
}

@Suite struct ReferenceFaultTests {
    private static let rounds = Change("p.yaml", "rounds: 2", "rounds: two")
    private static let roundsFault = "p.yaml:12:9: rounds: 'two' is not a whole number from 1 to 10000"
    private static let path = Change("a.yaml", "self-hosted", "shop")
    private static let pathFault =
        "a.yaml:4:16: delivery_path: 'shop' is not one of aggregator, inference-platform, hyperscaler, self-hosted, "
        + "direct-vendor"
    private static let wrongEndpoint = Change("p.yaml", "{provider: b}", "{provider: bb}")
    private static let wrongEndpointFault =
        "p.yaml:10:5: endpoints.bb: no provider document is named 'bb'; did you mean 'b'? (known: a, b)"
    private static let noPriceFault =
        "p.yaml:10:5: endpoints.b: has no price of the model 'm', so that 'budget' cannot be kept; give it a row in a price "
        + "document, of 0 USD if it costs nothing"
    private static let unpriced = Change(
        "prices.yaml",
        "\n  - {provider: b, model: m, input_per_million: 1 USD, output_per_million: 2 USD, source: s, date: d}", "")

    private static func notOffered(_ line: Int, _ name: String) -> String {
        "p.yaml:\(line):5: endpoints.\(name): provider '\(name)' does not offer the model 'n' (it offers: m)"
    }

    private static let told: [([Change], [String])] = [
        // A fault of the plan's own hides no file that is missing, and that file hides no other.
        (
            [rounds, Change("p.yaml", "b.yaml", "c.yaml"), Change("p.yaml", "w.yaml", "v.yaml")],
            [
                "p.yaml:5:21: providers[1]: 'c.yaml' cannot be read; is the name right?",
                "p.yaml:7:11: workload: 'v.yaml' cannot be read; is the name right?", roundsFault,
            ]
        ),
        ([rounds, path], [roundsFault, pathFault]),
        ([rounds, wrongEndpoint], [wrongEndpointFault, roundsFault]),
        ([path, wrongEndpoint], [wrongEndpointFault, pathFault]),
        ([rounds, Change("p.yaml", "model: m", "model: n")], [notOffered(9, "a"), notOffered(10, "b"), roundsFault]),
        ([path, Change("p.yaml", "model: m", "model: n")], [notOffered(9, "a"), notOffered(10, "b"), pathFault]),
        ([rounds, unpriced], [noPriceFault, roundsFault]),
        (
            [unpriced, Change("prices.yaml", "input_per_million: 1 USD", "input_per_million: 1")],
            [
                noPriceFault,
                "prices.yaml:4:48: rows[0].input_per_million: '1' is not an amount with its currency, such as 2.5 USD",
            ]
        ),
        (
            [rounds, Change("p.yaml", "prices.yaml]", "w.yaml]")],
            ["p.yaml:6:10: prices[0]: 'w.yaml' is no prices document", roundsFault]
        ),
        (
            [rounds, Change("w.yaml", "generator: coding-S", "sessions_file: s.jsonl")],
            [
                roundsFault, "w.yaml:4:16: sessions_file: 's.jsonl' cannot be read; is the name right?",
            ]
        ),
        (
            [rounds, Change("a.yaml", "http://127.0.0.1:1", "https://{place}.example")],
            [
                "p.yaml:9:5: endpoints.a.parameters.place: is missing; the URL of provider 'a' needs it", roundsFault,
            ]
        ),
        // All of one file stand in the order of their lines.
        (
            [Change("p.yaml", "name: p", "name: p\nseed: x"), rounds, wrongEndpoint],
            [
                "p.yaml:4:7: seed: 'x' is not a whole number from 0 to \(Int.max)",
                wrongEndpointFault.replacing(":10:", with: ":11:"), roundsFault.replacing(":12:", with: ":13:"),
            ]
        ),
    ]

    @Test(arguments: told.indices)
    func `a fault of a reference is told beside faults of other kinds`(index: Int) {
        let (changes, expected) = Self.told[index]
        #expect(problems(changes) == expected)
    }

    private static let untold: [([Change], [String])] = [
        // The provider's name is not known, so that an endpoint may well mean it.
        (
            [Change("a.yaml", "name: a\n", "nmae: a\n")],
            [
                "a.yaml:1:1: name: is missing",
                "a.yaml:3:1: nmae: is not a known key; did you mean 'name'?",
            ]
        ),
        ([Change("a.yaml", "models: [{name: m, id: m}]", "models: [")], ["a.yaml:8:1: not valid YAML:"]),
        (
            [Change("a.yaml", "submeter: provider", "submeter: provder"), wrongEndpoint],
            ["a.yaml:1:11: submeter: 'provder' is not one of"]
        ),
        ([Change("a.yaml", "submeter", nil)], ["p.yaml:5:13: providers[0]: 'a.yaml' cannot be read"]),
        ([Change("prices.yaml", "submeter", nil)], ["p.yaml:6:10: prices[0]: 'prices.yaml' cannot be read"]),
        (
            [Change("p.yaml", "providers:", "provders:")],
            ["p.yaml:5:1: provders: is not a known key; did you mean 'providers'?"]
        ),
        (
            [Change("p.yaml", "prices:", "prcies:")],
            ["p.yaml:6:1: prcies: is not a known key; did you mean 'prices'?"]
        ),
        (
            [Change("p.yaml", "model: m", "modle: m")],
            ["p.yaml:1:1: model: is missing", "p.yaml:4:1: modle: is not a known key"]
        ),
        (
            [Change("p.yaml", "model: m", "model: m\nmodel: n")],
            ["p.yaml:5:1: the key 'model' stands here again; it was given at 4:1"]
        ),
        (
            [Change("p.yaml", "{provider: b}", "{provder: b}")],
            [
                "p.yaml:10:5: endpoints[1].provider: is missing",
                "p.yaml:10:6: endpoints[1].provder: is not a known key",
            ]
        ),
        (
            [Change("a.yaml", "models: [{", "modles: [{")],
            ["a.yaml:1:1: models: must name at least one model", "a.yaml:7:1: modles: is not a known key"]
        ),
        (
            [Change("a.yaml", "{name: m, id: m}", "{nmae: m, id: m}")],
            ["a.yaml:7:10: models[0].name: is missing", "a.yaml:7:11: models[0].nmae: is not a known key"]
        ),
        (
            [
                Change("a.yaml", "http://127.0.0.1:1", "https://{region}.example"),
                Change("p.yaml", "{provider: a}", "{provider: a, regoin: x}"),
            ],
            ["p.yaml:9:19: endpoints[0].regoin: is not a known key; did you mean 'region'?"]
        ),
        (
            [Change("prices.yaml", "{provider: b, model: m, ", "{provder: b, model: m, ")],
            ["prices.yaml:5:5: rows[1].provider: is missing", "prices.yaml:5:6: rows[1].provder: is not a known key"]
        ),
        (
            [
                Change("p.yaml", "rounds: 2", "output_length: exact"),
                Change("a.yaml", "models:", "requst: {output_control: {minimum_field: min_tokens}}\nmodels:"),
                Change("b.yaml", "models:", "request: {output_control: {minimum_field: min_tokens}}\nmodels:"),
            ],
            ["a.yaml:7:1: requst: is not a known key; did you mean 'request'?"]
        ),
        (
            [Change("w.yaml", "generator: coding-S", "genrator: coding-S")],
            ["w.yaml:1:1: generator: exactly one of", "w.yaml:4:1: genrator: is not a known key"]
        ),
    ]

    @Test(arguments: untold.indices)
    func `what follows from a fault is no fault of its own`(index: Int) {
        let (changes, expected) = Self.untold[index]
        let found = problems(changes)
        #expect(found.count == expected.count, "\(found)")
        for (text, start) in zip(found, expected) { #expect(text.hasPrefix(start), "\(found)") }
    }

    @Test func `the workload is judged where another fault would hide it, and only if it is known`() {
        func judged(_ changes: [Change]) -> [String] {
            problems(changes) { workload, file in "'\(workload.name)' is wrong, \(file?.count ?? 0) bytes" }
        }
        let fault = "w.yaml:4:12: generator: 'w' is wrong, 0 bytes"
        #expect(judged([Self.rounds]) == [Self.roundsFault, fault])
        #expect(judged([Self.path]) == [Self.pathFault, fault])
        #expect(judged([Change("w.yaml", "generator: coding-S", "genrator: coding-S")]).count == 2)
        // The document of a session file that cannot be read is known, but nothing of its sessions is.
        #expect(judged([Change("w.yaml", "generator: coding-S", "sessions_file: s.jsonl")]).count == 1)
        // Alone it is found when the plan is made, which reads the sessions anyway.
        #expect(judged([]) == [])
    }

    @Test func `too many faults to be listed hide what may hang together with them`() {
        let keys = (0..<120).map { "k\($0): 1\n" }.joined()
        let found = problems([Change("a.yaml", "models: [{name: m, id: m}]", keys), Self.wrongEndpoint])
        #expect(found.count == 100 && found.allSatisfy { $0.hasPrefix("a.yaml:") }, "\(found.prefix(3))")
    }

    @Test func `a plan is told from other documents`() {
        #expect(documents.filter { Document.isPlan(Array($0.value.utf8)) }.map(\.key) == ["p.yaml"])
        #expect(Document.isPlan(Array("submeter: plan\nrounds: x\nrounds: y".utf8)))
        #expect(!Document.isPlan(Array("submeter: [plan]".utf8)) && !Document.isPlan(Array("submeter: plan: x".utf8)))
    }
}
