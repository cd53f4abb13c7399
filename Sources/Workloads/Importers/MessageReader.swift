import Encodings

/// Reads messages as APIs and logs write them: OpenAI's, Anthropic's content blocks, and OpenTelemetry's parts.
enum MessageReader {
    /// The messages of a list; what is not understood is left out.
    static func items(_ messages: JSONValue?) -> [ConversationItem] {
        if let text = messages?.stringValue { return [.user(text)] }
        return (messages?.arrayValue ?? []).flatMap { items(message: $0) }
    }

    /// What one message says: tool results that it holds beside a text come first.
    ///
    /// - Parameters:
    ///   - message: a message with `role` and `content`, `parts` or `tool_calls`.
    ///   - assumed: the role of a message that states none.
    /// - Returns: no items if the role is not known.
    static func items(message: JSONValue, role assumed: String? = nil) -> [ConversationItem] {
        let content = Content(message)
        switch message["role"]?.stringValue ?? assumed {
        case "system", "developer": return [.system(content.text)]
        case "assistant", "model", "ai": return [.assistant(content.answer)]
        case "user", "human":
            let results = content.results.map(ConversationItem.toolResult)
            return results + (content.text.isEmpty && !results.isEmpty ? [] : [.user(content.text)])
        case "tool", "function":
            if !content.results.isEmpty { return content.results.map(ConversationItem.toolResult) }
            let identifier = answeredCall(message)
            let name = message["name"]?.stringValue ?? ""
            return [.toolResult(ToolResult(callIdentifier: identifier, name: name, text: content.text))]
        default: return []
        }
    }

    /// The calls whose results are said to be errors.
    ///
    /// - Parameter messages: a list of messages; their tool results, or the messages that are one, say `is_error` or `error`.
    /// - Returns: the identifiers of the calls; a result that names none is not among them.
    static func failedCalls(_ messages: JSONValue?) -> Set<String> {
        var calls: Set<String> = []
        for message in messages?.arrayValue ?? [] {
            let isResult = ["tool", "function"].contains(message["role"]?.stringValue)
            let parts = [message["content"], message["parts"]].flatMap { $0?.arrayValue ?? [] }
            let results = parts.filter { ["tool_result", "tool_call_response"].contains($0["type"]?.stringValue) }
            for result in results + (isResult ? [message] : [])
            where result["is_error"]?.boolValue == true || result["error"]?.boolValue == true {
                calls.insert(answeredCall(result))
            }
        }
        calls.remove("")
        return calls
    }

    /// The identifier of the call that a message or a part of one is the result of; empty if it names none.
    static func answeredCall(_ result: JSONValue) -> String {
        let stated = result["tool_use_id"] ?? result["tool_call_ids"]?.arrayValue?.first ?? result["tool_call_id"]
        return (stated ?? result["id"])?.stringValue ?? ""
    }

    /// What the messages of a list hold and ``items(_:)`` leaves out.
    static func leftOut(_ messages: JSONValue?) -> LeftOut {
        var leftOut = LeftOut()
        for message in messages?.arrayValue ?? [] {
            if items(message: message).isEmpty {
                leftOut.add("messages of an unknown role")
            } else {
                leftOut.add("images and other parts without text", Content(message).unreadCount)
            }
        }
        return leftOut
    }

    /// An answer.
    static func answer(_ message: JSONValue) -> AssistantMessage { Content(message).answer }

    /// The definitions of a list; one without a name is left out.
    static func tools(_ value: JSONValue?) -> [ToolDefinition] {
        (value?.arrayValue ?? []).compactMap { ToolDefinition($0) }
    }

    /// A text, or the texts of a list of parts, one a line.
    static func text(_ value: JSONValue?) -> String {
        guard let value else { return "" }
        return Content(JSONObject([("content", value)])).text
    }

    /// A value that some logs write as JSON inside a string.
    static func unpacked(_ value: JSONValue?) -> JSONValue? {
        guard let text = value?.stringValue, let first = text.utf8.first, first == 0x5B || first == 0x7B else {
            return value
        }
        return (try? JSONValue(parsing: Array(text.utf8))) ?? value
    }
}

/// The content of one message, sorted by what it is.
private struct Content {
    private var texts: [String] = []
    private var reasoning: [String] = []
    private var calls: [ToolCall] = []
    private(set) var results: [ToolResult] = []
    /// How many parts are of a kind that is not read.
    private(set) var unreadCount = 0

    init(_ message: JSONValue) { self.init(message.objectValue ?? JSONObject()) }

    init(_ message: JSONObject) {
        for key in ["reasoning_content", "reasoning"] where reasoning.isEmpty {
            if let text = message[key]?.stringValue, !text.isEmpty { reasoning.append(text) }
        }
        for part in message["thinking_blocks"]?.arrayValue ?? [] where reasoning.isEmpty { take(part) }
        for value in [message["content"], message["parts"]] {
            if let text = value?.stringValue { texts.append(text) }
            for part in value?.arrayValue ?? [] { take(part) }
        }
        for call in message["tool_calls"]?.arrayValue ?? [] { take(call: call) }
        if let call = message["function_call"], call.objectValue != nil { take(call: call) }
    }

    var text: String { texts.filter { !$0.isEmpty }.joined(separator: "\n") }

    var answer: AssistantMessage {
        AssistantMessage(
            text: text.isEmpty ? nil : text, reasoning: reasoning.isEmpty ? nil : reasoning.joined(separator: "\n"),
            toolCalls: calls)
    }

    private mutating func take(_ part: JSONValue) {
        if let text = part.stringValue { return texts.append(text) }
        switch part["type"]?.stringValue {
        case "text", "input_text", "output_text", nil:
            if let text = (part["text"] ?? part["content"])?.stringValue { texts.append(text) }
        case "thinking", "reasoning":
            if let text = (part["thinking"] ?? part["content"] ?? part["text"])?.stringValue { reasoning.append(text) }
        case "tool_use", "tool_call", "function_call": take(call: part)
        case "tool_result", "tool_call_response":
            let identifier = MessageReader.answeredCall(part)
            let value = part["content"] ?? part["response"] ?? part["result"]
            let inner = value.map { Content(JSONObject([("content", $0)])) }
            let text = value?.objectValue.map { JSONValue.object($0).text() } ?? inner?.text ?? ""
            unreadCount += inner?.unreadCount ?? 0
            results.append(
                ToolResult(callIdentifier: identifier, name: part["name"]?.stringValue ?? "", text: text))
        default: unreadCount += 1
        }
    }

    private mutating func take(call: JSONValue) {
        let function = call["function"] ?? call
        guard let name = function["name"]?.stringValue, !name.isEmpty else { return }
        let stated = function["arguments"] ?? function["input"] ?? .null
        let arguments = stated == .null ? [:] : stated
        calls.append(
            ToolCall(
                identifier: (call["id"] ?? call["call_id"])?.stringValue ?? "", name: name,
                arguments: arguments.stringValue ?? arguments.text()))
    }
}
