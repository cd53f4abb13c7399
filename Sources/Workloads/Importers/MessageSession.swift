import Encodings
import Quantities

/// Makes a session from recorded messages.
///
/// Requests are given with all their messages, and what is new in each is found; or a transcript is given, and each answer in
/// it becomes a call. Sizes are counted from the texts, so that prefix + kept + carry + added is the input of every call.
struct MessageSession {
    /// The most bytes of text that a session may have, which keeps its line below ``SessionFile/maximumLineBytes``.
    static let maximumBytes = 48 << 20
    /// The most calls that a session may have.
    static let maximumCalls = 10_000

    /// The session so far; it is worth keeping only if it has calls.
    private(set) var session: Session
    private let source: TraceSource
    /// The bytes of its texts, as they are written.
    private(set) var writtenBytes = 0
    /// The hash of the messages of the last request and its answer, if that is known.
    private(set) var latest = StableHash()
    private var agents: [StableHash: String] = [:]
    private var lastOfAgent: [String: Int] = [:]
    /// The call whose messages and answer have a hash.
    private var answered: [StableHash: Int] = [:]
    /// The call whose messages have a hash, while its answer is not known.
    private var unanswered: [StableHash: Int] = [:]
    private var answers: [Answer] = []
    /// The tool calls whose results are errors.
    private var failedCalls: Set<String> = []

    /// What the session format does not hold of an answer.
    private struct Answer {
        var isKnown = false
        var isContinued = false
        var callIdentifiers: [String] = []
    }

    /// What a call goes on from, and what it adds.
    private struct Step {
        var prefix: MessageAssets.Prefix
        var previous: Int?
        var items: ArraySlice<ConversationItem>
    }

    /// Begins a session.
    init(identifier: String, profile: String, _ source: TraceSource) {
        self.source = source
        session = Session(
            identifier: SessionIdentifier(identifier), profile: profile, toolsTokens: .zero, systemTokens: .zero,
            calls: [])
    }

    /// Sets when the session began.
    mutating func begin(at start: Duration) { session.start = start }

    /// Says that no agent works for another, so that the session's answer is that of its last call.
    mutating func endWithLastCall() { session.endsWithLastCall = true }

    /// Tells that the results of some tool calls, by the source's identifiers, are errors; it must come before they do.
    mutating func note(failed calls: Set<String>) { failedCalls.formUnion(calls) }

    // MARK: Whole requests

    /// Takes a request with all its messages.
    ///
    /// It continues the earlier call whose messages and answer are the longest beginning of its own; else it is new.
    ///
    /// - Returns: the call that was made.
    /// - Throws: ``SessionFileError`` if the session grows too large.
    @discardableResult
    mutating func take(
        _ request: MessageRequest, _ assets: inout MessageAssets
    ) throws(SessionFileError) -> CallIdentifier {
        note(failed: request.failedCalls)
        let items = Self.parted(request.items).items
        let prefix = try Self.prefix(request, &assets, source)
        var (hash, end) = (prefix.hash, 0)
        var match: (call: Int, kept: Int)?
        for item in items {
            if case .assistant(let message) = item, let call = unanswered[hash] {
                unanswered[hash] = nil
                match = (call, end + 1)
                hash.add(item)
                adopt(message, call, hash)
            } else {
                hash.add(item)
                if let call = answered[hash] { match = (call, end + 1) }
            }
            end += 1
        }
        let call = try append(
            Step(prefix: prefix, previous: match?.call, items: items.dropFirst(match?.kept ?? 0)), request)
        if let answer = request.answer {
            hash.add(.assistant(answer))
            answered[hash] = call
        } else {
            unanswered[hash] = call
        }
        latest = hash
        return session.calls[call].identifier
    }

    /// The hashes of a request's beginnings, from no message to all.
    static func hashes(_ request: MessageRequest, _ prefix: MessageAssets.Prefix) -> [StableHash] {
        var hashes = [prefix.hash]
        var hash = prefix.hash
        for item in parted(request.items).items {
            hash.add(item)
            hashes.append(hash)
        }
        return hashes
    }

    /// The prefix of a request: its tools and the system messages at its beginning.
    ///
    /// - Throws: ``SessionFileError`` if they are too large.
    static func prefix(
        _ request: MessageRequest, _ assets: inout MessageAssets, _ source: TraceSource
    ) throws(SessionFileError) -> MessageAssets.Prefix {
        try assets.prefix(tools: request.tools, system: parted(request.items).system, source)
    }

    /// Takes the answer of a call from a later request that repeats it.
    private mutating func adopt(_ message: AssistantMessage, _ call: Int, _ hash: StableHash) {
        answer(call, message, session.calls[call].output.value)
        answered[hash] = call
    }

