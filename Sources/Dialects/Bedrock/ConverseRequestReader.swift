import Encodings
import Quantities
import Workloads

/// Requests of Bedrock's Converse, as a server reads them (protocols.md §4.3).
enum ConverseRequestReader {
    static func take(_ head: ServedHead, _ root: JSONView, _ reader: inout PromptReader) {
        BedrockPath.take(head, &reader)
        reader.request.wantsUsage = true
        reader.limit(root["inferenceConfig"]?["maxTokens"])
        let configuration = root["toolConfig"]
        configuration?["tools"]?.forEachElement { entry in
            if entry["cachePoint"] != nil { return reader.mark() }
            let tool = entry["toolSpec"]
            reader.tool(tool?["name"], tool?["description"], tool?["inputSchema"]?["json"])
        }
        if configuration != nil, reader.request.tools.isEmpty {
            reader.refuse("toolConfig.tools must hold at least one tool")
        }
        if let choice = configuration?["toolChoice"] {
            if choice["any"] != nil { reader.request.toolChoice = .required }
            if let name = choice["tool"]?["name"]?.string { reader.request.toolChoice = .named(name) }
        }
        if let system = root["system"] {
            reader.begin("system")
            blocks(system, &reader)
        }
        messages(root["messages"], hasTools: configuration != nil, &reader)
    }

    private static func blocks(_ list: JSONView, _ reader: inout PromptReader) {
        list.forEachElement { block in
            if block["cachePoint"] != nil { reader.mark() }
            reader.append(block["text"])
        }
    }

    private static func messages(_ messages: JSONView?, hasTools: Bool, _ reader: inout PromptReader) {
        var last = ""
        var index = 0
        messages?.forEachElement { message in
            let role = message["role"]?.string ?? ""
            if role != "user", role != "assistant" {
                reader.refuse("messages.\(index).role must be user or assistant")
            } else if last.isEmpty, role != "user" {
                reader.refuse(
                    "A conversation must start with a user message. Try again with a conversation that starts with a user "
                        + "message.")
            } else if role == last {
                reader.refuse(
                    "A conversation must alternate between user and assistant roles. Make sure the conversation alternates "
                        + "between user and assistant roles and try again.")
            }
            last = role
            let content = message["content"]
            if content?.kind != .array { reader.refuse("messages.\(index).content must be a list") }
            role == "user" ? user(content, index, &reader) : assistant(content, index, hasTools, &reader)
            index += 1
        }
        if index == 0 { reader.refuse("messages must have length greater than or equal to 1") }
        if last == "assistant" { reader.refuse("This model does not support assistant message prefill.") }
    }

    private static func user(_ content: JSONView?, _ index: Int, _ reader: inout PromptReader) {
        var isInText = false
        content?.forEachElement { block in
            if let result = block["toolResult"] {
                isInText = false
                let identifier = result["toolUseId"]?.string ?? ""
                guard let place = reader.openCalls.firstIndex(of: identifier) else {
                    return reader.refuse(
                        "The number of toolResult blocks at messages.\(index).content exceeds the number of toolUse blocks "
                            + "of previous turn.")
                }
                reader.openCalls.remove(at: place)
                reader.begin("tool")
                result["content"]?.forEachElement { part in
                    reader.append(part["text"])
                    reader.append(json: part["json"])
                }
                if let status = result["status"], !["success", "error"].contains(status.string) {
                    reader.refuse("messages.\(index).content.toolResult.status must be success or error")
                }
            } else if block["cachePoint"] != nil {
                reader.mark()
            } else if let text = block["text"] {
                if !isInText { reader.begin("user") }
                isInText = true
                check(text, index, &reader)
            } else {
                reader.refuse("messages.\(index).content holds a block of unknown kind")
            }
        }
        if !reader.openCalls.isEmpty {
            reader.refuse(
                "Expected toolResult blocks at messages.\(index).content for the following Ids: "
                    + reader.openCalls.joined(separator: ", "))
        }
    }

    private static func assistant(_ content: JSONView?, _ index: Int, _ hasTools: Bool, _ reader: inout PromptReader) {
        reader.begin("assistant")
        content?.forEachElement { if let text = $0["text"] { check(text, index, &reader) } }
        content?.forEachElement { reader.append($0["reasoningContent"]?["reasoningText"]?["text"]) }
        content?.forEachElement { block in
            if block["cachePoint"] != nil { reader.mark() }
            guard let use = block["toolUse"] else { return }
            let identifier = use["toolUseId"]?.string ?? ""
            if !isIdentifier(identifier) {
                reader.refuse("messages.\(index).content.toolUse.toolUseId must satisfy [a-zA-Z0-9_.:-]{1,64}")
            }
            if use["input"]?.kind != .object {
                reader.refuse(
                    "The format of the value at messages.\(index).content.toolUse.input is invalid. Provide a json object."
                )
            }
            if !hasTools {
                reader.refuse("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
            }
            reader.openCalls.append(identifier)
            reader.append(use["name"])
            reader.append(json: use["input"])
        }
    }

    private static func check(_ text: JSONView, _ index: Int, _ reader: inout PromptReader) {
        if text.stringByteCount ?? 0 == 0 {
            reader.refuse("The text field in the ContentBlock object at messages.\(index).content is blank.")
        }
        reader.append(text)
    }

    private static func isIdentifier(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789_.:-".unicodeScalars.contains($0))
            }
    }
}

/// Requests of Bedrock's InvokeModel (protocols.md §4.7): Anthropic's body, or OpenAI's without model and stream.
enum InvokeRequestReader {
    static func take(_ head: ServedHead, _ root: JSONView, _ reader: inout PromptReader) {
        BedrockPath.take(head, &reader)
        for member in ["model", "stream"] where (member == "model" ? root["model"] : root["stream"]) != nil {
            reader.refuse(
                "Malformed input request: #: extraneous key [\(member)] is not permitted, please reformat your input and try again."
            )
        }
        let isStreamed = reader.request.isStreamed
        if let version = root["anthropic_version"]?.string {
            if version != "bedrock-2023-05-31" {
                reader.refuse("anthropic_version: Input should be 'bedrock-2023-05-31'")
            }
            reader.request.innerDialect = .anthropicMessages
            AnthropicRequestReader.take(root, &reader, isInner: true)
        } else {
            reader.request.innerDialect = .openAIChat
            ChatRequestReader.options(root, &reader)
            ChatRequestReader.messages(root["messages"], &reader)
        }
        reader.request.isStreamed = isStreamed
        reader.request.wantsUsage = true
    }
}

/// `/model/{modelId}/{operation}`, the identifier percent-encoded.
enum BedrockPath {
    static func take(_ head: ServedHead, _ reader: inout PromptReader) {
        let segments = head.segments
        guard let place = segments.firstIndex(of: "model"), place + 2 < segments.count else {
            return reader.refuse("The provided model identifier is invalid.")
        }
        reader.request.model = segments[place + 1]
        reader.request.isStreamed = segments[place + 2].hasSuffix("-stream")
    }
}
