import Encodings
import Quantities

/// The stored texts of a spend log's rows, held until its sessions are known.
///
/// A prompt repeats what stood in the prompts before it, so each message is held once for a session, and each list of tools once
/// for all: what is held grows with what is new in a row, not with its prompt.
struct SpendLogTexts {
    /// What is held of a row.
    enum Row {
        /// Its columns for texts are empty.
        case nothing
        /// Its texts are not usable.
        case unusable(SpendLogExchange.Fault)
        /// Its texts were not looked at, since its session is not of text.
        case skipped
        /// Its texts.
        case stored(Stored)
    }

    /// The texts of a row, by where they are held.
    struct Stored {
        fileprivate var tools: Int
        fileprivate var items: [Int32]
        fileprivate var answer: Int32?
        fileprivate var stop: String?
        fileprivate var hasSeveralAnswers: Bool
        fileprivate var isBare: Bool
        /// The size of the prompt's texts.
        fileprivate var tokens: TokenCount
    }

    /// What the rows of one key hold.
    private struct Session {
        var items = Pool<ConversationItem>()
        /// The memory that its messages need.
        var bytes = 0
        var failedCalls: Set<String> = []
    }

    private var tools = Pool<[ToolDefinition]>()
    private var sessions: [String: Session] = [:]
    private var withoutTexts: Set<String> = []
    /// The memory that all texts need.
    private var bytes = 0
    private let maximumBytes: Int

    /// Makes a store.
    ///
    /// - Parameter maximumBytes: the most bytes of text that are held; sessions with rows that come after are not of text.
    init(maximumBytes: Int = 1 << 30) { self.maximumBytes = maximumBytes }

    /// Takes the texts of a row.
    ///
    /// - Parameters:
    ///   - body: the column `proxy_server_request`.
    ///   - messages: the column `messages`.
    ///   - response: the column `response`.
    ///   - key: what the rows of a session have in common.
    ///   - mayPart: true if the rows of the key may be several sessions, so that a row without usable texts is not the end of all.
    /// - Returns: what is held of it.
    mutating func take(
        body: JSONValue?, messages: JSONValue?, response: JSONValue?, key: String, mayPart: Bool
    ) -> Row {
        guard !withoutTexts.contains(key) else {
            return [body, messages, response].allSatisfy(SpendLogExchange.isEmpty) ? .nothing : .skipped
        }
        let row: Row =
            switch SpendLogExchange.read(body: body, messages: messages, response: response) {
            case .nothing: .nothing
            case .unusable(let fault): .unusable(fault)
            case .whole(let content): hold(content, key)
            }
        if case .stored = row { return row }
        if !mayPart {
            remove(key)
            withoutTexts.insert(key)
        }
        return row
    }

    private mutating func hold(_ content: SpendLogExchange.Content, _ key: String) -> Row {
        guard bytes < maximumBytes else { return .unusable(.tooLarge) }
        // It is taken out, so that it can be changed without a copy.
        var session = sessions.removeValue(forKey: key) ?? Session()
        let before = session.bytes
        defer {
            bytes += session.bytes - before
            sessions[key] = session
        }
        let request = content.request
        let tools = self.tools.index(of: request.tools, &bytes, SpendLogMeasure.init(tools:))
        let items = request.items.map { session.items.index(of: $0, &session.bytes, SpendLogMeasure.init(item:)) }
        let answer = request.answer.map {
            session.items.index(of: .assistant($0), &session.bytes, SpendLogMeasure.init(item:))
        }
        session.failedCalls.formUnion(request.failedCalls)
        let measures = [self.tools.measure(tools)] + items.map { session.items.measure($0) }
        for fault in (measures + (answer.map { [session.items.measure($0)] } ?? [])).compactMap(\.fault) {
            return .unusable(fault)
        }
        return .stored(
            Stored(
                tools: tools, items: items.map(Int32.init), answer: answer.map(Int32.init),
                stop: request.measured.stop, hasSeveralAnswers: content.hasSeveralAnswers, isBare: content.isBare,
                tokens: measures.reduce(.zero) { $0 + $1.tokens }))
    }

    /// A request that was held.
    func request(_ stored: Stored, _ key: String) -> (request: MessageRequest, hasSeveralAnswers: Bool) {
        guard let session = sessions[key] else { preconditionFailure("texts of \(key) are stored, but not held") }
        var request = MessageRequest(items: stored.items.map { session.items.value(Int($0)) })
        request.tools = tools.value(stored.tools)
        request.failedCalls = session.failedCalls
        if let answer = stored.answer, case .assistant(let message) = session.items.value(Int(answer)) {
            request.answer = message
        }
        request.measured.stop = stored.stop
        return (request, stored.hasSeveralAnswers)
    }

    /// Lets go of the texts of a key.
    mutating func remove(_ key: String) { bytes -= sessions.removeValue(forKey: key)?.bytes ?? 0 }
}

// MARK: - What a session's rows tell

extension SpendLogTexts {
    /// What importers that use it say of it.
    static let guesses = [
        "A session is of text if all its rows store messages (in proxy_server_request, else in messages) that are whole; if a "
            + "single row does not, the whole session goes by sizes, and texts of it are made up.",
        "Messages are not whole if the proxy shortened or redacted a text of them, of the tools or of the answer, or if they "
            + "hold an image or anything else that is not read; if prompt_tokens is more than twice what they amount to, and 500; "
            + "or if every row stores one message of the user and nothing but a model besides, as a proxy does that keeps only "
            + "the latest turn.",
        "Such sessions are counted by reason when the import ends, unless all their columns for texts are empty.",
    ]

    /// A chat template and a provider's own instructions may add so much to a prompt.
    private static let unseenTokens = 500

    /// Why the rows of a session cannot be imported with their texts.
    ///
    /// - Parameter rows: what is held of them, and the sizes of their prompts.
    /// - Returns: `isOfText` if they can; else the reason, nil if nothing is stored at all.
    static func judge(_ rows: [(row: Row, input: TokenCount)]) -> (isOfText: Bool, fault: SpendLogExchange.Fault?) {
        var hasNothing = false
        var hasSome = false
        var isBare = true
        var fault: SpendLogExchange.Fault?
        for (row, input) in rows {
            switch row {
            case .nothing: hasNothing = true
            case .skipped: hasSome = true
            case .unusable(let found): fault = fault ?? found
            case .stored(let stored):
                hasSome = true
                isBare = isBare && stored.isBare
                if input.value > 2 * stored.tokens.value + unseenTokens { fault = fault ?? .partial }
            }
        }
        if fault == nil, hasNothing { return (false, hasSome ? .missing : nil) }
        if isBare { fault = fault ?? .partial }
        return (fault == nil, fault)
    }
}

/// Values that are held once each.
private struct Pool<Value: Hashable & Sendable>: Sendable {
    private var indices: [Value: Int] = [:]
    private var values: [(value: Value, measure: SpendLogMeasure)] = []

    /// Where a value is held; it is measured when it is new.
    mutating func index(of value: Value, _ bytes: inout Int, _ measure: (Value) -> SpendLogMeasure) -> Int {
        if let known = indices[value] { return known }
        let index = values.count
        let measured = measure(value)
        indices[value] = index
        values.append((value, measured))
        bytes += measured.bytes
        return index
    }

    func value(_ index: Int) -> Value { values[index].value }

    func measure(_ index: Int) -> SpendLogMeasure { values[index].measure }
}
