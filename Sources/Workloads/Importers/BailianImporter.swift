import Encodings
import Quantities

/// Imports the traces of Alibaba's Bailian (alibaba-edu/qwen-bailian-usagetraces-anon): one JSON object a line with `chat_id`,
/// `parent_chat_id` (-1 for none), `timestamp` in seconds, `input_length`, `output_length`, `type`, `turn` and `hash_ids`, the
/// blocks of 16 tokens that the prompt is made of.
public struct BailianImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "bailian", summary: "Alibaba's Qwen-Bailian traces of chats with block hashes", unit: .line,
        blockTokens: 16,
        guesses: [
            "Texts are made up: the source holds sizes and block hashes; equal blocks are equal text in all sessions.",
            "Blocks that are not full are dropped, since their hashes change with their padding.",
            "A request goes on from its parent if it keeps all full blocks of it and is not smaller; else its prompt is new, "
                + "though its blocks still carry what it shares.",
            "Of the answer before it a prompt holds as much as it has grown by; what the template strips of an answer, such "
                + "as its reasoning, is not told apart from what the user adds.",
            "The wait before a call is a human's, and too long by the time that the answer before it took, which is not "
                + "recorded.",
            "A session ends when an hour passes without a request of it, and until then it is held in memory; a request whose "
                + "parent is not known begins a session.",
            "Sessions are handed out when they end, so that long ones stand late in the file; plans take them by their starts.",
            TraceClock.guess,
        ])

    /// A chat on its way to a session.
    private struct Chat {
        var work: TraceSession
        /// The identifiers of its requests, in their order.
        var members: [String] = []
        var full: [BlockIdentifiers] = []
    }

    private var clock = TraceClock()
    private var open = OpenSessions<String, Chat>(idleLimit: .seconds(3600))
    /// The chat and the call of each request.
    private var places: [String: (root: String, call: Int)] = [:]

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let record = try source.object(source.json(bytes))
        guard let number = source.name(record["chat_id"]) else { throw source.problem("a request needs a chat_id") }
        let seconds = try source.seconds(record["timestamp"], "timestamp")
        let start = try clock.time(seconds, source)
        var request = TraceRequest(
            start: start, input: try source.tokens(record["input_length"], "input_length"),
            output: try source.tokens(record["output_length"], "output_length"))
        let full = try BlockIdentifiers(
            record["hash_ids"], most: request.input.value / Self.format.blockTokens, source)
        request.blocks = full.ranges
        closeIdle(at: start, emit)
        let name = "\(source.fileKey)/\(number)"
        guard places[name] == nil else { throw source.problem("the chat_id \(number) stands twice") }
        let parent = source.name(record["parent_chat_id"]).flatMap { places["\(source.fileKey)/\($0)"] }
        let root = parent?.root ?? name
        let type = record["type"]?.stringValue ?? "bailian"
        var chat = open.remove(root) ?? Chat(work: TraceSession(root, profile: type))
        Self.append(request, full, to: &chat, after: parent?.call)
        places[name] = (root, chat.members.count)
        chat.members.append(name)
        open.use(root, at: start, chat)
    }

    /// Hands out the sessions that were waiting for more.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        open.closeAll { _, chat in emit(.session(chat.work.session)) }
        places = [:]
    }

    private mutating func closeIdle(at time: Duration, _ emit: (ImportedPiece) -> Void) {
        var closed: [String] = []
        open.closeIdle(at: time) { _, chat in
            closed += chat.members
            emit(.session(chat.work.session))
        }
        for name in closed { places[name] = nil }
    }

    private static func append(
        _ request: TraceRequest, _ full: BlockIdentifiers, to chat: inout Chat, after parent: Int?
    ) {
        if let parent, request.input >= chat.work.requests[parent].input, chat.full[parent].isPrefix(of: full) {
            chat.work.appendContinuing(request, after: parent)
        } else {
            chat.work.appendFresh(request, after: parent)
        }
        chat.full.append(full)
    }
}
