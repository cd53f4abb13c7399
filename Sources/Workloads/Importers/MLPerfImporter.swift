import Encodings
import Quantities

/// Imports the agentic conversations of MLPerf Endpoints: one JSON object a line and message.
///
/// A row holds `conversation_id, turn, role` and, by role, `content, system, tools` (user), `content, reasoning_content,
/// tool_calls` (assistant) or `tool_results: [{tool_call_id, content}]` (tool); `delay_seconds` is the client's time before it.
/// The rows of a conversation stand together.
public struct MLPerfImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "mlperf", summary: "agentic conversations of MLPerf Endpoints, one message a line", unit: .line,
        content: "text",
        guesses: [
            "Sizes are counted by words, numbers and signs of the text, as tokenizers part it, since the source states none.",
            "A call waits for the sum of the delays of the messages that it adds.",
        ] + MessageSession.guesses)

    fileprivate struct Conversation {
        let identifier: String
        let source: TraceSource
        var messages: [RecordedMessage] = []
        var tools: [ToolDefinition] = []
        var byteCount = 0
    }

    private var assets = MessageAssets()
    private var seen: Set<String> = []
    private var conversation: Conversation?

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let row = try source.json(bytes)
        let number = row["conversation_id"]?.integerValue.map(String.init)
        guard let identifier = row["conversation_id"]?.stringValue ?? number, !identifier.isEmpty else {
            throw source.problem("a message needs a conversation_id")
        }
        if conversation?.identifier != identifier {
            try finish(emit)
            guard seen.insert(identifier).inserted else {
                throw source.problem("the messages of conversation \(identifier) must stand together")
            }
            conversation = Conversation(identifier: identifier, source: source)
        }
        conversation?.byteCount += bytes.count
        guard let size = conversation?.byteCount, size < MessageSession.maximumBytes else {
            throw source.problem("more than \(MessageSession.maximumBytes >> 20) MiB in conversation \(identifier)")
        }
        conversation?.take(row)
    }

    /// Hands out the last conversation.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        guard let conversation else { return }
        self.conversation = nil
        var session = MessageSession(
            identifier: conversation.identifier, profile: "agent", conversation.source)
        try session.take(transcript: conversation.messages, tools: conversation.tools, &assets)
        guard !session.session.calls.isEmpty else { return }
        assets.emit(emit)
        emit(.session(session.session))
    }
}

extension MLPerfImporter.Conversation {
    fileprivate mutating func take(_ row: JSONValue) {
        if tools.isEmpty { tools = MessageReader.tools(row["tools"]) }
        if messages.isEmpty, let system = row["system"]?.stringValue, !system.isEmpty {
            messages.append(RecordedMessage(item: .system(system)))
        }
        var items: [ConversationItem] = []
        if row["role"]?.stringValue == "tool", let results = row["tool_results"]?.arrayValue {
            for result in results {
                let identifier = result["tool_call_id"]?.stringValue ?? ""
                let text = MessageReader.text(result["content"])
                items.append(.toolResult(ToolResult(callIdentifier: identifier, name: "", text: text)))
            }
        } else {
            items = MessageReader.items(message: row)
        }
        let delay = TraceTime.duration(row["delay_seconds"]?.doubleValue)
        for (index, item) in items.enumerated() {
            messages.append(RecordedMessage(item: item, delay: index == 0 ? delay : .zero))
        }
    }
}
