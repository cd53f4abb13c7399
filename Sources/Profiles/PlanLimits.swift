import Encodings

/// What a plan's name and size must be, so that it can be run.
extension PlanProfile {
    /// The most sessions of an endpoint; planning so many takes 1.3 to 1.4 GB.
    static let maximumSessionCount = 10_000_000

    /// The most sessions that a generator makes for a plan: each is kept with all its calls, of which `coding-S` takes 1 GB.
    static let maximumGeneratedCount = 100_000

    /// The most bytes of a name, to which a run file adds a time and an ending; file systems take 255 in all.
    private static let longestName = 200

    /// Reports a name that no run file can have.
    static func checkName(_ name: String, _ reader: MappingReader) {
        // What is no text at all has been told already.
        guard case .scalar(let written, _)? = reader.value(of: "name")?.content, written == name else { return }
        let isControl = { (scalar: Unicode.Scalar) in scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
        if !name.contains(where: { !$0.isWhitespace }) {
            reader.forbid("name", "must be more than blanks; run files are named after it")
        } else if name.utf8.count > longestName {
            reader.forbid("name", "must be at most \(longestName) bytes; run files are named after it")
        } else if name.unicodeScalars.contains(where: { $0 == "/" || isControl($0) }) {
            reader.forbid("name", "must be without '/' and control characters; run files are named after it")
        }
    }

    /// Reports more sessions than can be planned.
    static func checkCount(_ reader: MappingReader, rounds: Int, sessionsPerRound: Int) {
        guard rounds * sessionsPerRound > maximumSessionCount else { return }
        let count = countText(rounds: rounds, sessionsPerRound: sessionsPerRound)
        reader.forbid("sessions_per_round", "\(count); at most \(maximumSessionCount) can be planned")
    }

    /// How many sessions there are, such as `2 rounds of 3 sessions are 6 sessions per endpoint`.
    static func countText(rounds: Int, sessionsPerRound: Int) -> String {
        "\(rounds) rounds of \(sessionsPerRound) sessions are \(rounds * sessionsPerRound) sessions per endpoint"
    }
}

extension DocumentCollection {
    /// Reports more sessions than a generator makes for a plan.
    mutating func checkGeneratedCount() {
        let keys = ["rounds", "sessions_per_round"]
        guard let reading = plan, case .plan(let plan)? = reading.document, keys.allSatisfy({ reading.isKnown($0) }),
            let (profile, _, document) = workload, case .generator = profile.origin, profile.sessionCount == nil,
            ["session_count", "generator", "sessions_file"].allSatisfy({ document.isKnown($0) }),
            plan.rounds * plan.sessionsPerRound > PlanProfile.maximumGeneratedCount
        else { return }
        let count = PlanProfile.countText(rounds: plan.rounds, sessionsPerRound: plan.sessionsPerRound)
        let mark = reading.value("sessions_per_round")?.mark ?? reading.value("rounds")?.mark
        forbid(
            Problem(
                file: planFile, mark: mark ?? YAMLMark(line: 1, column: 1), path: "sessions_per_round",
                message:
                    "\(count); a generator makes at most \(PlanProfile.maximumGeneratedCount): give the workload "
                    + "a 'session_count', which is gone through again, or plan fewer"))
    }
}
