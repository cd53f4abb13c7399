/// Writes comma-separated values (RFC 4180).
public enum CSV {
    /// One field of a row.
    public enum Field: Hashable, Sendable {
        /// Text, which is quoted where needed and guarded against being read as a formula.
        case text(String)
        /// A number, written as it is.
        case number(String)
        /// Nothing.
        case empty
    }

    /// One line that ends in CR LF.
    ///
    /// A text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return would run as a formula in a spreadsheet, so
    /// it gets a leading apostrophe (OWASP, CSV injection).
    public static func row(_ fields: [Field]) -> String {
        fields.map(written).joined(separator: ",") + "\r\n"
    }

    private static func written(_ field: Field) -> String {
        switch field {
        case .empty: return ""
        case .number(let text): return text
        case .text(let text):
            let isFormula = text.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
            let guarded = isFormula ? "'" + text : text
            guard guarded.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
                return guarded
            }
            let doubled = guarded.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            return "\"\(doubled)\""
        }
    }
}
