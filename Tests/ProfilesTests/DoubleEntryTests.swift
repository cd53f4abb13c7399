import Testing

@testable import Profiles

private func provider(_ name: String, models: String = "[{name: m, id: m}]") -> String {
    """
    submeter: provider
    version: 1
    name: \(name)
    delivery_path: self-hosted
    dialect: openai-chat
    base_url: http://127.0.0.1:1
    models: \(models)
    """
}

private func prices(_ rows: String...) -> String {
    "submeter: prices\nversion: 1\nrows:\n"
        + rows.map {
            "  - {\($0), input_per_million: 1 USD, output_per_million: 2 USD, source: s, date: d}\n"
        }.joined()
}

/// The problems of a plan of the providers `a` and `b` with two price files, where some documents are others.
private func problems(_ changes: [String: String], recorded: Bool = false) -> [String] {
    var texts = [
        "p.yaml": """
        submeter: plan
        version: 1
        name: p
        model: m
        providers: [a.yaml, b.yaml]
        prices: [one.yaml, two.yaml]
        workload: w.yaml
        endpoints: [{provider: a}, {provider: b}]
        """,
        "a.yaml": provider("a"), "b.yaml": provider("b"), "one.yaml": prices("provider: a, model: m"),
        "two.yaml": prices("provider: b, model: m"),
        "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\n",
    ]
    for (name, text) in changes { texts[name] = text }
    do throws(Problems) {
        _ = try DocumentSet(planFile: "p.yaml", areRecorded: recorded) { texts[$0].map { Array($0.utf8) } }
        return []
    } catch {
        return error.list.map(\.description)
    }
}

@Suite struct DoubleEntryTests {
    static let cases: [(changes: [String: String], expected: [String])] = [
        (
            ["one.yaml": prices("provider: a, model: m", "provider: a, model: m")],
            [
                "one.yaml:5:5: rows[1]: is a second price of the model 'm' at provider 'a'; the first stands at 4:5, and "
                    + "nobody can tell which one counts"
            ]
        ),
        (
            ["two.yaml": prices("provider: a, model: m")],
            [
                "two.yaml:4:5: rows[0]: is a second price of the model 'm' at provider 'a'; the first stands at "
                    + "one.yaml:4:5, and nobody can tell which one counts"
            ]
        ),
        (
            ["one.yaml": prices("provider: a, model: m, region: eu", "provider: a, model: m, region: eu")],
            [
                "one.yaml:5:5: rows[1]: is a second price of the model 'm' at provider 'a' in the region 'eu'; the first "
                    + "stands at 4:5, and nobody can tell which one counts"
            ]
        ),
        (
            [
                "one.yaml": prices(
                    "provider: a, model: m", "provider: a, model: m, region: eu", "provider: a, model: n",
                    "provider: a, model: m, region: us")
            ], []
        ),
        // What stands there twice may be something else, but for a slip.
        (
            ["one.yaml": prices("provider: a, model: m", "provider: a, model: m, regoin: eu")],
            [
                "one.yaml:5:29: rows[1].regoin: is not a known key; did you mean 'region'? (allowed: cache_read_per_million, "
                    + "cache_write_per_million, date, input_per_million, model, output_per_million, per_request, provider, "
                    + "region, source)"
            ]
        ),
        (
            ["b.yaml": provider("a")],
            [
                "p.yaml:8:28: endpoints.b: no provider document is named 'b'; did you mean 'a'? (known: a, a)",
                "b.yaml:3:7: name: 'a' is the name of the provider in a.yaml:3:7, too; no two are the same",
            ]
        ),
        (
            ["a.yaml": provider("a", models: "[{name: m, id: m}, {name: n, id: n}, {name: m, id: o}]")],
            ["a.yaml:7:46: models[2].name: 'm' stands twice; the first stands at 7:10"]
        ),
        (["a.yaml": provider("a", models: "[{name: m, id: m}, {name: n, id: m}]")], []),
    ]

    @Test(arguments: cases.indices)
    func `what stands twice and can be only once is refused, with both places`(index: Int) {
        #expect(problems(Self.cases[index].changes) == Self.cases[index].expected)
    }

    @Test(arguments: [("providers: [a.yaml, b.yaml", "a.yaml"), ("prices: [one.yaml, two.yaml", "one.yaml")])
    func `a file that a plan names twice is told once`(list: String, again: String) {
        let plan = """
            submeter: plan
            version: 1
            name: p
            model: m
            providers: [a.yaml, b.yaml]
            prices: [one.yaml, two.yaml]
            workload: w.yaml
            endpoints: [{provider: a}, {provider: b}]
            """
        let found = problems(["p.yaml": plan.replacing(list, with: "\(list), \(again)")])
        #expect(found.count == 1 && found[0].contains("[2]: '\(again)' stands twice"), "\(found)")
    }

    @Test func `documents of a run file may have what earlier versions allowed, so that results stay readable`() {
        let double = prices("provider: a, model: m", "provider: a, model: m")
        let loose = provider("a", models: "[{name: m, id: m}, {name: m, id: m}]").replacing(
            "models:", with: "request: {extra: {model: n}, omit: [model]}\nmodels:")
        let changes = ["one.yaml": double, "two.yaml": double, "a.yaml": loose]
        #expect(problems(changes, recorded: true) == [])
        #expect(problems(changes).count == 6, "\(problems(changes))")
        // What was never allowed is refused there, too.
        #expect(problems(["one.yaml": double.replacing("model: m", with: "modle: m")], recorded: true).count == 4)
    }
}
