import Encodings
import Quantities

/// Sorts logged requests into sessions: a request belongs to the session of the longest earlier request that begins it.
struct MessageLog {
    /// The most sessions that wait for more requests; the one that waited longest is handed out first.
    static let maximumOpen = 256
    /// The most bytes of text that waiting sessions hold together.
    static let maximumOpenBytes = 256 << 20

    private struct Open {
        var session: MessageSession
        var keys: [StableHash] = []
        var first: Double?
        var end: Double?
        var use = 0
    }

    private var assets = MessageAssets()
    private var open: [Int: Open] = [:]
    private var index: [StableHash: Int] = [:]
    private var count = 0
    private var uses = 0
    private var begin: Double?
    /// What was not taken over so far.
    private(set) var leftOut = LeftOut()

    /// Takes a logged exchange: counts it if it failed, and else takes the request.
    ///
    /// - Parameters:
    ///   - exchange: the exchange, which states its times.
    ///   - source: where it stands.
    ///   - emit: is handed sessions that have waited too long.
    ///   - request: reads the request; it is not called for one that failed.
    /// - Throws: ``SessionFileError`` if there is no request, or a session grows too large.
    mutating func take(
        exchange: JSONValue, _ source: TraceSource, _ emit: (ImportedPiece) -> Void,
        request: () throws(SessionFileError) -> MessageRequest
    ) throws(SessionFileError) {
        guard !LoggedFailure.isStated(in: exchange) else { return leftOut.add(LoggedFailure.what) }
        let request = try request()
        leftOut.add(request.leftOut)
        try take(request, Self.times(exchange), source, emit)
    }

    /// Takes a logged request.
    ///
    /// - Parameters:
    ///   - request: the request with its answer, if that was logged.
    ///   - times: when it was sent and when its answer ended, in seconds from 1970, if that was logged.
    ///   - source: where it stands.
    ///   - emit: is handed sessions that have waited too long.
    /// - Throws: ``SessionFileError`` if a session grows too large.
    private mutating func take(
        _ request: MessageRequest, _ times: (start: Double?, end: Double?), _ source: TraceSource,
        _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let prefix = try MessageSession.prefix(request, &assets, source)
        // The hash of no message is every session's.
        let known = MessageSession.hashes(request, prefix).dropFirst().last { index[$0] != nil }
        let number = known.flatMap { index[$0] } ?? count
        begin = begin ?? times.start
        var session: Open
        if let found = open.removeValue(forKey: number) {
            session = found
        } else {
            count += 1
            session = Open(session: MessageSession(identifier: "\(source.name)-\(count)", profile: "log", source))
            session.first = times.start
            if times.start != nil { session.session.begin(at: TraceTime.between(begin, times.start)) }
        }
        var request = request
        request.wait = TraceTime.between(session.end, times.start)
        if let start = times.start { request.measured.start = TraceTime.between(session.first, start) }
        if times.end != nil { request.measured.duration = TraceTime.between(times.start, times.end) }
        try session.session.take(request, &assets)
        session.end = [session.end, times.end ?? times.start].compactMap { $0 }.max()
        session.keys.append(session.session.latest)
        index[session.session.latest] = number
        uses += 1
        session.use = uses
        open[number] = session
        while open.count > Self.maximumOpen || (open.count > 1 && openBytes > Self.maximumOpenBytes) {
            guard let oldest = open.min(by: { $0.value.use < $1.value.use })?.key else { break }
            close(oldest, emit)
        }
    }

    private var openBytes: Int { open.values.reduce(0) { $0 + $1.session.writtenBytes } }

    /// Hands out all sessions.
    mutating func finish(_ emit: (ImportedPiece) -> Void) {
        for number in open.keys.sorted() { close(number, emit) }
    }

    private mutating func close(_ number: Int, _ emit: (ImportedPiece) -> Void) {
        guard let session = open.removeValue(forKey: number) else { return }
        for key in session.keys where index[key] == number { index[key] = nil }
        assets.emit(emit)
        emit(.session(session.session.session))
    }

    /// When a logged request was sent and when its answer ended.
    static func times(_ value: JSONValue) -> (start: Double?, end: Double?) {
        func first(_ names: String...) -> JSONValue? { names.lazy.compactMap { value[$0] }.first }
        let start = TraceTime.seconds(first("timestamp", "start_time", "startTime", "created_at", "time"))
        if let end = TraceTime.seconds(first("end_time", "endTime", "response_timestamp")) { return (start, end) }
        let milliseconds = first("duration_ms", "latency_ms")?.doubleValue.map { $0 / 1000 }
        let seconds = milliseconds ?? first("duration", "latency", "duration_s", "latency_s")?.doubleValue
        return (start, start.flatMap { start in seconds.map { start + max(0, min($0, 1e6)) } })
    }

    /// A part of a logged exchange, with or without a `body` around it; nil if it is no object.
    static func body(_ value: JSONValue?) -> JSONValue? {
        let part = MessageReader.unpacked(value)
        let body = MessageReader.unpacked(part?["body"])
        return [body, part].compactMap { $0 }.first { $0.objectValue != nil }
    }

    /// What the importers of logs guess alike.
    static let guesses = [
        "A request belongs to the session of the longest earlier request, answer included, that its messages begin with; "
            + "a request with other tools or another system prompt begins a session of its own.",
        "An answer that was not logged is taken from the next request that repeats it.",
        "A call waits from the end of the call before in its session to its own timestamp; where no end is logged, from "
            + "that call's beginning, which counts the model's time too; without timestamps it does not wait.",
        "At most 256 sessions wait for more requests; the one that waited longest is closed first.",
        "An answer that a prompt holds and no logged request gave is sent as user text.",
        "Sizes of texts are counted by words, numbers and signs; outputs are as long as usage says, if it is there.",
        LoggedFailure.guess,
        "Images and other parts of messages that hold no text, and messages of a role that is not known, are left out; they "
            + "are counted when the import ends, as often as they were sent.",
    ]
}
