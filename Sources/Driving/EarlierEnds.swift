import Planning
import Records
import Scheduling

/// The sessions and rounds that had ended before a run was gone on with: their rows hold the times that were measured, and
/// are not written again.
struct EarlierEnds {
    private(set) var sessions: Set<SessionKey> = []
    private(set) var rounds: Set<Int> = []

    /// Looks through an earlier part; nil had no end of anything.
    init(_ file: RunFile?, _ plan: Plan) {
        guard let file else { return }
        var counts: [Int: Int] = [:]
        for row in file.sessions {
            sessions.insert(SessionKey(endpoint: row.endpoint, round: row.round, session: row.session))
            counts[row.round, default: 0] += 1
        }
        // A stop ends the row of its round too, though sessions of that round are still to be played.
        for row in file.rounds where row.ended != nil && plan.rounds.indices.contains(row.round) {
            let whole = plan.rounds[row.round].sessions.count * plan.endpoints.count
            if counts[row.round] == whole { rounds.insert(row.round) }
        }
    }
}
