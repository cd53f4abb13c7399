/// Writes JSON straight into bytes, where a tree would be waste.
public enum JSONText {
    /// Appends a quoted and escaped string (RFC 8259 §7).
    public static func append(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        bytes.append(0x22)
        text.withUTF8 { buffer in
            unsafe appendEscaped(buffer.span, to: &bytes)
        }
        bytes.append(0x22)
    }

    /// Appends the inside of a string, escaped, without its quotes.
    public static func appendEscaped(_ text: Span<UInt8>, to bytes: inout [UInt8]) {
        var start = 0
        for index in text.indices {
            let byte = text[index]
            guard byte < 0x20 || byte == 0x22 || byte == 0x5C else { continue }
            appendRun(text, start, index, to: &bytes)
            appendEscape(byte, to: &bytes)
            start = index + 1
        }
        appendRun(text, start, text.count, to: &bytes)
    }

    private static func appendRun(_ text: Span<UInt8>, _ start: Int, _ end: Int, to bytes: inout [UInt8]) {
        guard start < end else { return }
        unsafe text.extracting(start..<end).withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    private static func appendEscape(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case 0x22, 0x5C: bytes += [0x5C, byte]
        case 0x0A: bytes += [0x5C, 0x6E]
        case 0x0D: bytes += [0x5C, 0x72]
        case 0x09: bytes += [0x5C, 0x74]
        default:
            let digits = Array("0123456789abcdef".utf8)
            bytes += [0x5C, 0x75, 0x30, 0x30, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
