import Encodings
import Quantities

/// Imports trajectories of mini-swe-agent: a list of messages, or `{messages: […]}`, one run a file.
public struct MiniSWEAgentImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "mini-swe-agent", summary: "trajectories of mini-swe-agent, or any list of messages, one a file",
        unit: .file, content: "text",
        guesses: [
            "A call waits from the time of the answer before to that of the message after it (extra.timestamp); without "
                + "these times it does not wait.",
            "Sizes of texts are counted by words, numbers and signs; outputs are as long as extra.response.usage says, if "
                + "it is there.",
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
        guard let list = value.arrayValue ?? value["messages"]?.arrayValue else {
            throw source.problem("a trajectory is a list of messages, or an object with messages")
        }
        var messages: [RecordedMessage] = []
        var answeredAt: Double?
        for message in list {
            let time = TraceTime.seconds(message["extra"]?["timestamp"] ?? message["timestamp"])
            for (index, item) in MessageReader.items(message: message).enumerated() {
                var recorded = RecordedMessage(item: item)
                if item.role == .assistant {
                    recorded.measured = MessageMeasures(usage: message["extra"]?["response"]?["usage"])
                } else if index == 0 {
                    recorded.delay = TraceTime.between(answeredAt, time)
                    answeredAt = time ?? answeredAt
                }
                messages.append(recorded)
            }
            if messages.last?.item.role == .assistant { answeredAt = time }
        }
        var session = MessageSession(identifier: names.name(source.name), profile: "coding-agent", source)
        try session.take(
            transcript: messages, tools: MessageReader.tools(value["tools"] ?? value["info"]?["tools"]), &assets)
        guard !session.session.calls.isEmpty else { throw source.problem("the list holds no answer to a message") }
        assets.emit(emit)
        emit(.session(session.session))
    }
}
