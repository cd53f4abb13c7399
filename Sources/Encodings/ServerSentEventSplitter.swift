import Glibc

/// Why a `text/event-stream` was given up.
public enum ServerSentEventError: Error, Hashable, Sendable {
    /// A line went past the limit.
    case lineTooLong(limitBytes: Int)
    /// The data of one event went past the limit.
    case eventTooLong(limitBytes: Int)
}

/// One thing found in a `text/event-stream`, apart from an event's data.
public enum ServerSentEventItem: Hashable, Sendable {
    /// An event with data; the name is empty for the default, `message`.
    case event(name: String)
    /// A comment line, which servers send to keep the connection alive.
    case comment
}

/// Splits a `text/event-stream` into events, however the bytes are cut.
///
/// Follows the WHATWG algorithm (HTML Living Standard §9.2.6) for LF, CRLF and lone CR, a leading byte order mark, several
/// `data` lines, an optional space after the colon, and fields in any order. It departs from it in one point: an event that
/// lacks its closing blank line at the end of the stream is still delivered by ``finish(_:)``, since several servers end so.
public struct ServerSentEventSplitter: Sendable {
    /// The longest line, in bytes.
    public let maximumLineBytes: Int
    /// The longest data of one event, in bytes.
    public let maximumEventBytes: Int

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var name = ""
    private var skipsLineFeed = false
    private var isFirstLine = true

    /// Makes a splitter.
    public init(maximumLineBytes: Int = 4 << 20, maximumEventBytes: Int = 8 << 20) {
        self.maximumLineBytes = maximumLineBytes
        self.maximumEventBytes = maximumEventBytes
    }

    /// Takes the next bytes of the stream.
    ///
    /// - Parameters:
    ///   - bytes: the bytes of one read.
    ///   - handle: called for each event and comment; the span is the event's data and lives for that call only.
    /// - Throws: ``ServerSentEventError`` when a limit is passed; the splitter is of no use after that.
    public mutating func consume(
        _ bytes: Span<UInt8>, _ handle: (ServerSentEventItem, Span<UInt8>) -> Void
    ) throws(ServerSentEventError) {
        var position = 0
        let count = bytes.count
        /// The data line of the open event while it lies within these bytes, so that it need not be copied.
        var borrowed: Range<Int>?
        if skipsLineFeed, count > 0 {
            skipsLineFeed = false
            if bytes[0] == 0x0A { position = 1 }
        }
        while position < count {
            guard let end = Self.lineEnd(in: bytes, from: position) else { break }
            let next = Self.lineStart(after: end, in: bytes, &skipsLineFeed)
            if line.isEmpty, !isFirstLine {
                try takeWhole(bytes, position..<end, &borrowed, handle)
            } else {
                try takeJoined(bytes.extracting(position..<end), handle)
            }
            position = next
        }
        if let range = borrowed { try keep(bytes.extracting(range)) }
        try hold(bytes.extracting(position..<count))
    }

    /// Ends the stream, delivering an event whose closing blank line is missing.
    ///
    /// - Returns: true if there was such an event or an unfinished line.
    /// - Throws: ``ServerSentEventError`` when a limit is passed.
    @discardableResult
    public mutating func finish(
        _ handle: (ServerSentEventItem, Span<UInt8>) -> Void
    ) throws(ServerSentEventError) -> Bool {
        let wasOpen = hasData || !line.isEmpty
        if !line.isEmpty { try takeJoined([UInt8]().span, handle) }
        dispatch(handle)
        return wasOpen
    }

    /// Where the line that starts at `start` ends, or nil if it goes on beyond these bytes.
    private static func lineEnd(in bytes: Span<UInt8>, from start: Int) -> Int? {
        unsafe bytes.withUnsafeBytes { raw in
            guard let base = raw.baseAddress else { return nil }
            let from = unsafe base + start
            let feed = unsafe memchr(from, 0x0A, raw.count - start).map { unsafe UnsafeRawPointer($0) - from }
            let length = feed ?? (raw.count - start)
            let carriage = unsafe memchr(from, 0x0D, length).map { unsafe UnsafeRawPointer($0) - from }
            return (carriage ?? feed).map { start + $0 }
        }
    }

