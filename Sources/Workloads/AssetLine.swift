public import Encodings
import Quantities
import Statistics

/// One asset line.
struct AssetLine {
    /// The largest asset that is made, in tokens: a short line must not fill the memory.
    static let maximumMadeTokens = 2_000_000

    let value: JSONValue
    let line: Int

    init(_ value: JSONValue, _ line: Int) {
        self.value = value
        self.line = line
    }

    func asset() throws(SessionFileError) -> Asset {
        guard let identifier = value["id"]?.stringValue else { throw problem("an asset needs an id") }
        guard let size = value["tok"]?.integerValue, (0...100_000_000).contains(size) else {
            throw problem("asset \(identifier) needs its size as tok, a whole number of tokens")
        }
        let tokens = TokenCount(size)
        let content: Asset.Content =
            switch value["type"]?.stringValue {
            case "tools": .tools(try tools(identifier, tokens))
            case "system": .system(try text(identifier, tokens))
            case "doc": .document(try text(identifier, tokens))
            default:
                throw problem(
                    ClosedChoice.message(
                        value["type"], among: ["tools", "system", "doc"], "the type of asset \(identifier)"))
            }
        return Asset(identifier: identifier, tokens: tokens, content: content)
    }

    private func tools(_ asset: String, _ tokens: TokenCount) throws(SessionFileError) -> [ToolDefinition] {
        guard let definitions = value["tools"]?.arrayValue else {
            guard value["gen"] != nil else {
                throw problem("asset \(asset) needs a list of tools, or gen to make it by")
            }
            return try maker(asset, tokens, styles: ["tools"]).tools(tokens)
        }
        var tools: [ToolDefinition] = []
        for definition in definitions {
            guard let tool = ToolDefinition(definition) else { throw problem("a tool of asset \(asset) needs a name") }
            tools.append(tool)
        }
        return tools
    }

    private func text(_ asset: String, _ tokens: TokenCount) throws(SessionFileError) -> String {
        if let text = value["text"]?.stringValue { return text }
        guard value["gen"] != nil else { throw problem("asset \(asset) needs its text, or gen to make it by") }
        return try maker(asset, tokens, styles: ["prose", "code"]).text(tokens)
    }

    /// What makes an asset by its `gen`, in the first of the styles unless it names another.
    private func maker(
        _ asset: String, _ tokens: TokenCount, styles: [String]
    ) throws(SessionFileError) -> AssetMaker {
        let generator = value["gen"] ?? .null
        guard let seed = generator["seed"]?.integerValue, seed >= 0 else {
            throw problem("gen of asset \(asset) needs a seed, a whole number from 0")
        }
        guard let style = generator["style"].map({ $0.stringValue ?? "" }) ?? styles.first, styles.contains(style)
        else { throw problem(ClosedChoice.message(generator["style"], among: styles, "the style of asset \(asset)")) }
        guard tokens.value <= Self.maximumMadeTokens else {
            throw problem("asset \(asset) is too large to be made: at most \(Self.maximumMadeTokens) tokens")
        }
        return AssetMaker(seed: Seed(UInt64(seed)), style: style)
    }

    private func problem(_ message: String) -> SessionFileError { SessionFileError(line: line, message: message) }
}

/// Makes what an asset holds where only its seed, style and size are known: the same for the same three, whatever its name.
private struct AssetMaker {
    let seed: Seed
    let style: String

    /// A text of a size.
    func text(_ tokens: TokenCount) -> String {
        var synthesizer = synthesizer
        let size = ApproximateTokenizer().centitokens(tokens)
        return style == "code" ? synthesizer.code(centitokens: size) : synthesizer.prose(centitokens: size)
    }

    /// Tools of a size, the smallest set at least.
    func tools(_ tokens: TokenCount) -> [ToolDefinition] {
        var synthesizer = synthesizer
        return synthesizer.tools(centitokens: ApproximateTokenizer().centitokens(tokens))
    }

    private var synthesizer: TextSynthesizer { TextSynthesizer(seed: seed.derived("asset/" + style)) }
}

extension ToolDefinition {
    /// Reads a definition in OpenAI's form, with or without the `function` around it, or in Anthropic's.
    ///
    /// - Returns: nil if it has no name.
    public init?(_ value: JSONValue) {
        let function = value["function"] ?? value
        guard let name = function["name"]?.stringValue, !name.isEmpty else { return nil }
        self.init(
            name: name, description: function["description"]?.stringValue ?? "",
            parameters: function["parameters"] ?? function["input_schema"] ?? ["type": "object", "properties": [:]])
    }
}
