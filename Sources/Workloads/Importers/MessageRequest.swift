import Encodings
import Quantities

/// One recorded request with all its messages.
struct MessageRequest {
    /// The messages; system messages at the beginning are the system prompt.
    var items: [ConversationItem]
    /// The tools that were offered.
    var tools: [ToolDefinition] = []
    /// What its messages hold and ``items`` does not.
    var leftOut = LeftOut()
    /// The tool calls whose results are errors.
    var failedCalls: Set<String> = []
    /// What the model answered, if that was recorded.
    var answer: AssistantMessage?
    /// What was measured and is not in the messages.
    var measured = MessageMeasures()
    /// The calls that must have ended; nil for the call before.
    var after: [CallIdentifier]?
    /// The source's name of the agent.
    var agent: String?
    /// True if it began while another call of its session was under way.
    var isParallel = false
    /// The client's time before the request.
    var wait = Duration.zero
    /// What the time is spent on; nil for a tool where results are added, else a human.
    var waitKind: Call.WaitKind?
}

/// What a source says of one request beside its messages.
struct MessageMeasures: Hashable {
    /// The tokens of the prompt.
    var input: Int?
    /// The tokens of the output, reasoning included.
    var output: Int?
    /// The reasoning tokens.
    var reasoning: Int?
    /// The prompt tokens that were read from a cache.
    var cached: Int?
    /// Why the output ended.
    var stop: String?
    /// When it was sent, from the session's beginning.
    var start: Duration?
    /// How long it took.
    var duration: Duration?
    /// The time to the first token.
    var timeToFirstToken: Duration?
    /// The model that answered it.
    var model: String?
}

extension MessageMeasures {
    /// Reads the usage of an answer in OpenAI's or Anthropic's words; the latter state parts of the prompt that add up.
    init(usage: JSONValue?) {
        func count(_ names: String...) -> Int? {
            names.lazy.compactMap { usage?[$0]?.integerValue }.first.map { min(max(0, $0), 100_000_000) }
        }
        let read = count("cache_read_input_tokens")
        let parts = [count("input_tokens"), count("cache_creation_input_tokens"), read].compactMap { $0 }
        input = count("prompt_tokens") ?? (parts.isEmpty ? nil : parts.reduce(0, +))
        output = count("completion_tokens", "output_tokens")
        let details = usage?["completion_tokens_details"] ?? usage?["output_tokens_details"]
        reasoning = details?["reasoning_tokens"]?.integerValue
        cached =
            read ?? (usage?["prompt_tokens_details"] ?? usage?["input_tokens_details"])?["cached_tokens"]?.integerValue
    }
}

/// One message of a transcript, with what was measured at it.
struct RecordedMessage {
    /// The message.
    var item: ConversationItem
    /// The client's time before it was there; the request after it waits for the sum.
    var delay = Duration.zero
    /// For an answer: what is known of the request.
    var measured = MessageMeasures()
}

/// Names that must not stand twice.
struct UniqueNames {
    private var seen: [String: Int] = [:]

    /// The name, or the name with a number where it was there before.
    mutating func name(_ wanted: String) -> String {
        var name = wanted.isEmpty ? "session" : wanted
        let base = name
        while seen[name] != nil {
            seen[base, default: 1] += 1
            name = "\(base)#\(seen[base] ?? 0)"
        }
        seen[name] = 1
        return name
    }
}
