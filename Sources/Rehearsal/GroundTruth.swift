public import Encodings
public import Quantities

/// What truly happened to one request, as the fleet knows it.
public struct GroundTruth: Hashable, Sendable {
    /// The persona's name.
    public var persona: String
    /// The request's `X-Request-Id`.
    public var requestIdentifier: String
    /// The model that truly answers; empty where the dialect names none.
    public var model = ""
    /// When the whole request had been read.
    public var received: Instant
    /// When the first content was handed to the socket; nil if none was.
    public var firstContent: Instant?
    /// When the last content was handed to the socket.
    public var lastContent: Instant?
    /// True prompt tokens.
    public var inputTokens: TokenCount
    /// The part that the cache held.
    public var cachedTokens: TokenCount
    /// The part that was written to the cache and is billed so.
    public var cacheWriteTokens: TokenCount = .zero
    /// Tokens of the content that was handed to the socket.
    public var outputTokens: TokenCount
    /// The part of them that is reasoning.
    public var reasoningTokens: TokenCount = .zero
    /// Tools that the request offered.
    public var toolCount = 0
    /// What the request truly cost.
    public var bill: Money
    /// The fault and the manners that were played, joined by `+`, or `none`.
    public var fault: String
    /// The HTTP status.
    public var status: Int
    /// FNV-1a of the request's body.
    public var bodyHash: UInt64

    /// One line of the ground truth file.
    public var json: JSONValue {
        [
            "persona": .string(persona), "request_id": .string(requestIdentifier), "model": .string(model),
            "received_ns": .integer(Int(received.nanoseconds)),
            "first_content_ns": .optional(firstContent.map { Int($0.nanoseconds) }),
            "last_content_ns": .optional(lastContent.map { Int($0.nanoseconds) }),
            "input_tokens": .integer(inputTokens.value), "cached_tokens": .integer(cachedTokens.value),
            "cache_write_tokens": .integer(cacheWriteTokens.value),
            "output_tokens": .integer(outputTokens.value), "reasoning_tokens": .integer(reasoningTokens.value),
            "tools_offered": .integer(toolCount),
            "bill_pusd": .integer(Int(bill.picodollars)),
            "fault": .string(fault), "status": .integer(status), "body_hash": .string(String(bodyHash, radix: 16)),
        ]
    }
}
