import Dialects
import Encodings
import Planning
import Pricing
import Profiles
import Quantities
import Records
import Transport
import Workloads

/// One call on the wire: what is known of it so far, and when its patience ends.
///
/// A class, since it is large and looked at for every read; it is touched by the driver's thread only.
final class LiveCall {
    let key: CallKey
    /// How it was sent, and is read.
    let route: EndpointRoute
    private(set) var row: AttemptRow
    private var decoder: (any ResponseDecoder)?
    private(set) var lastActivity: Instant
    /// When all of the answer was there, though its stream may still be open; nil before that.
    private(set) var completed: Instant?
    /// When the last bytes of the body were read; what comes out only at its end came with them.
    private var lastBytes: Instant?
    /// Why we ended it ourselves.
    var abortedAs: OutcomeClass?
    /// Whether the provider wants the call sent again; nil if it does not say.
    private(set) var shouldRetry: Bool?
    private var region: String?
    /// What the endpoint answered; its text and reasoning only if they were to be kept.
    private(set) var answer: AssistantMessage?

    /// Where the row that announces the call waits to be written.
    let waiting: WaitingRow?

    /// When the session hangs up; nil for never.
    private let abort: Call.RequestControl.Abort?

    init(
        _ key: CallKey, _ route: EndpointRoute, _ intent: IntentRow, abort: Call.RequestControl.Abort? = nil,
        waiting: WaitingRow?
    ) {
        self.key = key
        self.route = route
        self.abort = abort
        self.waiting = waiting
        row = AttemptRow(intent)
        row.sent = nil
        lastActivity = intent.started
    }

    func noteSent(at: Instant) {
        // A request that libcurl sends anew over another connection begins again.
        row.sent = at
        lastActivity = at
    }

    func noteHead(_ head: HTTPHead, parser: JSONParser, at: Instant) {
        row.head = at
        row.status = head.status
        if head.status >= 400 {
            let advice = RetryAdvice(wallSeconds: NetworkLoop.wallSeconds()) { head.first($0) }
            (row.retryAfter, shouldRetry) = (advice.wait, advice.shouldRetry)
        }
        row.quotas = QuotaHeaders.text(head)
        region = route.expectation.regionHeader.flatMap { head.first($0.lowercased()) }
        row.servedRegion = region
        row.responseIdentifier = head.first("x-request-id") ?? head.first("request-id")
        let type = (head.first("content-type") ?? "").lowercased()
        let errorType = head.first("x-amzn-errortype") ?? ""
        decoder = Dialects.decoder(
            route.dialect, head: ResponseHead(status: head.status, contentType: type, errorType: errorType),
            parser: parser, options: route.decoding)
        lastActivity = at
    }

    func noteBytes(_ bytes: Span<UInt8>, at: Instant) {
        row.firstByte = row.firstByte ?? at
        lastBytes = at
        lastActivity = at
        decoder?.consume(bytes) { event in
            if case .content(let kind, let size) = event {
                row.events.append(ContentEvent(at: at, kind: kind, byteCount: size))
            }
        }
        if completed == nil, decoder?.isComplete == true { completed = at }
    }

    /// True once so much has come that the session hangs up: so many tokens by the bytes of the content, since an event holds
    /// as many of them as the server likes.
    var hasEnough: Bool {
        guard case .tokens(let count) = abort else { return false }
        let size = row.events.reduce(0) { $0 + $1.byteCount }
        return Double(size) / ApproximateTokenizer.usualBytesPerToken >= Double(max(1, count.value))
    }

    /// How long a server may take to close a stream whose end it has announced.
    static let closingGrace = Duration.seconds(2)
    /// How long the next call waits for that at most: what comes in the next packet leaves the connection free for it, and the
    /// delay stays below what is tolerated of the harness.
    static let closingPatience = Duration.milliseconds(1)

