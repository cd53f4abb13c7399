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
    /// An attempt that ended, or was never made.
    case attempt(AttemptRow)
    /// How the harness fared.
    case health(HealthRow)
    /// Anything else.
    case note(NoteRow)
}

/// Writes a run file: rows are handed over from any thread and written by one, several times a second.
///
/// Each batch is one transaction in WAL mode with full synchronisation, so a killed process loses at most what was handed
/// over in the last quarter of a second, and a power cut no more than that.
public final class RunFileWriter: Sendable {
    /// How long rows wait for others before they are written together.
    public static let batchInterval = Duration.milliseconds(200)
    /// How many rows may wait before the one who hands over the next has to.
    public static let maximumWaitingCount = 50_000

    private struct Waiting: Sendable {
        var records: [RunRecord] = []
        var isScheduled = false
        var failure: RecordsError?
    }

    private let queue = DispatchQueue(label: "submeter.records")
    private let waiting = Mutex(Waiting())
    // Touched only by blocks on `queue`, which runs one at a time.
    private nonisolated(unsafe) let database: Database
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
        let database = try Database(path: path, isReadOnly: false)
        guard try database.run("PRAGMA user_version").first?.first?.integer == 0,
            try database.run("SELECT count(*) FROM sqlite_master").first?.first?.integer == 0
        else { throw RecordsError(description: "\(path): exists already; give another name, or --resume it") }
        unsafe self.database = database
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
    }

    /// Goes on with a run file that was left unfinished.
    ///
    /// - Throws: ``RecordsError`` if there is no such file or it is no run file.
    public init(resuming path: String) throws(RecordsError) {
        let database = try Database(path: path, isReadOnly: false)
        guard try RunFile.checkVersion(database, path) == RunFile.schemaVersion else {
            throw RecordsError(
                description: "\(path): was begun by an older submeter; it can be read, but not gone on with")
        }
        unsafe self.database = database
        let last = try database.run(
            """
            SELECT max(coalesce((SELECT max(part) FROM attempt), 0),
            coalesce((SELECT value FROM run WHERE name = 'parts') - 1, 0))
            """)
        part = Int(last.first?.first?.integer ?? 0) + 1
        try Self.configure(database)
        try Self.insert(FactRow(name: "parts", value: String(part + 1)), database)
        // What the earlier part had to leave out is sent now; what it aborted stays, since it may have been charged.
        try database.execute("DELETE FROM attempt WHERE outcome = 'skipped' AND skip_reason = 'run-stopped'")
        try database.execute(
            """
            DELETE FROM session WHERE NOT is_success AND EXISTS (SELECT 1 FROM attempt WHERE outcome = 'aborted'
            AND attempt.endpoint = session.endpoint AND attempt.round = session.round AND attempt.session = session.session)
            """)
    }

    /// Hands over a row.
    ///
    /// - Throws: ``RecordsError`` if an earlier row could not be written; the run must stop then.
    public func append(_ record: RunRecord) throws(RecordsError) {
        let (mustSchedule, isFull, failure) = waiting.withLock { waiting in
            waiting.records.append(record)
            let mustSchedule = !waiting.isScheduled
            waiting.isScheduled = true
            return (mustSchedule, waiting.records.count > Self.maximumWaitingCount, waiting.failure)
        }
        if let failure { throw failure }
        if isFull {
            queue.sync { write() }
        } else if mustSchedule {
            let delay = DispatchTimeInterval.nanoseconds(Int(Self.batchInterval.nanoseconds))
            queue.asyncAfter(deadline: .now() + delay) {
                Self.standBack()
                self.write()
            }
        }
    }

    /// Lets every other thread go first: writing can wait, reading sockets cannot.
    ///
    /// On Linux a scheduling policy is a thread's own. A thread of policy IDLE yields at once to any that wakes up, where
    /// one that is merely nice may first use up its slice of 4 ms.
    private static func standBack() {
        var parameters = sched_param()
        unsafe sched_setscheduler(0, idlePolicy, &parameters)
    }

    /// SCHED_IDLE of sched(7), which Swift's Glibc module leaves out.
    private static let idlePolicy: Int32 = 5

    /// Writes what is waiting and folds the write-ahead log into the file.
    ///
    /// - Throws: ``RecordsError`` if anything could not be written.
    public func close() throws(RecordsError) {
        queue.sync {
            write()
            unsafe try? database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        }
        if let failure = waiting.withLock(\.failure) { throw failure }
    }

    private func write() {
        let records = waiting.withLock { waiting in
            waiting.isScheduled = false
            defer { waiting.records = [] }
            return waiting.records
        }
        guard !records.isEmpty else { return }
        do throws(RecordsError) {
            unsafe try database.execute("BEGIN")
            for record in records { try insert(record) }
            unsafe try database.execute("COMMIT")
        } catch {
            unsafe try? database.execute("ROLLBACK")
            waiting.withLock { $0.failure = error }
        }
    }

    private func insert(_ record: RunRecord) throws(RecordsError) {
        switch record {
        case .fact(let row): unsafe try Self.insert(row, database)
        case .round(let row): unsafe try Self.insert(row, database)
        case .session(var row):
            row.part = part
            unsafe try Self.insert(row, database)
        case .attempt(var row):
            row.part = part
            unsafe try Self.insert(row, database)
            if !row.events.isEmpty { unsafe try Self.insert(StreamRow(row), database) }
        case .health(let row): unsafe try Self.insert(row, database)
        case .note(let row): unsafe try Self.insert(row, database)
        }
    }

    private static func insert<Row: RunRow>(_ row: Row, _ database: Database) throws(RecordsError) {
        try database.run(Row.insertion, row.values)
    }

    private static func configure(_ database: Database) throws(RecordsError) {
        try database.run("PRAGMA journal_mode = WAL")
        try database.execute("PRAGMA synchronous = FULL")
    }

    private static var schema: String {
        func table<Row: RunRow>(_ type: Row.Type, key: [String]) -> String {
            let columns = Row.columns.map { "\"\($0)\"" }.joined(separator: ", ")
            let primary = key.isEmpty ? "" : ", PRIMARY KEY (\(key.map { "\"\($0)\"" }.joined(separator: ", ")))"
            return "CREATE TABLE \"\(Row.table)\" (\(columns)\(primary));\n"
        }
        return table(FactRow.self, key: ["name"]) + table(DocumentRow.self, key: ["position"])
            + table(EndpointRow.self, key: ["endpoint"])
            + table(RoundRow.self, key: ["round"]) + table(SessionRow.self, key: ["endpoint", "round", "session"])
            + table(AttemptRow.self, key: CallPlace.columns + ["number"])
            + table(StreamRow.self, key: CallPlace.columns + ["number"]) + table(HealthRow.self, key: [])
            + table(NoteRow.self, key: [])
    }
}
