import Analysis
import Quantities

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
        let invalid = use.levels.filter { !$0.key.isValid }.map { ($0.key.rawValue, $0.value) }
        let divergent = use.divergences.filter { $0.key != .agreeing }.map { ($0.key.rawValue, $0.value) }
        let parts = (divergent + invalid).sorted { ($1.1, $0.0) < ($0.1, $1.0) }
        return parts.isEmpty ? Figures.none : parts.map { "\($0.0) \(Figures.count($0.1))" }.joined(separator: ", ")
    }
}
