public import Encodings
public import Statistics

/// Writes plausible text of a requested size: prose, code, tool schemas, tool calls and tool results.
///
/// The text is the same for the same seed and different for different seeds, so that no provider's cache knows it. All of it
/// is ASCII. Sizes are in hundredths of a token as ``TokenMeter`` counts them, and exact to half a token: words, punctuation and
/// numbers are mixed so that the tokenizers of current models count as many (`Scripts/test-tokens` does so), with about 3.8
/// bytes a token.
public struct TextSynthesizer: Sendable {
    private var generator: SeededGenerator

    /// Makes a writer.
    public init(seed: Seed) {
        generator = SeededGenerator(seed: seed)
    }

    /// Sentences of English words.
    ///
    /// - Parameter centitokens: the size.
    /// - Returns: the text.
    public mutating func prose(centitokens: Int) -> String {
        filled(centitokens) { writer, bytes in
            let start = bytes.count
            for rest in (0..<(6 + writer.below(14))).reversed() {
                Self.appendWord(Self.proseMix, mayPause: rest > 0, &writer, to: &bytes)
                bytes.append(0x20)
            }
            bytes[start] &-= 0x20
            bytes[bytes.count - 1] = 0x2E
            bytes.append(writer.below(5) == 0 ? 0x0A : 0x20)
        }
    }

    private static let proseMix = Vocabulary.mixCount(smallPercent: 71)
    private static let logMix = Vocabulary.mixCount(smallPercent: 65)
    private static let argumentMix = Vocabulary.mixCount(smallPercent: 76)

    /// Appends a word of a mixture, and after one of fourteen a comma where one may stand.
    private static func appendWord(
        _ mix: Int, mayPause: Bool, _ generator: inout SeededGenerator, to bytes: inout [UInt8]
    ) {
        let draw = generator.below(mix * 14)
        Vocabulary.appendWord(draw / 14, to: &bytes)
        if mayPause, draw % 14 == 0 { bytes.append(UInt8(ascii: ",")) }
    }

    /// Lines of program text.
    ///
    /// - Parameter centitokens: the size.
    /// - Returns: the text.
    public mutating func code(centitokens: Int) -> String {
        filled(centitokens) { writer, bytes in
            for byte in Vocabulary.codeLines[writer.below(Vocabulary.codeLines.count)] {
                switch byte {
                case UInt8(ascii: "@"): Vocabulary.appendWord(writer.below(Vocabulary.words.count), to: &bytes)
                case UInt8(ascii: "^"):
                    let start = bytes.count
                    Vocabulary.appendWord(writer.below(Vocabulary.words.count), to: &bytes)
                    bytes[start] &-= 0x20
                case UInt8(ascii: "~"):
                    Vocabulary.appendShortName(writer.below(Vocabulary.shortNameCount), to: &bytes)
                case UInt8(ascii: "#"): Self.append(writer.below(100), to: &bytes)
                default: bytes.append(byte)
                }
            }
        }
    }

    /// What a tool of a coding agent might print.
    ///
    /// - Parameters:
    ///   - name: the tool.
    ///   - centitokens: the size.
    /// - Returns: the text.
    public mutating func toolResult(of name: String, centitokens: Int) -> String {
        name.hasPrefix("read") || name.hasPrefix("search")
            ? code(centitokens: centitokens) : log(centitokens: centitokens)
    }

    private static let logLevels = ["info ", "debug ", "error ", "warning "].map { Array($0.utf8) }

    private mutating func log(centitokens: Int) -> String {
        filled(centitokens) { writer, bytes in
            bytes += Self.logLevels[writer.below(Self.logLevels.count)]
            Vocabulary.appendWord(writer.below(Vocabulary.words.count), to: &bytes)
            bytes += [UInt8(ascii: ":"), 0x20]
            for _ in 0..<(6 + writer.below(8)) {
                Self.appendWord(Self.logMix, mayPause: false, &writer, to: &bytes)
                bytes.append(0x20)
            }
            bytes.append(UInt8(ascii: "#"))
            Self.append(writer.below(100), to: &bytes)
            bytes.append(0x0A)
        }
    }

    /// Tools, their descriptions drawn out to a size.
    ///
    /// - Parameters:
    ///   - definitions: the tools, of which the last ones are left out if there is no room for them; those of a coding agent
    ///     unless others are given.
    ///   - centitokens: the size of the definitions as compact JSON, kept to within the smallest possible set.
    /// - Returns: the definitions; none for a size of zero.
    public mutating func tools(_ definitions: [ToolDefinition]? = nil, centitokens: Int) -> [ToolDefinition] {
        guard centitokens > 0 else { return [] }
        var tools = definitions ?? Vocabulary.tools
        while tools.count > 1, size(of: tools) > centitokens { tools.removeLast() }
        for index in tools.indices {
            let share = (centitokens - size(of: tools)) / (tools.count - index)
            if share > 0 { tools[index].description += oneLine(centitokens: share) }
        }
        return tools
    }

