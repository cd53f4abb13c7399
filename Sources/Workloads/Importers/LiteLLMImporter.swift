import Encodings
import Quantities

/// Imports the spend log of a LiteLLM proxy (`LiteLLM_SpendLogs`) as CSV or JSON: `startTime, endTime, completionStartTime,
/// prompt_tokens, completion_tokens, model, status, call_type, session_id, end_user, cache_hit, metadata`, and the texts of
/// `proxy_server_request, messages, response` where the proxy stores them.
public struct LiteLLMImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "litellm", summary: "a LiteLLM proxy's spend log, exported as CSV or JSON lines", unit: .line,
        content: "mixed",
        guesses: [
            "Rows that failed, that have no tokens, or whose call_type is no chat or text completion are left out.",
            "Rows with one session_id are a session; without it those of one end_user, until half an hour passes between "
                + "them; other rows are sessions of their own.",
        ] + SpendLogTexts.guesses + [
            "In a session of text a row goes on from the earlier row whose messages and answer, with the same tools and system "
                + "prompt, are the longest beginning of its own; an answer that was not stored is taken from the next row that "
                + "repeats it; an answer that a prompt holds and no row gave, a system message amid the conversation and a tool "
                + "result that answers no call are sent as user text, and tool calls without a result are not sent again.",
            "In a session of text sizes of texts are counted by words, numbers and signs, and prompt_tokens stands beside them "
                + "as recorded_in; outputs are as long as completion_tokens says, but of several answers the first is taken and "
                + "counted from its text.",
            "In a session of text a row waits for the rows that had ended when it began and that no other of them waits for, "
                + "from the last end to its beginning and at most eleven days, for a tool where it adds a result, else for a "
                + "human; one that runs beside others, has another model than the first or another system prompt is another "
                + "agent's, unless it goes on from a row.",
            "By sizes a row goes on from an ended row of its session and model that no other goes on from, if its prompt is at "
                + "least as large as that prompt and its answer: from the last one among those that have half the size of the "
                + "largest, and that are as large as what the row read from a cache, if there are such; else its prompt is new.",
            "By sizes each model beside the first is an agent.",
            "No agent is taken for another's helper: a session's answer is that of its last call.",
            "By sizes what a prompt grows by beyond the answer before it is one user message; tools are not recorded, and their "
                + "times are part of the wait, which is taken for a human's and is at most eleven days.",
            "A row that was answered from the proxy's own cache, and one whose first token came no earlier than its last, has "
                + "no time to the first token.",
            "Starts count from the earliest row; all rows are held in memory until the end, texts once for all rows of a "
                + "session that repeat them, and at most 1 GiB of texts: sessions with rows after that go by sizes.",
        ])

    /// After so many seconds without a row a user's session ends.
    private static let longestPause = 1800.0

    private var table = TraceTable(needed: ["starttime", "endtime", "prompt_tokens", "completion_tokens"])
    private var isTable = false
    private var held = HeldRecords<Row>()
    private var texts = SpendLogTexts()
    /// The sessions whose stored texts were not used.
    public private(set) var leftOut = LeftOut()

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        if source.line == 1 {
            let first = bytes.first { $0 > 0x20 }
            isTable = first != UInt8(ascii: "{") && first != UInt8(ascii: "[")
        }
        if isTable {
            guard let row = try table.row(bytes, source) else { return }
            try take(Record { row[$0.lowercased()].map { .string($0) } }, source)
            return
        }
        let value = try source.json(bytes)
        for record in value.arrayValue ?? value["data"]?.arrayValue ?? [value] {
            let object = try source.object(record)
            try take(Record { name in object[name].flatMap { $0 == .null || $0 == "" ? nil : $0 } }, source)
        }
    }

    /// A row that is held.
    private struct Row: Sendable {
        var request: TraceRequest
        var texts: SpendLogTexts.Row
    }

    /// One row, its fields found by their names.
    private struct Record {
        let field: (String) -> JSONValue?

        /// The row's metadata, which an export may hold as text.
        var metadata: JSONValue {
            guard let value = field("metadata") else { return .null }
            guard let text = value.stringValue else { return value }
            return (try? JSONValue(parsing: Array(text.utf8))) ?? .null
        }
    }

    private mutating func take(_ record: Record, _ source: TraceSource) throws(SessionFileError) {
        let metadata = record.metadata
        let statuses = [record.field("status"), metadata["status"]].compactMap { $0?.stringValue?.lowercased() }
        guard !statuses.contains("failure"), Self.isText(record.field("call_type")?.stringValue) else { return }
        var request = TraceRequest(
            input: try source.tokens(record.field("prompt_tokens"), "prompt_tokens"),
            output: try source.tokens(record.field("completion_tokens"), "completion_tokens"))
        guard request.input + request.output > .zero else { return }
        guard let start = TraceTime.seconds(record.field("startTime")),
            let end = TraceTime.seconds(record.field("endTime")), end >= start
        else { throw source.problem("startTime and endTime must be dates in this order") }
        request.duration = TraceTime.between(start, end)
        request.model = record.field("model")?.stringValue
        let hit = record.field("cache_hit")
        if hit?.boolValue != true, hit?.stringValue?.lowercased() != "true",
            let first = TraceTime.seconds(record.field("completionStartTime")), first >= start, first < end
        {
            request.timeToFirstToken = TraceTime.between(start, first)
        }
        let usage = metadata["usage_object"] ?? .null
        let details = usage["prompt_tokens_details"]?["cached_tokens"]
        request.cached = try source.optionalTokens(details ?? usage["cache_read_input_tokens"], "cached_tokens")
        let reasoning = usage["completion_tokens_details"]?["reasoning_tokens"]
        request.reasoning = min(try source.optionalTokens(reasoning, "reasoning_tokens") ?? .zero, request.output)
        let session = session(record)
        let stored = texts.take(
            body: record.field("proxy_server_request"), messages: record.field("messages"),
            response: record.field("response"), key: session, mayPart: Self.mayPart(session))
        held.add(Row(request: request, texts: stored), session: session, seconds: start, order: start, source)
    }

    private static func isText(_ callType: String?) -> Bool {
        guard let callType else { return true }
        return ["completion", "responses", "messages", "generate_content"].contains { callType.contains($0) }
    }

    /// What rows of one session have in common; the first letter tells how sure that is.
    private func session(_ record: Record) -> String {
        for (mark, name) in [("s", "session_id"), ("u", "end_user")] {
            if let text = record.field(name)?.stringValue { return mark + text }
        }
        return "r\(held.count + 1)"
    }

    /// Whether the rows of a key may be several sessions.
    private static func mayPart(_ key: String) -> Bool { key.hasPrefix("u") }

    /// Hands out all sessions.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        try table.finish()
        let (earliest, sessions) = held.sessions()
        var assets = MessageAssets()
        for (key, rows) in sessions {
            for part in try Self.parts(key, rows, from: earliest) {
                let session = session(part, key, &assets)
                assets.emit(emit)
                emit(.session(session))
            }
            texts.remove(key)
        }
    }

    /// The rows of a session in the order of their starts.
    private struct Part {
        var name: String
        var rows: [Row] = []
        var source: TraceSource
    }

    /// Parts the rows of a key into sessions, and sets when each began.
    private static func parts(
        _ key: String, _ rows: [HeldRecords<Row>.Held], from earliest: Double
    ) throws(SessionFileError) -> [Part] {
        let name = key.hasPrefix("r") ? "row-\(key.dropFirst())" : String(key.dropFirst())
        var parts: [Part] = []
        var latest: Double?
        for held in rows {
            var row = held.record
            let start = held.seconds ?? earliest
            row.request.start = try TraceClock.time(start, from: earliest, held.source)
            let isLater = mayPart(key) && latest.map { start - $0 > longestPause } ?? false
            if parts.isEmpty || isLater {
                parts.append(Part(name: mayPart(key) ? "\(name)-\(parts.count + 1)" : name, source: held.source))
            }
            parts[parts.count - 1].rows.append(row)
            latest = max(latest ?? 0, start + (row.request.duration?.seconds ?? 0))
        }
        return parts
    }

    /// One session: of text if all its rows store theirs, else by sizes.
    private mutating func session(_ part: Part, _ key: String, _ assets: inout MessageAssets) -> Session {
        var (isOfText, fault) = SpendLogTexts.judge(part.rows.map { (row: $0.texts, input: $0.request.input) })
        if isOfText {
            // Sessions by sizes leave no assets.
            var tried = assets
            do throws(SessionFileError) {
                let session = try sessionOfText(part, key, &tried)
                assets = tried
                return session
            } catch {
                fault = .tooLarge
            }
        }
        if let fault { leftOut.add(fault.what) }
        var work = TraceSession(part.name, profile: "litellm")
        var contexts = Contexts()
        for row in part.rows { Self.append(row.request, to: &work, &contexts) }
        return work.session
    }

    private func sessionOfText(
        _ part: Part, _ key: String, _ assets: inout MessageAssets
    ) throws(SessionFileError) -> Session {
        var session = MessageSession(identifier: part.name, profile: "litellm", part.source)
        let first = part.rows.first?.request
        let begin = first?.start ?? .zero
        session.begin(at: begin)
        let times = part.rows.map { (start: $0.request.start ?? begin, end: $0.request.end ?? begin) }
        var calls: [CallIdentifier] = []
        for (row, place) in zip(part.rows, RecordedOrder.places(times)) {
            guard case .stored(let stored) = row.texts else {
                preconditionFailure("a row of a session of text has none")
            }
            let measured = row.request
            var (request, hasSeveralAnswers) = texts.request(stored, key)
            request.after = place.dependencies.map { calls[$0] }
            request.isParallel = place.isParallel
            let start = measured.start ?? begin
            request.wait = start - (place.end ?? begin)
            request.agent = measured.model == first?.model ? nil : measured.model ?? "unknown"
            request.measured.start = start - begin
            request.measured.duration = measured.duration
            request.measured.timeToFirstToken = measured.timeToFirstToken
            request.measured.model = measured.model
            request.measured.input = measured.input.value
            request.measured.cached = measured.cached?.value
            if !hasSeveralAnswers {
                request.measured.output = measured.output.value
                request.measured.reasoning = measured.reasoning.value
            }
            calls.append(try session.take(request, &assets))
        }
        if session.session.calls.contains(where: { $0.agent != Call.mainAgent }) { session.endWithLastCall() }
        return session.session
    }

    private static func append(
        _ request: TraceRequest, to work: inout TraceSession, _ contexts: inout Contexts
    ) {
        guard let first = work.requests.first, let start = request.start else {
            work.appendFresh(request, after: nil)
            return contexts.add(0, of: Call.mainAgent)
        }
        let agent = request.model == first.model ? Call.mainAgent : request.model ?? "unknown"
        defer { contexts.add(work.requests.count - 1, of: agent) }
        if agent != Call.mainAgent { work.endWithLastCall() }
        func hasEnded(_ index: Int) -> Bool { work.requests[index].end.map { $0 <= start } ?? true }
        let sizes = contexts.open(of: agent).filter(hasEnded).map { index in
            (index: index, tokens: work.requests[index].input + work.requests[index].visibleOutput)
        }
        if let previous = Contexts.best(of: sizes, for: request) {
            contexts.remove(previous, of: agent)
            work.appendContinuing(request, after: previous)
            return
        }
        // Far back there is nothing that ended last: a session has few requests at a time.
        let ended = work.requests.indices.suffix(64).filter(hasEnded)
        let previous = ended.max { (work.requests[$0].end ?? .zero) < (work.requests[$1].end ?? .zero) }
        var request = request
        if previous == nil { request.wait = start - (work.session.start ?? start) }
        work.appendFresh(request, agent: agent, after: previous)
    }
}

