import Encodings
import Quantities

/// Sorts the errors of all providers into one set of classes.
///
/// Servers word them in many shapes: `{"error":{…}}` with a text or a number as code, `{"error":"…"}`,
/// `{"type":"error","error":{…}}`, a flat `{"object":"error",…}`, `{"detail":"…"}`, `{"detail":[…]}`, `[{"error":{…}}]`,
/// `{"code":"…","message":"…"}`, `{"base_resp":{…}}` under a status of 200, a header beside `{"message":"…"}`, plain text,
/// and nothing. A code that is known decides; else the status does.
enum ErrorTaxonomy {
    /// The error of a response with an error status.
    static func read(_ head: ResponseHead, body: JSONView?, text: String) -> ProviderError {
        var found = body.map { describe($0) } ?? (message: text, codes: [])
        if !head.errorType.isEmpty { found.codes.insert(head.errorType, at: 0) }
        return ProviderError(
            outcome: outcome(status: head.status, codes: found.codes, message: found.message),
            message: found.message.isEmpty ? found.codes.joined(separator: " ") : found.message)
    }

    /// An error inside a response that began well.
    ///
    /// - Parameters:
    ///   - view: the error, or what holds it.
    ///   - status: the status that the server gives inside the body, if any.
    ///   - moreCodes: codes that stand elsewhere.
    /// - Returns: the error.
    static func readInStream(_ view: JSONView, status: Int? = nil, moreCodes: [String] = []) -> ProviderError {
        let found = describe(view)
        let codes = moreCodes + found.codes
        let status = status ?? codes.lazy.compactMap { Int($0) }.first { (400..<600).contains($0) } ?? 0
        let text = codes.isEmpty ? found.message : "\(codes.joined(separator: " ")): \(found.message)"
        let outcome = outcome(status: status, codes: codes, message: found.message)
        let isRefusal = codes.contains { refusals.contains(normalised($0)) }
        return ProviderError(
            outcome: status == 0 && outcome == .badRequest && !isRefusal ? .streamError : outcome, message: text)
    }

    /// The class of an answer that ended for this reason; nil for reasons that are no fault.
    static func outcome(finishReason: String) -> OutcomeClass? {
        switch finishReason.lowercased() {
        case "content_filter", "sensitive", "refusal", "guardrail_intervened", "content_filtered", "safety",
            "blocklist",
            "prohibited_content", "spii", "model_armor", "recitation", "image_safety":
            .contentFilter
        case "error", "network_error", "abort", "malformed_function_call", "malformed_response",
            "malformed_model_output",
            "malformed_tool_use", "missing_thought_signature", "failed", "server_error":
            .streamError
        case "insufficient_system_resource": .overloaded
        default: nil
        }
    }

    // MARK: Shapes

    private static func describe(_ view: JSONView) -> (message: String, codes: [String]) {
        if view.kind == .array {
            var first: (message: String, codes: [String])?
            view.forEachElement { first = first ?? describe($0) }
            return first ?? ("", [])
        }
        if let text = view.string { return (text, []) }
        if let base = view["base_resp"], let code = base["status_code"]?.integer {
            return (base["status_msg"]?.string ?? "", ["base_resp \(code)"])
        }
        if let inner = view["error"], !inner.isNull {
            var found = describe(inner)
            // Flat shapes keep the kind beside the text: {"error":"…","error_type":"…"}, Entra's {"error_description":"…"}.
            if inner.string != nil { found.codes = texts(view, ["error_type", "code", "error"]) }
            return found
        }
        let detail = view["detail"].map { $0.string ?? JSONValue($0).text() }
        let message = view["message"]?.string ?? view["Message"]?.string ?? detail ?? JSONValue(view).text()
        var codes = texts(view, ["code", "type", "status", "__type", "reason"])
        if let inner = view["metadata"] { codes += texts(inner, ["error_type"]) }
        if let inner = view["innererror"] { codes += texts(inner, ["code"]) }
        return (message, codes)
    }

    private static func texts(_ view: JSONView, _ keys: [StaticString]) -> [String] {
        keys.compactMap { key in view[key].flatMap { $0.string ?? $0.integer.map(String.init) } }
    }

    // MARK: Classes

