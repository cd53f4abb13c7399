import Credentials
import Driving
import Foundation
import Planning
import Profiles
import Quantities
import Records
import Rehearsal
import Scheduling
import Statistics
import Testing
import Transport

@testable import Commands

/// How a plan's documents speak to one system.
private struct SystemCase {
    let system: PersonaSystem
    let dialect: DialectName
    let base: String
    var path: String?
    var authentication = "{kind: bearer, environment: TEST_KEY}"
    var more = ""

    var name: String { system.rawValue }
}

private let cases: [SystemCase] = [
    SystemCase(system: .openRouter, dialect: .openAIChat, base: "/api/v1", more: "request: {mark_cache: false}"),
    SystemCase(system: .huggingFaceRouter, dialect: .openAIChat, base: "/v1"),
    SystemCase(system: .liteLLM, dialect: .openAIChat, base: "/v1"),
    SystemCase(system: .fireworks, dialect: .openAIChat, base: "/inference/v1"),
    SystemCase(system: .together, dialect: .openAIChat, base: "/v1"),
    SystemCase(
        system: .bedrockConverse, dialect: .bedrockConverse, base: "", authentication: "{kind: aws-sigv4}",
        more: "request: {mark_cache: true}"),
    SystemCase(system: .bedrockInvoke, dialect: .bedrockInvoke, base: "", authentication: "{kind: aws-sigv4}"),
    SystemCase(system: .bedrockOpenAI, dialect: .openAIChat, base: "/openai/v1"),
    SystemCase(
        system: .azureDeployments, dialect: .openAIChat, base: "",
        path: "/openai/deployments/{model}/chat/completions?api-version=2024-10-21",
        authentication: "{kind: header, header: api-key, environment: TEST_KEY}"),
    SystemCase(
        system: .azureModels, dialect: .openAIChat, base: "",
        path: "/models/chat/completions?api-version=2024-05-01-preview",
        authentication: "{kind: header, header: api-key, environment: TEST_KEY}"),
    SystemCase(
        system: .azureV1, dialect: .openAIChat, base: "/openai/v1",
        authentication:
            "{kind: entra, tenant: t, client: c1, environment: TEST_KEY, token_url: 'http://127.0.0.1:PORT/{tenant}/oauth2/v2.0/token'}"
    ),
    SystemCase(
        system: .vertexOpenAI, dialect: .openAIChat, base: "/v1/projects/p/locations/l/endpoints/openapi",
        authentication:
            "{kind: google-metadata, url: 'http://127.0.0.1:PORT/computeMetadata/v1/instance/service-accounts/default/token'}"
    ),
    SystemCase(
        system: .vertexGemini, dialect: .gemini, base: "/v1/projects/p/locations/l/publishers/google",
        authentication:
            "{kind: google-metadata, url: 'http://127.0.0.1:PORT/computeMetadata/v1/instance/service-accounts/default/token'}"
    ),
    SystemCase(system: .vLLM, dialect: .openAIChat, base: "/v1"),
    SystemCase(system: .sgLang, dialect: .openAIChat, base: "/v1"),
    SystemCase(system: .tgiChat, dialect: .openAIChat, base: "/v1"),
    SystemCase(system: .tgiNative, dialect: .tgi, base: ""),
    SystemCase(system: .llamaCpp, dialect: .openAIChat, base: "/v1"),
    SystemCase(system: .huggingFaceEndpoint, dialect: .openAIChat, base: "/v1"),
    SystemCase(
        system: .deepSeek, dialect: .openAIChat, base: "", more: "request: {reasoning_field: reasoning_content}"),
    SystemCase(system: .qwenCompatible, dialect: .openAIChat, base: "/compatible-mode/v1"),
    SystemCase(system: .qwenNative, dialect: .dashScope, base: "/api/v1"),
    SystemCase(
        system: .kimi, dialect: .openAIChat, base: "/v1",
        more: "request: {reasoning_field: reasoning_content, session_field: prompt_cache_key}"),
    SystemCase(system: .glm, dialect: .openAIChat, base: "/api/paas/v4"),
    SystemCase(
        system: .miniMaxOpenAI, dialect: .openAIChat, base: "/v1",
        more: "response: {accumulation: automatic, reasoning_tag: think}"),
    SystemCase(system: .miniMaxAnthropic, dialect: .anthropicMessages, base: "/anthropic"),
    SystemCase(
        system: .openAIChat, dialect: .openAIChat, base: "/v1",
        more: "request: {output_limit_field: max_completion_tokens}"),
    SystemCase(system: .openAIResponses, dialect: .openAIResponses, base: "/v1"),
    SystemCase(
        system: .anthropic, dialect: .anthropicMessages, base: "",
        authentication: "{kind: header, header: x-api-key, environment: TEST_KEY}", more: "request: {mark_cache: true}"),
    SystemCase(
        system: .geminiAPI, dialect: .gemini, base: "/v1beta",
        authentication: "{kind: header, header: x-goog-api-key, environment: TEST_KEY}"),
]

