import Encodings
import Quantities

/// Imports the transcripts that Claude Code writes: one JSON object a line, and a file for each sub-agent.
///
/// Rows of type `user` and `assistant` hold a `message`; the rows of one API message share its `id`. Rows with `isSidechain` are a
/// sub-agent's, told apart by `agentId`, the file `agent-<id>`, or the row at which a chain of `parentUuid` begins. All rows are
/// held until the import ends, since a sub-agent's file may come after that of its session.
public struct ClaudeCodeImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "claude-code", summary: "Claude Code's own transcripts, with the files of its sub-agents", unit: .line,
        content: "mixed",
        guesses: [
            "The system prompt and the tools are not recorded: they are made up, and as large as the first usage of an agent "
                + "says beyond the text of its first request.",
            "Outputs are as long as their text, counted by words, numbers and signs, for the recorded output_tokens may be partial.",
            "A call is sent when the row before its answer was written; it waits from the last row of the answer before.",
            "A sub-agent begins after the last answer of the main agent before its first row, and the next call of the main "
                + "agent after its last row waits for it.",
            "Rows count in their order, whatever their parents: a branch that the user left is part of the conversation.",
            "The summary of a compaction begins a fresh context.", RecordedRole.guess,
        ])

    private var sessions: [String: ClaudeCodeSession] = [:]
    private var order: [String] = []

    /// Makes an importer.
    public init() {}

    /// Takes a row.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let row = try source.json(bytes)
        guard row.objectValue != nil else { throw source.problem("a row of Claude Code is an object") }
        guard let type = row["type"]?.stringValue, type == "user" || type == "assistant",
            row["message"]?.objectValue != nil
        else { return }
        let name = row["sessionId"]?.stringValue ?? source.fileKey
        if sessions[name] == nil {
            order.append(name)
            sessions[name] = ClaudeCodeSession(source)
        }
        sessions[name]?.take(row, isAnswer: type == "assistant", source)
    }

    /// Hands out the sessions.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        var assets = MessageAssets()
        let begin = order.compactMap { sessions[$0]?.start }.min()
        for name in order {
            guard let rows = sessions.removeValue(forKey: name) else { continue }
            let session = try rows.session(name, begin)
            guard !session.calls.isEmpty else { continue }
            assets.emit(emit)
            emit(.session(session))
        }
        order = []
    }
}

/// The rows of one session, put together to requests.
private struct ClaudeCodeSession {
    /// One request and its answer.
    private struct Turn {
        let agent: String
        let model: String?
        var items: [ConversationItem]
        var answer: AssistantMessage
        var measured: MessageMeasures
        var isFresh: Bool
        var start: Double?
        var end: Double?
    }

    /// What an agent has said since its last answer.
    private struct Pending {
        var items: [ConversationItem] = []
        var isFresh = false
        var time: Double?
    }

    let source: TraceSource
    private(set) var start: Double?
    private var turns: [Turn] = []
    private var pending: [String: Pending] = [:]
    private var turnOfMessage: [String: Int] = [:]
    private var agentOfRow: [String: String] = [:]
    private var failedCalls: Set<String> = []

    init(_ source: TraceSource) { self.source = source }

    mutating func take(_ row: JSONValue, isAnswer: Bool, _ source: TraceSource) {
        let agent = agent(row, source)
        let message = row["message"] ?? .null
        let time = TraceTime.seconds(row["timestamp"])
        start = start ?? time
        guard isAnswer else {
            var waiting = pending[agent] ?? Pending()
            if row["isCompactSummary"]?.boolValue == true { waiting = Pending(isFresh: true) }
            waiting.items += MessageReader.items(message: message, role: "user")
            failedCalls.formUnion(MessageReader.failedCalls([message]))
            waiting.time = time ?? waiting.time
            pending[agent] = waiting
            return
        }
        guard message["model"]?.stringValue != "<synthetic>" else { return }
        let answer = MessageReader.answer(message)
        let key = message["id"]?.stringValue.map { "\(agent)/\($0)" }
        if let key, let turn = turnOfMessage[key] {
            append(answer, to: turn, time)
            return
        }
        guard let waiting = pending.removeValue(forKey: agent) else {
            // An answer that nothing precedes, or that continues the one before under another name.
            if let last = turns.lastIndex(where: { $0.agent == agent }) { append(answer, to: last, time) }
            return
        }
        if let key { turnOfMessage[key] = turns.count }
        var measured = MessageMeasures(usage: message["usage"])
        measured.output = nil
        measured.stop = message["stop_reason"]?.stringValue
        turns.append(
            Turn(
                agent: agent, model: message["model"]?.stringValue, items: waiting.items, answer: answer,
                measured: measured, isFresh: waiting.isFresh, start: waiting.time ?? time, end: time))
    }

