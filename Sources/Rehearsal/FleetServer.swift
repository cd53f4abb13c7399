import Synchronization
import CNetwork
import Dialects
import Encodings
import Glibc
import Pricing
import Quantities
import Statistics
import Workloads

/// The fleet's thread: libevent's HTTP servers, one per member, and the streams that they serve.
@safe
final class FleetServer {
    /// One member as it runs.
    final class Site {
        let member: Fleet.Member
        unowned let server: FleetServer
        var engine: EngineModel
        var cache: PrefixCache

        init(_ member: Fleet.Member, _ server: FleetServer, seed: Seed) {
            self.member = member
            self.server = server
            engine = EngineModel(member.persona, seed: seed)
            cache = PrefixCache(lifetime: member.persona.cacheLifetime)
        }
    }

    let base: OpaquePointer
    let seed: Seed
    let shared: Fleet.Shared
    let parser = JSONParser()
    let tokenizer = ApproximateTokenizer()
    private var sites: [Site] = []
    private var listeners: [OpaquePointer] = unsafe []
    private var streams: [Int: FleetStream] = [:]
    private var streamCount = 0

    static func run(_ members: [Fleet.Member], seed: Seed, _ shared: Fleet.Shared) {
        guard let base = unsafe network_event_base_new(true) else {
            return shared.start.withLock { $0 = .failure(FleetError(description: "libevent cannot be set up")) }
        }
        let server = unsafe FleetServer(base: base, seed: seed, shared)
        let ports = server.listen(members)
        let isUp: Bool = if case .success = ports { true } else { false }
        shared.start.withLock { $0 = ports }
        if isUp { server.serve() }
        server.close()
        unsafe event_base_free(base)
    }

    private init(base: OpaquePointer, seed: Seed, _ shared: Fleet.Shared) {
        unsafe self.base = base
        self.seed = seed
        self.shared = shared
    }

    private func listen(_ members: [Fleet.Member]) -> Result<[UInt16], FleetError> {
        var ports: [UInt16] = []
        for member in members {
            let site = Site(member, self, seed: seed)
            sites.append(site)
            guard let http = unsafe evhttp_new(base) else { return .failure(FleetError(description: "no HTTP server")) }
            unsafe listeners.append(http)
            guard let socket = unsafe evhttp_bind_socket_with_handle(http, "127.0.0.1", member.port) else {
                return .failure(FleetError(description: "port \(member.port) is taken; end what listens there"))
            }
            let descriptor = unsafe evhttp_bound_socket_get_fd(socket)
            var one: Int32 = 1
            // Sockets that are accepted inherit this; without it, small events would wait for acknowledgements.
            unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
            unsafe evhttp_set_max_body_size(http, 64 << 20)
            unsafe evhttp_set_max_headers_size(http, 64 << 10)
            unsafe evhttp_set_gencb(
                http,
                { request, context in
                    guard let request = unsafe request, let context = unsafe context else { return }
                    let site = unsafe Unmanaged<Site>.fromOpaque(context).takeUnretainedValue()
                    unsafe site.server.take(request, site)
                }, Unmanaged.passUnretained(site).toOpaque())
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            unsafe withUnsafeMutablePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    _ = unsafe getsockname(descriptor, generic, &length)
                }
            }
            ports.append(UInt16(bigEndian: address.sin_port))
        }
        return .success(ports)
    }

    private func serve() {
        let stop = unsafe event_new(
            base, shared.stopDescriptor, Int16(EV_READ),
            { _, _, context in
                guard let context = unsafe context else { return }
                unsafe event_base_loopbreak(OpaquePointer(context))
            }, UnsafeMutableRawPointer(base))
        unsafe event_add(stop, nil)
        unsafe event_base_dispatch(base)
        unsafe event_free(stop)
    }

    private func close() {
        for stream in streams.values { stream.detach() }
        streams = [:]
        while let http = unsafe listeners.popLast() { unsafe evhttp_free(http) }
    }

    /// Takes a request that has been read whole.
    private func take(_ request: OpaquePointer, _ site: Site) {
        let received = Instant(nanoseconds: network_clock_nanoseconds())
        let body = unsafe Self.body(of: request)
        let path = unsafe String(cString: evhttp_request_get_uri(request))
        guard path.hasSuffix("/chat/completions"), unsafe evhttp_request_get_command(request) == EVHTTP_REQ_POST else {
            return unsafe refuse(request, 404, "no such path", "not_found")
        }
        let chat: ChatRequest
        do throws(JSONError) {
            chat = try ChatRequest(body: body, parser: parser)
        } catch {
            return unsafe refuse(request, 400, error.message, "invalid_request_error")
        }
        let header = unsafe evhttp_find_header(evhttp_request_get_input_headers(request), "X-Request-Id")
        let known = site.cache.use(chat.prompt, at: received)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let fault = site.engine.drawFault()
        let truth = GroundTruth(
            persona: site.member.persona.name,
            requestIdentifier: unsafe header.map { unsafe String(cString: $0) } ?? "", received: received,
            inputTokens: tokenizer.tokens(bytes: chat.prompt.count), cachedTokens: tokenizer.tokens(bytes: known),
            outputTokens: .zero, bill: .zero, fault: fault.rawValue, status: 200, bodyHash: hash)
        streamCount += 1
        let stream = unsafe FleetStream(streamCount, request, chat, site, truth, fault)
        streams[streamCount] = stream
        stream.begin()
    }

    /// Ends a stream, and starts the one that has waited for its slot.
    func end(_ stream: FleetStream) {
        guard streams.removeValue(forKey: stream.number) != nil else { return }
        shared.truths.withLock { $0.append(stream.truth) }
        if let next = stream.site.engine.release(stream.number, wasActive: stream.isActive) {
            streams[next]?.activate()
        }
    }

    func refuse(_ request: OpaquePointer, _ status: Int, _ message: String, _ type: String) {
        let body = ChatStreamWriter.errorBody(message: message, type: type, code: String(status))
        let buffer = unsafe evbuffer_new()
        unsafe evbuffer_add(buffer, body, body.count)
        let headers = unsafe evhttp_request_get_output_headers(request)
        unsafe evhttp_add_header(headers, "Content-Type", "application/json")
        if status == 429 || status == 503 { unsafe evhttp_add_header(headers, "Retry-After", "1") }
        unsafe evhttp_send_reply(request, Int32(status), nil, buffer)
        unsafe evbuffer_free(buffer)
    }

    private static func body(of request: OpaquePointer) -> [UInt8] {
        let buffer = unsafe evhttp_request_get_input_buffer(request)
        let count = unsafe evbuffer_get_length(buffer)
        return unsafe [UInt8](unsafeUninitializedCapacity: count) { bytes, filled in
            unsafe filled = max(0, Int(evbuffer_remove(buffer, bytes.baseAddress, count)))
        }
    }
}
