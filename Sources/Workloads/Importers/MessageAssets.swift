import Encodings
import Quantities

/// The tools and system prompts that the sessions of an import have, each kept once.
///
/// An asset's name is a hash of its content, so that imports of the same trace give the same names.
struct MessageAssets {
    /// What the calls of an agent begin with.
    struct Prefix: Hashable {
        var names = Session.PrefixAssets()
        var toolsTokens = TokenCount.zero
        var systemTokens = TokenCount.zero
        /// Equal for equal tools and system prompts.
        var hash = StableHash()
    }

    private var known: Set<String> = []
    private var fresh: [Asset] = []

    /// Keeps a pair of tools and system prompt.
    ///
    /// - Throws: ``SessionFileError`` if they are too large for a line of the session format.
    mutating func prefix(
        tools: [ToolDefinition], system: String, _ source: TraceSource
    ) throws(SessionFileError) -> Prefix {
        var prefix = Prefix()
        if !tools.isEmpty {
            let bytes = JSONValue.array(tools.map { Self.shallow($0).json }).serialized()
            prefix.toolsTokens = MessageSession.tokens(
                centitokens: tools.reduce(0) { $0 + Self.shallow($1).centitokens })
            prefix.hash.add(bytes)
            prefix.names.tools = try keep(
                "tools", prefix.hash, .tools(tools.map(Self.shallow)), bytes.count, prefix.toolsTokens, source)
        }
        if !system.isEmpty {
            var hash = StableHash()
            hash.add(system)
            prefix.hash.add(system)
            prefix.systemTokens = MessageSession.tokens(of: system)
            prefix.names.system = try keep(
                "system", hash, .system(system), MessageSession.writtenBytes(system), prefix.systemTokens, source)
        }
        return prefix
    }

    private mutating func keep(
        _ kind: String, _ hash: StableHash, _ content: Asset.Content, _ bytes: Int, _ tokens: TokenCount,
        _ source: TraceSource
    ) throws(SessionFileError) -> String {
        guard bytes < MessageSession.maximumBytes else {
            throw source.problem("more than \(MessageSession.maximumBytes >> 20) MiB of \(kind)")
        }
        let name = "\(kind)-\(Transcript.hexadecimal(hash.value))"
        if known.insert(name).inserted { fresh.append(Asset(identifier: name, tokens: tokens, content: content)) }
        return name
    }

    /// Hands out what no earlier call handed out.
    mutating func emit(_ emit: (ImportedPiece) -> Void) {
        for asset in fresh { emit(.asset(asset)) }
        fresh = []
    }

    /// A definition that the session format can hold: its lines may nest 32 levels, and a schema must be an object.
    private static func shallow(_ tool: ToolDefinition) -> ToolDefinition {
        guard tool.parameters.objectValue == nil || depth(tool.parameters, below: 24) >= 24 else { return tool }
        return ToolDefinition(
            name: tool.name, description: tool.description, parameters: ["type": "object", "properties": [:]])
    }

    private static func depth(_ value: JSONValue, below limit: Int) -> Int {
        guard limit > 0 else { return 0 }
        return switch value {
        case .array(let elements): 1 + (elements.map { depth($0, below: limit - 1) }.max() ?? 0)
        case .object(let object): 1 + (object.members.map { depth($0.value, below: limit - 1) }.max() ?? 0)
        default: 0
        }
    }
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo): the same on every machine and in every run.
struct StableHash: Hashable {
    /// The hash of what was added.
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Adds bytes and a mark that ends them.
    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        value = (value ^ 0x1FF) &* 0x100_0000_01B3
    }

    /// Adds a text.
    mutating func add(_ text: String) { add(text.utf8) }

    /// Adds what a message says: neither the identifiers of its calls nor reasoning, which clients leave out later.
    ///
    /// Arguments that are equal as JSON are equal: a log may hold the model's own spaces where the client writes none, and
    /// nothing at all where the client writes an empty object.
    mutating func add(_ item: ConversationItem) {
        add(item.role.rawValue)
        switch item {
        case .system(let text), .user(let text): add(text)
        case .toolResult(let result): add(result.text)
        case .assistant(let message):
            add(message.text ?? "")
            for call in message.toolCalls {
                add(call.name)
                let bytes = Array((call.arguments.isEmpty ? "{}" : call.arguments).utf8)
                add((try? JSONValue(parsing: bytes))?.serialized() ?? bytes)
            }
        }
    }
}
