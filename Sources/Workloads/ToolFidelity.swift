import Encodings
public import Quantities

/// The tool calls that a recorded answer made, as far as the recording tells.
public struct ExpectedTools: Hashable, Sendable {
    /// One per tool call; a name or arguments that are not known are nil.
    public var calls: [(name: String?, arguments: String?)] { zip(names, arguments).map { ($0, $1) } }
    private var names: [String?]
    private var arguments: [String?]

    /// What was recorded of a call's answer: the tools of the answer itself, else those whose results later calls bring.
    ///
    /// It is nil if neither is known, nor that the answer ended without any.
    ///
    /// - Parameters:
    ///   - index: the call.
    ///   - session: its session.
    ///   - graph: what the session's calls have in their contexts.
    public init?(_ index: Int, in session: Session, _ graph: ContextGraph) {
        let recorded = session.calls[index].answer.toolCalls
        guard recorded.isEmpty else {
            names = recorded.map(\.name)
            arguments = recorded.map(\.arguments)
            return
        }
        let followers = graph.entries.indices.filter { graph.entries[$0].answered == index }
        let results = followers.map { session.calls[$0].added.filter { $0.role == "tool" } }
        if let longest = results.max(by: { $0.count < $1.count }) {
            names = longest.map(\.name)
            arguments = longest.map { _ in nil }
            return
        }
        guard let stop = session.calls[index].stop, Self.finalStops.contains(stop) else { return nil }
        (names, arguments) = ([], [])
    }

    /// How the dialects say that an answer is whole and wants no tool.
    private static let finalStops: Set<String> = [
        "end_turn", "stop", "stop_sequence", "completed", "STOP", "eos_token",
    ]

    /// Makes an expectation.
    public init(names: [String?], arguments: [String?]) {
        self.names = names
        self.arguments = arguments
    }
}

/// How the tool calls of a live answer agree with the tools that were offered, and with the recording.
public struct ToolFidelity: Hashable, Sendable {
    /// The worst level of the answer's tool calls; nil if it has none.
    public let level: ToolLevel?
    /// How the answer compares with the recording; nil if nothing is known of that.
    public let divergence: ToolDivergence?

    /// Judges an answer.
    ///
    /// - Parameters:
    ///   - live: its tool calls.
    ///   - tools: the tools that were offered.
    ///   - expected: what was recorded; nil if that is not known.
    public init(_ live: [ToolCall], tools: [ToolDefinition], expected: ExpectedTools?) {
        var open = expected?.calls ?? []
        var levels: [ToolLevel] = []
        var namesAgree = true
        for call in live {
            var level = Self.validity(call, tools)
            // Of several recorded calls of one tool, the one with the same arguments is the counterpart.
            let candidates = open.indices.filter { open[$0].name == nil || open[$0].name == call.name }
            let same = candidates.first { Self.areEqual(open[$0].arguments, call.arguments) }
            if let place = same ?? candidates.first {
                if level == .valid, open[place].name != nil { level = same == nil ? .nameMatch : .argumentMatch }
                open.remove(at: place)
            } else {
                namesAgree = false
            }
            levels.append(level)
        }
        level = levels.min()
        guard let wanted = expected?.calls else {
            divergence = nil
            return
        }
        divergence =
            switch (live.count, wanted.count) {
            case (0, 0): ToolDivergence.agreeing
            case (0, _): .noCall
            case (_, 0): .unaskedCall
            case let (made, recorded) where made > recorded: .extraCalls
            case _ where !namesAgree: .otherTool
            case let (made, recorded) where made < recorded: .fewerCalls
            default:
                wanted.allSatisfy { $0.arguments != nil } && levels.contains { $0 != .argumentMatch }
                    ? .otherArguments : ToolDivergence.agreeing
            }
    }

    private static func validity(_ call: ToolCall, _ tools: [ToolDefinition]) -> ToolLevel {
        guard let tool = tools.first(where: { $0.name == call.name }) else { return .unknownName }
        let text = call.arguments.isEmpty ? "{}" : call.arguments
        guard (try? JSONValue(parsing: Array(text.utf8)))?.objectValue != nil else { return .invalidJSON }
        let problems = JSONSchema.problems(in: Array(text.utf8), schema: tool.parameters.serialized())
        return problems?.isEmpty ?? true ? .valid : .schemaMismatch
    }

    /// True if both are JSON of one meaning, whatever the order of their members.
    private static func areEqual(_ recorded: String?, _ live: String) -> Bool {
        guard let recorded, let left = try? JSONValue(parsing: Array(recorded.utf8)),
            let right = try? JSONValue(parsing: Array((live.isEmpty ? "{}" : live).utf8))
        else { return false }
        return left.sorted == right.sorted
    }
}

extension JSONValue {
    /// The same value with the members of its objects in the order of their keys.
    fileprivate var sorted: JSONValue {
        if let elements = arrayValue { return .array(elements.map(\.sorted)) }
        guard let members = objectValue?.members else { return self }
        return .object(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted) }))
    }
}
