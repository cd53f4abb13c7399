public import Quantities

/// One HTTP request for a call, or the record that it was never sent.
public struct AttemptRow: Hashable, Sendable, RunRow {
    /// The call.
    public var place: CallPlace
    /// Which attempt of the call, from zero.
    public var number: Int
    /// The model that it was sent to, by its name in the plan; nil, in run files of older versions, is the plan's `model`.
    public var model: String?
    /// Which process of the run made it, from zero: each resumption is another, and instants of two are not comparable.
    public var part = 0
    /// How it ended.
    public var outcome: OutcomeClass
    /// True if it failed and the call was to be sent again.
    public var willRetry = false
    /// Why it was not sent, for skipped calls.
    public var skipReason: String?
    /// When it was due.
    public var due: Instant?
    /// When the last call that it depends on ended.
    public var predecessorEnd: Instant?
    /// How long it was then held back because it did not fit into the budget beside the calls under way; zero in run files of
    /// older versions, whose calls were called due when there was money for them.
    public var budgetHold = Duration.zero
    /// When its first byte was offered to the connection.
    public var sent: Instant?
    /// When the request was handed to the network loop.
    public var started: Instant?
    /// When the headers were complete.
    public var head: Instant?
    /// When the first body byte came.
    public var firstByte: Instant?
    /// When it ended: once all of the answer was there, or the attempt had failed.
    public var ended: Instant
    /// When the exchange was over too; nil if that was not awaited.
    ///
    /// A server may hold it open after its last word, for two seconds at most. In run files of older versions an attempt ended
    /// no earlier.
    public var closed: Instant?
    /// The HTTP status.
    public var status: Int?
    /// `1.1` or `2`.
    public var httpVersion: String?
    /// True if the connection had been used before.
    public var isReused: Bool?
    /// The time to resolve the name.
    public var resolve: Duration?
    /// The time of the TCP handshake.
    public var connect: Duration?
    /// The time of the TLS handshake.
    public var tls: Duration?
    /// Body bytes sent.
    public var sentByteCount: Int
    /// Body bytes received.
    public var receivedByteCount: Int
    /// The prompt as the plan has it.
    public var plannedInput: TokenCount
    /// The part of the prompt that an ideal cache would hold.
    public var plannedCached: TokenCount
    /// The answer as it was recorded or drawn.
    public var plannedOutput: TokenCount
    /// How long the answer was to be; nil if that was the model's to decide, and in run files of older versions.
    public var wantedOutput: WantedOutput?
    /// The normalised usage.
    public var usage: TokenUsage
    /// The usage as it came.
    public var usageText: String?
    /// The list price of the usage.
    public var listCost: Money?
    /// What the provider says it cost.
    public var reportedCost: Money?
    /// The wait that the provider asked for.
    public var retryAfter: Duration?
    /// The upstream that the response names.
    public var servedBy: String?
    /// The model that the response names.
    public var servedModel: String?
    /// The build, tier or kind of traffic that the response names.
    public var fingerprint: String?
    /// The region that the response's headers name.
    public var servedRegion: String?
    /// How the response contradicts the plan on who should have served it; such a call is set apart.
    public var routeMismatch: String?
    /// The headers that tell what remains of a quota, as a JSON object.
    public var quotas: String?
    /// The provider's reason for the end.
    public var finishReason: String?
    /// The response's or request's identifier at the provider.
    public var responseIdentifier: String?
    /// The error's text.
    public var errorText: String?
    /// Bytes of visible text.
    public var textByteCount: Int
    /// How many tool calls the answer held.
    public var toolCallCount: Int
    /// The worst level of the answer's tool calls on the fidelity ladder; nil if it has none.
    public var toolLevel: ToolLevel?
    /// How the answer compares with the recording; nil if that is not known.
    public var divergence: ToolDivergence?
    /// How many tool calls of earlier live answers were replaced by recorded ones in this call's prompt.
    public var substitutedCallCount = 0
    /// Where the call stands in its session; nil in run files of older versions.
    public var context: CallContext?
    /// When each content event came.
    public var events: [ContentEvent]

    /// Makes a row of which little is known yet.
    public init(place: CallPlace, number: Int, outcome: OutcomeClass, ended: Instant) {
        self.place = place
        self.number = number
        self.outcome = outcome
        self.ended = ended
        sentByteCount = 0
        receivedByteCount = 0
        plannedInput = .zero
        plannedCached = .zero
        plannedOutput = .zero
        usage = TokenUsage()
        textByteCount = 0
        toolCallCount = 0
        events = []
    }

