import Encodings
import Quantities

/// Imports trajectories of SWE-agent: one `.traj` file a run, with `history` (messages) and `trajectory` (steps).
public struct SWEAgentImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "swe-agent", summary: "trajectories of SWE-agent (.traj), one run a file", unit: .file, content: "text",
        guesses: [
            "Every call keeps the whole history, although SWE-agent may have shortened old observations.",
            "A call waits for the execution_time of the step before; the model's own time is not recorded.",
            "Tool definitions are not recorded: tool calls are sent without them.",
            "Sizes are counted by words, numbers and signs of the text, as tokenizers part it.",
        ] + MessageSession.guesses)

    private var assets = MessageAssets()
    private var names = UniqueNames()

    /// Makes an importer.
    public init() {}

    /// Takes a file.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        let value = try source.json(bytes)
        let steps = value["trajectory"]?.arrayValue ?? []
        guard let history = value["history"]?.arrayValue ?? Self.history(steps) else {
            throw source.problem("a trajectory needs a history of messages or steps with a response")
        }
        var messages: [RecordedMessage] = []
        let answerCount = history.count { Self.isAnswer($0) }
        var (step, delay) = (0, Duration.zero)
        for message in history {
            var items = MessageReader.items(message: message)
            if message["is_demo"]?.boolValue == true {
                items = items.map { $0.role == .system ? $0 : .user(MessageSession.text($0)) }
            }
            for item in items {
                messages.append(RecordedMessage(item: item, delay: delay))
                delay = .zero
            }
            if Self.isAnswer(message), answerCount == steps.count {
                delay = TraceTime.duration(steps[step]["execution_time"]?.doubleValue)
                step += 1
            }
        }
        var session = MessageSession(identifier: names.name(source.name), profile: "coding-agent", source)
        try session.take(transcript: messages, tools: [], &assets)
        guard !session.session.calls.isEmpty else { throw source.problem("the history holds no answer to a message") }
        assets.emit(emit)
        emit(.session(session.session))
    }

    private static func isAnswer(_ message: JSONValue) -> Bool {
        message["role"]?.stringValue == "assistant" && message["is_demo"]?.boolValue != true
    }

    /// The messages of a run whose history is not there: what the first step was asked, then responses and observations.
    private static func history(_ steps: [JSONValue]) -> [JSONValue]? {
        guard let first = steps.first else { return nil }
        var messages = (first["query"] ?? first["messages"])?.arrayValue ?? []
        for step in steps {
            guard let response = step["response"]?.stringValue else { return nil }
            messages.append(["role": "assistant", "content": .string(response)])
            messages.append(["role": "user", "content": .string(step["observation"]?.stringValue ?? "")])
        }
        return messages
    }
}
