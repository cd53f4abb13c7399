/// Records of a trace that are held until its end, since they may stand in any order.
struct HeldRecords<Record: Sendable>: Sendable {
    /// One record with its place in the trace.
    struct Held: Sendable {
        /// The record.
        let record: Record
        /// Its time in seconds from any beginning; nil if the source does not say.
        let seconds: Double?
        /// Where it stands.
        let source: TraceSource
        fileprivate let session: String
        fileprivate let order: Double
    }

    private var held: [Held] = []

    /// How many records are held.
    var count: Int { held.count }

    /// Takes a record.
    ///
    /// - Parameters:
    ///   - record: the record.
    ///   - session: the name of its session.
    ///   - seconds: its time from any beginning.
    ///   - order: by which the records of a session are ordered; those of one order keep the order of the file.
    ///   - source: where it stands.
    mutating func add(
        _ record: Record, session: String, seconds: Double?, order: Double = 0, _ source: TraceSource
    ) {
        held.append(Held(record: record, seconds: seconds, source: source, session: session, order: order))
    }

    /// Hands out all records by session, and the earliest time of all.
    ///
    /// - Returns: the sessions in the order of their first record's time, and, where times are equal or unknown, of the file.
    mutating func sessions() -> (earliest: Double, sessions: [(name: String, records: [Held])]) {
        var positions: [String: Int] = [:]
        var sessions: [(name: String, records: [Held])] = []
        var earliest: Double?
        for record in held {
            if let position = positions[record.session] {
                sessions[position].records.append(record)
            } else {
                positions[record.session] = sessions.count
                sessions.append((record.session, [record]))
            }
            if let seconds = record.seconds { earliest = min(earliest ?? seconds, seconds) }
        }
        held = []
        for index in sessions.indices {
            let records = sessions[index].records
            let order = records.indices.sorted { (records[$0].order, $0) < (records[$1].order, $1) }
            sessions[index].records = order.map { records[$0] }
        }
        func begin(_ index: Int) -> Double { sessions[index].records.first?.seconds ?? 0 }
        let order = sessions.indices.sorted { (begin($0), $0) < (begin($1), $1) }
        return (earliest ?? 0, order.map { sessions[$0] })
    }
}
