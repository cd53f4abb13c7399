import CSQLite
import Dispatch
import Glibc
import Quantities
import Synchronization

/// The one thread that writes a run file.
final class RunFileWorker: Sendable {
    private struct Waiting: Sendable {
        var records: [RunRecord] = []
        /// How many times the rows that waited have been taken away to be written.
        var batch = 0
        var isClosing = false
        var failure: RecordsError?
    }

    private let waiting = Mutex(Waiting())
    private let wakeUp = DispatchSemaphore(value: 0)
    private let hasEnded = DispatchSemaphore(value: 0)
    private let part: Int
    // Touched by the worker's thread alone, from the moment that it starts; nil when it has ended.
    private nonisolated(unsafe) var openDatabase: Database?
    private var database: Database {
        guard let database = unsafe openDatabase else { preconditionFailure("the run file was closed") }
        return database
    }

    /// Starts the thread; the database must not be touched by anybody else from then on.
    @unsafe
    init(_ database: Database, part: Int) {
        unsafe openDatabase = database
        self.part = part
        start()
    }

    /// Why a row could not be written, if one could not.
    var failure: RecordsError? { waiting.withLock(\.failure) }

    /// Hands over a row, in place of another if that still waits, and throws what went wrong with an earlier one.
    func append(_ record: RunRecord, replacing earlier: WaitingRow?) throws(RecordsError) -> WaitingRow {
        let (place, failure) = waiting.withLock { waiting -> (WaitingRow, RecordsError?) in
            if let earlier, earlier.batch == waiting.batch {
                waiting.records[earlier.index] = record
                return (earlier, waiting.failure)
            }
            waiting.records.append(record)
            if waiting.records.count > RunFileWriter.maximumWaitingCount {
                waiting.failure = waiting.failure ?? RecordsError(description: "run file: the disk does not keep up")
            }
            return (WaitingRow(batch: waiting.batch, index: waiting.records.count - 1), waiting.failure)
        }
        if let failure { throw failure }
        return place
    }

    private func start() {
        // The thread keeps this object alive for as long as it works.
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { raw in
                guard let raw = unsafe raw else { return nil }
                unsafe Unmanaged<RunFileWorker>.fromOpaque(raw).takeRetainedValue().work()
                return nil
            }, context)
        precondition(code == 0, "no thread for the run file")
        pthread_detach(thread)
    }

    /// Writes what is waiting and ends the thread; returns when it has.
    func end() {
        let mustWait = waiting.withLock { waiting in
            defer { waiting.isClosing = true }
            return !waiting.isClosing
        }
        guard mustWait else { return }
        wakeUp.signal()
        hasEnded.wait()
    }

    private func work() {
        Self.standBack()
        let interval = DispatchTimeInterval.nanoseconds(Int(RunFileWriter.batchInterval.nanoseconds))
        while !waiting.withLock(\.isClosing) {
            _ = wakeUp.wait(timeout: .now() + interval)
            write()
        }
        write()
        try? database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        // One file that can be read wherever it lies. While somebody reads it, it stays as it is, which does no harm.
        try? database.execute("PRAGMA busy_timeout = 250; PRAGMA journal_mode = DELETE")
        // Before the lock of the file goes, and where its owner can wait for it.
        unsafe openDatabase = nil
        hasEnded.signal()
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

    private func write() {
        let records = waiting.withLock { waiting in
            defer {
                waiting.records = []
                waiting.batch += 1
            }
            return waiting.records
        }
        guard !records.isEmpty else { return }
        do throws(RecordsError) {
            try database.execute("BEGIN")
            for record in records { try insert(record) }
            try database.execute("COMMIT")
        } catch {
            try? database.execute("ROLLBACK")
            waiting.withLock { $0.failure = error }
        }
    }

    private func insert(_ record: RunRecord) throws(RecordsError) {
        switch record {
        case .fact(let row): try RunFileWriter.insert(row, database)
        case .round(let row): try RunFileWriter.insert(row, database)
        case .session(var row):
            row.part = part
            try RunFileWriter.insert(row, database)
        case .intent(let intent):
            var row = AttemptRow(intent)
            row.part = part
            try RunFileWriter.insert(row, database)
        case .attempt(var row):
            row.part = part
            try RunFileWriter.insert(row, database)
            if !row.events.isEmpty { try RunFileWriter.insert(StreamRow(row), database) }
        case .health(let row): try RunFileWriter.insert(row, database)
        case .note(let row): try RunFileWriter.insert(row, database)
        }
    }
}
