import Encodings
import Quantities
import Workloads

/// Puts an answer together out of what a dialect's events say, within limits.
struct AnswerAssembly {
    /// The most tool calls in one answer.
    static let maximumToolCalls = 256
    /// The most text, reasoning or arguments that are kept, in bytes each.
    static let maximumKeptBytes = 4 << 20

    private(set) var response = DecodedResponse()
    /// True once an event has said that nothing more follows.
    var isTerminated = false
    /// True if usage is not to be waited for any more either: Converse tells it after the end of the message.
    var isComplete: Bool { isTerminated && usage.outputTotal != nil }
    private(set) var isMalformed = false
    private let options: DecodingOptions
    private var calls: [PendingCall] = []
    private var text: Channel
    private var reasoning: Channel
    private var tag: ReasoningTag?

    private struct PendingCall {
        let key: Int
        var identifier = ""
        var name = ""
        var arguments: [UInt8] = []
    }

    /// Text of one kind: what is kept of it, and how much has come.
    fileprivate struct Channel {
        var kept = ""
        var byteCount = 0
    }

    init(_ options: DecodingOptions) {
        self.options = options
        (text, reasoning) = (Channel(), Channel())
        tag = options.reasoningTag.map { ReasoningTag($0) }
    }

    // MARK: Facts of the response

    /// Fills in who answered; the first that is told counts.
    mutating func noteOrigin(model: String? = nil, provider: String? = nil, identifier: String? = nil) {
        response.model = response.model ?? model
        response.provider = response.provider ?? provider
        response.responseIdentifier = response.responseIdentifier ?? identifier
    }

    /// The build of the model that answered, or the tier or region that served it, where it is told.
    mutating func noteFingerprint(_ fingerprint: String?) {
        response.fingerprint = response.fingerprint ?? fingerprint
    }

    /// True if the model's name and the identifier are known, so that they need not be looked for.
    var hasOrigin: Bool { response.model != nil && response.responseIdentifier != nil }

    /// Takes the usage as it now stands; a later one replaces it.
    mutating func noteUsage(_ usage: TokenUsage, source: JSONView?, _ handle: (DecodedEvent) -> Void) {
        response.usage = usage
        if let source { response.usageText = String(JSONValue(source).text().prefix(2000)) }
        handle(.usage)
    }

    /// The usage as it stands.
    var usage: TokenUsage { response.usage }

    /// What the provider says the call cost, in dollars; nothing below zero or above ten thousand is believed.
    mutating func noteCost(_ dollars: Double?) {
        guard let dollars, (0...10_000).contains(dollars) else { return }
        response.reportedCost = Money(dollars: dollars)
    }

    /// The provider's word for why the answer ended; a later one replaces it.
    mutating func noteFinish(_ reason: String, _ handle: (DecodedEvent) -> Void) {
        response.finishReasonRaw = reason
        handle(.finish(reason))
    }

    /// The first error counts.
    ///
    /// Before any content came an error has the class of its code, as if it had come with a status; after that the stream
    /// broke, whatever the reason.
    mutating func fail(_ error: ProviderError, _ handle: (DecodedEvent) -> Void) {
        if response.error == nil {
            var error = error
            if response.contentEventCount > 0 || error.outcome == .server { error.outcome = .streamError }
            response.error = error
        }
        handle(.error)
    }

    /// The bytes are not what the dialect allows.
    mutating func fail(malformed message: String) {
        isMalformed = true
        response.error = response.error ?? ProviderError(outcome: .malformed, message: message)
    }

    /// An error with the status of the response.
    mutating func fail(status error: ProviderError, _ handle: (DecodedEvent) -> Void) {
        response.error = error
        handle(.error)
    }

    // MARK: Content

    /// Takes a piece of text.
    ///
    /// - Returns: true if it held anything new.
    @discardableResult
    mutating func take(_ view: JSONView?, _ kind: ContentKind, _ handle: (DecodedEvent) -> Void) -> Bool {
        guard let view, let count = view.stringByteCount, count > 0 else { return false }
        if options.accumulation == .incremental, !options.keepsText, tag == nil {
            note(kind, count, handle)
            return true
        }
        guard let piece = view.string else { return false }
        return take(piece, kind, handle)
    }

    /// Takes a piece of text.
    ///
    /// - Returns: true if it held anything new.
    @discardableResult
    mutating func take(_ piece: String, _ kind: ContentKind, _ handle: (DecodedEvent) -> Void) -> Bool {
        let fresh = kind == .text ? text.fresh(piece, options) : reasoning.fresh(piece, options)
        guard !fresh.isEmpty else { return false }
        guard kind == .text, var tag else {
            keep(fresh, kind, handle)
            return true
        }
        let parts = tag.split(fresh)
        self.tag = tag
        for part in parts { keep(part.text, part.isReasoning ? .reasoning : .text, handle) }
        return !parts.isEmpty
    }

    private mutating func keep(_ piece: String, _ kind: ContentKind, _ handle: (DecodedEvent) -> Void) {
        note(kind, piece.utf8.count, handle)
        guard options.keepsText else { return }
        if kind == .text {
            if response.text.utf8.count + piece.utf8.count <= Self.maximumKeptBytes { response.text += piece }
        } else if response.reasoning.utf8.count + piece.utf8.count <= Self.maximumKeptBytes {
            response.reasoning += piece
        }
    }

    private mutating func note(_ kind: ContentKind, _ byteCount: Int, _ handle: (DecodedEvent) -> Void) {
        response.contentEventCount += 1
        if kind == .text { response.textByteCount += byteCount }
        handle(.content(kind, byteCount: byteCount))
    }

    // MARK: Tool calls

