/// How far a tool call of an answer gets, from the worst to the best.
///
/// The raw value is what the run file, the exports and the tables show.
public enum ToolLevel: String, CaseIterable, Hashable, Comparable, Sendable {
    /// It names a tool that was not offered.
    case unknownName = "unknown-name"
    /// Its arguments are no JSON object.
    case invalidJSON = "invalid-json"
    /// Its arguments do not fit the tool's schema.
    case schemaMismatch = "schema-mismatch"
    /// It is valid; the recording has no such call, or does not tell.
    case valid
    /// It is valid and the recording calls the same tool.
    case nameMatch = "name-match"
    /// It is valid and the recording has the same arguments, too.
    case argumentMatch = "argument-match"

    /// True if the call can be carried out.
    public var isValid: Bool { self >= .valid }

    /// Orders from worse to better.
    public static func < (left: ToolLevel, right: ToolLevel) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}

/// How an answer's tool calls compare with the recorded ones.
public enum ToolDivergence: String, CaseIterable, Hashable, Sendable {
    /// It goes the recorded way.
    case agreeing = "none"
    /// It calls no tool where the recording does.
    case noCall = "no-call"
    /// It calls a tool where the recording ends.
    case unaskedCall = "unasked-call"
    /// It calls another tool.
    case otherTool = "other-tool"
    /// It calls fewer tools.
    case fewerCalls = "fewer-calls"
    /// It calls more tools.
    case extraCalls = "extra-calls"
    /// It calls the same tools with other arguments.
    case otherArguments = "other-arguments"
}
