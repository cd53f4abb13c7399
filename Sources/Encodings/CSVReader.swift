/// Why a row of comma-separated values was refused.
public enum CSVError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A quote stands inside a field that does not begin with one, or text after the quote that ends a field.
    case strayQuote(field: Int)
    /// A row went past the limit, mostly since a quote was never closed.
    case rowTooLong(limitBytes: Int)

    /// What is wrong.
    public var description: String {
        switch self {
        case .strayQuote(let field): "field \(field) of the row has a quote where none may stand"
        case .rowTooLong(let limit): "a row has more than \(limit) bytes; is a quote not closed?"
        }
    }
}

/// Reads comma-separated values (RFC 4180), line by line.
///
/// A quoted field may hold commas, doubled quotes and line ends, so that a row may take several lines. Space beside a comma is
/// part of a field.
public struct CSVReader: Sendable {
    /// The longest row, in bytes.
    public let maximumRowBytes: Int

    private var fields: [String] = []
    private var field: [UInt8] = []
    private var rowBytes = 0
    private var state = State.fieldStart

    private enum State {
        /// Nothing of the field was read.
        case fieldStart
        /// Inside a field without quotes.
        case plain
        /// Inside quotes.
        case quoted
        /// After a quote inside quotes: the end of the field, or the first half of a doubled quote.
        case quoteSeen
    }

    /// Makes a reader.
    public init(maximumRowBytes: Int = 64 << 20) { self.maximumRowBytes = maximumRowBytes }

    /// True after a line that ended inside quotes: the row goes on in the next line.
    public var isInsideRow: Bool { state == .quoted }

    /// Takes the next line.
    ///
    /// - Parameter line: its bytes without the line's end.
    /// - Returns: the fields of the row that ends here; nil if the row goes on in the next line.
    /// - Throws: ``CSVError``; the reader is at the beginning of a row then.
    public mutating func take(_ line: ArraySlice<UInt8>) throws(CSVError) -> [String]? {
        rowBytes += line.count + 1
        do throws(CSVError) {
            guard rowBytes <= maximumRowBytes else { throw .rowTooLong(limitBytes: maximumRowBytes) }
            for byte in line { try take(byte) }
        } catch {
            reset()
            throw error
        }
        if state == .quoted {
            field.append(0x0A)
            return nil
        }
        endField()
        defer { reset() }
        return fields
    }

    private mutating func take(_ byte: UInt8) throws(CSVError) {
        switch (state, byte) {
        case (.quoted, UInt8(ascii: "\"")): state = .quoteSeen
        case (.quoted, _): field.append(byte)
        case (.quoteSeen, UInt8(ascii: "\"")):
            field.append(byte)
            state = .quoted
        case (_, UInt8(ascii: ",")): endField()
        case (.fieldStart, UInt8(ascii: "\"")): state = .quoted
        case (.quoteSeen, _), (.plain, UInt8(ascii: "\"")): throw .strayQuote(field: fields.count + 1)
        case (.fieldStart, _), (.plain, _):
            field.append(byte)
            state = .plain
        }
    }

    private mutating func endField() {
        fields.append(String(decoding: field, as: UTF8.self))
        field.removeAll(keepingCapacity: true)
        state = .fieldStart
    }

    private mutating func reset() {
        fields = []
        field = []
        rowBytes = 0
        state = .fieldStart
    }
}
