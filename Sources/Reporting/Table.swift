/// A table as people read it: every cell already is text.
public struct Table: Hashable, Sendable {
    /// One column.
    public struct Column: Hashable, Sendable {
        /// The heading, with the unit.
        public var heading: String
        /// True for figures, which are aligned at their end.
        public var isNumeric: Bool

        /// Makes a column.
        public init(_ heading: String, isNumeric: Bool = true) {
            self.heading = heading
            self.isNumeric = isNumeric
        }
    }

    /// The title.
    public var title: String
    /// The columns.
    public var columns: [Column]
    /// The rows, each with one text per column.
    public var rows: [[String]]
    /// What a reader needs to know of the columns.
    public var note: String?

    /// Makes a table.
    public init(_ title: String, columns: [Column], rows: [[String]], note: String? = nil) {
        precondition(rows.allSatisfy { $0.count == columns.count }, "a row of '\(title)' has another number of cells")
        self.title = title
        self.columns = columns
        self.rows = rows
        self.note = note
    }
}

/// What is shown of a judgement, in the order of reading.
public struct Report: Hashable, Sendable {
    /// The heading.
    public var title: String
    /// Lines before the tables.
    public var introduction: [String]
    /// The tables.
    public var tables: [Table]
    /// Lines after the tables, each a statement of its own.
    public var notices: [String]

    /// Makes a report.
    public init(title: String, introduction: [String], tables: [Table], notices: [String]) {
        self.title = title
        self.introduction = introduction
        self.tables = tables
        self.notices = notices
    }
}