    // MARK: Transcripts

    /// Takes a list of messages: each answer is a call, what stands before it its prompt.
    ///
    /// Answers that follow one another are one. An answer that nothing precedes belongs to the prompt of the next.
    ///
    /// - Throws: ``SessionFileError`` if the session grows too large.
    mutating func take(
        transcript: [RecordedMessage], tools: [ToolDefinition], agent: String? = nil, after: [CallIdentifier]? = nil,
        _ assets: inout MessageAssets
    ) throws(SessionFileError) {
        let messages = Self.joined(transcript)
        let system = messages.prefix { $0.item.role == .system }
        let texts = system.map { Self.text($0.item) }.joined(separator: "\n\n")
        let prefix = try assets.prefix(tools: tools, system: texts, source)
        var previous: Int?
        var pending: [ConversationItem] = []
        var wait = system.reduce(Duration.zero) { $0 + $1.delay }
        for message in messages.dropFirst(system.count) {
            wait += message.delay
            guard case .assistant(let answer) = message.item, previous != nil || !pending.isEmpty else {
                pending.append(message.item)
                continue
            }
            var request = MessageRequest(items: [], answer: answer, measured: message.measured, agent: agent)
            request.after = previous == nil ? after : nil
            request.wait = wait
            previous = try append(Step(prefix: prefix, previous: previous, items: pending[...]), request)
            (pending, wait) = ([], .zero)
        }
    }

    /// Takes a request of which only what it adds is given.
    ///
    /// - Parameters:
    ///   - request: its items are those that it adds.
    ///   - prefix: what the calls of its agent begin with.
    ///   - previous: the call that it continues, by index; nil for a fresh context.
    /// - Returns: the index of the call.
    /// - Throws: ``SessionFileError`` if the session grows too large.
    @discardableResult
    mutating func take(
        added request: MessageRequest, _ prefix: MessageAssets.Prefix, continuing previous: Int?
    ) throws(SessionFileError) -> Int {
        try append(Step(prefix: prefix, previous: previous, items: request.items[...]), request)
    }

    // MARK: Calls

    private mutating func append(_ step: Step, _ request: MessageRequest) throws(SessionFileError) -> Int {
        let index = session.calls.count
        guard index < Self.maximumCalls else { throw source.problem("more than \(Self.maximumCalls) calls") }
        let (agent, context) = place(step, request)
        let added = self.added(step)
        let results = added.count { $0.role == "tool" }
        let carry = step.previous.map { self.carry(of: $0, results: results) } ?? .zero
        let size = added.reduce(carry) { $0 + $1.tokens }
        let kept = step.previous.map { session.calls[$0].input } ?? session.prefixTokens(of: agent)
        let (after, wait) = order(step, request)
        let usual: Call.WaitKind = results > 0 ? .tool : .human
        session.calls.append(
            Call(
                identifier: CallIdentifier("\(index)"), agent: agent, after: after,
                wait: TraceTime.bounded(wait),
                waitKind: after.isEmpty ? .start : request.waitKind ?? usual, context: context, carry: carry,
                added: added, input: kept + size, output: .zero, stop: request.measured.stop))
        answers.append(Answer())
        if let previous = step.previous { answers[previous].isContinued = true }
        lastOfAgent[agent] = index
        record(request.measured, index)
        answer(index, request.answer, request.measured.output)
        writtenBytes += added.reduce(100) { $0 + 60 + Self.writtenBytes($1.text ?? "") }
        guard writtenBytes < Self.maximumBytes else {
            throw source.problem("more than \(Self.maximumBytes >> 20) MiB in one session")
        }
        return index
    }

    /// The calls that a call comes after, and how long it waits for their end.
    ///
    /// What it goes on from is among them even if its recorded end lies later: logs write ends down a little late.
    private func order(_ step: Step, _ request: MessageRequest) -> (after: [CallIdentifier], wait: Duration) {
        let after = request.after ?? session.calls.last.map { [$0.identifier] } ?? []
        guard let previous = step.previous, !awaits(after, previous) else { return (after, request.wait) }
        return (after + [session.calls[previous].identifier], .zero)
    }

    /// Whether calls are, or come after, an earlier call.
    private func awaits(_ calls: [CallIdentifier], _ wanted: Int) -> Bool {
        // A call's identifier is its index.
        var open = calls.compactMap { Int($0.rawValue) }
        var seen: Set<Int> = []
        while let next = open.popLast() {
            if next == wanted { return true }
            guard next > wanted, seen.insert(next).inserted else { continue }
            open += session.calls[next].after.compactMap { Int($0.rawValue) }
        }
        return false
    }

