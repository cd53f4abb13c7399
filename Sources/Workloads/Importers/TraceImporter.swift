public import Encodings

/// What is known of a format of traces before one is read.
public struct TraceFormat: Hashable, Sendable {
    /// What the importer is given at once.
    public enum Unit: Hashable, Sendable {
        /// One line after another; a trace may be larger than memory.
        case line
        /// A whole file.
        case file
    }

    /// The name, as `--format` takes it.
    public var name: String
    /// What it is and who publishes it, in a few words.
    public var summary: String
    /// What the importer is given at once.
    public var unit: Unit
    /// `lengths`, `text` or `mixed`.
    public var content: String
    /// How many tokens a block of ``Call/blocks`` holds.
    public var blockTokens: Int
    /// What the source lacks, and by which rule it is guessed; one sentence each.
    public var guesses: [String]

    /// Makes a description.
    public init(
        name: String, summary: String, unit: Unit, content: String = "lengths", blockTokens: Int = 64, guesses: [String]
    ) {
        self.name = name
        self.summary = summary
        self.unit = unit
        self.content = content
        self.blockTokens = blockTokens
        self.guesses = guesses
    }
}

/// What a user may say about a trace.
public struct ImportOptions: Hashable, Sendable {
    /// The name of the library.
    public var name: String?
    /// The licence of the trace, as its publisher states it.
    public var licence: String?

    /// Makes options.
    public init(name: String? = nil, licence: String? = nil) {
        self.name = name
        self.licence = licence
    }
}

/// Something that an importer has finished.
public enum ImportedPiece: Hashable, Sendable {
    /// An asset; it comes before the sessions that refer to it.
    case asset(Asset)
    /// A session.
    case session(Session)
}

/// Turns a recorded trace into sessions, piece by piece.
///
/// An importer is pure: it is handed bytes and hands out sessions as soon as they are whole, so that a trace need not fit into
/// memory. What the source does not say is guessed by the rules that its ``TraceFormat/guesses`` state.
public protocol TraceImporter: Sendable {
    /// The format.
    static var format: TraceFormat { get }

    /// Makes an importer for one library.
    init()

    /// Takes the next line or file.
    ///
    /// - Parameters:
    ///   - bytes: the line without its end, never blank; or the whole file.
    ///   - source: the file's name without folders, and the line's number from one (for a file, one).
    ///   - emit: is handed what is finished.
    /// - Throws: ``SessionFileError`` if it is not of the format.
    mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError)

    /// What was not taken over so far.
    var leftOut: LeftOut { get }

    /// Hands out what was waiting for more.
    mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError)
}

extension TraceImporter {
    /// Nothing is counted, unless an importer says otherwise.
    public var leftOut: LeftOut { LeftOut() }

    /// Nothing waits, unless an importer says otherwise.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {}
}

/// Where a record of a trace stands.
public struct TraceSource: Hashable, Sendable {
    /// The file's name without folders and endings; several files may have one name.
    public var name: String
    /// The line, counted from one.
    public var line: Int
    /// The file's place among those of the import, counted from one.
    public var file: Int

    /// Makes a place.
    public init(name: String, line: Int, file: Int = 1) {
        self.name = name
        self.line = line
        self.file = file
    }

    /// What no other file of the import is called: the name, behind the file's place and a stroke if it is not the first.
    var fileKey: String { file > 1 ? "\(file)/\(name)" : name }

    /// An error at this place.
    public func problem(_ message: String) -> SessionFileError { SessionFileError(line: line, message: message) }

    /// Reads a record as JSON.
    ///
    /// - Throws: ``SessionFileError`` if it is none.
    public func json(_ bytes: ArraySlice<UInt8>) throws(SessionFileError) -> JSONValue {
        let limits = JSONLimits(maximumBytes: 1 << 30, maximumDepth: 128)
        do throws(JSONError) {
            return try JSONValue(parsing: Array(bytes), limits: limits)
        } catch {
            throw problem("not JSON: \(error.message)")
        }
    }
}

/// The formats that can be imported.
public enum TraceImporters {
    /// All of them, in the order of their names.
    public static let all: [any TraceImporter.Type] = [
        AIPerfImporter.self, AnthropicLogImporter.self, AzureImporter.self, BailianImporter.self, BFCLImporter.self,
        BurstGPTImporter.self, ClaudeCodeImporter.self, LiteLLMImporter.self, MiniSWEAgentImporter.self,
        MLPerfImporter.self, MooncakeImporter.self, OpenAILogImporter.self, OpenTelemetryImporter.self,
        RAGPulseImporter.self, SWEAgentImporter.self, TauBenchImporter.self, TraceLabImporter.self, TrieImporter.self,
        WekaImporter.self,
    ]

    /// What is known of each.
    public static var formats: [TraceFormat] { all.map { $0.format } }

    /// The importer of a format.
    public static func named(_ name: String) -> (any TraceImporter.Type)? { all.first { $0.format.name == name } }
}
