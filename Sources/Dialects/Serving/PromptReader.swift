public import Encodings
public import Quantities
import Workloads

/// Puts a request together while a dialect's reader walks over its body; the first problem counts.
struct PromptReader {
    var request = ServedRequest()
    private(set) var problem: String?
    /// Tool calls of the last turn of the model that have no result yet.
    var openCalls: [String] = []

    mutating func refuse(_ message: String) { problem = problem ?? message }

    /// Counts a message.
    mutating func begin(_ role: String) {
        request.messageCount += 1
        request.lastRole = role
    }

    /// Takes text, or a list of parts with text.
    mutating func append(_ content: JSONView?) {
        guard let content else { return }
        if content.kind == .array {
            content.forEachElement { append($0["text"]) }
        } else {
            _ = content.withString { text in
                unsafe text.withUnsafeBufferPointer { unsafe request.prompt.append(contentsOf: $0) }
            }
            endPart()
        }
    }

    /// Takes a JSON value as the model would read it.
    mutating func append(json value: JSONView?) {
        guard let value else { return }
        JSONValue(value).append(to: &request.prompt)
        endPart()
    }

    /// Takes arguments that were left out.
    mutating func appendEmptyObject() {
        request.prompt += "{}".utf8
        endPart()
    }

    private mutating func endPart() { request.partEnds.append(request.prompt.count) }

    mutating func tool(_ name: JSONView?, _ description: JSONView?, _ parameters: JSONView?) {
        tool(name, description, parameters.map { JSONValue($0) })
    }

    mutating func tool(_ name: JSONView?, _ description: JSONView?, _ parameters: JSONValue?) {
        guard let name = name?.string, !name.isEmpty else { return refuse("a tool needs a name") }
        let tool = ToolDefinition(
            name: name, description: description?.string ?? "",
            parameters: parameters ?? .object(JSONObject()))
        request.prompt += tool.json.serialized()
        endPart()
        request.tools.append(tool)
    }

    mutating func mark() { request.cacheMarks.append(request.prompt.count) }

    mutating func limit(_ value: JSONView?) {
        guard let value, !value.isNull else { return }
        guard let count = value.integer, count > 0 else {
            return refuse("the limit of output tokens must be a positive whole number")
        }
        request.outputLimit = TokenCount(count)
    }

    /// What servers of one's own take beside the limit.
    mutating func minimum(_ value: JSONView?, ignoresEnd: JSONView?) {
        request.ignoresEnd = ignoresEnd?.bool ?? false
        guard let value, !value.isNull else { return }
        guard let count = value.integer, count >= 0 else {
            return refuse("min_tokens must be a whole number from 0")
        }
        request.outputMinimum = TokenCount(count)
    }

    /// A choice that is a word, or an object that names a function somewhere inside.
    mutating func choice(_ value: JSONView?, required: [String]) {
        guard let value, !value.isNull else { return }
        let word = value.string ?? value["type"]?.string ?? ""
        if let name = value["function"]?["name"]?.string ?? value["name"]?.string {
            request.toolChoice = .named(name)
        } else if required.contains(word) {
            request.toolChoice = .required
        } else if word == "none" {
            request.toolChoice = .none
        } else if word != "auto" {
            refuse("invalid tool_choice")
        }
        if request.tools.isEmpty, request.toolChoice != .none {
            refuse("tool_choice is only allowed when tools are given")
        }
        if case .named(let name) = request.toolChoice, !request.tools.contains(where: { $0.name == name }) {
            refuse("tool_choice names a tool that is not given")
        }
    }
}

/// Reads requests of every dialect, as strictly as the real APIs do.
public enum RequestReader {
    /// Reads a request.
    ///
    /// - Parameters:
    ///   - dialect: whose body it is.
    ///   - head: tells the model and whether a stream is wanted, where the path or a header does.
    ///   - body: the body.
    ///   - parser: may serve many requests of one thread.
    /// - Returns: the request.
    /// - Throws: ``ServedRefusal`` if the real API would refuse it.
    public static func read(
        _ dialect: DialectName, head: ServedHead, body: [UInt8], parser: JSONParser
    ) throws(ServedRefusal) -> ServedRequest {
        var reader = PromptReader()
        do throws(JSONError) {
            try parser.parse(body.span) { root in
                guard root.kind == .object else { return reader.refuse("the body must be a JSON object") }
                take(dialect, head, root, &reader)
            }
        } catch {
            throw ServedRefusal(.badRequest, "we could not parse the JSON body of your request: \(error.message)")
        }
        if let problem = reader.problem { throw ServedRefusal(.badRequest, problem) }
        return reader.request
    }

    private static func take(
        _ dialect: DialectName, _ head: ServedHead, _ root: JSONView, _ reader: inout PromptReader
    ) {
        switch dialect {
        case .openAIChat: ChatRequestReader.take(head, root, &reader)
        case .openAIResponses: ResponsesRequestReader.take(root, &reader)
        case .anthropicMessages: AnthropicRequestReader.take(root, &reader)
        case .bedrockConverse: ConverseRequestReader.take(head, root, &reader)
        case .bedrockInvoke: InvokeRequestReader.take(head, root, &reader)
        case .gemini: GeminiRequestReader.take(head, root, &reader)
        case .tgi: GenerateRequestReader.take(head, root, &reader)
        case .dashScope: DashScopeRequestReader.take(head, root, &reader)
        }
    }
}
