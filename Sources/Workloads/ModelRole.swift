extension Call {
    /// The ``role`` of calls that were meant for a small model.
    static let smallRole = "small"

    /// True if the call is meant for a small model; every other role is the main model's.
    public var isForSmallModel: Bool { role == Self.smallRole }
}