/// The requests of a session that none goes on from yet.
private struct Contexts {
    /// More than so many are not kept for an agent: the one that was sent first is given up.
    private static let maximumOpen = 64

    private var indices: [String: [Int]] = [:]

    /// The open requests of an agent in the order of their sending.
    func open(of agent: String) -> [Int] { indices[agent] ?? [] }

    mutating func add(_ index: Int, of agent: String) {
        indices[agent, default: []].append(index)
        if open(of: agent).count > Self.maximumOpen { indices[agent]?.removeFirst() }
    }

    mutating func remove(_ index: Int, of agent: String) { indices[agent]?.removeAll { $0 == index } }

    /// The request that another goes on from, by the sizes of prompt and answer together; nil if none fits.
    ///
    /// The largest that fits tells which contexts may be the one: a helper's is much smaller. Of those of like size the last
    /// counts, since a context that was given up, as at a compaction, stays as large as it was.
    static func best(of sizes: [(index: Int, tokens: TokenCount)], for request: TraceRequest) -> Int? {
        let fitting = sizes.filter { $0.tokens <= request.input }
        let evident = fitting.filter { $0.tokens >= request.cached ?? .zero }
        let candidates = evident.isEmpty ? fitting : evident
        guard let largest = candidates.map(\.tokens.value).max() else { return nil }
        return candidates.last { $0.tokens.value * 2 >= largest }?.index
    }
}