    /// The class of the patience that has run out, if any; `ok` if nothing more is to be waited for.
    func impatience(_ timeouts: Timeouts, at now: Instant) -> OutcomeClass? {
        guard let sent = row.sent else {
            return now - (row.started ?? now) > timeouts.connect ? .timeoutConnect : nil
        }
        // An answer that has said all it had to say is not waited for, though its connection stays open.
        if decoder?.isTerminated == true { return now - lastActivity > Self.closingGrace ? .ok : nil }
        if case .after(let patience) = abort, now - sent >= patience { return .hungUp }
        if now - sent > timeouts.total { return .timeoutTotal }
        if row.events.isEmpty, now - sent > timeouts.firstToken { return .timeoutFirstToken }
        if !row.events.isEmpty, now - lastActivity > timeouts.idle { return .timeoutIdle }
        return nil
    }

    /// Judges the call, now that its exchange has ended.
    func finish(_ result: TransferResult) -> AttemptRow {
        judge(result.end == .complete ? .complete : .cut, at: result.at)
        switch result.end {
        case .complete: break
        case .cancelled where abortedAs == .ok: break
        case .cancelled: row.outcome = abortedAs ?? .aborted
        case .failed(let failure):
            row.outcome = outcome(failure.kind, decoded: row.outcome)
            row.errorText = row.errorText ?? failure.message
        }
        row.ended = abortedAs == nil ? completed ?? result.at : result.at
        row.note(result)
        return row
    }

    /// Judges the call, now that all of its answer is there; its exchange goes on.
    func finish(at instant: Instant) -> AttemptRow {
        judge(.complete, at: instant)
        row.ended = instant
        return row
    }

    private func judge(_ end: TransportEnd, at instant: Instant) {
        let response = decoder?.finish(end) { event in
            if case .content(let kind, let size) = event {
                row.events.append(ContentEvent(at: lastBytes ?? instant, kind: kind, byteCount: size))
            }
        }
        if let response {
            take(response)
            row.routeMismatch = RouteProof.mismatch(response, region: region, expected: route.expectation)
        } else {
            row.outcome = .connectionLost
        }
        row.listCost = route.model.price.flatMap { Cost.of(row.usage, at: $0) }
    }

    private func take(_ response: DecodedResponse) {
        row.outcome = response.outcome
        row.usage = response.usage
        row.usageText = response.usageText
        row.reportedCost = response.reportedCost
        row.servedBy = response.provider
        row.servedModel = response.model
        row.fingerprint = response.fingerprint
        row.finishReason = response.finishReasonRaw
        row.responseIdentifier = response.responseIdentifier ?? row.responseIdentifier
        row.errorText = response.error?.message
        row.textByteCount = response.textByteCount
        row.toolCallCount = response.toolCalls.count
        answer = AssistantMessage(
            text: response.text.isEmpty ? nil : response.text,
            reasoning: response.reasoning.isEmpty ? nil : response.reasoning, toolCalls: response.toolCalls)
    }

    private func outcome(_ kind: TransferFailure.Kind, decoded: OutcomeClass) -> OutcomeClass {
        // What an answer has said is not spoilt by how its connection ended: neither a whole stream, nor a refusal.
        if decoded == .ok || (row.status ?? 0) >= 400 { return decoded }
        switch kind {
        case .resolve: return .connectResolve
        case .connect: return .connectRefused
        case .connectTimeout: return .timeoutConnect
        case .tls: return .connectTLS
        case .totalTimeout: return .timeoutTotal
        case .headersTooLarge, .bodyTooLarge, .protocolViolation: return .malformed
        case .connectionLost: return .connectionLost
        }
    }
}

extension AttemptRow {
    /// Takes down what is known of an exchange only when it is over.
    mutating func note(_ result: TransferResult) {
        closed = result.at
        let connection = result.connection
        httpVersion = connection.httpVersion
        isReused = sent == nil ? nil : connection.isReused
        (resolve, self.connect, tls) = (connection.resolve, connection.connect, connection.tls)
        sentByteCount = result.sentByteCount
        receivedByteCount = result.receivedByteCount
    }
}
