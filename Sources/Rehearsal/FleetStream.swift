import CNetwork
import Dialects
import Encodings
import Glibc
import Pricing
import Profiles
import Quantities
import Statistics
import Workloads

/// One answer on its way out.
@safe
final class FleetStream {
    /// How a stream ends once all its writes are done.
    private enum Ending { case close, cut, reset }

    let number: Int
    let site: FleetServer.Site
    private(set) var truth: GroundTruth
    private(set) var isActive = false
    private let served: ServedRequest
    private let fault: Scenario?
    private let manners: Set<Scenario>
    private let plan: StreamPlan
    private let answer: Answer
    private var writer: any ResponseWriter
    private var request: OpaquePointer?
    private var timer: OpaquePointer?
    private var position = 0
    private var hasOpened = false
    private var hasStalled = false
    /// True once all has been said and the stream is only held open.
    private var isHeldOpen = false
    private var commentCount: Int
    private var due = Instant(nanoseconds: 0)
    private var ending: Ending?
    /// Events that wait to leave together.
    private var held: [UInt8] = []
    /// Writes that wait for their turns of the loop, the next one last.
    private var outgoing: [[UInt8]] = []

    init(
        _ number: Int, _ request: OpaquePointer, _ served: ServedRequest, _ dialect: DialectName,
        _ site: FleetServer.Site, _ truth: GroundTruth, fault: Scenario?, manners: Set<Scenario>
    ) {
        self.number = number
        unsafe self.request = request
        self.served = served
        self.site = site
        self.truth = truth
        self.fault = fault
        self.manners = manners
        plan = StreamPlan(number, served, dialect, site.member.persona, fault: fault, manners: manners)
        writer = ResponseWriters.writer(dialect, plan.context)
        answer = Answer(to: served, form: plan.form, tokenizer: site.server.tokenizer, seed: site.server.seed)
        commentCount = manners.contains(.commentsFirst) && !plan.hasFrames ? 5 : 0
    }

    /// Answers at once with an error, or joins the engine's queue.
    func begin() {
        guard let request = unsafe request else { return }
        if let (refusal, hint) = StreamPlan.refusal(fault) {
            truth.status = site.member.persona.system.errors(plan.dialect).status(refusal)
            unsafe site.server.refuse(request, site, plan.dialect, refusal, hint: hint)
            unsafe self.request = nil
            return site.server.end(self)
        }
        if fault == .baseResponse {
            let refusal = ServedRefusal(.rateLimit, "rate limit exceeded(RPM)")
            let body = ErrorShape.miniMax.body(refusal, identifier: String(number))
            unsafe site.server.reply(request, site, status: 200, body: body)
            unsafe self.request = nil
            return site.server.end(self)
        }
        unsafe evhttp_connection_set_closecb(
            evhttp_request_get_connection(request),
            { _, context in
                guard let context = unsafe context else { return }
                let stream = unsafe Unmanaged<FleetStream>.fromOpaque(context).takeUnretainedValue()
                unsafe stream.request = nil
                stream.finish()
            }, Unmanaged.passUnretained(self).toOpaque())
        if site.engine.admit(number) { activate() }
    }

    /// Gets a slot: the prompt is read, and then the first token is due.
    func activate() {
        guard let request = unsafe request else { return }
        isActive = true
        due = Instant(nanoseconds: network_clock_nanoseconds())
        let fresh = truth.inputTokens.value - truth.cachedTokens.value
        var delay = site.engine.firstTokenDelay(freshTokens: fresh, fault: fault)
        let headers = unsafe evhttp_request_get_output_headers(request)
        for header in site.member.persona.system.headers(String(number), plan.dialect, isError: false) {
            unsafe evhttp_add_header(headers, header.name, header.value)
        }
        guard isStream else {
            for piece in answer.pieces { delay += site.engine.pieceDelay(tokens: piece.tokens) }
            return wait(delay)
        }
        unsafe evhttp_add_header(headers, "Content-Type", writer.contentType)
        unsafe evhttp_send_reply_start(request, 200, "OK")
        if commentCount == 0 { open() }
        wait(delay)
    }

    private var isStream: Bool { served.isStreamed && fault != .plainJSON }

    private func open() {
        hasOpened = true
        emit(writer.opening(report()))
    }

    // MARK: Time

    private func wait(_ delay: Duration) {
        due = due + delay
        arm()
    }

