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
            "Times are not recorded: no call waits.",
            "Sizes are counted as one token per 3.8 bytes of text.",
        ] + MessageSession.guesses)

    private struct Task {
        let name: String
        let source: TraceSource
        let messages: [ConversationItem]
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
            let messages = list.filter { $0["requestor"]?.stringValue != "user" }
            let parts = [source.name, Self.text(row["task_id"]), Self.text(row["trial"])].compactMap { $0 }
            tasks.append(
                Task(
                    name: parts.joined(separator: "-"), source: source, messages: MessageReader.items(.array(messages)))
            )
        }
    }

    /// Hands out the sessions.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) {
        var assets = MessageAssets()
        var names = UniqueNames()
        for task in tasks {
            let domain = domain(of: task.source.name)
            var messages = task.messages
            if messages.first?.role != .system, let policy = domain.flatMap({ policies[$0] }) {
                messages.insert(.system(policy), at: 0)
            }
            var session = MessageSession(identifier: names.name(task.name), profile: "customer-service", task.source)
            try session.take(
                transcript: messages.map { RecordedMessage(item: $0) }, tools: domain.flatMap { tools[$0] } ?? [],
                &assets)
            guard !session.session.calls.isEmpty else { continue }
            assets.emit(emit)
            emit(.session(session.session))
        }
        tasks = []
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
