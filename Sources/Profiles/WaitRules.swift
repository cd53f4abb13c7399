import Quantities

/// What becomes of the client's own waits, beside the scale of all times.
///
/// Most tools cap waits, and so a cache never expires in what they measure. A small share of sessions that keeps its real long
/// waits shows it, at the cost of so many long sessions.
public struct WaitRules: Hashable, Sendable {
    /// The longest wait of an ordinary session, after scaling; nil sets no limit.
    public var longest: Duration?
    /// The share of those sessions with a wait of ``keptFrom`` or more that keep such waits unscaled, 0 to 1.
    public var keptShare: Double
    /// The longest wait of such a session; nil sets no limit.
    public var longestKept: Duration?

    /// Waits from a minute on may outlive a cache.
    public static let keptFrom = Duration.seconds(60)

    /// Waits as they were recorded.
    public static let none = WaitRules(longest: nil, keptShare: 0, longestKept: nil)
}

extension WaitRules {
    /// Reads the section `waits`.
    init(_ reader: MappingReader?) {
        self = .none
        guard var reader else { return }
        longest = reader.optionalDuration("longest")
        let share = reader.optionalNumber("kept_share", in: 0...1)
        keptShare = share ?? 0
        longestKept = reader.optionalDuration("longest_kept")
        // A share that cannot be read is told already.
        if longestKept != nil, share == 0 || !reader.keys.contains("kept_share") {
            reader.report("longest_kept", "has no meaning without kept_share")
        }
        if let longestKept, longestKept < Self.keptFrom {
            reader.report("longest_kept", "must be at least 60s: only waits of a minute or more are kept")
        }
        reader.finish()
    }
}

extension PlanProfile {
    /// What becomes of waits, in a few words; nil if they are as recorded.
    public var waitText: String? {
        var parts = timeScale == 1 ? [] : ["waits scaled by \(timeScale)"]
        if let longest = waits.longest { parts.append("waits of at most \(longest.seconds) s") }
        if waits.keptShare > 0 {
            let end = waits.longestKept.map { ", up to \($0.seconds) s" } ?? ""
            parts.append("\(waits.keptShare * 100) % of sessions keep waits of a minute or more\(end)")
        }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}
