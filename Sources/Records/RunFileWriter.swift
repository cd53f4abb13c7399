import CSQLite
import Dispatch
import Glibc
public import Profiles
import Quantities
import Synchronization

/// Something to be kept.
public enum RunRecord: Sendable {
    /// A fact of the run.
    case fact(FactRow)
    /// A round that began or ended.
    case round(RoundRow)
    /// A session that ended.
    case session(SessionRow)
    /// An attempt that is about to be made: it stands in the file until its end replaces it, so that a process that is killed
    /// leaves no call unrecorded.
    case intent(IntentRow)
    /// An attempt that ended, or was never made.
    indirect case attempt(AttemptRow)
    /// How the harness fared.
    case health(HealthRow)
    /// Anything else.
    case note(NoteRow)
}

/// Where a row waits to be written.
public struct WaitingRow: Hashable, Sendable {
    let batch: Int
    let index: Int
}

/// Writes a run file: rows are handed over from any thread and written by one of its own, several times a second.
///
/// Each batch is one transaction in WAL mode with full synchronisation, so a killed process loses at most what was handed
/// over in the last quarter of a second, and a power cut no more than that. A file has one writer at a time.
public final class RunFileWriter: Sendable {
    /// How long rows wait for others before they are written together.
    public static let batchInterval = Duration.milliseconds(200)
    /// How many rows may wait; a disk that does not keep up with that ends the run.
    public static let maximumWaitingCount = 200_000

    private let worker: RunFileWorker
    /// Keeps others from writing the same file.
    private let lock: RunFileLock
    /// Which process of the run writes, from zero.
    public let part: Int

    /// Makes a new run file.
    ///
    /// - Parameters:
    ///   - path: where; there must be no such file yet.
    ///   - documents: what the plan was made from.
    ///   - facts: facts of the run.
    /// - Throws: ``RecordsError`` if the file exists or cannot be written.
    public init(creating path: String, documents: DocumentSet, facts: [FactRow]) throws(RecordsError) {
        lock = try RunFileLock(path)
        let database = try Database(path: path, isReadOnly: false)
        guard try database.run("PRAGMA user_version").first?.first?.integer == 0,
            try database.run("SELECT count(*) FROM sqlite_master").first?.first?.integer == 0
        else { throw RecordsError(description: "\(path): exists already; give another name, or --resume it") }
        part = 0
        try Self.configure(database)
        try database.execute("BEGIN")
        try database.execute(Self.schema)
        for (position, source) in documents.sources.enumerated() {
            try Self.insert(DocumentRow(position: position, name: source.name, bytes: source.bytes), database)
        }
        for row in EndpointRow.rows(documents) { try Self.insert(row, database) }
        for fact in facts { try Self.insert(fact, database) }
        try database.execute("PRAGMA user_version = \(RunFile.schemaVersion); COMMIT")
        worker = unsafe RunFileWorker(database, part: part)
    }

    /// Goes on with a run file that was left unfinished.
    ///
    /// - Throws: ``RecordsError`` if there is no such file, it is no run file of this version, or somebody is writing it.
    public init(resuming path: String) throws(RecordsError) {
        lock = try RunFileLock(path)
        let database = try Database(path: path, isReadOnly: false)
        guard try RunFile.checkVersion(database, path) == RunFile.schemaVersion else {
            throw RecordsError(
                description: "\(path): was begun by an older submeter; it can be read, but not gone on with")
        }
        let last = try database.run(
            """
            SELECT max(coalesce((SELECT max(part) FROM attempt), 0),
            coalesce((SELECT value FROM run WHERE name = 'parts') - 1, 0))
            """)
        part = Int(last.first?.first?.integer ?? 0) + 1
        try Self.configure(database)
        try database.execute("BEGIN")
        try Self.insert(FactRow(name: "parts", value: String(part + 1)), database)
        // Sessions that the stop cut off are not over. What they had to leave out is sent now; what was aborted stays, since
        // it may have been charged.
        try database.execute(
            """
            DELETE FROM session WHERE EXISTS (SELECT 1 FROM attempt WHERE ((outcome = 'aborted'
            AND NOT EXISTS (SELECT 1 FROM attempt AS later WHERE later.endpoint = attempt.endpoint
            AND later.round = attempt.round AND later.session = attempt.session AND later.call = attempt.call
            AND later.number > attempt.number)) OR (outcome = 'skipped' AND skip_reason = 'run-stopped'))
            AND attempt.endpoint = session.endpoint AND attempt.round = session.round AND attempt.session = session.session);
            DELETE FROM attempt WHERE outcome = 'skipped' AND skip_reason IN ('run-stopped', 'no-room');
            DELETE FROM run WHERE name = '\(FactRow.stopReason)';
            COMMIT
            """)
        worker = unsafe RunFileWorker(database, part: part)
    }

    deinit {
        worker.end()
    }

    /// Hands over a row.
    ///
    /// - Parameters:
    ///   - record: the row.
    ///   - earlier: a row that need not be written any more if it has not been, since this one says all that it does.
    /// - Returns: where the row waits.
    /// - Throws: ``RecordsError`` if an earlier row could not be written; the run must stop then.
    @discardableResult
    public func append(_ record: RunRecord, replacing earlier: WaitingRow? = nil) throws(RecordsError) -> WaitingRow {
        try worker.append(record, replacing: earlier)
    }

    /// Writes what is waiting, folds the write-ahead log into the file, and ends the writer.
    ///
    /// - Throws: ``RecordsError`` if anything could not be written.
    public func close() throws(RecordsError) {
        worker.end()
        lock.release()
        if let failure = worker.failure { throw failure }
    }

    static func insert<Row: RunRow>(_ row: Row, _ database: Database) throws(RecordsError) {
        try database.insert(row)
    }

    private static func configure(_ database: Database) throws(RecordsError) {
        try database.run("PRAGMA journal_mode = WAL")
        try database.execute("PRAGMA synchronous = FULL")
    }

    private static var schema: String {
        func table<Row: RunRow>(_ type: Row.Type, key: [String]) -> String {
            let columns = Row.columns.map { "\"\($0)\"" }.joined(separator: ", ")
            let primary = key.isEmpty ? "" : ", PRIMARY KEY (\(key.map { "\"\($0)\"" }.joined(separator: ", ")))"
            // Rows that have a place are kept in its order: no second tree beside that of SQLite's own row numbers.
            let order = key.isEmpty ? "" : " WITHOUT ROWID"
            return "CREATE TABLE \"\(Row.table)\" (\(columns)\(primary))\(order);\n"
        }
        return table(FactRow.self, key: ["name"]) + table(DocumentRow.self, key: ["position"])
            + table(EndpointRow.self, key: ["endpoint"])
            + table(RoundRow.self, key: ["round"]) + table(SessionRow.self, key: ["endpoint", "round", "session"])
            + table(AttemptRow.self, key: CallPlace.columns + ["number"])
            + table(StreamRow.self, key: CallPlace.columns + ["number"]) + table(HealthRow.self, key: [])
            + table(NoteRow.self, key: [])
    }
}
