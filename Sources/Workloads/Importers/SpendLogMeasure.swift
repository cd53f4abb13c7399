import Encodings
import Quantities

/// How large a stored text is, and whether the proxy changed it.
struct SpendLogMeasure: Hashable {
    /// Its size in a prompt.
    private(set) var tokens: TokenCount
    /// The memory that its texts need.
    private(set) var bytes = 0
    /// Why it is not what was sent or answered; nil if it is.
    private(set) var fault: SpendLogExchange.Fault?

    /// Measures a message.
    init(item: ConversationItem) {
        tokens = MessageSession.tokens(of: MessageSession.text(item))
        switch item {
        case .system(let text), .user(let text): take(text)
        case .toolResult(let result): take(result.text)
        case .assistant(let message):
            take(message.text ?? "")
            take(message.reasoning ?? "")
            for call in message.toolCalls { take(call.arguments) }
        }
    }

    /// Measures a list of tools.
    init(tools: [ToolDefinition]) {
        tokens = tools.isEmpty ? .zero : MessageSession.tokens(centitokens: tools.reduce(0) { $0 + $1.centitokens })
        for tool in tools {
            take(tool.description)
            take(tool.parameters)
        }
    }

    private mutating func take(_ value: JSONValue) {
        switch value {
        case .string(let text): take(text)
        case .array(let elements): for element in elements { take(element) }
        case .object(let object): for member in object.members { take(member.value) }
        default: bytes += 8
        }
    }

    private mutating func take(_ text: String) {
        bytes += text.utf8.count
        if fault == nil { fault = Self.fault(of: text) }
    }

    /// What LiteLLM puts in the place of a text.
    private static let redactions: Set<String> = ["redacted-by-litellm", "REDACTED_BY_LITELM"]

    private static func fault(of text: String) -> SpendLogExchange.Fault? {
        if redactions.contains(text) { return .redacted }
        return isShortened(text) ? .shortened : nil
    }

    /// Whether a text holds the mark that LiteLLM puts where it cut one, `... (litellm_truncated `, or ends with that of its
    /// versions before September 2025, `... (truncated 900 chars)`.
    private static func isShortened(_ text: String) -> Bool {
        let mark = "(litellm_truncated".utf8
        var rest = text.utf8[...]
        while let index = rest.firstIndex(of: UInt8(ascii: "(")) {
            if rest[index...].starts(with: mark) { return true }
            rest = rest[rest.index(after: index)...]
        }
        guard text.utf8.last == UInt8(ascii: ")"), let open = text.utf8.lastIndex(of: UInt8(ascii: "(")) else {
            return false
        }
        let words = text[open...].dropFirst().dropLast().split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == "truncated", words[2] == "chars", Int(words[1]) != nil else { return false }
        return text[..<open].hasSuffix("... ")
    }
}
