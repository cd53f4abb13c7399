import CNetwork
import Glibc
public import Quantities

/// What all exchanges of a loop have in common.
public struct NetworkConfiguration: Hashable, Sendable {
    /// A file of certificates (PEM) that are trusted in place of the system's.
    public var certificateAuthorityFile: String?
    /// A proxy as a URL; nil for none, whatever the environment says.
    public var proxy: String?
    /// Hosts that are reached without the proxy, separated by commas, in the form of curl's `NO_PROXY`.
    public var hostsWithoutProxy: String?

    /// Makes a configuration.
    public init(certificateAuthorityFile: String? = nil, proxy: String? = nil, hostsWithoutProxy: String? = nil) {
        self.hostsWithoutProxy = hostsWithoutProxy
        self.certificateAuthorityFile = certificateAuthorityFile
        self.proxy = proxy
    }
}

/// Moves bytes for one thread: libcurl's multi interface on a libevent loop.
///
/// A turn first reads every ready socket, stamping each read with CLOCK_MONOTONIC as its bytes arrive, and only then hands the
/// events out; so however long the handling takes, it never falls into the time between a byte's arrival and its stamp
/// within that turn. A loop belongs to the thread that made it and must not be shared.
@safe
public final class NetworkLoop {
    private struct Record {
        enum Kind { case sent, head, bytes, ended }
        let kind: Kind
        let transfer: TransferIdentifier
        let at: Instant
        let start: Int
        var count: Int
    }

    private let configuration: NetworkConfiguration
    private let base: OpaquePointer
    private let multi: OpaquePointer
    private let timer: LoopTimer
    private let timerEvent: OpaquePointer
    private let wakeEvent: OpaquePointer
    /// Wakes this loop from other threads.
    public let waker: LoopWaker

    private var transfers: [TransferIdentifier: Transfer] = [:]
    private var idleHandles: [UnsafeMutableRawPointer] = unsafe []
    private var nextIdentifier: UInt64 = 1
    private var curlDeadline: Instant?
    private var records: [Record] = []
    private var firstRecordOfRead = 0
    private var arena: [UInt8] = []
    private var heads: [TransferIdentifier: HTTPHead] = [:]
    private var results: [TransferIdentifier: TransferResult] = [:]
    private var socketEvents: [Int32: OpaquePointer] = unsafe [:]
    /// When the last wait ended; what lies between that and the next wait is time in which no socket is looked at.
    private var lastWoken: Instant?
    /// The thread's processor time at the last ``takeHealth()``.
    private var lastProcessorTime = Instant(nanoseconds: network_thread_nanoseconds())
    /// Busy time and punctuality since the last ``takeHealth()``.
    private var health = LoopHealth()

