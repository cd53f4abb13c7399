import Encodings

/// How a provider's errors look: status, headers and body (protocols.md §1 to §9).
public enum ErrorShape: String, CaseIterable, Hashable, Sendable {
    /// OpenAI, and most that are compatible with it.
    case openAI
    /// OpenRouter: a code that is the status, and metadata.
    case openRouter
    /// Fireworks: `object` is `error`.
    case fireworks
    /// Azure: a code that is a text.
    case azure
    /// Google.
    case google
    /// Google, inside a list, as Vertex at times has it.
    case googleList
    /// vLLM: a type in camel case, a code that is the status.
    case vLLM
    /// SGLang: no `error` around it.
    case flat
    /// Text Generation Inference: a text and its type.
    case tgi
    /// llama.cpp.
    case llamaCpp
    /// DeepSeek: no balance is 402.
    case deepSeek
    /// Alibaba's compatible mode.
    case qwen
    /// Alibaba's native form.
    case dashScope
    /// Kimi: no code.
    case kimi
    /// GLM: numbers as texts.
    case glm
    /// MiniMax: `base_resp`.
    case miniMax
    /// Anthropic.
    case anthropic
    /// Bedrock: a message, the code in a header.
    case bedrock

    /// The status of an error.
    public func status(_ refusal: ServedRefusal) -> Int {
        switch (self, refusal.kind) {
        case (.bedrock, .authentication), (.bedrock, .expiredToken): 403
        case (.bedrock, .modelNotFound), (.bedrock, .payment): 400
        case (.bedrock, .overloaded), (.google, .overloaded), (.googleList, .overloaded): 503
        case (.tgi, .badRequest), (.tgi, .contextLength): 422
        case (.tgi, .unavailable), (.tgi, .overloaded): 429
        case (.tgi, .server): 500
        case (.anthropic, .unavailable): 529
        case (.glm, .payment), (.glm, .overloaded), (.glm, .unavailable): 429
        case (.kimi, .payment), (.kimi, .overloaded), (.kimi, .unavailable): 429
        case (.qwen, .payment), (.dashScope, .payment): 429
        case (.google, .payment), (.googleList, .payment): 429
        case (.deepSeek, .overloaded): 503
        default: refusal.status
        }
    }

    /// Headers that only errors have.
    public func headers(_ refusal: ServedRefusal) -> [(name: String, value: String)] {
        guard self == .bedrock else { return [] }
        let code = code(refusal.kind)
        return [("x-amzn-ErrorType", "\(code):http://internal.amazon.com/coral/com.amazon.bedrock/")]
    }

    /// The body of an error.
    ///
    /// - Parameters:
    ///   - refusal: what is wrong.
    ///   - identifier: the response's identifier, where the body has one.
    /// - Returns: JSON.
    public func body(_ refusal: ServedRefusal, identifier: String) -> [UInt8] {
        let message = JSONValue.string(refusal.message)
        let object: JSONValue
        switch self {
        case .googleList: object = [.object(Self.googleObject(refusal, status(refusal), code(refusal.kind)))]
        case .anthropic:
            object = [
                "type": "error", "error": ["type": .string(code(refusal.kind)), "message": message],
                "request_id": .string("req_" + identifier),
            ]
        case .bedrock: object = ["message": message]
        case .dashScope:
            object = [
                "code": .string(code(refusal.kind)), "message": message, "request_id": .string(identifier),
            ]
        case .flat: object = .object(Self.typed(refusal, status(refusal), code(refusal.kind), isFlat: true))
        case .qwen:
            var all = streamed(refusal)
            all["request_id"] = .string(identifier)
            object = .object(all)
        case .openRouter:
            var all = streamed(refusal)
            all["user_id"] = "user_rehearsal"
            object = .object(all)
        default: object = .object(streamed(refusal))
        }
        return object.serialized()
    }

    /// An error as it stands inside a stream of OpenAI's chat.
    func streamed(_ refusal: ServedRefusal) -> JSONObject {
        let message = JSONValue.string(refusal.message)
        let code = code(refusal.kind)
        switch self {
        case .openAI, .deepSeek, .qwen, .anthropic, .bedrock, .dashScope:
            let error: JSONValue = [
                "message": message, "type": .string(Self.openAIType(refusal.kind)), "param": nil, "code": .string(code),
            ]
            return JSONObject([("error", error)])
        case .openRouter:
            let error: JSONValue = [
                "code": .integer(refusal.status), "message": message,
                "metadata": ["error_type": .string(code), "provider_name": "rehearsal", "raw": message],
            ]
            return JSONObject([("error", error)])
        case .fireworks:
            let error: JSONValue = [
                "object": "error", "type": .string(Self.openAIType(refusal.kind)), "code": .string(code),
                "message": message,
            ]
            return JSONObject([("error", error)])
        case .azure: return JSONObject([("error", ["code": .string(code), "message": message])])
        case .google, .googleList: return Self.googleObject(refusal, status(refusal), code)
        case .vLLM: return JSONObject([("error", .object(Self.typed(refusal, status(refusal), code, isFlat: false)))])
        case .flat: return JSONObject([("error", .object(Self.typed(refusal, status(refusal), code, isFlat: true)))])
        case .tgi: return JSONObject([("error", message), ("error_type", .string(code))])
        case .llamaCpp:
            let error: JSONValue = [
                "code": .integer(refusal.status), "message": message, "type": .string(code),
            ]
            return JSONObject([("error", error)])
        case .kimi: return JSONObject([("error", ["type": .string(code), "message": message])])
        case .glm: return JSONObject([("error", ["code": .string(code), "message": message])])
        case .miniMax:
            return JSONObject([
                ("choices", nil), ("base_resp", ["status_code": .integer(Int(code) ?? 1000), "status_msg": message]),
            ])
        }
    }