    /// The class of a status with codes.
    ///
    /// - Parameters:
    ///   - status: the HTTP status; zero if there is none.
    ///   - codes: the provider's codes, the most telling first.
    ///   - message: the provider's text, which is looked at only where the codes say nothing.
    /// - Returns: the class.
    static func outcome(status: Int, codes: [String], message: String) -> OutcomeClass {
        for code in codes {
            if let known = known[normalised(code)] { return known }
        }
        let hints = message.lowercased()
        func has(_ words: String...) -> Bool { words.contains { hints.contains($0) } }
        switch status {
        case 300..<400: return .redirect
        case 401, 403: return .authentication
        case 402: return .quota
        case 404: return .notFound
        case 408, 504, 524: return .overloaded
        case 429:
            return has("insufficient_quota", "quota_exceeded", "exceeded your current quota", "balance")
                ? .quota : .rateLimited
        case 503, 529: return .overloaded
        case 500...: return .server
        default:
            let isTooLong = has(
                "context_length", "context length", "exceed_context", "context_window", "context window", "too long",
                "maximum context", "tokens > ", "context size", "contextwindow")
            if isTooLong { return .contextLength }
            if has("content_filter", "content_policy", "data_inspection") { return .contentFilter }
            // LiteLLM answers 400 for a model that it does not have.
            if has("invalid model name") { return .notFound }
            return .badRequest
        }
    }

    /// Amazon's codes come as `Name:http://…` or `prefix#Name`; all are compared without case.
    private static func normalised(_ code: String) -> String {
        let name = code.split(separator: "#").last.map(String.init) ?? code
        return name.prefix { $0 != ":" }.lowercased()
    }

    /// Codes that say that the request was wrong, where there is no status to say it.
    private static let refusals: Set<String> = [
        "validation", "invalid_request_error", "invalid_request", "invalid_prompt", "badrequesterror", "template_error",
        "tool_error", "invalid_argument", "unprocessable", "invalidparameter",
    ]

    /// What the providers' documents say of their codes (protocols.md §1 to §9), all in lower case.
    ///
    /// GLM's numbers are texts of four digits; MiniMax's stand in `base_resp`.
    private static let known: [String: OutcomeClass] = {
        let table: [(OutcomeClass, String)] = [
            (
                .rateLimited,
                "rate_limit_exceeded rate_limit_error rate_limit_reached_error limit_requests limit_burst_rate throttling "
                    + "throttling.ratequota throttling.burstrate throttlingexception too_many_requests ratelimitreached resource_exhausted "
                    + "1302 1303 1305"
            ),
            (
                .quota,
                "insufficient_quota exceeded_current_quota_error throttling.allocationquota payment_required billing_error "
                    + "commoditynotpurchased prepaidbilloverdue postpaidbilloverdue servicequotaexceededexception 1113 1304 "
                    + "1308 1309 1310 1311 1313"
            ),
            (
                .overloaded,
                "engine_overloaded_error overloaded_error overloaded provider_overloaded provider_unavailable "
                    + "modelnotreadyexception serviceunavailableexception modelunavailable unavailable unavailable_error "
                    + "serviceunavailableerror modeltimeoutexception requesttimeout timeout_error timeout deadline_exceeded 1312"
            ),
            (
                .authentication,
                "invalid_api_key invalid_authentication_error incorrect_api_key_error authentication_error authentication "
                    + "permission_error permission_denied permission_denied_error invalidapikey accessdenied "
                    + "accessdeniedexception unrecognizedclientexception invalidsignatureexception signaturedoesnotmatch "
                    + "expiredtokenexception invalidclienttokenid unauthenticated 1000 1001 1002 1003 1004 "
                    // LiteLLM without a database, to which every key but its own is one that it would have to look up.
                    + "no_db_connection"
            ),
            (
                .notFound,
                "model_not_found not_found not_found_error notfounderror resourcenotfoundexception deploymentnotfound "
                    + "modelnotfound resource_not_found_error 1211"
            ),
            (
                .contextLength,
                "context_length_exceeded exceed_context_size_error string_too_long token_limit_exceeded "
                    + "model_context_window_exceeded request_too_large payload_too_large 1261"
            ),
            (
                .contentFilter,
                "content_filter content_policy_violation content_policy datainspectionfailed data_inspection_failed "
                    + "responsibleaipolicyviolation 1301"
            ),
            (.server, "server_error internalservererror internalserverexception modelstreamerrorexception api_error"),
        ]
        var known: [String: OutcomeClass] = [:]
        for (outcome, codes) in table {
            for code in codes.split(separator: " ") { known[String(code)] = outcome }
        }
        let replies: [(Int, OutcomeClass)] = [
            (1001, .overloaded), (1002, .rateLimited), (1004, .authentication), (1008, .quota), (1026, .contentFilter),
            (1027, .contentFilter), (1039, .contextLength), (1041, .rateLimited), (2049, .authentication),
            (2056, .quota),
            (1000, .server), (1013, .server), (1024, .server), (1033, .server), (2013, .badRequest),
        ]
        for (code, outcome) in replies { known["base_resp \(code)"] = outcome }
        return known
    }()
}
