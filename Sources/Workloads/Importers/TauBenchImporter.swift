import Encodings
import Quantities

/// Imports results of tau-bench: `{task_id, traj: [messages], trial}`, a list of such, or tau2's `{simulations: […]}`.
///
/// The domain's documents may be given among the files: `<domain>_tools.json` and `<domain>_policy.md`.
public struct TauBenchImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "tau-bench", summary: "results of tau-bench and tau2, with <domain>_tools.json and <domain>_policy.md",
        unit: .file, content: "text",
        guesses: [
            "Results whose file is named after a domain get this domain's tools and, without a system message, its policy; "
                + "if the documents of one domain only are given, all results get them.",
            "A message was there at its timestamp (tau2 has them): a call waits from the answer before to the last message "
                + "before it, which counts the simulated user's time too. Without timestamps no call waits.",
            "Sizes are counted by words, numbers and signs of the text; outputs are as long as usage says, if it is there.",
        ] + MessageSession.guesses)

    private struct Task {
        let name: String
        let source: TraceSource
        let messages: [RecordedMessage]
        let failedCalls: Set<String>
    }

    private var tools: [String: [ToolDefinition]] = [:]
    private var policies: [String: String] = [:]
    private var tasks: [Task] = []

    /// Makes an importer.
    public init() {}

    /// Takes a file; results are held until the documents of their domain are there.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        if let domain = Self.domain(source.name, "_policy") {
            policies[domain] = String(decoding: bytes, as: UTF8.self)
            return
        }
        let value = try source.json(bytes)
        if let domain = Self.domain(source.name, "_tools") {
            tools[domain] = MessageReader.tools(value)
            return
        }
        let rows = value.arrayValue ?? value["simulations"]?.arrayValue ?? [value]
        for row in rows {
            guard let list = (row["traj"] ?? row["messages"])?.arrayValue else {
                throw source.problem("a result of tau-bench needs its messages as traj")
            }
            // A simulated user's own tool calls are not the model's business.
            let messages = list.filter { !Self.isUsersTool($0) }
            let parts = [source.name, Self.text(row["task_id"]), Self.text(row["trial"])].compactMap { $0 }
            tasks.append(
                Task(
                    name: parts.joined(separator: "-"), source: source, messages: Self.recorded(messages),
                    failedCalls: MessageReader.failedCalls(.array(messages))))
        }
    }

    /// Hands out the sessions.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        var assets = MessageAssets()
        var names = UniqueNames()
        for task in tasks {
            let domain = domain(of: task.source.name)
            var messages = task.messages
            if messages.first?.item.role != .system, let policy = domain.flatMap({ policies[$0] }) {
                messages.insert(RecordedMessage(item: .system(policy)), at: 0)
            }
            var session = MessageSession(identifier: names.name(task.name), profile: "customer-service", task.source)
            session.note(failed: task.failedCalls)
            try session.take(
                transcript: messages, tools: domain.flatMap { tools[$0] } ?? [],
                &assets)
            guard !session.session.calls.isEmpty else { continue }
            assets.emit(emit)
            emit(.session(session.session))
        }
        tasks = []
    }

    /// Whether a message is a tool call of the simulated user or its result; one that says something too is not.
    private static func isUsersTool(_ message: JSONValue) -> Bool {
        if message["requestor"]?.stringValue == "user" { return true }
        let isCall = message["role"]?.stringValue == "user" && message["tool_calls"]?.arrayValue?.isEmpty == false
        return isCall && MessageReader.text(message["content"]).isEmpty
    }

    /// Messages with what their times and usages tell.
    private static func recorded(_ list: [JSONValue]) -> [RecordedMessage] {
        var messages: [RecordedMessage] = []
        let first = list.lazy.compactMap { TraceTime.seconds($0["timestamp"]) }.first
        var before: Double?
        for message in list {
            let time = TraceTime.seconds(message["timestamp"])
            for (index, item) in MessageReader.items(message: message).enumerated() {
                var recorded = RecordedMessage(item: item)
                if item.role == .assistant {
                    recorded.measured = MessageMeasures(usage: message["usage"])
                    if let before, let time {
                        recorded.measured.start = TraceTime.between(first, before)
                        recorded.measured.duration = TraceTime.between(before, time)
                    }
                } else if index == 0 {
                    recorded.delay = TraceTime.between(before, time)
                }
                messages.append(recorded)
            }
            before = time ?? before
        }
        return messages
    }

    private func domain(of name: String) -> String? {
        let known = Set(tools.keys).union(policies.keys)
        return known.sorted().first { Self.contains(name, $0) } ?? (known.count == 1 ? known.first : nil)
    }

    private static func domain(_ name: String, _ ending: String) -> String? {
        name.hasSuffix(ending) ? String(name.dropLast(ending.count)) : nil
    }

    private static func contains(_ name: String, _ part: String) -> Bool {
        guard !part.isEmpty, part.utf8.count <= name.utf8.count else { return false }
        let (name, part) = (Array(name.utf8), Array(part.utf8))
        return (0...(name.count - part.count)).contains { name[$0..<($0 + part.count)] == part[...] }
    }

    private static func text(_ value: JSONValue?) -> String? {
        value?.stringValue ?? value?.integerValue.map(String.init)
    }
}
