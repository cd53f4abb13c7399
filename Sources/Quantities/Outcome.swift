/// How one attempt ended, in classes of bounded variety; every attempt has exactly one.
///
/// The raw value is what the run file, the exports and the tables show.
public enum OutcomeClass: String, CaseIterable, Codable, Sendable {
    /// 2xx, a well-formed stream, a terminal event, and some content.
    case ok
    /// The stream ended well but held no text, no reasoning and no tool call.
    case empty
    /// The credentials were missing or refused (401, 403).
    case authentication
    /// No such model, deployment or path (404).
    case notFound = "not-found"
    /// The request was refused as wrong (other 4xx).
    case badRequest = "bad-request"
    /// The prompt was longer than the model's context.
    case contextLength = "context-length"
    /// The provider withheld the answer.
    case contentFilter = "content-filter"
    /// Too many requests or tokens for the moment (429).
    case rateLimited = "rate-limited"
    /// The account's money or quota is used up (402, 429 with a quota code).
    case quota
    /// The provider has no capacity (503, 529).
    case overloaded
    /// Any other fault of the server (5xx).
    case server
    /// A redirect, which is never followed.
    case redirect
    /// The name could not be resolved.
    case connectResolve = "connect-resolve"
    /// The TCP connection could not be made.
    case connectRefused = "connect-refused"
    /// The TLS handshake or the certificate check failed.
    case connectTLS = "connect-tls"
    /// The connection broke in mid-response without a well-formed end.
    case connectionLost = "connection-lost"
    /// The connection was not up in time.
    case timeoutConnect = "timeout-connect"
    /// The first content event did not come in time.
    case timeoutFirstToken = "timeout-first-token"
    /// The stream was silent for too long.
    case timeoutIdle = "timeout-idle"
    /// The attempt as a whole took too long.
    case timeoutTotal = "timeout-total"
    /// The stream ended without a finish reason or terminal event.
    case truncated
    /// The provider reported an error inside the stream.
    case streamError = "stream-error"
    /// The bytes were not what the dialect allows, or went past a size limit.
    case malformed
    /// We closed it where the session says so; the session goes on.
    case hungUp = "hung-up"
    /// We closed it: the run was interrupted or stopped.
    case aborted
    /// It was due but never sent: an earlier call of its session failed, or the run had to stop.
    case skipped

    /// True if the attempt did what was asked.
    public var isSuccess: Bool { self == .ok || self == .hungUp }

    /// True if the attempt failed by itself: neither did we cut it off, nor was it never sent.
    public var isFailure: Bool { !isSuccess && self != .aborted && self != .skipped }
}

/// What a piece of a stream carries; only these count as content.
public enum ContentKind: UInt8, CaseIterable, Codable, Sendable {
    /// Visible text.
    case text = 1
    /// Reasoning, shown or summarised.
    case reasoning = 2
    /// The name that opens a tool call.
    case toolName = 3
    /// A piece of a tool call's arguments.
    case toolArguments = 4
}
