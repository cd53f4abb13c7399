public import Encodings
import Quantities

/// One import: cuts what is read into the units that an importer takes.
public struct TraceImport {
    /// The longest line and the largest file that are taken whole, in bytes.
    public static let maximumUnitBytes = 1 << 30

    private var importer: any TraceImporter
    private let format: TraceFormat
    private var pending: [UInt8] = []
    private var source = TraceSource(name: "", line: 0, file: 0)

    /// What was not taken over so far.
    public var leftOut: LeftOut { importer.leftOut }

    /// Begins an import.
    public init(_ type: any TraceImporter.Type) {
        importer = type.init()
        format = type.format
    }

    /// The header of the library that is made.
    public static func header(_ type: any TraceImporter.Type, _ options: ImportOptions) -> JSONObject {
        let format = type.format
        var source = JSONObject([("format", .string(format.name))])
        source["licence"] = options.licence.map { .string($0) }
        source["guesses"] = .array(format.guesses.map { .string($0) })
        return SessionFile.header(
            name: options.name ?? format.name, content: format.content, block: format.blockTokens,
            source: .object(source))
    }

    /// Begins a file.
    ///
    /// - Parameter name: its name without folders and endings.
    public mutating func begin(_ name: String) { source = TraceSource(name: name, line: 0, file: source.file + 1) }

    /// Takes the next bytes of the file, cut anywhere.
    ///
    /// - Throws: ``SessionFileError`` if a line is not of the format, or too long.
    public mutating func take(_ bytes: some Sequence<UInt8>, _ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        let searched = pending.count
        pending += bytes
        guard pending.count <= Self.maximumUnitBytes else {
            throw source.problem("more than \(Self.maximumUnitBytes >> 20) MiB in one piece")
        }
        guard format.unit == .line else { return }
        var start = 0
        while let end = pending[max(start, searched)...].firstIndex(of: 0x0A) {
            try line(pending[start..<end], emit)
            start = end + 1
        }
        pending.removeFirst(start)
    }

    /// Ends the file.
    public mutating func end(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        defer { pending = [] }
        try line(pending[...], emit)
    }

    /// Ends the import.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        try importer.finish(emit)
    }

    private mutating func line(_ bytes: ArraySlice<UInt8>, _ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        source.line += 1
        // Windows programs put a byte order mark before the first line.
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = source.line == 1 && bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes
        guard bytes.contains(where: { $0 > 0x20 }) else { return }
        let line = bytes.last == 0x0D ? bytes.dropLast() : bytes
        try importer.take(line, source, emit)
    }

    /// Imports files that are in memory.
    ///
    /// - Parameters:
    ///   - type: the format.
    ///   - files: each file's name and content.
    ///   - options: what is said about the trace.
    /// - Returns: the library.
    /// - Throws: ``SessionFileError`` if something is not of the format.
    public static func library(
        _ type: any TraceImporter.Type, _ files: [(name: String, bytes: [UInt8])],
        _ options: ImportOptions = ImportOptions()
    ) throws(SessionFileError) -> SessionLibrary {
        var library = SessionLibrary(header: header(type, options), sessions: [])
        var work = TraceImport(type)
        func emit(_ piece: ImportedPiece) {
            switch piece {
            case .asset(let asset): library.assets[asset.identifier] = asset
            case .session(let session): library.sessions.append(session)
            }
        }
        for file in files {
            work.begin(file.name)
            try work.take(file.bytes, emit)
            try work.end(emit)
        }
        try work.finish(emit)
        return library
    }
}