    /// The place of a tool call, made if there is none yet of that key.
    ///
    /// - Returns: nil if there are too many; the response is malformed then.
    mutating func toolCall(_ key: Int) -> Int? {
        if let place = calls.firstIndex(where: { $0.key == key }) { return place }
        guard calls.count < Self.maximumToolCalls else {
            fail(malformed: "more than \(Self.maximumToolCalls) tool calls in one answer")
            return nil
        }
        calls.append(PendingCall(key: key))
        return calls.count - 1
    }

    /// The key of a tool call that comes without an index.
    ///
    /// - Parameters:
    ///   - identifier: one that is known belongs to its call, an unknown one opens another.
    ///   - position: the place in its event, which counts where there is no identifier either.
    /// - Returns: the key.
    func toolCallKey(identifier: String, position: Int) -> Int {
        guard !identifier.isEmpty else { return position }
        return calls.first { $0.identifier == identifier }?.key ?? (calls.map(\.key).max() ?? -1) + 1
    }

    /// Tells of a piece of arguments whose place among them is not its end.
    mutating func noteStreamedArgument(byteCount: Int, _ handle: (DecodedEvent) -> Void) {
        note(.toolArguments, byteCount, handle)
    }

    /// Sets the arguments of a tool call that came in pieces of another kind.
    mutating func setArguments(_ place: Int, _ arguments: [UInt8]) { calls[place].arguments = arguments }

    /// Gives a tool call that has no arguments the empty object.
    mutating func completeArguments(_ place: Int) {
        if calls[place].arguments.isEmpty { calls[place].arguments = Array("{}".utf8) }
    }

    /// True if a tool call has arguments already.
    func hasArguments(_ place: Int) -> Bool { !calls[place].arguments.isEmpty }

    /// Names a tool call; what is empty or known already changes nothing.
    ///
    /// - Returns: true if the name is new.
    @discardableResult
    mutating func name(
        _ place: Int, identifier: String?, name: String?, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        if calls[place].identifier.isEmpty { calls[place].identifier = identifier ?? "" }
        guard let name, !name.isEmpty, calls[place].name.isEmpty else { return false }
        calls[place].name = name
        note(.toolName, name.utf8.count, handle)
        return true
    }

    /// Takes a piece of a tool call's arguments: text, or, from some servers, a JSON object.
    ///
    /// - Returns: true if it held anything new.
    @discardableResult
    mutating func arguments(_ place: Int, _ view: JSONView?, _ handle: (DecodedEvent) -> Void) -> Bool {
        guard let view, !view.isNull else { return false }
        let piece = view.kind == .object ? JSONValue(view).serialized() : Array((view.string ?? "").utf8)
        return arguments(place, piece, handle)
    }

    /// Takes a piece of a tool call's arguments.
    ///
    /// - Returns: true if it held anything new.
    @discardableResult
    mutating func arguments(_ place: Int, _ piece: [UInt8], _ handle: (DecodedEvent) -> Void) -> Bool {
        var piece = piece[...]
        let known = calls[place].arguments
        let repeats =
            options.accumulation == .cumulative
            || (options.accumulation == .automatic && piece.count > known.count && !known.isEmpty)
        if repeats, piece.starts(with: known) { piece = piece.dropFirst(known.count) }
        guard !piece.isEmpty else { return false }
        guard calls[place].arguments.count + piece.count <= Self.maximumKeptBytes else {
            fail(malformed: "the arguments of a tool call are over \(Self.maximumKeptBytes) bytes")
            return false
        }
        calls[place].arguments += piece
        note(.toolArguments, piece.count, handle)
        return true
    }

    // MARK: The end

    /// The response as it stands when the body has ended.
    mutating func finished(_ end: TransportEnd, isFailedStatus: Bool, _ handle: (DecodedEvent) -> Void)
        -> DecodedResponse
    {
        if var tag {
            for part in tag.finish() { keep(part.text, part.isReasoning ? .reasoning : .text, handle) }
            self.tag = tag
        }
        response.toolCalls = calls.map {
            ToolCall(
                identifier: $0.identifier, name: $0.name, arguments: String(decoding: $0.arguments, as: UTF8.self))
        }
        response.outcome = isFailedStatus ? response.error?.outcome ?? .server : outcome(end)
        return response
    }

    private func outcome(_ end: TransportEnd) -> OutcomeClass {
        if isMalformed { return .malformed }
        if let error = response.error { return error.outcome }
        guard isTerminated || response.finishReasonRaw != nil else {
            return end == .cut ? .connectionLost : .truncated
        }
        if end == .cut, !isTerminated { return .connectionLost }
        if let reason = response.finishReasonRaw, let outcome = ErrorTaxonomy.outcome(finishReason: reason) {
            return outcome
        }
        return response.contentEventCount > 0 ? .ok : .empty
    }
}

extension AnswerAssembly.Channel {
    /// What of a piece has not come before.
    fileprivate mutating func fresh(_ piece: String, _ options: DecodingOptions) -> String {
        switch options.accumulation {
        case .incremental:
            return piece
        case .cumulative:
            // A piece that is no longer than what is known repeats it.
            let bytes = piece.utf8
            guard bytes.count > byteCount else { return "" }
            let fresh = String(decoding: bytes.dropFirst(byteCount), as: UTF8.self)
            byteCount = bytes.count
            return fresh
        case .automatic:
            let repeats = !kept.isEmpty && piece.utf8.count > kept.utf8.count && piece.hasPrefix(kept)
            let fresh = repeats ? String(decoding: piece.utf8.dropFirst(kept.utf8.count), as: UTF8.self) : piece
            if kept.utf8.count + fresh.utf8.count <= AnswerAssembly.maximumKeptBytes { kept += fresh }
            return fresh
        }
    }
}
