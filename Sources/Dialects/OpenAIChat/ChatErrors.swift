import Encodings
import Quantities

/// Sorts errors of OpenAI-compatible servers into classes.
///
/// Servers word them in at least seven shapes: `{"error":{…}}` with a text or a number as code, `{"error":"…"}`,
/// `{"type":"error","error":{…}}`, a flat `{"object":"error",…}`, `{"detail":"…"}`, `{"detail":[…]}`, plain text, and
/// nothing.
enum ChatErrors {
    /// The error of a response with an error status.
    static func read(status: Int, body: JSONView?, text: String) -> ProviderError {
        let found = body.map { describe($0["error"] ?? $0) } ?? (message: text, code: "")
        return ProviderError(
            outcome: outcome(status: status, code: found.code, message: found.message), message: found.message)
    }

    /// The error of an `error` member inside a stream, under HTTP 200.
    static func readInStream(_ view: JSONView) -> ProviderError {
        let found = describe(view)
        return ProviderError(
            outcome: .streamError, message: found.code.isEmpty ? found.message : "\(found.code): \(found.message)")
    }

    private static func describe(_ view: JSONView) -> (message: String, code: String) {
        if let text = view.string { return (text, "") }
        let detail = view["detail"].map { $0.string ?? JSONValue($0).text() }
        let message = view["message"]?.string ?? detail ?? JSONValue(view).text()
        let codes = [view["code"], view["type"], view["metadata"]?["error_type"]].compactMap { code in
            code?.string ?? code?.integer.map(String.init)
        }
        return (message, codes.joined(separator: " "))
    }

    static func outcome(status: Int, code: String, message: String) -> OutcomeClass {
        let hints = (code + " " + message).lowercased()
        func has(_ words: String...) -> Bool { words.contains { hints.contains($0) } }
        switch status {
        case 300..<400: return .redirect
        case 401, 403: return .authentication
        case 402: return .quota
        case 404: return .notFound
        case 408, 504, 524: return .overloaded
        case 429: return has("insufficient_quota", "quota_exceeded", "current_quota", "balance") ? .quota : .rateLimited
        case 503, 529: return .overloaded
        case 500...: return .server
        default:
            if has("context_length", "context length", "exceed_context", "context_window", "too long") {
                return .contextLength
            }
            if has("content_filter", "content_policy", "data_inspection") { return .contentFilter }
            if has("model_not_found") { return .notFound }
            return .badRequest
        }
    }
}