    static let table = "attempt"
    static let columns =
        CallPlace.columns + [
            "number", "part", "outcome", "skip_reason", "due_ns", "predecessor_end_ns", "sent_ns", "started_ns",
            "head_ns",
            "first_byte_ns", "ended_ns", "status", "http_version", "is_reused", "resolve_ns", "connect_ns", "tls_ns",
            "sent_bytes", "received_bytes", "planned_input_tokens", "planned_cached_tokens", "planned_output_tokens",
            "input_total", "input_cache_read", "input_cache_write", "output_total", "output_reasoning",
            "usage_is_ambiguous", "usage_text", "list_cost_pusd", "reported_cost_pusd", "retry_after_ns", "served_by",
            "served_model", "finish_reason", "response_id", "error", "text_bytes", "tool_calls",
            "fingerprint", "served_region", "route_mismatch", "quotas", "will_retry", "tool_level", "divergence",
            "substituted_calls", "agent", "previous_call", "is_final",
            "wanted_output_tokens", "output_is_forced", "model", "budget_hold_ns", "closed_ns",
        ]
    static let insertion = makeInsertion()

    var values: [SQLValue] {
        let times: [SQLValue] = [due, predecessorEnd, sent, started, head, firstByte].map { SQLValue($0?.nanoseconds) }
        let connection: [SQLValue] = [
            SQLValue(status), SQLValue(httpVersion), SQLValue(isReused), SQLValue(resolve?.nanoseconds),
            SQLValue(connect?.nanoseconds), SQLValue(tls?.nanoseconds), SQLValue(sentByteCount),
            SQLValue(receivedByteCount),
        ]
        let tokens: [SQLValue] = [
            plannedInput, plannedCached, plannedOutput, usage.inputTotal, usage.inputCacheRead, usage.inputCacheWrite,
            usage.outputTotal, usage.outputReasoning,
        ].map { SQLValue($0?.value) }
        let rest: [SQLValue] = [
            SQLValue(usage.isAmbiguous), SQLValue(usageText), SQLValue(listCost?.picodollars),
            SQLValue(reportedCost?.picodollars), SQLValue(retryAfter?.nanoseconds), SQLValue(servedBy),
            SQLValue(servedModel), SQLValue(finishReason), SQLValue(responseIdentifier), SQLValue(errorText),
            SQLValue(textByteCount), SQLValue(toolCallCount), SQLValue(fingerprint), SQLValue(servedRegion),
            SQLValue(routeMismatch), SQLValue(quotas), SQLValue(willRetry), SQLValue(toolLevel?.rawValue),
            SQLValue(divergence?.rawValue),
            SQLValue(substitutedCallCount), SQLValue(context?.agent), SQLValue(context?.previousCall),
            SQLValue(context?.isFinal), SQLValue(wantedOutput?.tokens.value), SQLValue(wantedOutput?.isForced),
            SQLValue(model), SQLValue(budgetHold.nanoseconds), SQLValue(closed?.nanoseconds),
        ]
        return place.values + [SQLValue(number), SQLValue(part), .text(outcome.rawValue), SQLValue(skipReason)] + times
            + [.integer(ended.nanoseconds)] + connection + tokens + rest
    }

