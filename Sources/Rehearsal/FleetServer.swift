import Synchronization
import CNetwork
import Dialects
import Encodings
import Glibc
import Pricing
import Profiles
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
        var gate: Gate
        let routes: [Route]

        init(_ member: Fleet.Member, _ server: FleetServer, seed: Seed) {
            self.member = member
            self.server = server
            engine = EngineModel(member.persona, seed: seed)
            cache = PrefixCache(lifetime: member.persona.cacheLifetime)
            gate = Gate(system: member.persona.system, key: member.key, check: member.check, issue: member.tokens)
            routes = member.persona.system.routes + (member.tokens == nil ? [] : PersonaSystem.tokenRoutes)
        }

        /// Where a request leads; nil for nowhere.
        func target(_ head: ServedHead) -> RouteTarget? {
            let segments = head.path.split(separator: "/").map(String.init)
            guard let route = routes.first(where: { $0.method == head.method && $0.matches(segments) }) else {
                return nil
            }
            if case .answer = route.target, let name = member.persona.system.requiredParameter {
                guard head.parameter(name) != nil else { return nil }
            }
            return route.target
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
        // A client that hangs up must not end the process; the signal goes to the thread that writes.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
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

    /// Begins a stream.
    func start(_ make: (Int) -> FleetStream) {
        streamCount += 1
        let stream = make(streamCount)
        streams[streamCount] = stream
        stream.begin()
    }

    /// The number of the next response.
    var nextNumber: Int { streamCount + 1 }

    /// Ends a stream, and starts the one that has waited for its slot.
    func end(_ stream: FleetStream) {
        guard streams.removeValue(forKey: stream.number) != nil else { return }
        shared.truths.withLock { $0.append(stream.truth) }
        if let next = stream.site.engine.release(stream.number, wasActive: stream.isActive) {
            streams[next]?.activate()
        }
    }
}