    private mutating func append(_ answer: AssistantMessage, to turn: Int, _ time: Double?) {
        let texts = [turns[turn].answer.text, answer.text].compactMap { $0 }
        let reasoning = [turns[turn].answer.reasoning, answer.reasoning].compactMap { $0 }
        turns[turn].answer.text = texts.isEmpty ? nil : texts.joined(separator: "\n")
        turns[turn].answer.reasoning = reasoning.isEmpty ? nil : reasoning.joined(separator: "\n")
        let known = Set(turns[turn].answer.toolCalls)
        turns[turn].answer.toolCalls += answer.toolCalls.filter { !known.contains($0) }
        // A later row of a message may stand after results that the next request was sent with.
        if pending[turns[turn].agent] == nil { turns[turn].end = time ?? turns[turn].end }
    }

    /// The agent of a row, found by what the row or its file says.
    private mutating func agent(_ row: JSONValue, _ source: TraceSource) -> String {
        var agent = Call.mainAgent
        if let stated = row["agentId"]?.stringValue, !stated.isEmpty {
            agent = "agent-\(stated)"
        } else if source.name.hasPrefix("agent-") {
            agent = source.name
        } else if row["isSidechain"]?.boolValue == true {
            let parent = row["parentUuid"]?.stringValue.flatMap { agentOfRow[$0] }
            agent = parent ?? "agent-\(row["uuid"]?.stringValue ?? "sidechain")"
            if let name = row["uuid"]?.stringValue { agentOfRow[name] = agent }
        }
        return agent
    }

    /// The session, its requests in the order of their sending.
    func session(_ name: String, _ begin: Double?) throws(SessionFileError) -> Session {
        var session = MessageSession(identifier: name, profile: "coding-agent", source)
        if let start { session.begin(at: TraceTime.between(begin, start)) }
        session.note(failed: failedCalls)
        let order = turns.indices.sorted { (turns[$0].start ?? 0, $0) < (turns[$1].start ?? 0, $1) }
        let lastTurns = Dictionary(turns.indices.map { (turns[$0].agent, $0) }) { $1 }
        var done: [Int: Int] = [:]
        var last: [String: Int] = [:]
        var prefixes: [String: MessageAssets.Prefix] = [:]
        var unjoined: Set<String> = []
        for index in order {
            let turn = turns[index]
            let previous = last[turn.agent]
            var after = [previous ?? (turn.agent == Call.mainAgent ? nil : last[Call.mainAgent])].compactMap { $0 }
            if turn.agent == Call.mainAgent {
                let ended = unjoined.sorted().filter { agent in
                    lastTurns[agent].map { done[$0] != nil && turns[$0].end ?? 0 <= turn.start ?? 0 } ?? false
                }
                unjoined.subtract(ended)
                after += ended.compactMap { last[$0] }
            } else if previous == nil {
                unjoined.insert(turn.agent)
            }
            let prefix = prefixes[turn.agent] ?? Self.prefix(turn)
            prefixes[turn.agent] = prefix
            var request = request(turn, after: after.compactMap { done[$0] }.sorted(), in: session)
            request.wait = TraceTime.between(after.compactMap { turns[$0].end }.max(), turn.start)
            let call = try session.take(
                added: request, prefix, continuing: turn.isFresh ? nil : previous.flatMap { done[$0] })
            done[index] = call
            last[turn.agent] = index
        }
        return withRoles(session.session, done, order)
    }

    /// The session, its calls with the roles that their models tell.
    private func withRoles(_ session: Session, _ callOfTurn: [Int: Int], _ order: [Int]) -> Session {
        var session = session
        let main = order.first { turns[$0].agent == Call.mainAgent }.flatMap { turns[$0].model }
        for (turn, call) in callOfTurn where turns[turn].agent != Call.mainAgent {
            session.calls[call].role = RecordedRole.role(of: turns[turn].model, besides: main)
        }
        return session
    }

    private func request(_ turn: Turn, after: [Int], in session: MessageSession) -> MessageRequest {
        var request = MessageRequest(items: turn.items, answer: turn.answer, measured: turn.measured)
        request.agent = turn.agent
        request.after = after.map { session.session.calls[$0].identifier }
        request.measured.start = turn.start == nil ? nil : TraceTime.between(start, turn.start)
        request.measured.duration = turn.end == nil ? nil : TraceTime.between(turn.start, turn.end)
        return request
    }

    /// A made-up prefix, as large as the first usage of an agent leaves beside its text.
    private static func prefix(_ turn: Turn) -> MessageAssets.Prefix {
        let text = turn.items.reduce(0) { $0 + MessageSession.tokens(of: MessageSession.text($1)).value }
        let whole = max(0, min(turn.measured.input ?? 0, 1_000_000) - text)
        var prefix = MessageAssets.Prefix()
        prefix.toolsTokens = TokenCount(whole * 3 / 4)
        prefix.systemTokens = TokenCount(whole - whole * 3 / 4)
        prefix.hash.add("\(whole)")
        return prefix
    }
}
