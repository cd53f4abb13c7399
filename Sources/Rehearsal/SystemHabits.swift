import Dialects
import Profiles
import Quantities

extension PersonaSystem {
    /// How its chat differs from OpenAI's.
    var habits: ChatHabits {
        switch self {
        case .openRouter: .openRouter
        case .huggingFaceRouter: .huggingFaceRouter
        case .liteLLM: .liteLLM
        case .fireworks: .fireworks
        case .together: .together
        case .bedrockOpenAI, .bedrockConverse, .bedrockInvoke: .bedrock
        case .azureDeployments, .azureV1: .azure
        case .azureModels: .azureModels
        case .vertexOpenAI, .vertexGemini, .geminiAPI: .vertex
        case .vLLM, .huggingFaceEndpoint: .vLLM
        case .sgLang: .sgLang
        case .tgiChat, .tgiNative: .tgi
        case .llamaCpp: .llamaCpp
        case .deepSeek: .deepSeek
        case .qwenCompatible, .qwenNative: .qwen
        case .kimi: .kimi
        case .glm: .glm
        case .miniMaxOpenAI, .miniMaxAnthropic: .miniMax
        case .openAIChat, .openAIResponses: .openAI
        case .anthropic, .generic: ChatHabits()
        }
    }

    /// True if it can be told to write on where the model would end (protocols.md §3.1, §7.1, §7.2); others take no notice.
    var takesOutputMinimum: Bool { [.vLLM, .sgLang, .fireworks].contains(self) }

    /// Why it refuses what a request says of the length of its answer; nil if it does not.
    func lengthRefusal(_ request: ServedRequest) -> ServedRefusal? {
        guard takesOutputMinimum else { return nil }
        if let limit = request.outputLimit, let minimum = request.outputMinimum, minimum > limit {
            return ServedRefusal(
                .badRequest, "min_tokens must be less than or equal to max_tokens=\(limit.value), got \(minimum.value)."
            )
        }
        guard request.ignoresEnd || request.outputMinimum ?? .zero > .zero else { return nil }
        // A grammar that has come to its end lets nothing but the end follow: a real server crashes or hangs.
        switch request.toolChoice {
        case .required, .named:
            return ServedRefusal(.badRequest, "a tool that is required and a least length contradict each other")
        case .automatic, .none: return nil
        }
    }

    /// How its errors look on a path of a dialect.
    func errors(_ dialect: DialectName) -> ErrorShape {
        switch dialect {
        case .anthropicMessages where self == .vLLM: .vLLM
        case .anthropicMessages: .anthropic
        case .bedrockConverse, .bedrockInvoke: .bedrock
        case .gemini: .google
        case .tgi: .tgi
        case .dashScope: .dashScope
        case .openAIChat, .openAIResponses: habits.errors
        }
    }

    /// Where a request may carry its key.
    enum KeyPlace: Hashable {
        case bearer
        case header(String)
        case parameter(String)
    }

    /// Where it looks for keys.
    var keyPlaces: [KeyPlace] {
        switch self {
        case .azureDeployments, .azureModels, .azureV1: [.header("api-key"), .bearer]
        case .anthropic: [.header("x-api-key"), .bearer]
        case .miniMaxAnthropic, .liteLLM, .vLLM: [.bearer, .header("x-api-key")]
        case .geminiAPI: [.header("x-goog-api-key"), .parameter("key")]
        case .generic: [.bearer, .header("api-key"), .header("x-api-key"), .header("x-goog-api-key")]
        default: [.bearer]
        }
    }

    /// Headers of every response, its length of life in requests faked.
    func headers(_ identifier: String, _ dialect: DialectName, isError: Bool) -> [(name: String, value: String)] {
        let limits = ["limit", "remaining"]
        func rates(_ start: String, _ kinds: [String], reset: String?) -> [(name: String, value: String)] {
            kinds.flatMap { kind in
                limits.map { (name: "\(start)-\($0)-\(kind)", value: $0 == "limit" ? "600000" : "599000") }
                    + (reset.map { [(name: "\(start)-reset-\(kind)", value: $0)] } ?? [])
            }
        }
        switch self {
        case .openAIChat, .openAIResponses:
            return [
                ("x-request-id", "req_" + identifier), ("openai-processing-ms", "12"),
                ("openai-version", "2020-10-01"), ("openai-organization", "rehearsal"),
            ] + rates("x-ratelimit", ["requests", "tokens"], reset: "6ms")
        case .openRouter: return isError ? [] : [("X-Generation-Id", "gen-" + identifier)]
        case .huggingFaceRouter: return [("inference-id", identifier), ("x-request-id", identifier)]
        case .liteLLM:
            return [("x-litellm-call-id", identifier), ("x-litellm-response-cost", "0.0")]
        case .fireworks:
            return [("x-request-id", identifier)]
                + rates("x-ratelimit", ["tokens-prompt", "tokens-generated"], reset: nil)
        case .together:
            return [
                ("x-request-id", identifier), ("x-together-traceid", identifier), ("x-ratelimit-limit", "10"),
                ("x-ratelimit-remaining", "9"), ("x-ratelimit-reset", "1"), ("x-tokenlimit-limit", "60000"),
                ("x-tokenlimit-remaining", "59000"),
            ]
        case .bedrockConverse, .bedrockInvoke, .bedrockOpenAI: return [("x-amzn-RequestId", identifier)]
        case .azureDeployments, .azureModels, .azureV1:
            return [
                ("apim-request-id", identifier), ("x-request-id", identifier), ("x-ms-region", "Rehearsal"),
            ] + rates("x-ratelimit", ["requests", "tokens"], reset: "1")
        case .vertexOpenAI, .vertexGemini, .geminiAPI:
            return [("content-disposition", "attachment"), ("server-timing", "gfet4t7; dur=12")]
        case .tgiChat, .tgiNative: return [("x-compute-type", "rehearsal"), ("x-compute-characters", "1")]
        case .kimi:
            return [("X-RateLimit-Limit", "500"), ("X-RateLimit-Remaining", "499"), ("X-RateLimit-Reset", "1")]
        case .qwenCompatible, .qwenNative: return [("x-request-id", identifier)]
        case .miniMaxOpenAI, .miniMaxAnthropic: return [("Trace-Id", identifier)]
        case .anthropic:
            return [("request-id", "req_" + identifier), ("anthropic-organization-id", "rehearsal")]
                + ["requests", "tokens", "input-tokens", "output-tokens"].flatMap { kind in
                    [
                        ("anthropic-ratelimit-\(kind)-limit", "600000"),
                        ("anthropic-ratelimit-\(kind)-remaining", "599000"),
                        ("anthropic-ratelimit-\(kind)-reset", "2026-11-24T12:00:00Z"),
                    ]
                }
        case .deepSeek: return [("x-ds-trace-id", identifier)]
        case .vLLM, .sgLang, .llamaCpp, .huggingFaceEndpoint, .glm, .generic: return []
        }
    }
}