    /// The agent that makes a call, and what precedes the call's items.
    private mutating func place(_ step: Step, _ request: MessageRequest) -> (String, Call.Context) {
        if let previous = step.previous {
            let agent = session.calls[previous].agent
            if lastOfAgent[agent] == previous { return (agent, .continuing) }
        }
        let context: Call.Context = step.previous.map { .fork(session.calls[$0].identifier) } ?? .new
        var key = step.prefix.hash
        key.add(request.agent ?? "")
        if !request.isParallel, let known = agents[key] { return (known, context) }
        var agent = Call.mainAgent
        if !session.calls.isEmpty {
            agent = request.agent ?? ""
            if agent.isEmpty || agent == Call.mainAgent { agent = "agent" }
            let base = agent
            var number = 1
            while session.agentPrefixTokens[agent] != nil {
                number += 1
                agent = "\(base)_\(number)"
            }
            session.agentPrefixTokens[agent] = step.prefix.toolsTokens + step.prefix.systemTokens
        } else {
            session.toolsTokens = step.prefix.toolsTokens
            session.systemTokens = step.prefix.systemTokens
        }
        session.prefixAssets[agent] = step.prefix.names == Session.PrefixAssets() ? nil : step.prefix.names
        agents[key] = agent
        return (agent, context)
    }

    /// What a call adds; tool results stand in the order of the calls that they answer, and one that answers none is the user's.
    private mutating func added(_ step: Step) -> [Call.AddedItem] {
        var results: [(position: Int, item: Call.AddedItem)] = []
        var others: [Call.AddedItem] = []
        var open = step.previous.map { Array(answers[$0].callIdentifiers.indices) } ?? []
        for item in step.items {
            let text = Self.text(item)
            let tokens = Self.tokens(of: text)
            guard case .toolResult(let result) = item, let previous = step.previous,
                let chosen = open.firstIndex(where: { answers[previous].callIdentifiers[$0] == result.callIdentifier })
                    ?? open.indices.first
            else {
                others.append(Call.AddedItem(role: "user", tokens: tokens, text: text))
                continue
            }
            let position = open.remove(at: chosen)
            let name = session.calls[previous].answer.toolCalls[position].name
            let isError = failedCalls.contains(result.callIdentifier)
            let added = Call.AddedItem(role: "tool", tokens: tokens, name: name, isError: isError, text: text)
            results.append((position, added))
        }
        results.sort { $0.position < $1.position }
        if let previous = step.previous, !answers[previous].isContinued, !results.isEmpty {
            reorder(previous, results.map(\.position) + open)
        }
        return results.map(\.item) + others
    }

    /// Puts the tool calls that were answered first, since results stand for the first calls.
    private mutating func reorder(_ call: Int, _ positions: [Int]) {
        session.calls[call].answer.toolCalls = positions.map { session.calls[call].answer.toolCalls[$0] }
        answers[call].callIdentifiers = positions.map { answers[call].callIdentifiers[$0] }
    }

    /// How much of an answer is sent again: its text, and the tool calls that have results.
    private func carry(of call: Int, results: Int) -> TokenCount {
        let previous = session.calls[call]
        guard answers[call].isKnown else { return previous.output - previous.reasoning }
        let text = Self.tokens(of: previous.answer.text ?? "")
        return previous.answer.toolCalls.prefix(results).reduce(text) { $0 + $1.tokens }
    }

    /// Notes what a call was answered.
    private mutating func answer(_ call: Int, _ message: AssistantMessage?, _ output: Int?) {
        var answer = Call.Answer()
        if let message {
            answer.text = message.text.flatMap { $0.isEmpty ? nil : $0 }
            answer.reasoning = message.reasoning.flatMap { $0.isEmpty ? nil : $0 }
            answer.toolCalls = message.toolCalls.map {
                Call.RecordedToolCall(
                    name: $0.name, tokens: Self.tokens(centitokens: $0.centitokens), arguments: $0.arguments)
            }
            answers[call] = Answer(
                isKnown: true, isContinued: answers[call].isContinued,
                callIdentifiers: message.toolCalls.map(\.identifier))
        }
        let reasoning = Self.tokens(of: answer.reasoning ?? "")
        let text = Self.tokens(of: answer.text ?? "")
        let size = answer.toolCalls.reduce(text + reasoning) { $0 + $1.tokens }
        let known = Self.count(output)
        session.calls[call].answer = answer
        session.calls[call].output = known == .zero ? size : known
        let most = session.calls[call].output
        let stated = session.calls[call].reasoning
        session.calls[call].reasoning = min(stated == .zero ? reasoning : stated, most)
        writtenBytes += answer.toolCalls.reduce(
            Self.writtenBytes(answer.text ?? "") + Self.writtenBytes(answer.reasoning ?? "")
        ) { $0 + 60 + Self.writtenBytes($1.name) + Self.writtenBytes($1.arguments ?? "") }
    }

