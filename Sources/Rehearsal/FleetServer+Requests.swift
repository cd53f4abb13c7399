import CNetwork
import Dialects
import Encodings
import Glibc
import Profiles
import Quantities
import Workloads

/// How a refusal says when to come back.
enum RetryHint: Hashable {
    case none, seconds, date, milliseconds

    /// After one second; a date is two seconds away, since it has no fractions.
    var header: (name: String, value: String)? {
        switch self {
        case .none: nil
        case .seconds: ("Retry-After", "1")
        case .date: ("Retry-After", Self.httpDate(after: 2))
        case .milliseconds: ("retry-after-ms", "1000")
        }
    }

    /// RFC 9110 §5.6.7.
    static func httpDate(after seconds: Int) -> String {
        var instant = time(nil) + seconds
        var parts = unsafe tm()
        _ = unsafe gmtime_r(&instant, &parts)
        let size = 40
        return unsafe String(unsafeUninitializedCapacity: size) { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { text in
                guard let start = text.baseAddress else { return 0 }
                return unsafe strftime(start, size, "%a, %d %b %Y %H:%M:%S GMT", &parts)
            }
        }
    }
}

extension FleetServer {
    /// Takes a request that has been read whole.
    func take(_ request: OpaquePointer, _ site: Site) {
        let received = Instant(nanoseconds: network_clock_nanoseconds())
        let head = unsafe Self.head(of: request)
        let body = unsafe Self.body(of: request)
        let system = site.member.persona.system
        guard let target = site.target(head) else {
            let refusal = ServedRefusal(.pathNotFound, "no such path: \(head.method) \(head.path)")
            return unsafe refuse(request, site, system.mainDialect, refusal)
        }
        switch target {
        case .health: return unsafe reply(request, site, status: 200, body: [])
        case .entraToken, .googleToken, .metadataToken:
            let (status, answer) = site.gate.token(target, head, body, at: received)
            return unsafe reply(request, site, status: status, body: answer.serialized())
        case .models:
            if let refusal = site.gate.refusal(head, body, at: received) {
                return unsafe refuse(request, site, system.mainDialect, refusal)
            }
            return unsafe reply(request, site, status: 200, body: Self.models(site).serialized())
        case .answer(let dialect):
            if let refusal = site.gate.refusal(head, body, at: received) {
                return unsafe refuse(request, site, dialect, refusal)
            }
            unsafe answer(request, site, dialect, head, body, received)
        }
    }

    private func answer(
        _ request: OpaquePointer, _ site: Site, _ dialect: DialectName, _ head: ServedHead, _ body: [UInt8],
        _ received: Instant
    ) {
        let persona = site.member.persona
        let served: ServedRequest
        do throws(ServedRefusal) {
            if persona.system == .anthropic, head.headers["anthropic-version"] == nil {
                throw ServedRefusal(.badRequest, "anthropic-version: header is required")
            }
            served = try RequestReader.read(dialect, head: head, body: body, parser: parser)
            if let refusal = persona.system.lengthRefusal(served) { throw refusal }
            // llama.cpp answers by the model that it has, whatever was asked for.
            let takesAny = persona.models.isEmpty || dialect == .tgi || persona.system == .llamaCpp
            if !takesAny, !persona.models.contains(served.model) {
                throw ServedRefusal(.modelNotFound, "The model `\(served.model)` does not exist.")
            }
        } catch {
            return unsafe refuse(request, site, dialect, error)
        }
        let fault = site.engine.drawFault()
        let manners = site.engine.drawManners()
        let (input, known, written) = count(served, site, fault, received)
        let names = ([fault].compactMap(\.self) + manners.sorted { $0.rawValue < $1.rawValue }).map(\.rawValue)
        var truth = GroundTruth(
            persona: persona.name, requestIdentifier: head.headers["x-request-id"] ?? "", received: received,
            inputTokens: input, cachedTokens: known, outputTokens: .zero, bill: .zero,
            fault: names.isEmpty ? "none" : names.joined(separator: "+"), status: 200, bodyHash: Self.hash(body))
        (truth.cacheWriteTokens, truth.toolCount) = (written, served.tools.count)
        truth.model = persona.answeringModel(served.model)
        start { number in
            unsafe FleetStream(number, request, served, dialect, site, truth, fault: fault, manners: manners)
        }
    }

