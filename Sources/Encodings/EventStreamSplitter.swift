/// Why Amazon's event stream was given up.
public enum EventStreamError: Error, Hashable, Sendable {
    /// A length that no message can have, or one past the limits.
    case badLength
    /// The check of the lengths or of the whole message does not fit.
    case badChecksum
    /// A header that cannot be read, or one name twice.
    case badHeader
}

/// A value of a header of Amazon's event stream; of the types that carry no text only the presence is kept.
public enum EventStreamHeader: Hashable, Sendable {
    /// A text (type 7).
    case text(String)
    /// Any other type, by its number.
    case other(UInt8)
}

/// One message of Amazon's event stream.
public struct EventStreamMessage: Hashable, Sendable {
    /// The headers by name.
    public var headers: [String: EventStreamHeader]
    /// The payload.
    public var payload: [UInt8]

    /// The text of a header; nil if it is missing or no text.
    public func text(_ name: String) -> String? {
        if case .text(let text)? = headers[name] { text } else { nil }
    }
}

/// Splits `application/vnd.amazon.eventstream` into messages, however the bytes are cut.
///
/// Each message has its lengths, a CRC-32 of them, headers, a payload, and a CRC-32 of everything before it, all numbers big
/// endian (protocols.md §4.5, after botocore's eventstream). Both checks are verified.
public struct EventStreamSplitter: Sendable {
    /// The most bytes of headers in a message, as botocore allows.
    public static let maximumHeaderBytes = 128 << 10
    /// The most bytes of payload in a message, as botocore allows.
    public static let maximumPayloadBytes = 24 << 20

    private var buffer: [UInt8] = []

    /// Makes a splitter.
    public init() {}

    /// Takes the next bytes of the stream.
    ///
    /// - Parameters:
    ///   - bytes: the bytes of one read.
    ///   - handle: called for each whole message.
    /// - Throws: ``EventStreamError`` when a message is broken; the splitter is of no use after that.
    public mutating func consume(
        _ bytes: Span<UInt8>, _ handle: (EventStreamMessage) -> Void
    ) throws(EventStreamError) {
        unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
        var position = 0
        while let length = try Self.length(buffer, position), buffer.count - position >= length {
            handle(try Self.message(buffer[position..<(position + length)]))
            position += length
        }
        buffer.removeFirst(position)
    }

    /// The length of the message that begins at a position; nil if its prelude has not come yet.
    private static func length(_ buffer: [UInt8], _ position: Int) throws(EventStreamError) -> Int? {
        guard buffer.count - position >= 12 else { return nil }
        let total = Int(number(buffer, position))
        let headers = Int(number(buffer, position + 4))
        guard headers <= maximumHeaderBytes, total >= headers + 16, total - headers - 16 <= maximumPayloadBytes else {
            throw .badLength
        }
        guard CRC32(buffer[position..<(position + 8)]).value == number(buffer, position + 8) else { throw .badChecksum }
        return total
    }

    private static func message(_ bytes: ArraySlice<UInt8>) throws(EventStreamError) -> EventStreamMessage {
        let start = bytes.startIndex
        let end = bytes.endIndex - 4
        let buffer = Array(bytes)
        guard CRC32(bytes[..<end]).value == number(buffer, end - start) else { throw .badChecksum }
        let headersEnd = 12 + Int(number(buffer, 4))
        return EventStreamMessage(
            headers: try headers(buffer[12..<headersEnd]), payload: Array(buffer[headersEnd..<(buffer.count - 4)]))
    }

    private static func number(_ bytes: [UInt8], _ position: Int) -> UInt32 {
        bytes[position..<(position + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func headers(_ bytes: ArraySlice<UInt8>) throws(EventStreamError) -> [String: EventStreamHeader] {
        var headers: [String: EventStreamHeader] = [:]
        var rest = bytes
        func take(_ count: Int) throws(EventStreamError) -> ArraySlice<UInt8> {
            guard rest.count >= count else { throw .badHeader }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func takeByte() throws(EventStreamError) -> UInt8 {
            guard let byte = try take(1).first else { throw .badHeader }
            return byte
        }
        while !rest.isEmpty {
            let name = String(decoding: try take(Int(try takeByte())), as: UTF8.self)
            let type = try takeByte()
            var value = EventStreamHeader.other(type)
            switch type {
            case 0, 1: break
            case 2: _ = try take(1)
            case 3: _ = try take(2)
            case 4: _ = try take(4)
            case 5, 8: _ = try take(8)
            case 9: _ = try take(16)
            case 6, 7:
                let length = try take(2).reduce(0) { $0 << 8 | Int($1) }
                let bytes = try take(length)
                if type == 7 { value = .text(String(decoding: bytes, as: UTF8.self)) }
            default: throw .badHeader
            }
            guard headers.updateValue(value, forKey: name) == nil else { throw .badHeader }
        }
        return headers
    }
}
