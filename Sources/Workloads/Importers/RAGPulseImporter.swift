import Encodings
import Quantities
import Statistics

/// Imports RAGPulse (flashserve/RAGPulse): a trace of requests by `timestamp` (seconds), `input_length`, `output_length`,
/// `session_id` and `hash_ids`, which names the components of the prompt, and files with the length of each component.
///
/// `0_trace.jsonl` is imported together with `1_sys_prompt.jsonl` to `5_web_search.jsonl`, in any order.
public struct RAGPulseImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "ragpulse", summary: "RAGPulse: questions with passages; give all files of its data folder", unit: .line,
        guesses: [
            "Texts are made up: the source holds sizes; a component with one identifier is the same text in all sessions.",
            "Components come in the order system prompt, passages, history, web search, question; what a prompt has beyond them "
                + "is part of the question.",
            "The first components of a system prompt, as far as several requests have them, are the system prompt of an agent "
                + "of its own, which is no helper of another: a session's answer is that of its last call. All other "
                + "components are messages.",
            "Each prompt is new, since passages stand before the history.",
            "Where the components are more than the stated prompt, the prompt is as large as they are; what was stated is kept "
                + "as recorded_in.",
            "The wait before a question is a human's, and too long by the time that the answer before it took, which is not "
                + "recorded.",
            "Starts count from the earliest request; all requests are held in memory until the end.",
        ])

    /// The lists of `hash_ids` after the system prompt, in the order of the prompt, and what their components are called.
    private static let kinds = [
        ("passages_ids", "passage"), ("history", "history"), ("web_search", "page"),
    ]

    private struct Question {
        var request: TraceRequest
        /// The components of the system prompt.
        var system: [Int]
        var documents: [(name: String, component: Int)]
        var question: [Int]
    }

    private var held = HeldRecords<Question>()
    private var sizes: [Int: TokenCount] = [:]
    /// How many requests have each component of a system prompt.
    private var uses: [Int: Int] = [:]
    /// The system prompts that were handed out, by name.
    private var systems: [String: Asset] = [:]

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let record = try source.object(source.json(bytes))
        if let length = record["token_length"] {
            let name = record.objectValue?.members.first { $0.key.hasSuffix("_id") }
            guard let component = name?.value.integerValue else {
                throw source.problem("the length of a component needs its identifier")
            }
            sizes[component] = try source.tokens(length, "token_length")
            return
        }
        guard let lists = record["hash_ids"], lists.objectValue != nil else {
            throw source.problem("a request needs hash_ids with lists of components, and a component its token_length")
        }
        let request = TraceRequest(
            input: try source.tokens(record["input_length"], "input_length"),
            output: try source.tokens(record["output_length"], "output_length"))
        let system = try components(lists["sys_prompt"], "sys_prompt", source)
        var question = Question(request: request, system: system, documents: [], question: [])
        for (list, kind) in Self.kinds {
            for component in try components(lists[list], list, source) {
                question.documents.append(("\(kind)-\(component)", component))
            }
        }
        question.question = try components(lists["user_input"], "user_input", source)
        guard let session = source.name(record["session_id"]) else {
            throw source.problem("a request needs a session_id")
        }
        let seconds = try source.seconds(record["timestamp"], "timestamp")
        for component in Set(system) { uses[component, default: 0] += 1 }
        held.add(question, session: session, seconds: seconds, order: seconds, source)
    }

    private func components(
        _ value: JSONValue?, _ name: String, _ source: TraceSource
    ) throws(SessionFileError) -> [Int] {
        guard let value, value != .null else { return [] }
        let identifiers = value.arrayValue?.map(\.integerValue) ?? [nil]
        guard !identifiers.contains(nil) else { throw source.problem("\(name) must be a list of whole numbers") }
        return identifiers.compactMap(\.self)
    }

    /// Hands out all sessions.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        let (earliest, sessions) = held.sessions()
        for (name, questions) in sessions {
            var work = TraceSession(name, profile: "rag")
            var agents: [String: String] = [:]
            for held in questions {
                let shared = held.record.system.prefix { (uses[$0] ?? 0) > 1 }
                let system = try system(shared, held.source, emit)
                let agent = agents[system.identifier] ?? (agents.isEmpty ? Call.mainAgent : system.identifier)
                agents[system.identifier] = agent
                if agent != Call.mainAgent { work.endWithLastCall() }
                if !shared.isEmpty { work.setPrefix(of: agent, system) }
                var request = held.record.request
                request.start = try TraceClock.time(held.seconds ?? earliest, from: earliest, held.source)
                let items = try items(held.record, after: system.tokens, shared.count, held.source)
                let size = items.reduce(system.tokens) { $0 + $1.tokens }
                if size > request.input {
                    request.statedInput = request.input
                    request.input = size
                }
                let previous = work.requests.isEmpty ? nil : work.requests.count - 1
                work.appendFresh(request, agent: agent, after: previous, items: items)
            }
            emit(.session(work.session))
        }
    }

    /// The system prompt that components make, which is handed out once; one without components is not.
    private mutating func system(
        _ components: ArraySlice<Int>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) -> Asset {
        let name = "system" + components.map { "-\($0)" }.joined()
        if let known = systems[name] { return known }
        var tokens = TokenCount.zero
        for component in components { tokens += try size(component, source) }
        var synthesizer = TextSynthesizer(seed: Seed(0).derived(name))
        let text = synthesizer.prose(centitokens: ApproximateTokenizer().centitokens(tokens))
        let asset = Asset(identifier: name, tokens: tokens, content: .system(text))
        systems[name] = asset
        if !components.isEmpty { emit(.asset(asset)) }
        return asset
    }

    /// The components after the system prompt as documents, and the question, which is as large as the prompt leaves room.
    private func items(
        _ question: Question, after system: TokenCount, _ systemCount: Int, _ source: TraceSource
    ) throws(SessionFileError) -> [Call.AddedItem] {
        var items: [Call.AddedItem] = []
        let own = question.system.dropFirst(systemCount).map { (name: "system-\($0)", component: $0) }
        for document in own + question.documents {
            items.append(
                Call.AddedItem(role: "doc", tokens: try size(document.component, source), name: document.name))
        }
        let documents = items.reduce(system) { $0 + $1.tokens }
        var known = documents
        for component in question.question { known += try size(component, source) }
        return items + TraceSession.message(max(known, question.request.input) - documents)
    }

    private func size(_ component: Int, _ source: TraceSource) throws(SessionFileError) -> TokenCount {
        guard let size = sizes[component] else {
            throw source.problem(
                "no length is known of component \(component); give the files 1_sys_prompt to 5_web_search too")
        }
        return size
    }
}
