public import Quantities
import Statistics

/// What a workload is, in figures.
public struct WorkloadDescription: Sendable {
    /// A name, its median, its 90th percentile and its total or mean, ready to print.
    public struct Row: Hashable, Sendable {
        /// What is described, with its unit.
        public let name: String
        /// The median; nil if there are no values.
        public let median: Double?
        /// The 90th percentile; nil if there are no values.
        public let ninetieth: Double?
        /// The mean; nil if there are no values.
        public let mean: Double?
        /// The shape: how many values lie in each of twelve bins from the 1st to the 99th percentile, which are equally wide on
        /// a logarithmic scale; values outside lie in the outermost ones.
        public let bins: [Int]
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
    /// The share of prompt tokens that an ideal cache, which forgets nothing and is shared by all sessions, would hold, if they
    /// run one after another.
    public let idealHitShare: Double
    /// The same if a cache forgets a context five minutes after the last call that used it ended, client waits only.
    public let fiveMinuteHitShare: Double
    /// The share of the answers' tokens that was reasoning.
    public let reasoningShare: Double
    /// The share of calls that sub-agents and helpers make.
    public let agentShare: Double
    /// How many sessions have a recorded start.
    public let startedCount: Int
    /// The time from the first recorded start to the last; nil if none is recorded.
    public let arrivalSpan: Duration?
    /// Distributions.
    public let rows: [Row]

    /// Describes a library.
    ///
    /// - Parameters:
    ///   - library: the library.
    ///   - salts: what parts sessions in caches; all, as in a plan that says nothing else.
    public init(_ library: SessionLibrary, salts: ReuseSalts = ReuseSalts()) {
        var (input, tools, reasoning) = (0, 0, 0)
        var (inputs, added, outputs, waits): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        var growths: [Double] = []
        for session in library.sessions {
            for (index, call) in session.calls.enumerated() {
                input += call.input.value
                tools += call.added.contains { $0.role == "tool" } ? 1 : 0
                reasoning += call.reasoning.value
                inputs.append(Double(call.input.value))
                added.append(Double(call.addedTokens.value))
                outputs.append(Double(call.output.value))
                if index > 0 { waits.append(call.wait.seconds) }
            }
            let own = session.calls.filter { $0.agent == Call.mainAgent }
            if let first = own.first, let last = own.last, own.count > 1 {
                growths.append(Double(last.input.value - first.input.value) / Double(own.count - 1))
            }
        }
        let reuse = PrefixReuse(library, salts: salts)
        let starts = library.sessions.compactMap(\.start)
        startedCount = starts.count
        arrivalSpan = starts.min().map { (starts.max() ?? $0) - $0 }
        sessionCount = library.sessions.count
        callCount = inputs.count
        inputTokens = TokenCount(input)
        outputTokens = TokenCount(outputs.reduce(0) { $0 + Int($1) })
        toolShare = callCount == 0 ? 0 : Double(tools) / Double(callCount)
        idealHitShare = input == 0 ? 0 : Double(reuse.idealTokens) / Double(input)
        fiveMinuteHitShare = input == 0 ? 0 : Double(reuse.freshTokens) / Double(input)
        reasoningShare = outputTokens == .zero ? 0 : Double(reasoning) / Double(outputTokens.value)
        agentShare =
            callCount == 0
            ? 0
            : Double(
                library.sessions.reduce(0) { sum, session in
                    sum + session.calls.count { $0.agent != Call.mainAgent }
                }) / Double(callCount)
        rows = [
            Self.row("calls per session", library.sessions.map { Double($0.calls.count) }),
            Self.row("input tokens per call", inputs), Self.row("context growth per call", growths),
            Self.row("appended tokens per call", added),
            Self.row("output tokens per call", outputs), Self.row("wait before a call, s", waits),
        ]
    }

    private static func row(_ name: String, _ values: [Double]) -> Row {
        let sorted = values.sorted()
        return Row(
            name: name, median: Quantile.interpolated(sorted, 0.5),
            ninetieth: Quantile.interpolated(sorted, 0.9),
            mean: sorted.isEmpty ? nil : sorted.reduce(0, +) / Double(sorted.count),
            bins: Histogram.logarithmic(sorted, binCount: binCount))
    }

    private static let binCount = 12
}
