extension Call {
    /// The ``role`` of calls that were meant for a small model.
    static let smallRole = "small"
    /// The ``role`` of all others.
    static let mainRole = "main"

    /// True if the call is meant for a small model.
    public var isForSmallModel: Bool { role == Self.smallRole }
}
