public import Quantities
import Statistics

/// What a workload is, in figures.
public struct WorkloadDescription: Sendable {
    /// A name, its median, its 90th percentile and its total or mean, ready to print.
    public struct Row: Hashable, Sendable {
        /// What is described, with its unit.
        public let name: String
        /// The median.
        public let median: Double
        /// The 90th percentile.
        public let ninetieth: Double
        /// The mean.
        public let mean: Double
    }

    /// The number of sessions.
    public let sessionCount: Int
    /// The number of calls.
    public let callCount: Int
    /// All prompts together.
    public let inputTokens: TokenCount
    /// All answers together.
    public let outputTokens: TokenCount
    /// The share of calls whose new part is a tool result.
    public let toolShare: Double
    /// The share of prompt tokens that an ideal cache, which forgets nothing and is shared by all sessions, would hold.
    public let idealHitShare: Double
    /// The same if a cache forgets a context five minutes after the last call that used it ended, client waits only.
    public let fiveMinuteHitShare: Double
    /// Distributions.
    public let rows: [Row]

    /// Describes a library.
    public init(_ library: SessionLibrary) {
        var (input, kept, keptFresh, tools) = (0, 0, 0, 0)
        var (inputs, added, outputs, waits): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for session in library.sessions {
            let graph = ContextGraph(session)
            for (index, call) in session.calls.enumerated() {
                let cached = graph.entries[index].keptTokens.value
                input += call.input.value
                kept += min(cached, call.input.value)
                keptFresh += call.wait < .seconds(300) ? min(cached, call.input.value) : 0
                tools += call.added.contains { $0.role == "tool" } ? 1 : 0
                inputs.append(Double(call.input.value))
                added.append(Double(call.addedTokens.value))
                outputs.append(Double(call.output.value))
                if index > 0 { waits.append(call.wait.seconds) }
            }
        }
        sessionCount = library.sessions.count
        callCount = inputs.count
        inputTokens = TokenCount(input)
        outputTokens = TokenCount(outputs.reduce(0) { $0 + Int($1) })
        toolShare = callCount == 0 ? 0 : Double(tools) / Double(callCount)
        idealHitShare = input == 0 ? 0 : Double(kept) / Double(input)
        fiveMinuteHitShare = input == 0 ? 0 : Double(keptFresh) / Double(input)
        rows = [
            Self.row("calls per session", library.sessions.map { Double($0.calls.count) }),
            Self.row("input tokens per call", inputs), Self.row("appended tokens per call", added),
            Self.row("output tokens per call", outputs), Self.row("wait before a call, s", waits),
        ]
    }

    private static func row(_ name: String, _ values: [Double]) -> Row {
        let sorted = values.sorted()
        return Row(
            name: name, median: Quantile.interpolated(sorted, 0.5) ?? 0,
            ninetieth: Quantile.interpolated(sorted, 0.9) ?? 0,
            mean: sorted.isEmpty ? 0 : sorted.reduce(0, +) / Double(sorted.count))
    }
}
