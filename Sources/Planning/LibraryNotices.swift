import Quantities
import Profiles
import Workloads

/// What a plan makes of its library without being told to.
extension Plan {
    /// What a user should know of how the library is used.
    var libraryNotices: [String] { [passNotice, keptNotice, toolNotice].compactMap(\.self) }

    private var plannedCount: Int { profile.rounds * profile.sessionsPerRound }

    /// That a library is too small for the plan and is gone through again.
    private var passNotice: String? {
        let (held, needed) = (library.sessions.count, plannedCount)
        guard held < needed else { return nil }
        let passes = (needed + held - 1) / held
        let text =
            profile.salts.session
            ? "recorded text is told apart by salts.session"
            : "recorded text is the same, since salts.session is false"
        return "the workload has \(Counted.text(held, "session")), and the plan needs \(needed): each is sent "
            + "\(needed % held == 0 ? "" : "up to ")\(passes) times to each endpoint; made-up text is new each time, \(text)"
    }

    /// How many sessions show what expires during long waits.
    private var keptNotice: String? {
        guard profile.waits.keptShare > 0 else { return nil }
        let planned = rounds.flatMap(\.sessions)
        let kept = planned.count(where: \.keepsLongWaits)
        guard kept > 0 else {
            return
                "waits.kept_share has no effect: too few sessions (of \(planned.count)) wait for a minute or more"
        }
        let isLong = library.sessions.map { $0.calls.contains { $0.wait >= WaitRules.keptFrom } }
        let long = planned.count { isLong[$0.libraryIndex] }
        return "waits.kept_share: \(kept) of \(Counted.text(long, "session")) with waits of a minute or more "
            + "\(kept == 1 ? "keeps" : "keep") them"
    }

    /// That a recording decides on tools which never called one.
    private var toolNotice: String? {
        guard profile.toolChoice == .recorded else { return nil }
        var (count, forbidden) = (0, 0)
        for (index, session) in library.sessions.enumerated() {
            for place in session.calls.indices {
                let choice = toolChoice(place, of: index)
                if Self.requiresTool(choice) { return nil }
                count += 1
                forbidden += choice == .forbidden ? 1 : 0
            }
        }
        return "tool_choice: recorded: no call of the workload tells that it called a tool: \(forbidden) of "
            + "\(Counted.text(count, "call")) may call none, the others leave it to the model"
    }
}