    /// Sets the timer to the next write, or to what is due.
    private func arm() {
        let rest = outgoing.isEmpty ? max(0, due.nanoseconds - network_clock_nanoseconds()) : 0
        if unsafe timer == nil {
            unsafe timer = event_new(
                site.server.base, -1, 0,
                { _, _, context in
                    guard let context = unsafe context else { return }
                    unsafe Unmanaged<FleetStream>.fromOpaque(context).takeUnretainedValue().step()
                }, Unmanaged.passUnretained(self).toOpaque())
        }
        var time = timeval(tv_sec: Int(rest / 1_000_000_000), tv_usec: Int(rest % 1_000_000_000 / 1000))
        unsafe event_add(timer, &time)
    }

    private func step() {
        guard unsafe request != nil else { return }
        if let next = outgoing.popLast() {
            send(next)
            if outgoing.isEmpty, let ending { return perform(ending) }
            return arm()
        }
        if isHeldOpen { return end(.close) }
        if !isStream { return sendWhole() }
        if commentCount > 0 {
            commentCount -= 1
            emit(plan.context.framing.comment("keep-alive"))
            return wait(.milliseconds(20))
        }
        if !hasOpened { open() }
        if position == 0, fault == .errorFirst {
            emit(writer.failure(ServedRefusal(.unavailable, "the rehearsal plays an error before the first token")))
            return end(.close)
        }
        if position >= max(1, answer.pieces.count / 2), playHalfway() { return }
        guard position < answer.pieces.count else { return complete() }
        write(answer.pieces[position])
        guard position < answer.pieces.count else { return complete() }
        wait(site.engine.pieceDelay(tokens: answer.pieces[position].tokens))
    }

    // MARK: Content

    private func write(_ piece: Answer.Piece) {
        position += 1
        truth.outputTokens = truth.outputTokens + TokenCount(piece.tokens)
        if piece.isReasoning { truth.reasoningTokens = truth.reasoningTokens + TokenCount(piece.tokens) }
        held += writer.write(piece.content, report())
        if position % 4 == 0 { held += unknown() }
        guard !held.isEmpty, !manners.contains(.coalesce) || position % 8 == 0 || position == answer.pieces.count else {
            return
        }
        let now = Instant(nanoseconds: network_clock_nanoseconds())
        truth.firstContent = truth.firstContent ?? now
        truth.lastContent = now
        emit(held)
        held.removeAll(keepingCapacity: true)
    }