    private mutating func oneLine(centitokens: Int) -> String {
        String(decoding: prose(centitokens: centitokens).utf8.map { $0 == 0x0A ? 0x20 : $0 }, as: UTF8.self)
    }

    private func size(of tools: [ToolDefinition]) -> Int {
        tools.reduce(0) { $0 + $1.centitokens }
    }

    /// Arguments that fit a tool's schema.
    ///
    /// - Parameters:
    ///   - tool: the tool; nil gives an object with one text.
    ///   - centitokens: the size aimed at; the required arguments are always there.
    /// - Returns: a JSON object as text.
    public mutating func arguments(for tool: ToolDefinition?, centitokens: Int) -> String {
        let properties = tool?.parameters["properties"]?.objectValue?.members ?? []
        var object = JSONObject()
        for property in properties { object[property.key] = value(for: property.value) }
        if properties.isEmpty { object["input"] = "" }
        let missing = centitokens - JSONValue.object(object).text().centitokens
        let key = properties.isEmpty ? "input" : properties.last { Self.takesAnyText($0.value) }?.key
        if missing > 0, let key, let value = object[key] { object[key] = lengthened(value, by: missing) }
        return JSONValue.object(object).text()
    }

    /// Makes a text, or the first text of a list, longer.
    private mutating func lengthened(_ value: JSONValue, by centitokens: Int) -> JSONValue {
        if let items = value.arrayValue, let first = items.first {
            return .array([lengthened(first, by: centitokens)] + items.dropFirst())
        }
        return .string((value.stringValue ?? "") + words(centitokens: centitokens))
    }

    /// True if a schema allows any text, or a list of any texts.
    private static func takesAnyText(_ schema: JSONValue) -> Bool {
        if schema["type"]?.stringValue == "array" { return schema["items"].map(takesAnyText) ?? false }
        let limits = ["enum", "const", "pattern", "format", "maxLength"]
        return schema["type"]?.stringValue == "string" && limits.allSatisfy { schema[$0] == nil }
    }

    /// Words with single spaces and nothing that JSON must escape.
    private mutating func words(centitokens: Int) -> String {
        filled(centitokens) { writer, bytes in
            Self.appendWord(Self.argumentMix, mayPause: true, &writer, to: &bytes)
            bytes.append(0x20)
        }
    }

    private mutating func value(for schema: JSONValue) -> JSONValue {
        if let first = schema["enum"]?.arrayValue, !first.isEmpty { return generator.choice(first) }
        switch schema["type"]?.stringValue {
        case "integer", "number":
            let lower = schema["minimum"]?.integerValue ?? 0
            return .integer(
                lower + generator.below(max(1, min(1000, (schema["maximum"]?.integerValue ?? 1000) - lower))))
        case "boolean": return .bool(generator.below(2) == 0)
        case "array": return .array([value(for: schema["items"] ?? .null)])
        case "object":
            var object = JSONObject()
            for property in schema["properties"]?.objectValue?.members.prefix(32) ?? [] {
                object[property.key] = value(for: property.value)
            }
            return .object(object)
        default: return .string("\(generator.choice(Vocabulary.words))/\(generator.choice(Vocabulary.words)).swift")
        }
    }

    /// Appends a number of at most two digits.
    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        if number >= 10 { bytes.append(UInt8(0x30 + number / 10 % 10)) }
        bytes.append(UInt8(0x30 + number % 10))
    }

    private mutating func filled(
        _ centitokens: Int, _ append: (inout SeededGenerator, inout [UInt8]) -> Void
    ) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(0, centitokens) / 25 + 128)
        var meter = TokenMeter()
        while meter.centitokens < centitokens {
            let (start, before) = (bytes.count, meter)
            append(&generator, &bytes)
            meter.add(bytes[start...])
            guard meter.centitokens >= centitokens else { continue }
            bytes.removeSubrange(before.end(of: centitokens, in: bytes[start...])...)
            // A blank adds nothing but to what follows it.
            if bytes.last == 0x20 { bytes.removeLast() }
            break
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ToolDefinition {
    /// The definition as compact JSON in OpenAI's order of members, by which its size is counted.
    public var json: JSONValue {
        ["name": .string(name), "description": .string(description), "parameters": parameters]
    }

    /// The size of the definition, in hundredths of a token.
    public var centitokens: Int { json.text().centitokens }
}
