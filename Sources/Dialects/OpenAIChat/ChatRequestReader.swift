public import Encodings
public import Quantities
public import Workloads

/// A request as an OpenAI-compatible server understands it: what the embedded fleet needs of it.
public struct ChatRequest: Sendable {
    /// The model that is asked.
    public var model = ""
    /// True if a stream is wanted.
    public var isStreamed = false
    /// True if the stream should tell its usage.
    public var wantsUsage = false
    /// The most tokens that may be generated.
    public var outputLimit: TokenCount?
    /// The tools on offer.
    public var tools: [ToolDefinition] = []
    /// The role of the last message.
    public var lastRole = ""
    /// The number of messages.
    public var messageCount = 0
    /// What the model reads, in the order of a chat template: tools, then messages.
    ///
    /// Its bytes are what is counted as tokens and cached by its beginning.
    public var prompt: [UInt8] = []

    /// Reads a body.
    ///
    /// - Throws: ``JSONError`` if the body is no JSON or lacks messages.
    public init(body: [UInt8], parser: JSONParser) throws(JSONError) {
        let isUsable = try parser.parse(body.span) { root in read(root) }
        guard isUsable else { throw JSONError(message: "'messages' must be a list that is not empty") }
    }

    private mutating func read(_ root: JSONView) -> Bool {
        model = root["model"]?.string ?? ""
        isStreamed = root["stream"]?.bool ?? false
        wantsUsage = root["stream_options"]?["include_usage"]?.bool ?? false
        outputLimit = (root["max_completion_tokens"] ?? root["max_tokens"])?.integer.map { TokenCount(max(1, $0)) }
        root["tools"]?.forEachElement { entry in
            guard let function = entry["function"], let name = function["name"]?.string else { return }
            let tool = ToolDefinition(
                name: name, description: function["description"]?.string ?? "",
                parameters: function["parameters"].map { JSONValue($0) } ?? .object(JSONObject()))
            prompt += tool.json.serialized()
            tools.append(tool)
        }
        root["messages"]?.forEachElement { readMessage($0) }
        return messageCount > 0
    }

    private mutating func readMessage(_ message: JSONView) {
        messageCount += 1
        lastRole = message["role"]?.string ?? ""
        append(message["content"])
        append(message["reasoning_content"])
        message["tool_calls"]?.forEachElement { call in
            append(call["function"]?["name"])
            append(call["function"]?["arguments"])
        }
    }

    /// Text, or a list of parts with text.
    private mutating func append(_ content: JSONView?) {
        guard let content else { return }
        if content.kind == .array {
            content.forEachElement { append($0["text"]) }
        } else {
            _ = content.withString { text in
                unsafe text.withUnsafeBufferPointer { unsafe prompt.append(contentsOf: $0) }
            }
        }
    }
}
