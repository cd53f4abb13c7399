import Encodings
import Transport

/// The headers in which providers tell what remains of a quota, kept as they came.
enum QuotaHeaders {
    /// All of them as one JSON object; nil if there are none.
    ///
    /// Names differ from provider to provider (protocols.md §1 to §9); what they have in common is that they begin so.
    static func text(_ head: HTTPHead) -> String? {
        let found = head.headers.filter { header in prefixes.contains { header.name.hasPrefix($0) } }
        guard !found.isEmpty else { return nil }
        return JSONValue.object(JSONObject(found.prefix(32).map { ($0.name, .string(String($0.value.prefix(100)))) }))
            .text()
    }

    private static let prefixes = [
        "x-ratelimit-", "anthropic-ratelimit-", "x-tokenlimit-", "ratelimit", "x-amzn-usage-",
    ]
}
