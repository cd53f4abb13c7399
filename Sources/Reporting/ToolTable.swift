import Analysis

/// The table of how answers used their tools.
enum ToolTable {
    static func table(_ analysis: RunAnalysis) -> Table {
        Table(
            "Tools",
            columns: [
                .init("endpoint", isNumeric: false), .init("answers with tools"), .init("valid"), .init("compared"),
                .init("left the recording"), .init("replaced"), .init("how", isNumeric: false),
            ],
            rows: analysis.endpoints.map { endpoint in
                let use = endpoint.toolUse
                return [
                    endpoint.tableName, Figures.count(use.judgedCount), Figures.share(use.validShare),
                    Figures.count(use.comparedCount), Figures.share(use.divergenceRate),
                    Figures.count(use.substitutedCallCount), reasons(use),
                ]
            },
            note:
                "Valid: every tool call names an offered tool and its arguments fit the schema. Left the recording: another "
                + "number of tool calls, or other tools, than were recorded. Replaced: tool calls that would have broken the "
                + "next request (history: live and pinned).")
    }

    private static func reasons(_ use: ToolUse) -> String {
        let invalid = use.levels.filter { ["unknown-name", "invalid-json", "schema-mismatch"].contains($0.key) }
        let parts = (use.divergences.filter { $0.key != "none" }.map { $0 } + invalid.map { $0 })
            .sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return parts.isEmpty
            ? Figures.none : parts.map { "\($0.key) \(Figures.count($0.value))" }.joined(separator: ", ")
    }
}