/// A plan with an endpoint of every system, played by a fleet that asks for the credentials.
private struct SystemsStage {
    static let environment = [
        "TEST_KEY": "sk-planted-1", "AWS_ACCESS_KEY_ID": "AKIDPLANTED", "AWS_SECRET_ACCESS_KEY": "aws-planted-2",
    ]
    let stage: RehearsalStage
    let plan: Plan
    let folder = FileManager.default.temporaryDirectory.appending(path: "systems-\(UUID().uuidString)")

    init(settings: String, rehearsal: String = "") throws {
        var files = [
            "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\nmaximum_calls: 3",
            "prices.yaml": "submeter: prices\nversion: 1\nrows:\n"
                + cases.map {
                    "  - {provider: \($0.name), model: m, input_per_million: 1 USD, cache_read_per_million: 0.1 USD, cache_write_per_million: 1.25 USD, output_per_million: 4 USD, source: s, date: d}\n"
                }.joined(),
        ]
        for (index, item) in cases.enumerated() {
            files["\(item.name).yaml"] = """
                submeter: provider
                version: 1
                name: \(item.name)
                delivery_path: \(DeliveryPath.allCases[index % DeliveryPath.allCases.count].rawValue)
                dialect: \(item.dialect.rawValue)
                base_url: http://127.0.0.1:\(20_000 + index)\(item.base)
                \(item.path.map { "path: \($0)" } ?? "")
                region: us-east-1
                authentication: \(item.authentication.replacing("PORT", with: "\(20_000 + index)"))
                models: [{name: m, id: "org/model-m:1"}]
                rehearsal:
                  {system: \(item.name), network: 1ms, prefill_tokens_per_second: 1e8, decode_tokens_per_second: 50000\(rehearsal)}
                \(item.more)
                """
        }
        files["p.yaml"] = """
            submeter: plan
            version: 1
            name: p
            seed: 3
            model: m
            providers: [\(cases.map { "\($0.name).yaml" }.joined(separator: ", "))]
            prices: [prices.yaml]
            workload: w.yaml
            endpoints: [\(cases.map { "{provider: \($0.name)}" }.joined(separator: ", "))]
            order: side-by-side
            live_sessions: 1
            time_scale: 0.001
            \(settings)
            """
        let texts = files
        let documents = try DocumentSet(planFile: "p.yaml") { texts[$0].map { Array($0.utf8) } }
        stage = try RehearsalStage(documents, usesOwnPorts: false) { member, provider in
            RehearsalGate.prepare(&member, provider, environment: Self.environment)
        }
        plan = try Plan(try stage.moved(documents))
    }

    func authorizers(_ environment: [String: String] = environment) throws -> [Authorizer] {
        let store = SecretStore(environment: environment)
        return try plan.endpoints.map {
            try Authorizer($0.provider.authentication, region: $0.region, store: store)
        }
    }

    func run() throws -> RunFile {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let path = folder.appending(path: "run.sqlite").path
        let writer = try RunFileWriter(
            creating: path, documents: plan.documents, facts: [FactRow(name: "run_salt", value: "0123456789ab")])
        let driver = RunDriver(
            plan, writer: writer, loop: try NetworkLoop(), authorizers: try authorizers(), runSalt: "0123456789ab")
        #expect(try driver.run() == .complete)
        try writer.close()
        return try RunFile(path: path)
    }

    func close() {
        stage.fleet.stop()
        try? FileManager.default.removeItem(at: folder)
    }
}

extension EndToEnd {
    @Suite(.serialized) struct SystemsTests {
        @Test func `there is a case for every system but the one that is nobody's`() {
            #expect(Set(cases.map(\.system)) == Set(PersonaSystem.allCases).subtracting([.generic]))
        }

