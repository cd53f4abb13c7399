import CSQLite
import Glibc

/// Why a run file cannot be used.
public struct RecordsError: Error, Hashable, CustomStringConvertible, Sendable {
    /// What is wrong and what helps.
    public let description: String
    /// True if another process is writing the file.
    public let isInUse: Bool

    init(description: String, isInUse: Bool = false) {
        self.description = description
        self.isInUse = isInUse
    }
}

/// A value of a table.
enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    init(_ value: Int64?) { self = value.map { .integer($0) } ?? .null }
    init(_ value: Int?) { self = value.map { .integer(Int64($0)) } ?? .null }
    init(_ value: String?) { self = value.map { .text($0) } ?? .null }
    init(_ value: Bool?) { self = value.map { .integer($0 ? 1 : 0) } ?? .null }

    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    var text: String? { if case .text(let value) = self { value } else { nil } }
    var blob: [UInt8]? { if case .blob(let value) = self { value } else { nil } }
}

/// One connection to a SQLite file.
///
/// Used by one thread at a time.
@safe
final class Database {
    private let handle: OpaquePointer
    private let path: String
    private var statements: [String: OpaquePointer] = unsafe [:]
    /// The statements that write the rows of a type: the text of one is long to look up for each row.
    private var insertions: [ObjectIdentifier: OpaquePointer] = unsafe [:]

    init(path: String, isReadOnly: Bool) throws(RecordsError) {
        var handle: OpaquePointer?
        let flags =
            isReadOnly ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let code = unsafe sqlite3_open_v2(isReadOnly ? Self.readingAddress(path) : path, &handle, flags, nil)
        guard code == SQLITE_OK, let handle = unsafe handle else {
            unsafe sqlite3_close_v2(handle)
            throw RecordsError(
                description: "\(path): cannot be opened: \(unsafe String(cString: sqlite3_errstr(code)))")
        }
        unsafe self.handle = handle
        self.path = path
        unsafe sqlite3_busy_timeout(handle, 5000)
    }

    deinit {
        while let (_, statement) = unsafe statements.popFirst() { unsafe sqlite3_finalize(statement) }
        unsafe sqlite3_close_v2(handle)
    }

    /// Where SQLite should read a file.
    ///
    /// SQLite wants to make its shared memory beside a file in WAL mode, even to read it. Where it may not write, and no log
    /// waits to be read, nobody else writes the file either, and it can be read as it stands; see "Read-Only WAL-Mode
    /// Databases" in SQLite's documentation.
    private static func readingAddress(_ path: String) -> String {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let isWritable = unsafe access(folder, W_OK) == 0
        let hasLog = unsafe access(path + "-wal", F_OK) == 0
        return address(path, isImmutable: !isWritable && !hasLog)
    }

    /// The path as a URI of SQLite: all but what is plain in a path is escaped.
    static func address(_ path: String, isImmutable: Bool) -> String {
        var text = path.hasPrefix("/") ? "file://" : "file:"
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "-")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16)
            }
        }
        return text + (isImmutable ? "?immutable=1" : "")
    }

    func execute(_ script: String) throws(RecordsError) {
        guard unsafe sqlite3_exec(handle, script, nil, nil, nil) == SQLITE_OK else { throw failure() }
    }

    /// Runs one statement and gives its rows.
    @discardableResult
    func run(_ sql: String, _ values: [SQLValue] = []) throws(RecordsError) -> [[SQLValue]] {
        unsafe try run(try prepared(sql), values)
    }

    /// Writes a row.
    func insert<Row: RunRow>(_ row: Row) throws(RecordsError) {
        if let known = unsafe insertions[ObjectIdentifier(Row.self)] {
            unsafe try run(known, row.values)
        } else {
            let statement = unsafe try prepared(Row.insertion)
            unsafe insertions[ObjectIdentifier(Row.self)] = statement
            unsafe try run(statement, row.values)
        }
    }

    @discardableResult
    private func run(_ statement: OpaquePointer, _ values: [SQLValue]) throws(RecordsError) -> [[SQLValue]] {
        defer { unsafe sqlite3_reset(statement) }
        for (index, value) in values.enumerated() { unsafe bind(value, Int32(index + 1), statement) }
        var rows: [[SQLValue]] = []
        while true {
            switch unsafe sqlite3_step(statement) {
            case SQLITE_ROW: rows.append(unsafe row(statement))
            case SQLITE_DONE: return rows
            default: throw failure()
            }
        }
    }

    private func prepared(_ sql: String) throws(RecordsError) -> OpaquePointer {
        if let known = unsafe statements[sql] { return unsafe known }
        var statement: OpaquePointer?
        guard unsafe sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK, let made = unsafe statement
        else {
            throw failure()
        }
        unsafe statements[sql] = made
        return unsafe made
    }

    private func bind(_ value: SQLValue, _ index: Int32, _ statement: OpaquePointer) {
        // SQLITE_TRANSIENT: SQLite copies the bytes before the call returns.
        let copies = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: unsafe sqlite3_bind_null(statement, index)
        case .integer(let number): unsafe sqlite3_bind_int64(statement, index, number)
        case .real(let number): unsafe sqlite3_bind_double(statement, index, number)
        case .text(let text): unsafe sqlite3_bind_text(statement, index, text, Int32(text.utf8.count), copies)
        case .blob(let bytes): unsafe sqlite3_bind_blob64(statement, index, bytes, UInt64(bytes.count), copies)
        }
    }

    private func row(_ statement: OpaquePointer) -> [SQLValue] {
        let count = unsafe sqlite3_column_count(statement)
        return (0..<count).map { column in
            switch unsafe sqlite3_column_type(statement, column) {
            case SQLITE_INTEGER: return .integer(unsafe sqlite3_column_int64(statement, column))
            case SQLITE_FLOAT: return .real(unsafe sqlite3_column_double(statement, column))
            case SQLITE_TEXT:
                guard let text = unsafe sqlite3_column_text(statement, column) else { return .null }
                return .text(unsafe String(cString: text))
            case SQLITE_BLOB:
                let count = Int(unsafe sqlite3_column_bytes(statement, column))
                let raw = unsafe UnsafeRawBufferPointer(start: sqlite3_column_blob(statement, column), count: count)
                return .blob(unsafe Array(raw))
            default: return .null
            }
        }
    }

    private func failure() -> RecordsError {
        RecordsError(description: "\(path): \(unsafe String(cString: sqlite3_errmsg(handle)))")
    }
}
