public import Profiles
import Quantities

/// A run file that is read.
public struct RunFile: Sendable {
    /// The version of the tables that this program writes.
    public static let schemaVersion = 6

    /// Where it lies.
    public let path: String
    /// Facts of the run by name.
    public let facts: [String: String]
    /// True if modelled providers stood for the plan's own, so that no figure says anything of a real one.
    public var isRehearsal: Bool { facts[FactRow.rehearsal] != nil }
    /// The documents that its plan was made from.
    public let documents: DocumentSet
    /// The rounds.
    public let rounds: [RoundRow]
    /// The sessions that ended.
    public let sessions: [SessionRow]
    /// The attempts, in the order of their calls.
    public let attempts: [AttemptRow]
    /// How the harness fared.
    public let health: [HealthRow]
    /// What else happened.
    public let notes: [NoteRow]

    /// Reads a run file, also one that is being written.
    ///
    /// - Throws: ``RecordsError`` if there is no such file, or it is no run file of a known version.
    public init(path: String) throws(RecordsError) {
        self.path = path
        let database = try Database(path: path, isReadOnly: true)
        // All tables of one moment: the run may be going on.
        try database.execute("BEGIN")
        let version = try Self.checkVersion(database, path)
        facts = Dictionary(try Self.rows(FactRow.self, database).map { ($0.name, $0.value) }) { $1 }
        rounds = try Self.rows(RoundRow.self, database)
        sessions = try Self.rows(SessionRow.self, database, version)
        attempts = try Self.attempts(database, version)
        health = try Self.rows(HealthRow.self, database)
        notes = try Self.rows(NoteRow.self, database)
        let sources = try Self.rows(DocumentRow.self, database).sorted { $0.position < $1.position }
        guard let plan = sources.first else { throw RecordsError(description: "\(path): holds no plan") }
        do throws(Problems) {
            documents = try DocumentSet(planFile: plan.name, areRecorded: true) { name in
                sources.first { $0.name == name }?.bytes
            }
        } catch {
            throw RecordsError(description: "\(path): its plan cannot be read: \(error)")
        }
    }

    private static func attempts(_ database: Database, _ version: Int) throws(RecordsError) -> [AttemptRow] {
        var events: [CallPlace: [Int: [ContentEvent]]] = [:]
        for stream in try rows(StreamRow.self, database, version) {
            events[stream.place, default: [:]][stream.number] = stream.events
        }
        var attempts = try rows(AttemptRow.self, database, version)
        for index in attempts.indices {
            attempts[index].events = events[attempts[index].place]?[attempts[index].number] ?? []
        }
        return attempts.sorted { ($0.place, $0.number) < ($1.place, $1.number) }
    }

    /// Returns the version of a run file's tables.
    @discardableResult
    static func checkVersion(_ database: Database, _ path: String) throws(RecordsError) -> Int {
        let version = try database.run("PRAGMA user_version").first?.first?.integer ?? 0
        guard version >= 1 else { throw RecordsError(description: "\(path): is no run file of submeter") }
        guard version <= schemaVersion else {
            throw RecordsError(
                description: "\(path): was written by a newer submeter (tables of version \(version), "
                    + "this program knows up to \(schemaVersion))")
        }
        return Int(version)
    }

    /// All rows of a table, also of older versions.
    ///
    /// Version 1 kept the events in the attempt's row, did not say which process of the run wrote a row, and knew nothing of
    /// routes and quotas. Version 2 did not judge tool calls, version 3 did not tell where a call stands in its session, version
    /// 4 did not tell how long an answer was to be, and version 5 sent all calls to one model, did not tell how long the budget
    /// held a call back, nor the end of an answer from that of its exchange.
    static func rows<Row: RunRow>(
        _ type: Row.Type, _ database: Database, _ version: Int = schemaVersion
    ) throws(RecordsError) -> [Row] {
        let missing: [(untilVersion: Int, columns: [String: String])] = [
            (
                2,
                [
                    "part": "0", "fingerprint": "NULL", "served_region": "NULL", "route_mismatch": "NULL",
                    "quotas": "NULL", "will_retry": "0",
                ]
            ), (3, ["tool_level": "NULL", "divergence": "NULL", "substituted_calls": "0"]),
            (4, ["agent": "NULL", "previous_call": "NULL", "is_final": "NULL"]),
            (5, ["wanted_output_tokens": "NULL", "output_is_forced": "NULL"]),
            (6, ["model": "NULL", "budget_hold_ns": "0", "closed_ns": "ended_ns"]),
        ]
        let columns = Row.columns.map { column in
            missing.first { version < $0.untilVersion && $0.columns[column] != nil }?.columns[column] ?? "\"\(column)\""
        }.joined(separator: ", ")
        let table = version < 2 && Row.table == StreamRow.table ? AttemptRow.table : Row.table
        return try database.run("SELECT \(columns) FROM \"\(table)\"").map { Row($0) }
    }
}