    init(_ values: [SQLValue]) {
        func instant(_ index: Int) -> Instant? { values[index].integer.map { Instant(nanoseconds: $0) } }
        func duration(_ index: Int) -> Duration? { values[index].integer.map { .nanoseconds($0) } }
        func tokens(_ index: Int) -> TokenCount? { values[index].integer.map { TokenCount(Int($0)) } }
        func money(_ index: Int) -> Money? { values[index].integer.map { Money(picodollars: $0) } }
        self.init(
            place: CallPlace(values[0..<4]), number: Int(values[4].integer ?? 0),
            outcome: OutcomeClass(rawValue: values[6].text ?? "") ?? .malformed,
            ended: instant(14) ?? Instant(nanoseconds: 0))
        part = Int(values[5].integer ?? 0)
        skipReason = values[7].text
        (due, predecessorEnd, sent) = (instant(8), instant(9), instant(10))
        (started, head, firstByte) = (instant(11), instant(12), instant(13))
        status = values[15].integer.map { Int($0) }
        httpVersion = values[16].text
        isReused = values[17].integer.map { $0 == 1 }
        (resolve, connect, tls) = (duration(18), duration(19), duration(20))
        sentByteCount = Int(values[21].integer ?? 0)
        receivedByteCount = Int(values[22].integer ?? 0)
        plannedInput = tokens(23) ?? .zero
        plannedCached = tokens(24) ?? .zero
        plannedOutput = tokens(25) ?? .zero
        usage = TokenUsage(
            inputTotal: tokens(26), inputCacheRead: tokens(27), inputCacheWrite: tokens(28), outputTotal: tokens(29),
            outputReasoning: tokens(30), isAmbiguous: values[31].integer == 1)
        usageText = values[32].text
        (listCost, reportedCost) = (money(33), money(34))
        retryAfter = duration(35)
        (servedBy, servedModel, finishReason) = (values[36].text, values[37].text, values[38].text)
        (responseIdentifier, errorText) = (values[39].text, values[40].text)
        textByteCount = Int(values[41].integer ?? 0)
        toolCallCount = Int(values[42].integer ?? 0)
        (fingerprint, servedRegion) = (values[43].text, values[44].text)
        (routeMismatch, quotas) = (values[45].text, values[46].text)
        willRetry = values[47].integer == 1
        toolLevel = values[48].text.flatMap { ToolLevel(rawValue: $0) }
        divergence = values[49].text.flatMap { ToolDivergence(rawValue: $0) }
        substitutedCallCount = Int(values[50].integer ?? 0)
        context = values[51].text.map { agent in
            CallContext(
                agent: agent, previousCall: values[52].integer.map { Int($0) }, isFinal: values[53].integer == 1)
        }
        wantedOutput = tokens(54).map { WantedOutput(tokens: $0, isForced: values[55].integer == 1) }
        model = values[56].text
        budgetHold = duration(57) ?? .zero
        closed = instant(58)
    }
}

/// The content events of one attempt, packed.
struct StreamRow: Hashable, Sendable, RunRow {
    var place: CallPlace
    var number: Int
    var events: [ContentEvent]

    static let table = "stream"
    static let columns = CallPlace.columns + ["number", "events"]
    static let insertion = makeInsertion()
    var values: [SQLValue] { place.values + [SQLValue(number), .blob(EventTimes.encoded(events))] }

    init(_ attempt: AttemptRow) {
        (place, number, events) = (attempt.place, attempt.number, attempt.events)
    }

    init(_ values: [SQLValue]) {
        place = CallPlace(values[0..<4])
        number = Int(values[4].integer ?? 0)
        events = EventTimes.decoded(values[5].blob ?? [])
    }
}

/// One content event of a stream.
public struct ContentEvent: Hashable, Sendable {
    /// When its bytes were read.
    public var at: Instant
    /// What it carried.
    public var kind: ContentKind
    /// How much, in bytes of UTF-8.
    public var byteCount: Int

    /// Makes an event.
    public init(at: Instant, kind: ContentKind, byteCount: Int) {
        self.at = at
        self.kind = kind
        self.byteCount = byteCount
    }
}

/// Packs event times: for each event its kind, the nanoseconds since the event before, and its size, as LEB128 numbers.
public enum EventTimes {
    /// Packs events, which must be in the order of their times.
    public static func encoded(_ events: [ContentEvent]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(events.count * 6)
        var last: Int64 = 0
        for event in events {
            append(UInt64(event.kind.rawValue), &bytes)
            append(UInt64(max(0, event.at.nanoseconds - last)), &bytes)
            append(UInt64(max(0, event.byteCount)), &bytes)
            last = max(last, event.at.nanoseconds)
        }
        return bytes
    }

    /// Unpacks events; stops at the first that is cut or of no known kind.
    public static func decoded(_ bytes: [UInt8]) -> [ContentEvent] {
        var events: [ContentEvent] = []
        var position = 0
        var last: Int64 = 0
        while position < bytes.count {
            guard let kind = number(bytes, &position).flatMap({ ContentKind(rawValue: UInt8(truncatingIfNeeded: $0)) }),
                let delta = number(bytes, &position), let size = number(bytes, &position),
                delta <= UInt64(Int64.max) - UInt64(last), size <= 1 << 40
            else { break }
            last += Int64(delta)
            events.append(ContentEvent(at: Instant(nanoseconds: last), kind: kind, byteCount: Int(size)))
        }
        return events
    }

    private static func append(_ value: UInt64, _ bytes: inout [UInt8]) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    private static func number(_ bytes: [UInt8], _ position: inout Int) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 63, by: 7) {
            guard position < bytes.count else { return nil }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << UInt64(shift)
            if byte < 0x80 { return value }
        }
        return nil
    }
}
