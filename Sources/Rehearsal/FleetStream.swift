import CNetwork
import Dialects
import Pricing
import Quantities
import Statistics
import Workloads

/// One answer on its way out.
@safe
final class FleetStream {
    let number: Int
    let site: FleetServer.Site
    private(set) var truth: GroundTruth
    private(set) var isActive = false
    private let chat: ChatRequest
    private let fault: EngineModel.Fault
    private let writer: ChatStreamWriter
    private let answer: Answer
    private var request: OpaquePointer?
    private var timer: OpaquePointer?
    private var position = 0
    private var due = Instant(nanoseconds: 0)
    /// Events that wait to leave together.
    private var held: [UInt8] = []

    init(
        _ number: Int, _ request: OpaquePointer, _ chat: ChatRequest, _ site: FleetServer.Site, _ truth: GroundTruth,
        _ fault: EngineModel.Fault
    ) {
        self.number = number
        unsafe self.request = request
        self.chat = chat
        self.site = site
        self.truth = truth
        self.fault = fault
        let persona = site.member.persona
        writer = ChatStreamWriter(
            identifier: "chatcmpl-\(number)", model: chat.model, provider: persona.upstream)
        answer = Answer(
            to: chat, writer: writer, tokensPerEvent: persona.tokensPerEvent, tokenizer: site.server.tokenizer,
            seed: site.server.seed)
    }

    /// Answers at once with an error, or joins the engine's queue.
    func begin() {
        guard let request = unsafe request else { return }
        let refusal: (status: Int, type: String)? =
            switch fault {
            case .rateLimit: (429, "rate_limit_exceeded")
            case .serverError: (500, "server_error")
            case .overload: (503, "overloaded")
            default: nil
            }
        if let refusal {
            truth.status = refusal.status
            unsafe site.server.refuse(request, refusal.status, "the rehearsal plays \(fault.rawValue)", refusal.type)
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
        let headers = unsafe evhttp_request_get_output_headers(request)
        unsafe evhttp_add_header(headers, "Content-Type", "text/event-stream; charset=utf-8")
        unsafe evhttp_send_reply_start(request, 200, "OK")
        send(writer.role())
        due = Instant(nanoseconds: network_clock_nanoseconds())
        let fresh = truth.inputTokens.value - truth.cachedTokens.value
        wait(site.engine.firstTokenDelay(freshTokens: fresh, fault: fault))
    }

    private func wait(_ delay: Duration) {
        due = due + delay
        let rest = max(0, due.nanoseconds - network_clock_nanoseconds())
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
        let isHalfway = position >= max(1, answer.pieces.count / 2)
        if isHalfway, fault == .streamError {
            send(ChatStreamWriter.errorEvent(message: "the rehearsal plays a stream error", code: "502"))
            return close()
        }
        if isHalfway, fault == .cut { return cut() }
        if isHalfway, fault == .stall { return }
        guard position < answer.pieces.count else { return complete() }
        let piece = answer.pieces[position]
        position += 1
        truth.outputTokens = truth.outputTokens + TokenCount(piece.tokens)
        held += piece.bytes
        if fault != .coalesce || position % 8 == 0 || position == answer.pieces.count {
            let now = Instant(nanoseconds: network_clock_nanoseconds())
            truth.firstContent = truth.firstContent ?? now
            truth.lastContent = now
            send(held)
            held.removeAll(keepingCapacity: true)
        }
        guard position < answer.pieces.count else { return complete() }
        wait(site.engine.pieceDelay(tokens: answer.pieces[position].tokens))
    }

    private func complete() {
        let usage = TokenUsage(
            inputTotal: truth.inputTokens, inputCacheRead: truth.cachedTokens, outputTotal: truth.outputTokens)
        truth.bill = site.member.price.flatMap { Cost.of(usage, at: $0) } ?? .zero
        let told = ChatStreamWriter.usage(usage, cost: site.member.persona.tellsCost ? truth.bill : nil)
        let isTold = fault != .missingUsage
        if isTold, site.member.persona.hasUsageAtFinish {
            send(writer.finish(answer.finishReason, usage: told))
        } else {
            send(writer.finish(answer.finishReason))
            if isTold, chat.wantsUsage { send(writer.usage(told)) }
        }
        send(ChatStreamWriter.done)
        close()
    }

    private func send(_ bytes: [UInt8]) {
        guard let request = unsafe request else { return }
        let buffer = unsafe evbuffer_new()
        unsafe evbuffer_add(buffer, bytes, bytes.count)
        unsafe evhttp_send_reply_chunk(request, buffer)
        unsafe evbuffer_free(buffer)
    }

    private func close() {
        guard let request = unsafe request else { return }
        unsafe evhttp_connection_set_closecb(evhttp_request_get_connection(request), nil, nil)
        unsafe evhttp_send_reply_end(request)
        unsafe self.request = nil
        finish()
    }

    private func cut() {
        guard let request = unsafe request else { return }
        let connection = unsafe evhttp_request_get_connection(request)
        unsafe evhttp_connection_set_closecb(connection, nil, nil)
        unsafe self.request = nil
        unsafe evhttp_connection_free(connection)
        finish()
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
