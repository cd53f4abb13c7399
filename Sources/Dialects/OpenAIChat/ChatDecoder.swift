public import Encodings
import Quantities
import Workloads

/// Decodes responses of OpenAI's Chat Completions and of everything compatible with it, streamed or not.
///
/// It takes the body in pieces of any size. Nothing in it trusts the sender: lines, events, tool calls, text and nesting are
/// bounded, and what goes past a bound makes the response malformed.
public struct ChatDecoder {
    /// The most tool calls in one answer.
    public static let maximumToolCalls = 256
    /// The most text, reasoning or arguments that are kept, in bytes each.
    public static let maximumKeptBytes = 4 << 20
    /// The longest body that is not a stream, in bytes.
    public static let maximumPlainBytes = 16 << 20

    private enum Form { case unknown, stream, plain }

    private let head: ResponseHead
    private let keepsText: Bool
    private let parser: JSONParser
    private var splitter: ServerSentEventSplitter
    private var form: Form
    private var plain: [UInt8] = []
    private var response = DecodedResponse()
    private var calls: [PendingCall] = []
    private var isMalformed = false
    private var isDone = false
    private var hasTopLevelUsage = false

    private struct PendingCall {
        let index: Int
        var identifier = ""
        var name = ""
        var arguments: [UInt8] = []
    }

    /// Makes a decoder for one response.
    ///
    /// - Parameters:
    ///   - head: status and content type; an empty content type means that the body itself must tell.
    ///   - parser: may serve many decoders of one thread.
    ///   - keepsText: whether the text and reasoning are kept, beyond their sizes.
    ///   - splitter: splits the stream, with its limits of lines and events.
    public init(
        head: ResponseHead, parser: JSONParser, keepsText: Bool,
        splitter: ServerSentEventSplitter = ServerSentEventSplitter()
    ) {
        self.head = head
        self.parser = parser
        self.keepsText = keepsText
        self.splitter = splitter
        let isPlain = !(200..<300).contains(head.status) || head.contentType.hasPrefix("application/json")
        form = isPlain ? .plain : head.contentType.isEmpty ? .unknown : .stream
    }

    /// Takes the next bytes of the body.
    ///
    /// - Parameters:
    ///   - bytes: any piece of the body.
    ///   - handle: called for each event in its order.
    public mutating func consume(_ bytes: Span<UInt8>, _ handle: (DecodedEvent) -> Void) {
        guard !isMalformed else { return }
        var start = 0
        if form == .unknown {
            // What stands before the first sign belongs to neither form, however the body is cut.
            guard let first = bytes.indices.first(where: { bytes[$0] > 0x20 }) else { return }
            form = bytes[first] == 0x7B ? .plain : .stream
            start = first
        }
        let bytes = bytes.extracting(start..<bytes.count)
        guard form == .stream else { return keepPlain(bytes) }
        var splitter = ServerSentEventSplitter()
        swap(&splitter, &self.splitter)
        do throws(ServerSentEventError) {
            try splitter.consume(bytes) { item, data in take(item, data, handle) }
        } catch {
            malformed("a line or an event of the stream is over its limit")
        }
        self.splitter = splitter
    }

    /// Ends the body and judges the response.
    ///
    /// - Parameters:
    ///   - end: how the transport ended.
    ///   - handle: called for what only the end brings out.
    /// - Returns: the whole response.
    public mutating func finish(_ end: TransportEnd, _ handle: (DecodedEvent) -> Void) -> DecodedResponse {
        if form == .stream {
            var splitter = self.splitter
            do throws(ServerSentEventError) {
                try splitter.finish { item, data in
                    // An event without its blank line counts only if it is whole; a cut one proves the truncation instead.
                    if isWhole(data) { take(item, data, handle) }
                }
            } catch {
                malformed("the last event of the stream is over its limit")
            }
        } else {
            finishPlain(end, handle)
        }
        response.toolCalls = calls.map {
            ToolCall(
                identifier: $0.identifier, name: $0.name, arguments: String(decoding: $0.arguments, as: UTF8.self))
        }
        if response.error == nil || form == .stream { response.outcome = outcome(end) }
        return response
    }

