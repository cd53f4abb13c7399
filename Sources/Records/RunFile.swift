public import Profiles
import Quantities

/// A run file that is read.
public struct RunFile: Sendable {
    /// The version of the tables that this program writes.
    public static let schemaVersion = 1

    /// Where it lies.
    public let path: String
    /// Facts of the run by name.
    public let facts: [String: String]
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
        try Self.checkVersion(database, path)
        facts = Dictionary(try Self.rows(FactRow.self, database).map { ($0.name, $0.value) }) { $1 }
        rounds = try Self.rows(RoundRow.self, database)
        sessions = try Self.rows(SessionRow.self, database)
        attempts = try Self.rows(AttemptRow.self, database).sorted { ($0.place, $0.number) < ($1.place, $1.number) }
        health = try Self.rows(HealthRow.self, database)
        notes = try Self.rows(NoteRow.self, database)
        let sources = try Self.rows(DocumentRow.self, database).sorted { $0.position < $1.position }
        guard let plan = sources.first else { throw RecordsError(description: "\(path): holds no plan") }
        do throws(Problems) {
            documents = try DocumentSet(planFile: plan.name) { name in sources.first { $0.name == name }?.bytes }
        } catch {
            throw RecordsError(description: "\(path): its plan cannot be read: \(error)")
        }
    }

    static func checkVersion(_ database: Database, _ path: String) throws(RecordsError) {
        let version = try database.run("PRAGMA user_version").first?.first?.integer ?? 0
        guard version >= 1 else { throw RecordsError(description: "\(path): is no run file of submeter") }
        guard version <= schemaVersion else {
            throw RecordsError(
                description: "\(path): was written by a newer submeter (tables of version \(version), "
                    + "this program knows up to \(schemaVersion))")
        }
    }

    static func rows<Row: RunRow>(_ type: Row.Type, _ database: Database) throws(RecordsError) -> [Row] {
        let columns = Row.columns.map { "\"\($0)\"" }.joined(separator: ", ")
        return try database.run("SELECT \(columns) FROM \"\(Row.table)\"").map { Row($0) }
    }
}