    /// What no client knows.
    private func unknown() -> [UInt8] {
        if manners.contains(.unknownHeader), plan.hasFrames {
            let headers: [(name: String, value: EventStreamWriter.Value)] = [
                (":event-type", .text("rehearsalFuture")), (":rehearsal", .other(8, Array(repeating: 1, count: 8))),
                (":rehearsal-flag", .other(0, [])), (":message-type", .text("event")),
            ]
            return EventStreamWriter.message(headers, payload: Array("{}".utf8))
        }
        guard manners.contains(.unknownEvent) else { return [] }
        if plan.hasFrames { return EventStreamWriter.event("rehearsalFuture", payload: Array("{}".utf8)) }
        return plan.context.framing.event(Array(#"{"type":"rehearsal.future"}"#.utf8), name: "rehearsal.future")
    }

    /// Plays what a fault does in the middle of an answer.
    ///
    /// - Returns: true if the answer does not go on as if nothing were.
    private func playHalfway() -> Bool {
        switch fault {
        case .streamError:
            emit(writer.failure(ServedRefusal(.server, "the rehearsal plays a stream error")))
            end(.close)
        case .exceptionFrame:
            emit(writer.failure(ServedRefusal(.rateLimit, "Too many tokens, please wait before trying again.")))
            end(.close)
        case .cut: end(.cut)
        case .reset: end(.reset)
        case .stall: return true
        case .noFinish: end(.close)
        case .stallResume:
            guard !hasStalled else { return false }
            hasStalled = true
            wait(site.member.persona.stallDuration)
        case .badChecksum, .truncatedFrame:
            var bytes: [UInt8] = []
            while bytes.isEmpty, position < answer.pieces.count {
                bytes = writer.write(answer.pieces[position].content, report())
                position += 1
            }
            if fault == .truncatedFrame {
                bytes.removeLast(bytes.count / 2)
            } else if plan.hasFrames {
                bytes[bytes.count - 1] ^= 0xFF
            } else {
                bytes = plan.context.framing.event(Array(#"{"rehearsal":"#.utf8))
            }
            emit(bytes)
            end(.close)
        default: return false
        }
        return true
    }

    // MARK: The end

    private func report() -> ServedReport {
        let now = Instant(nanoseconds: network_clock_nanoseconds())
        let persona = site.member.persona
        return ServedReport(
            tokens: usage, cost: persona.tellsCost ? truth.bill : nil,
            firstToken: (truth.firstContent ?? now) - truth.received, elapsed: now - truth.received,
            error: fault == .wrongUsage ? 7 : 0)
    }

    private var usage: TokenUsage {
        TokenUsage(
            inputTotal: truth.inputTokens, inputCacheRead: truth.cachedTokens,
            inputCacheWrite: truth.cacheWriteTokens > .zero ? truth.cacheWriteTokens : nil,
            outputTotal: truth.outputTokens, outputReasoning: truth.reasoningTokens)
    }

    private func bill() {
        truth.bill = site.member.price(of: truth.model).flatMap { Cost.of(usage, at: $0) } ?? .zero
    }

    private func complete() {
        bill()
        emit(held + writer.closing(answer.finish, report(), tellsUsage: fault != .missingUsage))
        if !manners.contains(.noEndMark) { emit(writer.endMark) }
        guard manners.contains(.lateClose) else { return end(.close) }
        isHeldOpen = true
        due = max(due, Instant(nanoseconds: network_clock_nanoseconds()))
        wait(site.member.persona.stallDuration)
    }

    /// Sends everything as one JSON document.
    private func sendWhole() {
        guard let request = unsafe request else { return }
        for piece in answer.pieces {
            truth.outputTokens = truth.outputTokens + TokenCount(piece.tokens)
            if piece.isReasoning { truth.reasoningTokens = truth.reasoningTokens + TokenCount(piece.tokens) }
        }
        bill()
        let now = Instant(nanoseconds: network_clock_nanoseconds())
        (truth.firstContent, truth.lastContent) = (now, now)
        let whole = ServedAnswer(answer.pieces.map(\.content))
        let body = writer.whole(whole, answer.finish, report(), tellsUsage: fault != .missingUsage)
        unsafe evhttp_connection_set_closecb(evhttp_request_get_connection(request), nil, nil)
        unsafe site.server.reply(request, site, status: 200, body: body)
        unsafe self.request = nil
        finish()
    }

    /// Sends bytes, in as many writes as the manners ask for.
    private func emit(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        var writes: [[UInt8]] = []
        if manners.contains(.byteByByte) {
            writes = bytes.map { [$0] }
        } else if manners.contains(.splitCharacters) {
            var start = 0
            for index in bytes.indices where bytes[index] >= 0xC0 {
                writes.append(Array(bytes[start...index]))
                start = index + 1
            }
            if start < bytes.count { writes.append(Array(bytes[start...])) }
        } else {
            return send(bytes)
        }
        outgoing.insert(contentsOf: writes.reversed(), at: 0)
    }

    private func send(_ bytes: [UInt8]) {
        guard let request = unsafe request else { return }
        let buffer = unsafe evbuffer_new()
        unsafe evbuffer_add(buffer, bytes, bytes.count)
        unsafe evhttp_send_reply_chunk(request, buffer)
        unsafe evbuffer_free(buffer)
    }

    private func end(_ ending: Ending) {
        self.ending = ending
        if outgoing.isEmpty { perform(ending) } else { arm() }
    }

    private func perform(_ ending: Ending) {
        guard let request = unsafe request else { return }
        let connection = unsafe evhttp_request_get_connection(request)
        unsafe evhttp_connection_set_closecb(connection, nil, nil)
        unsafe self.request = nil
        switch ending {
        case .close:
            if fault == .connectionClose { unsafe Self.hangUp(after: request) }
            unsafe evhttp_send_reply_end(request)
        case .cut: unsafe evhttp_connection_free(connection)
        case .reset:
            let descriptor = unsafe bufferevent_getfd(evhttp_connection_get_bufferevent(connection))
            // To connect to nowhere aborts a connection; libevent would send a FIN before it closes.
            var nowhere = sockaddr()
            nowhere.sa_family = sa_family_t(AF_UNSPEC)
            _ = unsafe connect(descriptor, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
            unsafe evhttp_connection_free(connection)
        }
        finish()
    }

    /// Closes the connection once the response has left, without having announced it.
    private static func hangUp(after request: OpaquePointer) {
        unsafe evhttp_request_set_on_complete_cb(
            request,
            { request, _ in
                let connection = unsafe evhttp_request_get_connection(request)
                _ = unsafe shutdown(bufferevent_getfd(evhttp_connection_get_bufferevent(connection)), Int32(SHUT_RDWR))
            }, nil)
    }

    /// The request is gone; the books are closed.
    private func finish() {
        if let timer = unsafe timer { unsafe event_free(timer) }
        unsafe timer = nil
        site.server.end(self)
    }

    /// The fleet ends: nothing more may be called back.
    func detach() {
        if let timer = unsafe timer { unsafe event_free(timer) }
        unsafe timer = nil
        if let request = unsafe request {
            unsafe evhttp_connection_set_closecb(evhttp_request_get_connection(request), nil, nil)
        }
        unsafe request = nil
    }
}