    private func outcome(_ end: TransportEnd) -> OutcomeClass {
        if isMalformed { return .malformed }
        if let error = response.error { return error.outcome }
        guard isDone || response.finishReasonRaw != nil else { return end == .cut ? .connectionLost : .truncated }
        if end == .cut, !isDone { return .connectionLost }
        switch response.finishReasonRaw {
        case "content_filter", "sensitive": return .contentFilter
        case "error", "network_error", "abort": return .streamError
        case "insufficient_system_resource": return .overloaded
        default: return response.contentEventCount > 0 ? .ok : .empty
        }
    }

    private mutating func malformed(_ message: String) {
        isMalformed = true
        response.error = response.error ?? ProviderError(outcome: .malformed, message: message)
    }

    private func isWhole(_ data: Span<UInt8>) -> Bool {
        data.equals("[DONE]") || (try? parser.parse(data) { _ in true }) ?? false
    }

    private mutating func take(_ item: ServerSentEventItem, _ data: Span<UInt8>, _ handle: (DecodedEvent) -> Void) {
        guard !isMalformed else { return }
        guard case .event(let name) = item else { return handle(.other) }
        if data.equals("[DONE]") {
            isDone = true
            return handle(.done)
        }
        guard !isDone else { return handle(.other) }
        do throws(JSONError) {
            try parser.parse(data) { root in
                if name == "error" { fail(root["error"] ?? root, handle) } else { takeChunk(root, handle) }
            }
        } catch {
            malformed("an event of the stream is no JSON: \(error.message)")
        }
    }

    private mutating func fail(_ view: JSONView, _ handle: (DecodedEvent) -> Void) {
        response.error = response.error ?? ChatErrors.readInStream(view)
        handle(.error)
    }

    private mutating func takeChunk(_ root: JSONView, _ handle: (DecodedEvent) -> Void) {
        var isKnown = false
        root.forEachMember { key, value in
            if key.equals("choices") {
                value.forEachElement { choice in takeChoice(choice, &isKnown, handle) }
            } else if key.equals("usage") {
                if takeUsage(value, isTopLevel: true) {
                    isKnown = true
                    handle(.usage)
                }
            } else if key.equals("error") {
                if !value.isNull {
                    isKnown = true
                    fail(value, handle)
                }
            } else if response.model == nil || response.provider == nil {
                if key.equals("model") { response.model = response.model ?? value.string }
                if key.equals("provider") { response.provider = value.string }
                if key.equals("id") { response.responseIdentifier = response.responseIdentifier ?? value.string }
            }
        }
        if !isKnown { handle(.other) }
    }

    private mutating func takeChoice(_ choice: JSONView, _ isKnown: inout Bool, _ handle: (DecodedEvent) -> Void) {
        var finish: String?
        var isOther = false
        choice.forEachMember { key, value in
            if key.equals("delta") || key.equals("message") {
                isKnown = takeDelta(value, handle) || isKnown
            } else if key.equals("finish_reason") {
                finish = value.string
            } else if key.equals("index") {
                isOther = (value.integer ?? 0) != 0
            } else if key.equals("usage"), !hasTopLevelUsage, takeUsage(value, isTopLevel: false) {
                isKnown = true
                handle(.usage)
            }
        }
        if let finish, !isOther, !finish.isEmpty, finish != "null" {
            response.finishReasonRaw = finish
            isKnown = true
            handle(.finish(finish))
        }
    }

    /// Returns whether the delta held content.
    private mutating func takeDelta(_ delta: JSONView, _ handle: (DecodedEvent) -> Void) -> Bool {
        var hasContent = false
        var hasReasoning = false
        delta.forEachMember { key, value in
            if key.equals("content") || key.equals("refusal") {
                hasContent = takeText(value, .text, handle) || hasContent
            } else if key.equals("reasoning") || key.equals("reasoning_content") {
                // Some servers send the same piece under both names.
                if !hasReasoning { hasReasoning = takeText(value, .reasoning, handle) }
            } else if key.equals("tool_calls") {
                var position = 0
                value.forEachElement { call in
                    hasContent = takeToolCall(call, position, handle) || hasContent
                    position += 1
                }
            }
        }
        return hasContent || hasReasoning
    }