    /// Makes a loop for the calling thread.
    ///
    /// - Throws: ``TransportError/unavailable(_:)`` if libcurl or libevent cannot be set up.
    public init(_ configuration: NetworkConfiguration = NetworkConfiguration()) throws(TransportError) {
        Self.makeRoomForConnections()
        self.configuration = configuration
        guard curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK else { throw .unavailable("libcurl") }
        guard let base = unsafe network_event_base_new(false) else { throw .unavailable("libevent") }
        guard let multi = unsafe curl_multi_init() else { throw .unavailable("libcurl's multi interface") }
        guard let waker = LoopWaker() else { throw .unavailable("eventfd") }
        guard let timer = LoopTimer() else { throw .unavailable("a timer") }
        unsafe self.base = base
        unsafe self.multi = OpaquePointer(multi)
        self.timer = timer
        self.waker = waker
        guard
            let timerEvent = unsafe event_new(
                base, timer.descriptor, Int16(EV_READ | EV_PERSIST),
                { _, _, context in
                    guard let context = unsafe context else { return }
                    unsafe Unmanaged<LoopTimer>.fromOpaque(context).takeUnretainedValue().noteFired()
                }, Unmanaged.passUnretained(timer).toOpaque())
        else { throw .unavailable("an event") }
        unsafe self.timerEvent = timerEvent
        unsafe event_add(timerEvent, nil)
        guard
            let wake = unsafe event_new(
                base, waker.descriptor, Int16(EV_READ | EV_PERSIST),
                { descriptor, _, _ in
                    var count: UInt64 = 0
                    unsafe _ = read(descriptor, &count, 8)
                }, nil)
        else { throw .unavailable("an event") }
        unsafe wakeEvent = wake
        unsafe event_add(wake, nil)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe network_multi_set_callbacks(
            multi, context,
            { _, socket, what, context, _ in
                guard let context = unsafe context else { return 0 }
                unsafe Unmanaged<NetworkLoop>.fromOpaque(context).takeUnretainedValue().watch(socket, what)
                return 0
            },
            { _, milliseconds, context in
                guard let context = unsafe context else { return 0 }
                unsafe Unmanaged<NetworkLoop>.fromOpaque(context).takeUnretainedValue().schedule(milliseconds)
                return 0
            })
        unsafe network_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 8192)
    }

    deinit {
        for transfer in transfers.values {
            unsafe curl_multi_remove_handle(UnsafeMutableRawPointer(multi), transfer.easy)
            unsafe curl_easy_cleanup(transfer.easy)
            unsafe curl_slist_free_all(transfer.headerList)
        }
        while let easy = unsafe idleHandles.popLast() { unsafe curl_easy_cleanup(easy) }
        unsafe curl_multi_cleanup(UnsafeMutableRawPointer(multi))
        while let (_, event) = unsafe socketEvents.popFirst() { unsafe event_free(event) }
        unsafe event_free(timerEvent)
        unsafe event_free(wakeEvent)
        unsafe event_base_free(base)
    }

    /// Raises the limit of open files to what the system allows, and lets the kernel lay out its table of them now.
    ///
    /// Linux doubles that table when it is full, and a process with threads waits for an RCU grace period then: the 256th,
    /// 512th and 1024th connection would each stop the loop for 10 to 20 ms (`expand_fdtable` in fs/file.c).
    private static func makeRoomForConnections() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let highest = Int32(min(limit.rlim_cur, rlim_t(maximumDescriptorTable))) - 1
        let descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, highest)
        if descriptor >= 0 { close(descriptor) }
    }

    /// How many open files are made room for; a table of this size takes 128 KiB.
    private static let maximumDescriptorTable = 16_384

    /// CLOCK_MONOTONIC.
    public static func now() -> Instant {
        Instant(nanoseconds: network_clock_nanoseconds())
    }

    /// Seconds since 1970, for dates that servers name and signatures that hold one; never for measuring.
    public static func wallSeconds() -> Int { Int(time(nil)) }

    /// How many exchanges are under way.
    public var transferCount: Int { transfers.count }

    /// The figures since the last call; they begin again at zero.
    public func takeHealth() -> LoopHealth {
        defer { health = LoopHealth() }
        let processorTime = Instant(nanoseconds: network_thread_nanoseconds())
        defer { lastProcessorTime = processorTime }
        health.busy = processorTime - lastProcessorTime
        return health
    }

    // MARK: Exchanges

    /// Starts an exchange; its first bytes move in the next turn.
    ///
    /// - Throws: ``TransportError/badRequest(_:)`` if libcurl does not take the request.
    public func start(_ request: HTTPRequest) throws(TransportError) -> TransferIdentifier {
        guard let easy = unsafe idleHandles.popLast() ?? EasyHandle.make(configuration) else {
            throw .unavailable("memory for a transfer")
        }
        let identifier = TransferIdentifier(rawValue: nextIdentifier)
        nextIdentifier += 1
        let transfer = unsafe Transfer(identifier, easy: easy, request: request, loop: self)
        EasyHandle.set(transfer, request)
        guard unsafe curl_multi_add_handle(UnsafeMutableRawPointer(multi), easy) == CURLM_OK else {
            unsafe curl_slist_free_all(transfer.headerList)
            unsafe curl_easy_cleanup(easy)
            throw .badRequest("libcurl does not accept the request")
        }
        transfers[identifier] = transfer
        return identifier
    }

    /// Ends an exchange; it then ends as cancelled.
    ///
    /// Does nothing if it has ended already.
    public func cancel(_ identifier: TransferIdentifier) {
        guard let transfer = transfers[identifier] else { return }
        finish(transfer, .cancelled)
    }

    private func finish(_ transfer: Transfer, _ end: TransferEnd) {
        let at = Self.now()
        let easy = unsafe transfer.easy
        results[transfer.identifier] = EasyHandle.result(transfer, end, at: at)
        unsafe curl_multi_remove_handle(UnsafeMutableRawPointer(multi), easy)
        EasyHandle.clear(transfer)
        unsafe idleHandles.append(easy)
        transfers[transfer.identifier] = nil
        records.append(Record(kind: .ended, transfer: transfer.identifier, at: at, start: 0, count: 0))
    }

    // MARK: Turns

    /// Waits until something is ready, reads all of it, and then hands it out in its order.
    ///
    /// - Parameters:
    ///   - deadline: when to return at the latest; nil waits for a socket or a waker.
    ///   - handle: called for each event; the span holds the bytes of ``TransferEvent/bytes(_:at:)`` and is empty for the
    ///     others. It may start and cancel exchanges.
    public func turn(until deadline: Instant?, _ handle: (TransferEvent, Span<UInt8>) -> Void) {
        let entry = Self.now()
        if let lastWoken { health.longestTurn = max(health.longestTurn, entry - lastWoken) }
        let next = [deadline, curlDeadline, records.isEmpty ? nil : entry].compactMap(\.self).min()
        wait(until: next, from: entry)
        let woken = Self.now()
        lastWoken = woken
        if let next, woken > next, deadline == next {
            health.greatestLateness = max(health.greatestLateness, woken - max(next, entry))
        }
        if let due = curlDeadline, due <= woken { act(curl_socket_t(-1), 0) }
        collectFinished()
        deliver(handle)
        health.turnCount += 1
    }

    private func wait(until deadline: Instant?, from now: Instant) {
        if let deadline, deadline <= now {
            unsafe event_base_loop(base, EVLOOP_NONBLOCK)
        } else {
            timer.arm(for: deadline)
            unsafe event_base_loop(base, EVLOOP_ONCE)
        }
    }

    private func act(_ socket: curl_socket_t, _ mask: Int32) {
        if socket == curl_socket_t(-1) { curlDeadline = nil }
        firstRecordOfRead = records.count
        var running: Int32 = 0
        unsafe curl_multi_socket_action(UnsafeMutableRawPointer(multi), socket, mask, &running)
    }

    private func collectFinished() {
        var code = CURLE_OK
        while let easy = unsafe network_multi_finished(UnsafeMutableRawPointer(multi), &code) {
            guard let context = unsafe network_info_private(easy) else { continue }
            let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            finish(transfer, code == CURLE_OK ? .complete : .failed(EasyHandle.failure(transfer, code)))
        }
    }

    private func deliver(_ handle: (TransferEvent, Span<UInt8>) -> Void) {
        var batch: [Record] = []
        var bytes: [UInt8] = []
        swap(&batch, &records)
        swap(&bytes, &arena)
        let none = [UInt8]()
        for record in batch {
            switch record.kind {
            case .sent: handle(.requestSent(record.transfer, at: record.at), none.span)
            case .bytes:
                let range = record.start..<(record.start + record.count)
                handle(.bytes(record.transfer, at: record.at), bytes.span.extracting(range))
            case .head:
                guard let head = heads.removeValue(forKey: record.transfer) else { continue }
                handle(.head(record.transfer, head, at: record.at), none.span)
            case .ended:
                guard let result = results.removeValue(forKey: record.transfer) else { continue }
                handle(.ended(record.transfer, result), none.span)
            }
        }
        batch.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: bytes.capacity <= 4 << 20)
        firstRecordOfRead = 0
        if records.isEmpty { records = batch }
        if arena.isEmpty { arena = bytes }
    }

    // MARK: What libcurl's callbacks report

    func noteBytes(_ transfer: Transfer, _ bytes: UnsafeRawBufferPointer) {
        let start = arena.count
        unsafe arena.append(contentsOf: bytes)
        // libcurl hands out the HTTP chunks of one read one by one; they share the read's stamp.
        if let last = records.indices.last, last >= firstRecordOfRead, records[last].kind == .bytes,
            records[last].transfer == transfer.identifier
        {
            records[last].count += bytes.count
            return
        }
        let at = Self.now()
        records.append(Record(kind: .bytes, transfer: transfer.identifier, at: at, start: start, count: bytes.count))
    }

    func noteHead(_ transfer: Transfer, _ head: HTTPHead) {
        heads[transfer.identifier] = head
        note(.head, transfer)
    }

    func noteReady(_ transfer: Transfer) { note(.sent, transfer) }

    private func note(_ kind: Record.Kind, _ transfer: Transfer) {
        records.append(Record(kind: kind, transfer: transfer.identifier, at: Self.now(), start: 0, count: 0))
    }

    private func schedule(_ milliseconds: Int) {
        curlDeadline = milliseconds < 0 ? nil : Self.now() + .milliseconds(milliseconds)
    }

    /// Watches a socket as libcurl asks (CURLMOPT_SOCKETFUNCTION).
    private func watch(_ socket: curl_socket_t, _ what: Int32) {
        if let old = unsafe socketEvents.removeValue(forKey: socket) { unsafe event_free(old) }
        guard what != CURL_POLL_REMOVE else { return }
        let kind = (what & CURL_POLL_IN != 0 ? EV_READ : 0) | (what & CURL_POLL_OUT != 0 ? EV_WRITE : 0) | EV_PERSIST
        let event = unsafe event_new(
            base, socket, Int16(kind),
            { socket, what, context in
                guard let context = unsafe context else { return }
                let loop = unsafe Unmanaged<NetworkLoop>.fromOpaque(context).takeUnretainedValue()
                let isReadable = what & Int16(EV_READ) != 0
                let isWritable = what & Int16(EV_WRITE) != 0
                loop.act(socket, (isReadable ? CURL_CSELECT_IN : 0) | (isWritable ? CURL_CSELECT_OUT : 0))
            }, Unmanaged.passUnretained(self).toOpaque())
        guard let event = unsafe event else { return }
        unsafe event_add(event, nil)
        unsafe socketEvents[socket] = event
    }
}
