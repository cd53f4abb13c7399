import Dialects
import Profiles
import Quantities

/// What a path of a persona leads to.
enum RouteTarget: Hashable {
    case answer(DialectName)
    case models
    case health
    case entraToken
    case googleToken
    case metadataToken
}

/// A path that a persona has.
struct Route: Hashable {
    let method: String
    /// Segments; `*` stands for any one, `*:x` for any that ends in `:x`, and `**` at the beginning for any number.
    let pattern: [String]
    let target: RouteTarget

    init(_ path: String, _ target: RouteTarget, method: String = "POST") {
        self.method = method
        pattern = path.split(separator: "/").map(String.init)
        self.target = target
    }

    func matches(_ segments: [String]) -> Bool {
        guard pattern.first == "**" else {
            return pattern.count == segments.count && zip(pattern, segments).allSatisfy(Self.matches)
        }
        let rest = pattern.dropFirst()
        return segments.count >= rest.count && zip(rest, segments.suffix(rest.count)).allSatisfy(Self.matches)
    }

    private static func matches(_ pattern: String, _ segment: String) -> Bool {
        if pattern == "*" { return true }
        return pattern.hasPrefix("*") ? segment.hasSuffix(pattern.dropFirst()) : pattern == segment
    }
}

extension PersonaSystem {
    /// The paths of the system (protocols.md), the most particular first.
    var routes: [Route] {
        switch self {
        case .openRouter: Self.compatible(["/api/v1"])
        case .huggingFaceRouter:
            [Route("/novita/v3/openai/chat/completions", .answer(.openAIChat))] + Self.compatible(["/v1", "/*/v1"])
        case .liteLLM: Self.compatible(["", "/v1"]) + [Route("/health/liveliness", .health, method: "GET")]
        case .fireworks: Self.compatible(["/inference/v1"])
        case .together, .kimi, .openAIChat, .openAIResponses:
            Self.compatible(["/v1"]) + [Route("/anthropic/v1/messages", .answer(.anthropicMessages))]
        case .bedrockConverse, .bedrockInvoke:
            [
                Route("/model/*/converse", .answer(.bedrockConverse)),
                Route("/model/*/converse-stream", .answer(.bedrockConverse)),
                Route("/model/*/invoke", .answer(.bedrockInvoke)),
                Route("/model/*/invoke-with-response-stream", .answer(.bedrockInvoke)),
            ] + Self.compatible(["/openai/v1"])
        case .bedrockOpenAI:
            Self.compatible(["/openai/v1", "/v1"])
                + [Route("/anthropic/v1/messages", .answer(.anthropicMessages))]
        case .azureDeployments: [Route("/openai/deployments/*/chat/completions", .answer(.openAIChat))]
        case .azureModels: [Route("/models/chat/completions", .answer(.openAIChat))]
        case .azureV1:
            Self.compatible(["/openai/v1"]) + [Route("/anthropic/v1/messages", .answer(.anthropicMessages))]
        case .vertexOpenAI:
            [
                Route("/v1/projects/*/locations/*/endpoints/openapi/chat/completions", .answer(.openAIChat)),
                Route("/v1beta1/projects/*/locations/*/endpoints/openapi/chat/completions", .answer(.openAIChat)),
            ]
        case .vertexGemini: Self.gemini(["/v1/projects/*/locations/*/publishers/google"])
        case .geminiAPI:
            Self.gemini(["/v1beta", "/v1"]) + [Route("/v1beta/openai/chat/completions", .answer(.openAIChat))]
        case .vLLM, .sgLang, .huggingFaceEndpoint: Self.compatible(["/v1"]) + Self.health
        case .llamaCpp: Self.compatible(["/v1", ""]) + Self.health
        case .tgiChat, .tgiNative:
            [
                Route("/v1/chat/completions", .answer(.openAIChat)), Route("/generate_stream", .answer(.tgi)),
                Route("/generate", .answer(.tgi)), Route("/", .answer(.tgi)),
                Route("/v1/models", .models, method: "GET"),
            ] + Self.health
        case .deepSeek:
            Self.compatible(["", "/v1", "/beta"]) + [Route("/anthropic/v1/messages", .answer(.anthropicMessages))]
        case .qwenCompatible: Self.compatible(["/compatible-mode/v1"])
        case .qwenNative: [Route("/api/v1/services/aigc/text-generation/generation", .answer(.dashScope))]
        case .glm:
            Self.compatible(["/api/paas/v4", "/api/coding/paas/v4"])
                + [Route("/api/anthropic/v1/messages", .answer(.anthropicMessages))]
        case .miniMaxOpenAI, .miniMaxAnthropic:
            Self.compatible(["/v1"]) + [
                Route("/v1/text/chatcompletion_v2", .answer(.openAIChat)),
                Route("/anthropic/v1/messages", .answer(.anthropicMessages)),
            ]
        case .anthropic:
            [Route("/v1/messages", .answer(.anthropicMessages)), Route("/v1/models", .models, method: "GET")]
        case .generic: Self.everything
        }
    }

    private static let health = [Route("/health", .health, method: "GET"), Route("/ping", .health, method: "GET")]

    private static func compatible(_ bases: [String]) -> [Route] {
        bases.flatMap { base in
            [
                Route(base + "/chat/completions", .answer(.openAIChat)),
                Route(base + "/responses", .answer(.openAIResponses)),
                Route(base + "/messages", .answer(.anthropicMessages)),
                Route(base + "/models", .models, method: "GET"),
            ]
        }
    }

    private static func gemini(_ bases: [String]) -> [Route] {
        bases.flatMap { base in
            [
                Route(base + "/models/*:streamGenerateContent", .answer(.gemini)),
                Route(base + "/models/*:generateContent", .answer(.gemini)),
                Route(base + "/models", .models, method: "GET"),
            ]
        }
    }

    private static let everything: [Route] =
        compatible(["/**"]) + gemini(["/**"])
        + [
            Route("/**/model/*/converse", .answer(.bedrockConverse)),
            Route("/**/model/*/converse-stream", .answer(.bedrockConverse)),
            Route("/**/model/*/invoke", .answer(.bedrockInvoke)),
            Route("/**/model/*/invoke-with-response-stream", .answer(.bedrockInvoke)),
            Route("/**/generate_stream", .answer(.tgi)), Route("/**/generate", .answer(.tgi)),
            Route("/**/text-generation/generation", .answer(.dashScope)),
            Route("/**/health", .health, method: "GET"),
        ]

    /// Where tokens are handed out, beside the system's own paths.
    static let tokenRoutes = [
        Route("/*/oauth2/v2.0/token", .entraToken), Route("/token", .googleToken),
        Route("/computeMetadata/v1/instance/service-accounts/*/token", .metadataToken, method: "GET"),
    ]

    /// The dialect in whose words a path is refused that leads nowhere.
    var mainDialect: DialectName {
        switch self {
        case .bedrockConverse: .bedrockConverse
        case .bedrockInvoke: .bedrockInvoke
        case .vertexGemini, .geminiAPI: .gemini
        case .tgiNative: .tgi
        case .qwenNative: .dashScope
        case .openAIResponses: .openAIResponses
        case .anthropic, .miniMaxAnthropic: .anthropicMessages
        default: .openAIChat
        }
    }

    /// The parameter of the query without which the system knows no path.
    var requiredParameter: String? {
        self == .azureDeployments || self == .azureModels ? "api-version" : nil
    }
}
