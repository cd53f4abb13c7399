import Quantities
import Testing

@testable import Profiles

private func profile(_ rehearsal: String) throws(Problems) -> ProviderProfile {
    let text = """
        submeter: provider
        version: 1
        name: acme
        delivery_path: aggregator
        dialect: openai-chat
        base_url: http://127.0.0.1:8000/v1
        models: [{name: m, id: acme/m}]
        \(rehearsal)
        """
    guard case .provider(let profile) = try Document(Array(text.utf8), file: "p.yaml") else { throw Problems([]) }
    return profile
}

@Suite struct RehearsalProfileTests {
    @Test func `a document can say how it is played`() throws {
        let rehearsal = try #require(
            try profile(
                """
                rehearsal: {system: openrouter, scenarios: {rate-limit: 0.01, crlf: 1}, network: 20ms,
                  prefill_tokens_per_second: 5000, decode_tokens_per_second: 80.5, slots: 4, cache_lifetime: 5min,
                  reasoning_share: 0.3, cache_only_marks: false, tokens_per_event: 2, jitter: 0, upstream: u,
                  slowdown_per_stream: 0.1, stall: 3s, token_lifetime: 2s}
                """
            ).rehearsal)
        #expect(rehearsal.system == .openRouter && rehearsal.scenarios == [.rateLimit: 0.01, .carriageReturns: 1])
        #expect(rehearsal.network == .milliseconds(20) && rehearsal.cacheLifetime == .seconds(300))
        #expect(rehearsal.prefillTokensPerSecond == 5000 && rehearsal.decodeTokensPerSecond == 80.5)
        #expect(rehearsal.slots == 4 && rehearsal.reasoningShare == 0.3 && rehearsal.cachesOnlyMarks == false)
        #expect(rehearsal.tokensPerEvent == 2 && rehearsal.jitter == 0 && rehearsal.upstream == "u")
        #expect(rehearsal.slowdownPerStream == 0.1 && rehearsal.stallDuration == .seconds(3))
        #expect(rehearsal.tokenLifetime == .seconds(2))
    }

    @Test func `what is left out is ordinary`() throws {
        #expect(try profile("").rehearsal == nil)
        let rehearsal = try #require(try profile("rehearsal: {system: vllm}").rehearsal)
        #expect(rehearsal.scenarios.isEmpty && rehearsal.cachesOnlyMarks == nil && rehearsal.slots == 64)
    }

    @Test func `mistakes are told with their places`() {
        let table = [
            ("rehearsal: {system: openruter}", "did you mean 'openrouter'"),
            ("rehearsal: {network: 20ms}", "rehearsal.system"),
            ("rehearsal: {system: vllm, scenarios: {rate-limt: 0.1}}", "did you mean 'rate-limit'"),
            ("rehearsal: {system: vllm, scenarios: {cut: 1.5}}", "rehearsal.scenarios.cut"),
            ("rehearsal: {system: vllm, scenarios: {cut: 0.6, stall: 0.6}}", "over 1"),
            ("rehearsal: {system: vllm, slots: 0}", "rehearsal.slots"),
            ("rehearsal: {system: vllm, network: 20}", "a duration with its unit"),
            ("rehearsal: {system: vllm, speed: 1}", "is not a known key"),
        ]
        for (text, message) in table {
            let problems = #expect(throws: Problems.self) { _ = try profile(text) }
            #expect(problems?.description.contains(message) == true, "\(text): \(problems?.description ?? "")")
        }
    }

    @Test func `names of systems and scenarios are words and hyphens`() {
        let names = PersonaSystem.allCases.map(\.rawValue) + Scenario.allCases.map(\.rawValue)
        for name in names { #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" }, "\(name)") }
    }
}