    private mutating func takeText(_ value: JSONView, _ kind: ContentKind, _ handle: (DecodedEvent) -> Void) -> Bool {
        guard let count = value.stringByteCount, count > 0 else { return false }
        note(kind, count, handle)
        guard keepsText, let text = value.string else { return true }
        if kind == .text {
            if response.text.utf8.count + count <= Self.maximumKeptBytes { response.text += text }
        } else if response.reasoning.utf8.count + count <= Self.maximumKeptBytes {
            response.reasoning += text
        }
        return true
    }

    private mutating func note(_ kind: ContentKind, _ byteCount: Int, _ handle: (DecodedEvent) -> Void) {
        response.contentEventCount += 1
        if kind == .text { response.textByteCount += byteCount }
        handle(.content(kind, byteCount: byteCount))
    }

    private mutating func takeToolCall(_ view: JSONView, _ position: Int, _ handle: (DecodedEvent) -> Void) -> Bool {
        let identifier = view["id"]?.string ?? ""
        let stated = view["index"]?.integer ?? calls.first { !identifier.isEmpty && $0.identifier == identifier }?.index
        let index = stated ?? position
        var place = calls.firstIndex { $0.index == index }
        if place == nil {
            guard calls.count < Self.maximumToolCalls else {
                malformed("more than \(Self.maximumToolCalls) tool calls in one answer")
                return false
            }
            calls.append(PendingCall(index: index))
            place = calls.count - 1
        }
        guard let place else { return false }
        if calls[place].identifier.isEmpty { calls[place].identifier = identifier }
        let function = view["function"]
        var hasContent = false
        if let name = function?["name"]?.string, !name.isEmpty, calls[place].name.isEmpty {
            calls[place].name = name
            note(.toolName, name.utf8.count, handle)
            hasContent = true
        }
        if let arguments = function?["arguments"] {
            hasContent = takeArguments(arguments, place, handle) || hasContent
        }
        return hasContent
    }

    /// Arguments come as pieces of text, or, from some servers, as one JSON object.
    private mutating func takeArguments(_ view: JSONView, _ place: Int, _ handle: (DecodedEvent) -> Void) -> Bool {
        let piece: [UInt8] = view.kind == .object ? JSONValue(view).serialized() : Array((view.string ?? "").utf8)
        guard !piece.isEmpty else { return false }
        guard calls[place].arguments.count + piece.count <= Self.maximumKeptBytes else {
            malformed("the arguments of a tool call are over \(Self.maximumKeptBytes) bytes")
            return false
        }
        calls[place].arguments += piece
        note(.toolArguments, piece.count, handle)
        return true
    }

    private mutating func takeUsage(_ view: JSONView, isTopLevel: Bool) -> Bool {
        guard let usage = ChatUsage.read(view) else { return false }
        response.usage = usage
        response.usageText = String(JSONValue(view).text().prefix(2000))
        if let cost = view["cost"]?.double { response.reportedCost = Money(dollars: cost) }
        hasTopLevelUsage = hasTopLevelUsage || isTopLevel
        return true
    }

    private mutating func keepPlain(_ bytes: Span<UInt8>) {
        guard plain.count + bytes.count <= Self.maximumPlainBytes else {
            plain = []
            return malformed("a body that is no stream is over \(Self.maximumPlainBytes) bytes")
        }
        unsafe bytes.withUnsafeBufferPointer { unsafe plain.append(contentsOf: $0) }
    }

    private mutating func finishPlain(_ end: TransportEnd, _ handle: (DecodedEvent) -> Void) {
        let body = plain
        let text = String(decoding: body.prefix(500), as: UTF8.self)
        guard (200..<300).contains(head.status) || head.status == 0 else {
            let error = try? parser.parse(body.span) { ChatErrors.read(status: head.status, body: $0, text: text) }
            let found = error ?? ChatErrors.read(status: head.status, body: nil, text: text)
            response.error = found
            response.outcome = found.outcome
            return handle(.error)
        }
        guard !isMalformed, !body.isEmpty else { return }
        form = .stream
        do throws(JSONError) {
            try parser.parse(body.span) { takeChunk($0, handle) }
        } catch {
            if end == .complete { malformed("the body is neither a stream nor JSON") }
        }
    }
}