    private static func lineStart(after end: Int, in bytes: Span<UInt8>, _ skipsLineFeed: inout Bool) -> Int {
        guard bytes[end] == 0x0D else { return end + 1 }
        guard end + 1 < bytes.count else {
            skipsLineFeed = true
            return end + 1
        }
        return bytes[end + 1] == 0x0A ? end + 2 : end + 1
    }

    /// Takes a line that lies whole within the fed bytes.
    private mutating func takeWhole(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ borrowed: inout Range<Int>?,
        _ handle: (ServerSentEventItem, Span<UInt8>) -> Void
    ) throws(ServerSentEventError) {
        guard range.count <= maximumLineBytes else { throw .lineTooLong(limitBytes: maximumLineBytes) }
        if range.isEmpty {
            guard let data = borrowed else { return dispatch(handle) }
            borrowed = nil
            handle(.event(name: name), bytes.extracting(data))
            name = ""
            return
        }
        let text = bytes.extracting(range)
        if !hasData, borrowed == nil, let offset = Self.dataOffset(text) {
            guard range.count - offset <= maximumEventBytes else { throw .eventTooLong(limitBytes: maximumEventBytes) }
            borrowed = (range.lowerBound + offset)..<range.upperBound
            return
        }
        if let range = borrowed, Self.dataOffset(text) != nil {
            borrowed = nil
            try keep(bytes.extracting(range))
        }
        try take(text, handle)
    }

    /// Takes a line whose beginning came with earlier bytes, or the first line, which may hold a byte order mark.
    private mutating func takeJoined(
        _ rest: Span<UInt8>, _ handle: (ServerSentEventItem, Span<UInt8>) -> Void
    ) throws(ServerSentEventError) {
        try hold(rest)
        var whole: [UInt8] = []
        swap(&whole, &line)
        if isFirstLine {
            isFirstLine = false
            if whole.starts(with: [0xEF, 0xBB, 0xBF]) { whole.removeFirst(3) }
        }
        if whole.isEmpty { dispatch(handle) } else { try take(whole.span, handle) }
        whole.removeAll(keepingCapacity: true)
        line = whole
    }

    private mutating func take(
        _ text: Span<UInt8>, _ handle: (ServerSentEventItem, Span<UInt8>) -> Void
    ) throws(ServerSentEventError) {
        if text[0] == 0x3A { return handle(.comment, text) }
        if let offset = Self.dataOffset(text) {
            return try keep(text.extracting(offset..<text.count))
        }
        if let value = Self.value(of: "event", in: text) { name = value }
    }

    /// Where the value of a `data` line begins; nil if it is another field.
    private static func dataOffset(_ text: Span<UInt8>) -> Int? {
        guard text.count >= 4, text[0] == 0x64, text[1] == 0x61, text[2] == 0x74, text[3] == 0x61 else { return nil }
        guard text.count > 4 else { return 4 }
        guard text[4] == 0x3A else { return nil }
        return text.count > 5 && text[5] == 0x20 ? 6 : 5
    }

    private static func value(of field: String, in text: Span<UInt8>) -> String? {
        let line = String(copying: text)
        guard line.hasPrefix(field) else { return nil }
        let rest = line.dropFirst(field.count)
        guard let colon = rest.first else { return "" }
        guard colon == ":" else { return nil }
        let value = rest.dropFirst()
        return String(value.first == " " ? value.dropFirst() : value)
    }

    private mutating func keep(_ value: Span<UInt8>) throws(ServerSentEventError) {
        guard data.count + value.count + 1 <= maximumEventBytes else {
            throw .eventTooLong(limitBytes: maximumEventBytes)
        }
        if hasData { data.append(0x0A) }
        hasData = true
        unsafe value.withUnsafeBufferPointer { unsafe data.append(contentsOf: $0) }
    }

    private mutating func hold(_ rest: Span<UInt8>) throws(ServerSentEventError) {
        guard line.count + rest.count <= maximumLineBytes else { throw .lineTooLong(limitBytes: maximumLineBytes) }
        unsafe rest.withUnsafeBufferPointer { unsafe line.append(contentsOf: $0) }
    }

    private mutating func dispatch(_ handle: (ServerSentEventItem, Span<UInt8>) -> Void) {
        if hasData { handle(.event(name: name), data.span) }
        data.removeAll(keepingCapacity: true)
        hasData = false
        name = ""
    }
}