    private static func typed(_ refusal: ServedRefusal, _ status: Int, _ type: String, isFlat: Bool) -> JSONObject {
        let members: [(String, JSONValue)] = [
            ("message", .string(refusal.message)), ("type", .string(type)), ("param", nil), ("code", .integer(status)),
        ]
        return JSONObject((isFlat ? [("object", "error")] : []) + members)
    }

    private static func googleObject(_ refusal: ServedRefusal, _ status: Int, _ code: String) -> JSONObject {
        var error = JSONObject([
            ("code", .integer(status)), ("message", .string(refusal.message)), ("status", .string(code)),
        ])
        if refusal.kind == .rateLimit {
            error["details"] = [
                ["@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"]
            ]
        }
        return JSONObject([("error", .object(error))])
    }

    private static func openAIType(_ kind: ServedRefusal.Kind) -> String {
        switch kind {
        case .rateLimit: "requests"
        case .payment: "unknown_error"
        case .server, .unavailable, .overloaded: "server_error"
        default: "invalid_request_error"
        }
    }
}

extension ErrorShape {
    /// The provider's own code for a kind of error.
    public func code(_ kind: ServedRefusal.Kind) -> String {
        let kinds = ServedRefusal.Kind.allCases
        let row = (Self.codes[self] ?? Self.codes[.openAI] ?? []).dropFirst(kinds.firstIndex(of: kind) ?? 0)
        return row.first ?? "error"
    }

    /// In the order of ``ServedRefusal/Kind``: bad request, context length, authentication, expired token, signature,
    /// permission, payment, model, path, rate, server, unavailable, overloaded.
    private static let codes: [ErrorShape: [String]] = {
        let table: [ErrorShape: String] = [
            .openAI: """
            invalid_request_error context_length_exceeded invalid_api_key invalid_api_key invalid_api_key permission_denied \
            insufficient_quota model_not_found not_found rate_limit_exceeded server_error overloaded overloaded
            """,
            .openRouter: """
            invalid_request context_length_exceeded authentication authentication authentication permission_denied \
            payment_required not_found not_found rate_limit_exceeded server provider_unavailable provider_overloaded
            """,
            .azure: """
            BadRequest context_length_exceeded 401 401 401 403 insufficient_quota DeploymentNotFound 404 429 500 503 503
            """,
            .google: """
            INVALID_ARGUMENT INVALID_ARGUMENT UNAUTHENTICATED UNAUTHENTICATED UNAUTHENTICATED PERMISSION_DENIED \
            RESOURCE_EXHAUSTED NOT_FOUND NOT_FOUND RESOURCE_EXHAUSTED INTERNAL UNAVAILABLE UNAVAILABLE
            """,
            .vLLM: """
            BadRequestError BadRequestError AuthenticationError AuthenticationError AuthenticationError PermissionError \
            PaymentRequiredError NotFoundError NotFoundError RateLimitError InternalServerError ServiceUnavailableError \
            ServiceUnavailableError
            """,
            .tgi: """
            validation validation unauthorized unauthorized unauthorized forbidden payment not_found not_found overloaded \
            generation overloaded overloaded
            """,
            .llamaCpp: """
            invalid_request_error exceed_context_size_error authentication_error authentication_error \
            authentication_error permission_error not_supported_error not_found_error not_found_error unavailable_error \
            server_error unavailable_error unavailable_error
            """,
            .kimi: """
            invalid_request_error invalid_request_error invalid_authentication_error invalid_authentication_error \
            invalid_authentication_error permission_denied_error exceeded_current_quota_error resource_not_found_error \
            resource_not_found_error rate_limit_reached_error server_error engine_overloaded_error engine_overloaded_error
            """,
            .glm: "1210 1261 1000 1003 1000 1220 1113 1211 1210 1302 500 1312 1312",
            .miniMax: "2013 1039 1004 1004 1004 2049 1008 2013 2013 1002 1013 1001 1001",
            .dashScope: """
            InvalidParameter InvalidParameter InvalidApiKey InvalidApiKey InvalidApiKey AccessDenied \
            Throttling.AllocationQuota ModelNotFound InvalidParameter Throttling.RateQuota InternalError \
            ModelUnavailable ModelUnavailable
            """,
            .qwen: """
            invalid_parameter_error invalid_parameter_error invalid_api_key invalid_api_key invalid_api_key access_denied \
            insufficient_quota model_not_found not_found limit_requests internal_error model_unavailable model_unavailable
            """,
            .anthropic: """
            invalid_request_error invalid_request_error authentication_error authentication_error authentication_error \
            permission_error billing_error not_found_error not_found_error rate_limit_error api_error overloaded_error \
            overloaded_error
            """,
            .bedrock: """
            ValidationException ValidationException UnrecognizedClientException ExpiredTokenException \
            InvalidSignatureException AccessDeniedException ServiceQuotaExceededException ValidationException \
            UnknownOperationException ThrottlingException InternalServerException ServiceUnavailableException \
            ServiceUnavailableException
            """,
        ]
        var codes: [ErrorShape: [String]] = [:]
        for (shape, words) in table { codes[shape] = words.split(separator: " ").map(String.init) }
        codes[.googleList] = codes[.google]
        codes[.flat] = codes[.vLLM]
        return codes
    }()
}