    private mutating func record(_ measured: MessageMeasures, _ call: Int) {
        session.calls[call].reasoning = Self.count(measured.reasoning)
        session.calls[call].recorded.start = measured.start.map(TraceTime.bounded)
        session.calls[call].recorded.duration = measured.duration.map(TraceTime.bounded)
        session.calls[call].recorded.timeToFirstToken = measured.timeToFirstToken.map(TraceTime.bounded)
        session.calls[call].recorded.cached = measured.cached.map { Self.count($0) }
        if let model = measured.model { session.calls[call].other["recorded_model"] = .string(model) }
        if let input = measured.input, Self.count(input) != session.calls[call].input {
            session.calls[call].other["recorded_in"] = .integer(input)
        }
    }
}

// MARK: - Messages and sizes

extension MessageSession {
    /// What importers that read transcripts guess alike.
    static let guesses = [
        "Each answer of a transcript is a call whose prompt is all that stands before it; answers that follow one another "
            + "are one, joined by line feeds, and messages after the last answer are left out.",
        "A greeting that nothing precedes, a system message amid the conversation and a tool result that answers no call are "
            + "sent as user text; tool calls without a result are not sent again.",
    ]

    /// The tokens of a text; some text is at least one.
    static func tokens(of text: String) -> TokenCount { text.isEmpty ? .zero : tokens(centitokens: text.centitokens) }

    /// The tokens of a size, at least one.
    static func tokens(centitokens: Int) -> TokenCount {
        max(1, ApproximateTokenizer().tokens(centitokens: centitokens))
    }

    /// The tokens of text of which nothing is known but its bytes.
    static func tokens(bytes: Int) -> TokenCount {
        bytes == 0 ? .zero : max(1, TokenCount(Int(Double(bytes) / ApproximateTokenizer.usualBytesPerToken)))
    }

    /// A count that a source states, inside what the session format allows.
    private static func count(_ value: Int?) -> TokenCount { TokenCount(min(max(0, value ?? 0), 100_000_000)) }

    /// The size of a text inside a JSON string.
    static func writtenBytes(_ text: String) -> Int {
        text.utf8.reduce(0) { $0 + ($1 < 0x20 ? 6 : $1 == 0x22 || $1 == 0x5C ? 2 : 1) }
    }

    /// What a message says; an answer that no request of the session gave says its tool calls too.
    static func text(_ item: ConversationItem) -> String {
        switch item {
        case .system(let text), .user(let text): text
        case .toolResult(let result): result.text
        case .assistant(let message):
            ([message.text ?? ""].filter { !$0.isEmpty } + message.toolCalls.map { "\($0.name) \($0.arguments)" })
                .joined(separator: "\n")
        }
    }

    /// The system prompt and the messages after it; answers that follow one another become one.
    private static func parted(_ items: [ConversationItem]) -> (system: String, items: [ConversationItem]) {
        let system = items.prefix { $0.role == .system }
        let rest = joined(items.dropFirst(system.count).map { RecordedMessage(item: $0) }).map(\.item)
        return (system.map { text($0) }.joined(separator: "\n\n"), rest)
    }

    private static func joined(_ messages: [RecordedMessage]) -> [RecordedMessage] {
        var result: [RecordedMessage] = []
        for message in messages {
            guard case .assistant(let next) = message.item, let last = result.last,
                case .assistant(let first) = last.item
            else {
                result.append(message)
                continue
            }
            var joined = first
            joined.text = join(first.text, next.text)
            joined.reasoning = join(first.reasoning, next.reasoning)
            joined.toolCalls += next.toolCalls
            result[result.count - 1].item = .assistant(joined)
            result[result.count - 1].delay += message.delay
            result[result.count - 1].measured.stop = message.measured.stop ?? last.measured.stop
            if let output = message.measured.output, let before = last.measured.output {
                result[result.count - 1].measured.output = before.addingReportingOverflow(output).partialValue
            }
        }
        return result
    }

    private static func join(_ first: String?, _ second: String?) -> String? {
        let texts = [first, second].compactMap { $0 }.filter { !$0.isEmpty }
        return texts.isEmpty ? nil : texts.joined(separator: "\n")
    }
}
