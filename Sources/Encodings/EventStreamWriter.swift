/// Writes messages of Amazon's event stream (protocols.md §4.5): what the embedded fleet sends as Bedrock.
public enum EventStreamWriter {
    /// A header's value.
    public enum Value: Hashable, Sendable {
        /// A text (type 7), the only type that Bedrock sends.
        case text(String)
        /// Any other type by its number, with the bytes that follow it.
        case other(UInt8, [UInt8])
    }

    /// One message.
    ///
    /// - Parameters:
    ///   - headers: in the order of sending; names have at most 255 bytes, texts at most 65,535.
    ///   - payload: the payload.
    /// - Returns: the lengths, their check, the headers, the payload, and the check of it all.
    public static func message(_ headers: [(name: String, value: Value)], payload: [UInt8] = []) -> [UInt8] {
        var head: [UInt8] = []
        for (name, value) in headers {
            precondition(name.utf8.count < 256, "the name of a header is at most 255 bytes")
            head.append(UInt8(name.utf8.count))
            head += name.utf8
            switch value {
            case .text(let text):
                precondition(text.utf8.count < 65_536, "the text of a header is at most 65,535 bytes")
                head.append(7)
                head += [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 0xFF)]
                head += text.utf8
            case .other(let type, let bytes):
                head.append(type)
                head += bytes
            }
        }
        var bytes: [UInt8] = []
        append(UInt32(head.count + payload.count + 16), to: &bytes)
        append(UInt32(head.count), to: &bytes)
        append(CRC32(bytes).value, to: &bytes)
        bytes += head
        bytes += payload
        append(CRC32(bytes).value, to: &bytes)
        return bytes
    }

    /// An event with a JSON payload, its headers in the order that Bedrock has.
    public static func event(_ type: String, payload: [UInt8]) -> [UInt8] {
        message(
            [
                (":event-type", .text(type)), (":content-type", .text("application/json")),
                (":message-type", .text("event")),
            ], payload: payload)
    }

    /// A modelled exception with a JSON payload.
    public static func exception(_ type: String, payload: [UInt8]) -> [UInt8] {
        message(
            [
                (":exception-type", .text(type)), (":content-type", .text("application/json")),
                (":message-type", .text("exception")),
            ], payload: payload)
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
