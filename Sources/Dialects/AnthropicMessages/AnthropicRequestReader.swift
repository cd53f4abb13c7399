import Encodings
import Quantities
import Workloads

/// Requests of Anthropic's Messages, as a server reads them (protocols.md §9).
enum AnthropicRequestReader {
    /// The most places to cache that one request may mark.
    static let maximumMarks = 4

    static func take(_ root: JSONView, _ reader: inout PromptReader, isInner: Bool = false) {
        if !isInner {
            reader.request.model = root["model"]?.string ?? ""
            if reader.request.model.isEmpty { reader.refuse("model: Field required") }
            reader.request.isStreamed = root["stream"]?.bool ?? false
        }
        reader.request.wantsUsage = true
        if root["max_tokens"] == nil { reader.refuse("max_tokens: Field required") }
        reader.limit(root["max_tokens"])
        root["tools"]?.forEachElement { tool in
            reader.tool(tool["name"], tool["description"], tool["input_schema"])
            if tool["cache_control"] != nil { reader.mark() }
        }
        reader.choice(root["tool_choice"], required: ["any"])
        if let system = root["system"] {
            reader.begin("system")
            reader.append(system)
            system.forEachElement { if $0["cache_control"] != nil { reader.mark() } }
        }
        messages(root["messages"], &reader)
        if reader.request.cacheMarks.count > maximumMarks {
            reader.refuse(
                "A maximum of 4 blocks with cache_control may be provided. Found \(reader.request.cacheMarks.count).")
        }
    }

    private static func messages(_ messages: JSONView?, _ reader: inout PromptReader) {
        var last = ""
        var index = 0
        messages?.forEachElement { message in
            let role = message["role"]?.string ?? ""
            if role != "user", role != "assistant" {
                reader.refuse("messages.\(index).role: Input should be 'user' or 'assistant'")
            } else if last.isEmpty, role != "user" {
                reader.refuse("messages: first message must use the \"user\" role")
            } else if role == last {
                reader.refuse(
                    "messages: roles must alternate between \"user\" and \"assistant\", but found multiple \"\(role)\" "
                        + "roles in a row")
            }
            last = role
            role == "user" ? user(message["content"], index, &reader) : assistant(message["content"], index, &reader)
            index += 1
        }
        if index == 0 { reader.refuse("messages: at least one message is required") }
        if let call = reader.openCalls.first { reader.refuse(Self.missing(call, index)) }
    }

    private static func missing(_ call: String, _ index: Int) -> String {
        "messages.\(max(0, index - 1)): `tool_use` ids were found without `tool_result` blocks immediately after: \(call). "
            + "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
    }

    private static func user(_ content: JSONView?, _ index: Int, _ reader: inout PromptReader) {
        var isInText = false
        if content?.kind == .string {
            reader.begin("user")
            if content?.stringByteCount == 0 {
                reader.refuse("messages.\(index): user messages must have non-empty content")
            }
            reader.append(content)
        }
        content?.forEachElement { block in
            switch block["type"]?.string {
            case "text":
                if !isInText { reader.begin("user") }
                isInText = true
                text(block, index, &reader)
            case "tool_result":
                isInText = false
                let identifier = block["tool_use_id"]?.string ?? ""
                guard let place = reader.openCalls.firstIndex(of: identifier) else {
                    return reader.refuse(
                        "messages.\(index): unexpected `tool_use_id` found in `tool_result` blocks: \(identifier). Each "
                            + "`tool_result` block must have a corresponding `tool_use` block in the previous message.")
                }
                reader.openCalls.remove(at: place)
                reader.begin("tool")
                reader.append(block["content"])
                if let failed = block["is_error"], failed.bool == nil {
                    reader.refuse("messages.\(index).content.tool_result.is_error: Input should be a valid boolean")
                }
            default: reader.refuse("messages.\(index): a block of unknown type")
            }
            if block["cache_control"] != nil { reader.mark() }
        }
        if let call = reader.openCalls.first { reader.refuse(missing(call, index)) }
    }

    private static func assistant(_ content: JSONView?, _ index: Int, _ reader: inout PromptReader) {
        reader.begin("assistant")
        if content?.kind == .string { reader.append(content) }
        // A chat template puts the reasoning behind the text, as the other dialects' readers do.
        content?.forEachElement { if $0["type"]?.string == "text" { text($0, index, &reader) } }
        content?.forEachElement { reader.append($0["thinking"]) }
        content?.forEachElement { block in
            if block["type"]?.string == "tool_use" {
                let identifier = block["id"]?.string ?? ""
                if identifier.isEmpty { reader.refuse("messages.\(index): `tool_use` blocks need an id") }
                if block["input"]?.kind != .object {
                    reader.refuse("messages.\(index).tool_use.input: Input should be a valid dictionary")
                }
                reader.openCalls.append(identifier)
                reader.append(block["name"])
                reader.append(json: block["input"])
            }
            if block["cache_control"] != nil { reader.mark() }
        }
    }

    private static func text(_ block: JSONView, _ index: Int, _ reader: inout PromptReader) {
        if block["text"]?.stringByteCount ?? 0 == 0 {
            reader.refuse("messages.\(index): text content blocks must be non-empty")
        }
        reader.append(block["text"])
    }
}
