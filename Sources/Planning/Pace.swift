import Profiles
import Quantities
import Statistics
import Workloads

/// How long a replayed session lets pass between its calls.
struct Pace: Hashable, Sendable {
    private let scale: Double
    private let rules: WaitRules

    /// The pace of a plan.
    init(_ profile: PlanProfile) {
        scale = profile.timeScale
        rules = profile.waits
    }

    /// The wait that is made of a recorded one.
    ///
    /// - Parameters:
    ///   - recorded: the recorded wait, zero or more.
    ///   - keepsLongWaits: true if the session is one of those that show what expires meanwhile.
    /// - Returns: zero or more.
    func wait(_ recorded: Duration, keepsLongWaits: Bool) -> Duration {
        let scaled = Duration.nanoseconds(Int64((Double(recorded.nanoseconds) * scale).rounded()))
        let ordinary = rules.longest.map { min($0, scaled) } ?? scaled
        guard keepsLongWaits, recorded >= WaitRules.keptFrom else { return ordinary }
        return max(ordinary, rules.longestKept.map { min($0, recorded) } ?? recorded)
    }

    /// Which sessions keep their long waits: of those that have some, as many as the share says, evenly spread.
    ///
    /// - Parameters:
    ///   - library: the sessions, gone through again and again.
    ///   - count: how many are planned.
    ///   - seed: decides where the spreading begins.
    /// - Returns: one answer per planned session; how many keep them differs from the share by less than one.
    func kept(_ library: SessionLibrary, count: Int, seed: Seed) -> [Bool] {
        let hasLongWaits = library.sessions.map { $0.calls.contains { $0.wait >= WaitRules.keptFrom } }
        var generator = SeededGenerator(seed: seed)
        var position = generator.uniform()
        return (0..<count).map { number in
            guard hasLongWaits[number % hasLongWaits.count], rules.keptShare > 0 else { return false }
            position += rules.keptShare
            guard position >= 1 else { return false }
            position -= 1
            return true
        }
    }
}

extension Plan {
    /// How long the client waits before a call, after what it depends on has ended.
    public func wait(before key: CallKey) -> Duration {
        let planned = rounds[key.session.round].sessions[key.session.session]
        let recorded = library.sessions[planned.libraryIndex].calls[key.call].wait
        return pace.wait(recorded, keepsLongWaits: planned.keepsLongWaits)
    }
}