    /// The tokens of a prompt: all, those that the cache held, and those that are written to it.
    private func count(
        _ served: ServedRequest, _ site: Site, _ fault: Scenario?, _ now: Instant
    ) -> (TokenCount, TokenCount, TokenCount) {
        let persona = site.member.persona
        let mark = persona.cachesOnlyMarks ? served.cacheMarks.last ?? 0 : nil
        var known = site.cache.use(
            served.prompt, of: persona.answeringModel(served.model), upTo: mark, at: now)
        var size = served.prompt.count
        if fault == .cacheMiss { known = 0 }
        if fault == .promptTruncation { size /= 2 }
        known = min(known, size)
        let marked = min(max(mark ?? 0, known), size)
        let counts = served.centitokens(before: [known, marked, size]).map { tokenizer.tokens(centitokens: $0) }
        let cached = counts[0]
        let isWritten = mark.map { $0 > known } == true && persona.cacheLifetime > .zero
        return (counts[2], cached, isWritten ? counts[1] - cached : .zero)
    }

    // MARK: Replies

    /// Refuses in the words of the persona's system.
    func refuse(
        _ request: OpaquePointer, _ site: Site, _ dialect: DialectName, _ refusal: ServedRefusal,
        hint: RetryHint = .none
    ) {
        let system = site.member.persona.system
        let shape = system.errors(dialect)
        let identifier = String(nextNumber)
        var headers = shape.headers(refusal) + system.headers(identifier, dialect, isError: true)
        if let header = hint.header { headers.append(header) }
        unsafe reply(
            request, site, status: shape.status(refusal), body: shape.body(refusal, identifier: identifier),
            headers: headers)
    }

    /// Answers with a whole body of JSON.
    func reply(
        _ request: OpaquePointer, _ site: Site, status: Int, body: [UInt8],
        headers: [(name: String, value: String)] = []
    ) {
        let buffer = unsafe evbuffer_new()
        unsafe evbuffer_add(buffer, body, body.count)
        let output = unsafe evhttp_request_get_output_headers(request)
        unsafe evhttp_add_header(output, "Content-Type", "application/json")
        for header in headers { unsafe evhttp_add_header(output, header.name, header.value) }
        unsafe evhttp_send_reply(request, Int32(status), nil, buffer)
        unsafe evbuffer_free(buffer)
    }

    private static func models(_ site: Site) -> JSONValue {
        let names = site.member.persona.models
        if site.member.persona.system.mainDialect == .gemini {
            return ["models": .array(names.map { ["name": .string("models/" + $0)] })]
        }
        return [
            "object": "list",
            "data": .array(names.map { ["id": .string($0), "object": "model", "owned_by": "rehearsal"] }),
        ]
    }

    // MARK: Reading

    private static func head(of request: OpaquePointer) -> ServedHead {
        let method =
            switch unsafe evhttp_request_get_command(request) {
            case EVHTTP_REQ_POST: "POST"
            case EVHTTP_REQ_GET: "GET"
            case EVHTTP_REQ_HEAD: "HEAD"
            default: "PUT"
            }
        var headers: [String: String] = [:]
        var entry = unsafe evhttp_request_get_input_headers(request)?.pointee.tqh_first
        while let field = unsafe entry {
            if let key = unsafe field.pointee.key, let value = unsafe field.pointee.value {
                let name = unsafe String(cString: key).lowercased()
                let text = unsafe String(cString: value)
                headers[name] = headers[name].map { $0 + "," + text } ?? text
            }
            unsafe entry = field.pointee.next.tqe_next
        }
        let target = unsafe String(cString: evhttp_request_get_uri(request))
        return ServedHead(method: method, target: target, headers: headers)
    }

    private static func body(of request: OpaquePointer) -> [UInt8] {
        let buffer = unsafe evhttp_request_get_input_buffer(request)
        let count = unsafe evbuffer_get_length(buffer)
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
            unsafe filled = max(0, Int(evbuffer_remove(buffer, bytes.baseAddress, count)))
        }
    }

    /// FNV-1a.
    private static func hash(_ body: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
