/// A report for a terminal: columns lined up with spaces.
public enum TerminalFormat {
    /// The report as text.
    ///
    /// - Parameters:
    ///   - report: what to show.
    ///   - usesColor: true to set headings in bold with escape sequences; only for terminals.
    /// - Returns: lines that end in a line feed.
    public static func text(_ report: Report, usesColor: Bool) -> String {
        var lines = [bold(PlainText.forTerminal(report.title), usesColor)]
        lines += report.introduction.map { PlainText.forTerminal($0) }
        for table in report.tables {
            lines += ["", bold(PlainText.forTerminal(table.title), usesColor)] + self.lines(table, usesColor)
            if let note = table.note { lines.append(dim(PlainText.forTerminal(note), usesColor)) }
        }
        if !report.notices.isEmpty { lines.append("") }
        lines += report.notices.map { "* " + PlainText.forTerminal($0) }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func lines(_ table: Table, _ usesColor: Bool) -> [String] {
        let cells = [table.columns.map(\.heading)] + table.rows.map { $0.map { PlainText.forTerminal($0) } }
        let widths = table.columns.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        return cells.enumerated().map { number, row in
            let texts = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return table.columns[column].isNumeric ? padding + cell : cell + padding
            }
            var line = texts.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return number == 0 ? dim(line, usesColor) : line
        }
    }

    private static func bold(_ text: String, _ usesColor: Bool) -> String {
        usesColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text
    }

    private static func dim(_ text: String, _ usesColor: Bool) -> String {
        usesColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text
    }
}