        @Test(arguments: ["", ", reasoning_share: 0.3", ", scenarios: {parallel-tool-calls: 1, byte-by-byte: 1}"])
        func `one plan measures every system, and its fleet's own account agrees call by call`(play: String) throws {
            let stage = try SystemsStage(settings: "rounds: 1\nsessions_per_round: 1", rehearsal: play)
            defer { stage.close() }
            let file = try stage.run()
            let truths = Dictionary(grouping: stage.stage.fleet.truths, by: \.requestIdentifier)
            for (index, item) in cases.enumerated() {
                let rows = file.attempts.filter { $0.place.endpoint == index }
                #expect(rows.count == 3, "\(item.name)")
                for row in rows {
                    #expect(row.outcome == .ok, "\(item.name): \(row.outcome) \(row.errorText ?? "")")
                    let known = truths[RunDriver.requestIdentifier(CallKey(row.place))] ?? []
                    let truth = try #require(known.first, "\(item.name) was never asked")
                    #expect(row.usage.outputTotal == truth.outputTokens, "\(item.name)")
                    #expect(!row.usage.isAmbiguous, "\(item.name): \(row.usageText ?? "")")
                    if item.system != .tgiNative {
                        #expect(row.usage.inputTotal == truth.inputTokens, "\(item.name): \(row.usageText ?? "")")
                    }
                    if let cached = row.usage.inputCacheRead { #expect(cached == truth.cachedTokens, "\(item.name)") }
                    #expect(row.routeMismatch == nil)
                    if play.contains("reasoning"), row.events.contains(where: { $0.kind == .reasoning }) {
                        #expect(row.events.first?.kind == .reasoning, "\(item.name)")
                    }
                }
                // Most answers of the fleet to requests with tools call one, whatever the dialect.
                if item.dialect != .tgi { #expect(rows.contains { $0.toolCallCount > 0 }, "\(item.name)") }
            }
        }

        @Test func `no secret is left in any artefact of a run`() throws {
            let stage = try SystemsStage(settings: "rounds: 1\nsessions_per_round: 1")
            defer { stage.close() }
            _ = try stage.run()
            let path = stage.folder.appending(path: "run.sqlite").path
            var texts: [[UInt8]] = []
            for name in try FileManager.default.contentsOfDirectory(atPath: stage.folder.path) {
                texts.append(Array(try Data(contentsOf: stage.folder.appending(path: name))))
            }
            for words in [
                ["report", "--format", "json", path], ["report", "--format", "markdown", path], ["rank", path],
                ["export", path], ["export", "--format", "csv", path],
            ] {
                let outcome = submeterOutput(words)
                #expect(!outcome.isEmpty)
                texts.append(outcome)
            }
            for text in texts {
                let content = String(decoding: text, as: UTF8.self)
                for secret in ["sk-planted-1", "aws-planted-2", "eyJ0eXAi", "ya29."] {
                    #expect(!content.contains(secret), "a secret is left behind")
                }
            }
        }

        @Test func `wrong keys are refused by every system, each in its own words, and sorted as such`() throws {
            let stage = try SystemsStage(settings: "rounds: 1\nsessions_per_round: 1")
            defer { stage.close() }
            var wrong = SystemsStage.environment
            wrong["TEST_KEY"] = "sk-wrong"
            wrong["AWS_SECRET_ACCESS_KEY"] = "wrong"
            let authorizers = try stage.authorizers(wrong).map { Result<Authorizer, CredentialError>.success($0) }
            let findings = ConnectionCheck(stage.plan, loop: try NetworkLoop(), authorizers: authorizers).run()
            for (item, finding) in zip(cases, findings) {
                if item.authentication.contains("google-metadata") {
                    #expect(finding.text?.outcome == .ok, "\(item.name)")
                } else if item.authentication.contains("entra") {
                    #expect(finding.credentialError?.description.contains("wrong") == true, "\(item.name)")
                } else {
                    #expect(finding.text?.outcome == .authentication, "\(item.name): \(finding.text?.errorText ?? "")")
                }
            }
        }

        @Test func `with good keys every system answers, and calls the tool it is asked for`() throws {
            let stage = try SystemsStage(
                settings: "rounds: 1\nsessions_per_round: 1", rehearsal: ", scenarios: {tool-call: 1}")
            defer { stage.close() }
            let authorizers = try stage.authorizers().map { Result<Authorizer, CredentialError>.success($0) }
            let findings = ConnectionCheck(stage.plan, loop: try NetworkLoop(), authorizers: authorizers).run()
            for (item, finding) in zip(cases, findings) {
                #expect(finding.text?.outcome == .ok, "\(item.name): \(finding.text?.errorText ?? "")")
                #expect(finding.tool?.outcome == .ok, "\(item.name): \(finding.tool?.errorText ?? "")")
                if item.dialect != .tgi { #expect((finding.tool?.toolCallCount ?? 0) > 0, "\(item.name)") }
            }
        }
    }
}

/// What the program prints.
private func submeterOutput(_ words: [String]) -> [UInt8] {
    let written = Written()
    _ = Submeter.run(Console(arguments: words) { _, bytes in written.add(bytes) })
    return written.bytes
}

private final class Written: @unchecked Sendable {
    // Filled and read by one thread: the console of a test writes at once.
    private(set) var bytes: [UInt8] = []
    func add(_ more: [UInt8]) { bytes += more }
}
