import Quantities
import Records

/// How well the answers of a band of calls used their tools: calls of similar prompts, or under similar load.
public struct ToolBand: Hashable, Sendable {
    /// A range of a whole number, such as of prompt tokens.
    public struct Range: Hashable, Sendable {
        /// The least that belongs to it.
        public let lower: Int
        /// The least that does not belong to it any more; nil for no limit.
        public let upper: Int?

        /// True if a number belongs to it.
        func contains(_ value: Int) -> Bool { value >= lower && value < (upper ?? .max) }
    }

    /// The band.
    public let range: Range
    /// Of the answers to calls for which the recording has tool calls: those whose tool calls all name an offered tool, with
    /// arguments that fit its schema; an answer without any tool call is a miss.
    public let valid: ShareFigure
    /// Of the answers that could be compared with the recording: those that left it.
    public let divergent: ShareFigure

    /// Prompt tokens: below 8,000, to 32,000, to 128,000, and above; the steps of common context limits.
    ///
    /// They are the plan's count, so that a call stands in the same band at every endpoint.
    public static let promptRanges = ranges([0, 8000, 32_000, 128_000])
    /// Calls in flight at the endpoint when the call was sent, itself included: 1, 2 to 4, 5 to 16, 17 to 64, and more.
    public static let loadRanges = ranges([1, 2, 5, 17, 65])

    private static func ranges(_ begins: [Int]) -> [Range] {
        begins.indices.map { Range(lower: begins[$0], upper: $0 + 1 < begins.count ? begins[$0 + 1] : nil) }
    }

    /// Puts answers into bands.
    ///
    /// - Parameters:
    ///   - attempts: the attempts that count; only answers of which it is known how the recording goes on are judged.
    ///   - ranges: the bands.
    ///   - value: what decides the band; an attempt without it is in none.
    /// - Returns: the bands that hold any answer, in their order.
    static func bands(
        _ attempts: [AttemptRow], _ ranges: [Range], by value: (AttemptRow) -> Int?
    ) -> [ToolBand] {
        let judged = attempts.compactMap { attempt -> (value: Int, attempt: AttemptRow)? in
            guard attempt.outcome.isSuccess, attempt.divergence != nil else { return nil }
            return value(attempt).map { ($0, attempt) }
        }
        return ranges.compactMap { range in
            let members = judged.filter { range.contains($0.value) }.map(\.attempt)
            guard !members.isEmpty else { return nil }
            return ToolBand(range: range, members)
        }
    }

    private init(range: Range, _ attempts: [AttemptRow]) {
        self.range = range
        // Answers of one session rise and fall together.
        let sessions = Dictionary(grouping: attempts) { [$0.place.round, $0.place.session] }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }.map(\.value)
        valid = ShareFigure(
            clusters: sessions.map { calls in
                let expected = calls.filter(\.isToolExpected)
                return (expected.count { $0.toolLevel?.isValid == true }, expected.count)
            })
        divergent = ShareFigure(clusters: sessions.map { ($0.count { $0.divergence != .agreeing }, $0.count) })
    }
}

extension AttemptRow {
    /// True if the recording is known to have tool calls where this answer stands.
    var isToolExpected: Bool {
        switch divergence {
        case nil, .unaskedCall: false
        case .agreeing: toolCallCount > 0
        case .noCall, .otherTool, .fewerCalls, .extraCalls, .otherArguments: true
        }
    }
}
