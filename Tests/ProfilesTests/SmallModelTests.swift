import Testing

@testable import Profiles

@Suite struct SmallModelTests {
    private static let both = "models: [{name: m, id: large-1}, {name: s, id: little-1}]"

    private func documents(
        _ settings: String, provider: String = both, dialect: String = "openai-chat"
    ) throws -> DocumentSet {
        let files = [
            "a.yaml":
                "submeter: provider\nversion: 1\nname: a\ndelivery_path: self-hosted\ndialect: \(dialect)\n"
                + "base_url: http://x\n\(provider)",
            "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: swarm",
            "p.yaml": "submeter: plan\nversion: 1\nname: p\nmodel: m\nproviders: [a.yaml]\nworkload: w.yaml\n"
                + "endpoints: [{provider: a}]\n\(settings)",
        ]
        return try DocumentSet(planFile: "p.yaml") { files[$0].map { Array($0.utf8) } }
    }

    private func problems(_ settings: String, provider: String, dialect: String = "openai-chat") -> [String] {
        do {
            _ = try documents(settings, provider: provider, dialect: dialect)
            return []
        } catch let problems as Problems {
            return problems.list.map { "\($0.path): \($0.message)" }
        } catch {
            return ["\(error)"]
        }
    }

    static let names: [(settings: String, small: String?, models: [String])] = [
        ("", nil, ["m"]), ("small_model: s", "s", ["m", "s"]), ("small_model: m", nil, ["m"]),
    ]

    @Test(arguments: names)
    func `a plan has one model or two`(settings: String, small: String?, models: [String]) throws {
        let plan = try documents(settings).plan
        #expect(plan.secondModel == small && plan.modelNames == models)
    }

    static let faults: [(provider: String, dialect: String, part: String?)] = [
        (both, "openai-chat", nil), (both, "gemini", nil), (both, "bedrock-converse", nil),
        (both, "anthropic-messages", nil),
        ("models: [{name: m, id: large-1}]", "openai-chat", "does not offer the model 's' (it offers: m)"),
        ("models: [{name: s, id: little-1}]", "openai-chat", "does not offer the model 'm' (it offers: s)"),
        ("models: [{name: m, id: x}, {name: s, id: x}]", "openai-chat", "has one id, 'x', for the model 'm'"),
        (both, "tgi", "is not told which model is to answer"),
        ("path: /{model}/generate\n" + both, "tgi", nil),
        ("path: /fixed\n" + both, "gemini", "is not told which model is to answer"),
        ("route: {served_model: [large-1]}\n" + both, "openai-chat", "one route.served_model for all models"),
        (
            "route: {served_model: [x]}\nmodels: [{name: m, id: a, served_model: [a]}, {name: s, id: b}]",
            "openai-chat",
            "one route.served_model for all models"
        ),
        (
            "route: {served_model: [x]}\nmodels: [{name: m, id: a, served_model: [a]}, {name: s, id: b, served_model: [b]}]",
            "openai-chat", nil
        ),
    ]

    @Test(arguments: faults.indices)
    func `a provider that cannot serve both models apart is refused`(index: Int) {
        let (provider, dialect, part) = Self.faults[index]
        let found = problems("small_model: s", provider: provider, dialect: dialect)
        #expect(found.count == (part == nil ? 0 : 1), "\(found)")
        #expect(found.allSatisfy { $0.hasPrefix("endpoints.a: ") && $0.contains(part ?? "") }, "\(found)")
    }

    @Test func `without a small model such a provider is as good as any`() {
        for (provider, dialect, _) in Self.faults where provider.contains("name: m") {
            #expect(problems("", provider: provider, dialect: dialect) == [])
        }
    }

    @Test func `a model's own names go before those of the route`() throws {
        let provider =
            "route: {served_model: [x], served_by: y}\nmodels: [{name: m, id: a, served_model: [a, b]}, {name: s, id: c}]"
        let found = try #require(try documents("", provider: provider).providers.first)
        #expect(found.models.map { found.route(of: $0).servedModels } == [["a", "b"], ["x"]])
        #expect(found.models.allSatisfy { found.route(of: $0).servedBy == "y" })
    }
}
