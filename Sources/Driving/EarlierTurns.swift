import Planning
import Profiles
import Quantities
import Records
import Scheduling
import Workloads

/// How far the turns of an open loop had come when a run was interrupted, as its rows tell.
enum EarlierTurns {
    /// The time that had passed in each turn of which a session had begun.
    ///
    /// A turn's beginning follows from when the first calls of its sessions were due. Parts of a run have clocks of their own,
    /// so only sessions that began in the last part are asked.
    static func times(_ plan: Plan, _ rows: [AttemptRow]) -> [RunHistory.Turn: Duration] {
        guard plan.profile.load.isOpen else { return [:] }
        var firstParts: [SessionKey: Int] = [:]
        for row in rows where row.due != nil {
            let key = CallKey(row.place).session
            firstParts[key] = min(firstParts[key] ?? row.part, row.part)
        }
        var begins: [RunHistory.Turn: (part: Int, at: Instant)] = [:]
        for row in rows where row.number == 0 {
            let key = CallKey(row.place)
            guard let due = row.due, firstParts[key.session] == row.part,
                plan.graph(key.session).entries[key.call].dependencies.isEmpty,
                let offset = plan.rounds[key.session.round].sessions[key.session.session].offset
            else { continue }
            let begin = due.advanced(by: .zero - offset - plan.wait(before: key))
            let turn = RunHistory.Turn(endpoint: key.session.endpoint, round: key.session.round)
            if let known = begins[turn], (known.part, begin) > (row.part, known.at) { continue }
            begins[turn] = (row.part, begin)
        }
        var times: [RunHistory.Turn: Duration] = [:]
        for row in rows {
            let turn = RunHistory.Turn(endpoint: row.place.endpoint, round: row.place.round)
            guard let begin = begins[turn], begin.part == row.part else { continue }
            times[turn] = max(times[turn] ?? .zero, row.ended - begin.at)
        }
        return times
    }
}
