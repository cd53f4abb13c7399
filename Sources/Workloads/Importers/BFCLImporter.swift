import Encodings
import Quantities

/// Imports questions of the Berkeley Function Calling Leaderboard, one JSON object a line.
///
/// A line is `{id, question: [[messages]…], function: [schema]}`: each list of messages is a turn. The questions of many turns
/// name `involved_classes` instead; the files of `multi_turn_func_doc` that describe them must be given too, before or after.
public struct BFCLImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "bfcl", summary: "questions and functions of the Berkeley Function Calling Leaderboard", unit: .line,
        content: "mixed",
        guesses: [
            "Answers are not recorded: each is taken as 64 tokens, and made up where a later turn repeats it.",
            "Dots in the names of functions become underscores, and the types dict, float and tuple become object, number "
                + "and array, as the leaderboard itself does for APIs.",
            "Times are not recorded: no call waits.",
            "Questions that name classes come last, since they are held until all descriptions are there.",
            "Sizes of questions and functions are counted by words, numbers and signs, as tokenizers part text.",
        ])

    /// The size of an answer: one or two function calls.
    private static let answerTokens = 64

    private var assets = MessageAssets()
    private var names = UniqueNames()
    private var documents: [String: [ToolDefinition]] = [:]
    /// The questions that name classes, which may be described later.
    private var held: [Held] = []
    private var heldBytes = 0

    /// The most bytes of questions that wait for the descriptions of their classes.
    static let maximumHeldBytes = 256 << 20

    private struct Held {
        let question: JSONValue
        let classes: [String]
        let source: TraceSource
    }

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let value = try source.json(bytes)
        guard value["question"]?.arrayValue != nil else {
            guard let tool = Self.tool(value), value["parameters"] != nil else {
                throw source.problem("a line needs a question, or the name and parameters of a function")
            }
            documents[Self.key(source.name), default: []].append(tool)
            return
        }
        let classes = (value["involved_classes"]?.arrayValue ?? []).compactMap(\.stringValue)
        guard !classes.isEmpty else { return try take(question: value, [], source, emit) }
        heldBytes += bytes.count
        guard heldBytes <= Self.maximumHeldBytes else {
            throw source.problem("more than \(Self.maximumHeldBytes >> 20) MiB of questions that name classes")
        }
        held.append(Held(question: value, classes: classes, source: source))
    }

    /// Hands out the questions that name classes.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        defer { held = [] }
        for row in held {
            var tools: [ToolDefinition] = []
            for name in row.classes {
                guard let described = documents[Self.key(name)] else {
                    throw row.source.problem(
                        "\(row.source.name) asks for functions of the class \(name), which no file describes: "
                            + "give \(Self.file(of: name)) too")
                }
                tools += described
            }
            try take(question: row.question, tools, row.source, emit)
        }
    }

    private mutating func take(
        question value: JSONValue, _ described: [ToolDefinition], _ source: TraceSource,
        _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let functions = value["function"]?.arrayValue ?? value["function"].map { [$0] } ?? []
        let tools = functions.compactMap { Self.tool($0) } + described
        let turns = (value["question"]?.arrayValue ?? []).map { $0.arrayValue == nil ? [$0] : $0.arrayValue ?? [] }
        let name = names.name(value["id"]?.stringValue ?? "\(source.fileKey)-\(source.line)")
        var session = MessageSession(identifier: name, profile: "function-calling", source)
        var prefix: MessageAssets.Prefix?
        for turn in turns {
            var request = MessageRequest(items: MessageReader.items(.array(turn)))
            request.tools = tools
            request.measured.output = Self.answerTokens
            if prefix == nil {
                prefix = try MessageSession.prefix(request, &assets, source)
                request.items = Array(request.items.drop { $0.role == .system })
            }
            guard let prefix, !request.items.isEmpty else { continue }
            let previous = session.session.calls.isEmpty ? nil : session.session.calls.count - 1
            try session.take(added: request, prefix, continuing: previous)
        }
        guard !session.session.calls.isEmpty else { throw source.problem("the question holds no messages") }
        assets.emit(emit)
        emit(.session(session.session))
    }

    private static func tool(_ value: JSONValue) -> ToolDefinition? {
        guard var tool = ToolDefinition(value) else { return nil }
        tool.name = String(tool.name.map { $0 == "." ? "_" : $0 })
        tool.parameters = schema(tool.parameters)
        return tool
    }

    /// A JSON Schema of one whose types are named as in Python.
    private static func schema(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map { schema($0) })
        case .object(let object):
            let types = ["dict": "object", "float": "number", "tuple": "array", "int": "integer", "bool": "boolean"]
            var result = JSONObject()
            for member in object.members {
                guard member.key == "type", let name = member.value.stringValue else {
                    result[member.key] = schema(member.value)
                    continue
                }
                if name != "any" { result["type"] = .string(types[name] ?? name) }
            }
            return .object(result)
        default: return value
        }
    }

    /// The files of `multi_turn_func_doc` whose names are not that of their class with low lines between its words.
    private static let files = [
        "twitterapi": "posting_api", "travelapi": "travel_booking", "vehiclecontrolapi": "vehicle_control",
        "websearchapi": "web_search", "memoryapikv": "memory_kv", "memoryapivector": "memory_vector",
        "memoryapirecsum": "memory_rec_sum",
    ]

    /// What the name of a class and that of the file that describes it have in common.
    private static func key(_ name: String) -> String {
        let letters = name.lowercased().filter { $0 != "_" }
        return files.first { $0.value.filter { $0 != "_" } == letters }?.key ?? letters
    }

    /// The file that describes a class, such as `trading_bot.json` of `TradingBot`.
    private static func file(of name: String) -> String {
        if let known = files[key(name)] { return "multi_turn_func_doc/\(known).json" }
        var (words, isInside) = ("", false)
        for letter in name {
            if letter.isUppercase, isInside { words += "_" }
            words += letter.lowercased()
            isInside = letter.isLowercase
        }
        return "multi_turn_func_doc/\(words).json"
    }
}
