/// A report as Markdown with tables in GitHub's form.
public enum MarkdownFormat {
    /// The report as text that ends in a line feed.
    public static func text(_ report: Report) -> String {
        var blocks = ["# " + PlainText.forMarkdown(report.title)]
        if !report.introduction.isEmpty {
            blocks.append(report.introduction.map { "- " + PlainText.forMarkdown($0) }.joined(separator: "\n"))
        }
        for table in report.tables {
            blocks.append("## " + PlainText.forMarkdown(table.title))
            if !table.rows.isEmpty { blocks.append(rows(table)) }
            if let note = table.note { blocks.append(PlainText.forMarkdown(note)) }
        }
        if !report.notices.isEmpty {
            blocks.append("## Notes")
            blocks.append(report.notices.map { "- " + PlainText.forMarkdown($0) }.joined(separator: "\n"))
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }

    private static func rows(_ table: Table) -> String {
        let head = table.columns.map { PlainText.forMarkdown($0.heading) }
        let rule = table.columns.map { $0.isNumeric ? "---:" : ":---" }
        let body = table.rows.map { $0.map { PlainText.forMarkdown($0) } }
        return ([head, rule] + body).map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n")
    }
}
