import Foundation
import Quantities
import Testing

@testable import Profiles

private func documents(
    output: String = "", request: String = "", dialect: String = "openai-chat"
) throws(Problems) -> DocumentSet {
    let files = [
        "acme.yaml": """
        submeter: provider
        version: 1
        name: acme
        delivery_path: self-hosted
        dialect: \(dialect)
        base_url: http://x
        \(request.isEmpty ? "" : "request: {\(request)}")
        models: [{name: m, id: m}]
        """,
        "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S",
        "p.yaml": """
        submeter: plan
        version: 1
        name: p
        model: m
        providers: [acme.yaml]
        workload: w.yaml
        endpoints: [{provider: acme, name: east}]
        \(output)
        """,
    ]
    return try DocumentSet(planFile: "p.yaml") { files[$0].map { Array($0.utf8) } }
}

@Suite struct OutputLengthTests {
    static let policies: [(String, PlanProfile.OutputLengthPolicy)] = [
        ("", .natural), ("output_length: natural", .natural), ("output_length: capped", .capped),
        ("output_length: exact", .exact),
    ]

    @Test(arguments: policies)
    func `a plan says what decides how long answers are`(text: String, policy: PlanProfile.OutputLengthPolicy) throws {
        let set = try documents(output: text, request: "output_control: {minimum_field: min_tokens}")
        #expect(set.plan.outputLength == policy)
    }

    static let controls: [(String, OutputControl)] = [
        ("", OutputControl()),
        ("output_control: {minimum_field: min_tokens}", OutputControl(minimumField: "min_tokens")),
        ("output_control: {ignore_end_field: ignore_eos}", OutputControl(ignoreEndField: "ignore_eos")),
        (
            "output_control: {minimum_field: a, ignore_end_field: b}",
            OutputControl(minimumField: "a", ignoreEndField: "b")
        ),
    ]

    @Test(arguments: controls)
    func `a provider says by which members it is told how much to write`(text: String, control: OutputControl) throws {
        let read = try documents(request: text).providers[0].outputControl
        #expect(read == control && read.isAvailable == !text.isEmpty)
    }

    static let faults: [(output: String, request: String, dialect: String, expected: String)] = [
        ("output_length: exakt", "", "openai-chat", "output_length: 'exakt' is not one of natural, capped, exact"),
        (
            "output_length: exact", "", "openai-chat",
            "endpoints.east: 'output_length: exact' needs a server that can be told how much to write"
        ),
        ("output_length: exact", "", "anthropic-messages", "endpoints.east: 'output_length: exact' needs a server"),
        (
            "output_length: capped", "omit: [max_tokens]", "openai-chat",
            "endpoints.east: 'output_length: capped' sets 'max_tokens' of each request, but provider 'acme' has it under "
                + "request.omit"
        ),
        (
            "output_length: capped", "extra: {max_completion_tokens: 9}, output_limit_field: max_completion_tokens",
            "openai-chat", "request.extra.max_completion_tokens: is set in requests"
        ),
        (
            "output_length: capped",
            "extra: {max_completion_tokens: 9}, omit: [max_completion_tokens], output_limit_field: max_completion_tokens",
            "openai-chat", "has it under request.omit"
        ),
        (
            "", "output_control: {}", "openai-chat",
            "request.output_control: must name 'minimum_field', 'ignore_end_field'"
        ),
        ("", "output_control: {minimum: x}", "openai-chat", "request.output_control.minimum: is not a known key"),
        (
            "", "output_control: {minimum_field: min_tokens}", "gemini",
            "request.output_control: has no meaning for the dialect 'gemini'"
        ),
        (
            "", "output_control: {minimum_field: min_tokens}, omit: [min_tokens]", "openai-chat",
            "minimum_field: 'min_tokens' stands under 'omit', too"
        ),
        (
            "", "output_control: {ignore_end_field: ignore_eos}, extra: {ignore_eos: true}", "openai-chat",
            "ignore_end_field: 'ignore_eos' stands under 'extra', too"
        ),
        (
            "", "output_control: {minimum_field: max_tokens}", "openai-chat",
            "minimum_field: 'max_tokens' is the member of the limit"
        ),
        (
            "", "output_control: {minimum_field: \"\"}", "openai-chat",
            "request.output_control.minimum_field: must name a member of the body"
        ),
        (
            "", "output_control: {minimum_field: x, ignore_end_field: x}", "openai-chat",
            "minimum_field and ignore_end_field name the same member"
        ),
    ]

    @Test(arguments: faults.indices)
    func `what cannot be kept to is refused, with its place and what to do`(index: Int) {
        let fault = Self.faults[index]
        let problems = #expect(throws: Problems.self) {
            try documents(output: fault.output, request: fault.request, dialect: fault.dialect)
        }
        #expect(problems?.description.contains(fault.expected) == true, "\(problems?.description ?? "")")
    }

    @Test(arguments: PlanProfile.OutputLengthPolicy.allCases)
    func `natural and capped ask nothing of a provider that has no control`(policy: PlanProfile.OutputLengthPolicy) {
        let isFine = (try? documents(output: "output_length: \(policy.rawValue)")) != nil
        #expect(isFine == (policy != .exact))
    }

    @Test func `of the delivered providers those have a control whose servers are known to`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "profiles/providers")
        let files = try FileManager.default.contentsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".yaml") }
        var found: [String: OutputControl] = [:]
        for file in files {
            let bytes = Array(try Data(contentsOf: root.appending(path: file)))
            guard case .provider(let provider) = try Document(bytes, file: file) else { continue }
            if provider.outputControl.isAvailable { found[provider.identifier.rawValue] = provider.outputControl }
        }
        #expect(
            found == [
                "vllm": OutputControl(minimumField: "min_tokens", ignoreEndField: "ignore_eos"),
                "sglang": OutputControl(ignoreEndField: "ignore_eos"),
                "fireworks": OutputControl(minimumField: "min_tokens"),
            ])
    }
}
