import Encodings
import Quantities

/// Reads comma-separated values whose first line names the columns.
struct TraceTable {
    private let needed: [String]
    private var reader = CSVReader()
    private var columns: [String: Int] = [:]
    private var columnCount = 0
    private var last = TraceSource(name: "", line: 0)

    /// One row below the header.
    struct Row {
        fileprivate let fields: [String]
        fileprivate let columns: [String: Int]

        /// A field by its column's name in small letters, without space around it; nil if there is no such column or it is empty.
        subscript(_ column: String) -> String? {
            guard let index = columns[column] else { return nil }
            let text = TraceTable.trimmed(fields[index])
            return text.isEmpty ? nil : text
        }
    }

    /// Makes a table.
    ///
    /// - Parameter needed: the columns that it must have, in small letters.
    init(needed: [String]) { self.needed = needed }

    /// Takes a line; the first line of a file is its header.
    ///
    /// - Returns: the row that ends here; nil for a header and for a row that goes on in the next line.
    /// - Throws: ``SessionFileError`` if it is no row, or the header lacks a column.
    mutating func row(_ bytes: ArraySlice<UInt8>, _ source: TraceSource) throws(SessionFileError) -> Row? {
        if source.line == 1 { try finish() }
        last = source
        guard source.line > 1 else {
            try readHeader(bytes, source)
            return nil
        }
        guard let fields = try fields(bytes, source) else { return nil }
        guard !columns.isEmpty else { throw source.problem("the first line must name the columns") }
        guard fields.count == columnCount else {
            throw source.problem(
                "the row has \(Counted.text(fields.count, "field")), but the header names "
                    + Counted.text(columnCount, "column"))
        }
        return Row(fields: fields, columns: columns)
    }

    /// Ends a file.
    ///
    /// - Throws: ``SessionFileError`` if it ends inside a row.
    func finish() throws(SessionFileError) {
        if reader.isInsideRow { throw last.problem("the file ends inside quotes; is it cut?") }
    }

    private mutating func readHeader(_ bytes: ArraySlice<UInt8>, _ source: TraceSource) throws(SessionFileError) {
        let names = try fields(bytes, source) ?? []
        columns = [:]
        for (index, name) in names.enumerated() { columns[Self.trimmed(name).lowercased()] = index }
        columnCount = names.count
        let missing = needed.filter { columns[$0] == nil }
        guard missing.isEmpty else {
            throw source.problem("the header lacks the columns \(missing.joined(separator: ", "))")
        }
    }

    private mutating func fields(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource
    ) throws(SessionFileError) -> [String]? {
        do throws(CSVError) {
            return try reader.take(bytes)
        } catch {
            throw source.problem("not comma-separated values: \(error)")
        }
    }

    private static func trimmed(_ text: String) -> String {
        let spaces: Set<Character> = [" ", "\t"]
        guard let first = text.firstIndex(where: { !spaces.contains($0) }),
            let last = text.lastIndex(where: { !spaces.contains($0) })
        else { return "" }
        return String(text[first...last])
    }
}
