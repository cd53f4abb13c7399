import Encodings

/// What a row of a LiteLLM proxy's spend log stores of a request's messages and its answer.
enum SpendLogExchange {
    /// The columns for them are empty.
    case nothing
    /// They cannot be taken for what was sent and answered.
    case unusable(Fault)
    /// All of them, as far as the row itself tells.
    case whole(Content)

    /// Why stored texts are not used.
    enum Fault: Hashable {
        /// Something is stored, but no messages; or only other rows of the session have some.
        case missing
        /// The proxy cut a text, to save room.
        case shortened
        /// The proxy put a word in place of a text, for secrecy.
        case redacted
        /// An image or another part without text, or a role, a tool or an answer that is not understood.
        case unread
        /// Less than what the proxy was sent.
        case partial
        /// More than what a session or the importer may hold.
        case tooLarge

        /// What an import says that it left out.
        var what: String {
            let reason =
                switch self {
                case .missing: "rows without messages"
                case .shortened: "a text that the proxy shortened"
                case .redacted: "a text that the proxy made unreadable"
                case .unread: "an image or something else that is not read"
                case .partial: "less text than prompt_tokens tells"
                case .tooLarge: "too much text"
                }
            return "texts of sessions with \(reason)"
        }
    }

    /// The texts of a row.
    struct Content {
        /// The request with its answer, without what was measured.
        var request: MessageRequest
        /// True if usage counts more answers than the one that is taken.
        var hasSeveralAnswers = false
        /// True if nothing but a model and one message of the user is stored, as a proxy does that keeps only latest turns.
        var isBare = false
    }

    /// Reads a row.
    ///
    /// - Parameters:
    ///   - body: the column `proxy_server_request`: the request's body as the proxy was sent it.
    ///   - messages: the column `messages`, which most versions leave empty; it counts where the body has none.
    ///   - response: the column `response`.
    /// - Returns: what they hold; each may be JSON inside a text.
    static func read(body: JSONValue?, messages: JSONValue?, response: JSONValue?) -> SpendLogExchange {
        let (body, stored, response) = (unpacked(body), unpacked(messages), unpacked(response))
        let lists = [body["messages"] ?? .null, stored].filter { $0.arrayValue?.isEmpty == false }
        guard let list = lists.first else {
            return isEmpty(body) && isEmpty(stored) && isEmpty(response) ? .nothing : .unusable(.missing)
        }
        var request = MessageRequest(items: MessageReader.items(list))
        let system = MessageReader.text(body["system"])
        if !system.isEmpty { request.items.insert(.system(system), at: 0) }
        let tools = body["tools"] ?? body["functions"]
        request.tools = MessageReader.tools(tools)
        request.failedCalls = MessageReader.failedCalls(list)
        request.leftOut = MessageReader.leftOut(list)
        var content = Content(request: request)
        content.isBare =
            body["messages"] == list && request.items.count == 1 && request.items[0].role == .user
            && (body.objectValue?.members ?? []).allSatisfy { bareMembers.contains($0.key) }
        guard isEmpty(response) || content.takeAnswer(of: response), content.request.leftOut == LeftOut(),
            request.tools.count == tools?.arrayValue?.count ?? 0
        else { return .unusable(.unread) }
        return .whole(content)
    }

    /// The members of a request of which only the latest turn is stored.
    private static let bareMembers: Set<String> = ["model", "messages", "originating_request_masked"]

    /// Whether a column of texts holds nothing: none, null, or an empty text, list or object.
    static func isEmpty(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null?: true
        case .string(let text)?: ["", "{}", "[]", "null"].contains(text)
        case .array(let elements)?: elements.isEmpty
        case .object(let object)?: object.members.isEmpty
        default: false
        }
    }

    /// A value that an export wrote as JSON inside a text, once or twice.
    private static func unpacked(_ value: JSONValue?) -> JSONValue {
        var value = value ?? .null
        for _ in 0..<2 {
            guard let text = value.stringValue, let first = text.utf8.first, [0x22, 0x5B, 0x7B].contains(first),
                let inner = try? JSONValue(parsing: Array(text.utf8))
            else { break }
            value = inner
        }
        return value
    }
}

extension SpendLogExchange.Content {
    /// Takes the answer of a response in the words of chat completions or of Anthropic's messages.
    ///
    /// - Returns: false if there is none.
    fileprivate mutating func takeAnswer(of response: JSONValue) -> Bool {
        let choices = response["choices"]?.arrayValue ?? []
        let message = choices.first.map { $0["message"] } ?? (response["content"]?.arrayValue == nil ? nil : response)
        guard let message, message.objectValue != nil else { return false }
        request.answer = MessageReader.answer(message)
        if message["role"] != nil { request.leftOut.add(MessageReader.leftOut(.array([message]))) }
        request.measured.stop = (choices.first?["finish_reason"] ?? response["stop_reason"])?.stringValue
        hasSeveralAnswers = choices.count > 1
        return true
    }
}
