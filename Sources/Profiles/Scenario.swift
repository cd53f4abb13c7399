/// What the embedded fleet can play: faults, of which a request gets at most one, and manners, which come together.
public enum Scenario: String, CaseIterable, Hashable, Sendable {
    // Faults before the stream.

    /// 429 with a Retry-After of one second.
    case rateLimit = "rate-limit"
    /// 500.
    case serverError = "server-error"
    /// 503 with a Retry-After.
    case overload
    /// An error after half of the answer, inside a stream that began with 200.
    case streamError = "stream-error"
    /// The connection is closed after half of the answer.
    case cut
    /// The stream falls silent after half of the answer and never ends.
    case stall
    /// No usage is told.
    case missingUsage = "missing-usage"
    /// The first token takes two seconds longer.
    case slowFirstToken = "slow-first-token"
    /// 429 whose Retry-After is a date.
    case rateLimitDate = "rate-limit-date"
    /// 429 with `retry-after-ms`.
    case rateLimitMilliseconds = "rate-limit-milliseconds"
    /// 429 that does not say when to come back.
    case rateLimitBare = "rate-limit-bare"
    /// 529.
    case overloaded
    /// 402.
    case paymentRequired = "payment-required"
    /// HTTP 200 whose body is MiniMax's `base_resp` 1002.
    case baseResponse = "base-response"
    /// 401, as if the token had just run out.
    case tokenExpiry = "token-expiry"
    /// 403, as if the clock of the signer were off.
    case clockSkew = "clock-skew"

    // Faults inside the stream.

    /// An error before the first token, inside a stream that began with 200.
    case errorFirst = "error-first"
    /// The connection is reset after half of the answer.
    case reset
    /// The body ends as HTTP has it, after half of the answer and without a finish reason.
    case noFinish = "no-finish"
    /// Silence after half of the answer, and then the rest.
    case stallResume = "stall-resume"
    /// An exception among Amazon's frames after half of the answer; a rate limit elsewhere.
    case exceptionFrame = "exception-frame"
    /// A frame whose check does not fit; where there are no frames, an event that is no JSON.
    case badChecksum = "bad-checksum"
    /// The body ends in the middle of a frame or an event.
    case truncatedFrame = "truncated-frame"
    /// All output is reasoning, up to the limit of tokens.
    case allReasoning = "all-reasoning"
    /// A total that is not the sum of its parts; where there is no total, an output that is seven tokens too many.
    case wrongUsage = "wrong-usage"
    /// Another upstream answers than the persona's own.
    case fallback
    /// Half of the prompt is thrown away and not counted.
    case promptTruncation = "prompt-truncation"
    /// The answer is of no use: words repeat and arguments do not fit the schema.
    case degradedAnswer = "degraded-answer"
    /// The response names another model than was asked for.
    case otherModel = "other-model"
    /// The cache has forgotten the prompt.
    case cacheMiss = "cache-miss"
    /// The first token waits longer for every other stream that is at work.
    case queueing
    /// The connection is closed between requests without a word.
    case connectionClose = "connection-close"
    /// A stream was asked for, and one JSON document comes.
    case plainJSON = "plain-json"

    // Manners.

    /// Eight events at a time leave in one write.
    case coalesce
    /// Only text.
    case textOnly = "text-only"
    /// Reasoning, then text.
    case reasoning
    /// A tool call, wherever tools are offered.
    case toolCall = "tool-call"
    /// Two tool calls, their arguments by turns where the dialect allows it.
    case parallelToolCalls = "parallel-tool-calls"
    /// Usage in an event of its own without choices (OpenAI's chat, like the next four).
    case usageOwnEvent = "usage-own-event"
    /// Usage in an event of its own with a choice.
    case usageWithChoice = "usage-with-choice"
    /// Usage in the event with the finish reason.
    case usageAtFinish = "usage-at-finish"
    /// Usage inside the choice.
    case usageInsideChoice = "usage-inside-choice"
    /// Usage in every event.
    case usageEverywhere = "usage-everywhere"
    /// Comments come before the first event.
    case commentsFirst = "comments-first"
    /// Lines end in CR LF.
    case carriageReturns = "crlf"
    /// No space after `data:`.
    case noSpace = "no-space"
    /// `data:` comes before `event:`.
    case dataFirst = "data-first"
    /// Every byte is a write of its own.
    case byteByByte = "byte-by-byte"
    /// Characters of several bytes are cut between two writes.
    case splitCharacters = "split-characters"
    /// No `[DONE]`.
    case noEndMark = "no-done"
    /// A first event without choices, as Azure has it.
    case emptyFirstEvent = "empty-first-event"
    /// Each event repeats all text so far.
    case cumulative
    /// An event of unknown type now and then.
    case unknownEvent = "unknown-event"
    /// A frame with a header of another type than text now and then; nothing where there are no frames.
    case unknownHeader = "unknown-header"
    /// The stream stays open after its last word, as long as ``stallResume`` is silent.
    case lateClose = "late-close"

    /// True if a request gets at most one of these.
    public var isFault: Bool {
        switch self {
        case .coalesce, .textOnly, .reasoning, .toolCall, .parallelToolCalls, .usageOwnEvent, .usageWithChoice,
            .usageAtFinish, .usageInsideChoice, .usageEverywhere, .commentsFirst, .carriageReturns, .noSpace,
            .dataFirst,
            .byteByByte, .splitCharacters, .noEndMark, .emptyFirstEvent, .cumulative, .unknownEvent, .unknownHeader,
            .lateClose:
            false
        default: true
        }
    }
}
