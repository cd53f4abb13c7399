public import Encodings
import Quantities

/// Why a `submeter.sessions` file was refused.
public struct SessionFileError: Error, Hashable, CustomStringConvertible, Sendable {
    /// The line, counted from one.
    public let line: Int
    /// What is wrong and what is allowed.
    public let message: String

    /// `line N: what is wrong`.
    public var description: String { "line \(line): \(message)" }
}

/// Reads and writes the `submeter.sessions` format, version 1: JSON Lines with a header, then one session a line.
public enum SessionFile {
    /// The longest line that is read, in bytes.
    public static let maximumLineBytes = 64 << 20

    /// Reads a whole file.
    ///
    /// - Throws: ``SessionFileError`` at the first line that is not of the format.
    public static func read(_ bytes: [UInt8]) throws(SessionFileError) -> SessionLibrary {
        var header: JSONObject?
        var sessions: [Session] = []
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            let value = try parsed(Array(line), number)
            switch value["kind"]?.stringValue {
            case "header":
                guard value["format"]?.stringValue == "submeter.sessions", value["version"]?.integerValue == 1 else {
                    throw SessionFileError(line: number, message: "the format must be submeter.sessions, version 1")
                }
                header = header ?? value.objectValue
            case "session": sessions.append(try SessionLine(value, number).session())
            case "asset": continue
            default: throw SessionFileError(line: number, message: "the kind must be header, asset or session")
            }
        }
        guard let header else {
            throw SessionFileError(line: 1, message: "a header line with format submeter.sessions must come first")
        }
        return SessionLibrary(header: header, sessions: sessions)
    }

    private static func parsed(_ line: [UInt8], _ number: Int) throws(SessionFileError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: line, limits: JSONLimits(maximumBytes: maximumLineBytes, maximumDepth: 32))
        } catch {
            throw SessionFileError(line: number, message: "not JSON: \(error.message)")
        }
    }

    /// Writes a whole file.
    public static func write(_ library: SessionLibrary) -> [UInt8] {
        var bytes: [UInt8] = []
        JSONValue.object(library.header).append(to: &bytes)
        bytes.append(0x0A)
        for session in library.sessions {
            SessionLine.json(session).append(to: &bytes)
            bytes.append(0x0A)
        }
        return bytes
    }

    /// The header of a library.
    public static func header(name: String, content: String = "lengths", source: JSONValue = .null) -> JSONObject {
        JSONObject([
            ("kind", "header"), ("format", "submeter.sessions"), ("version", 1), ("name", .string(name)),
            ("content", .string(content)), ("tokenizer", "approximate"), ("block", 64), ("source", source),
        ])
    }
}

/// One session line, read strictly where this version uses a member.
private struct SessionLine {
    let value: JSONValue
    let line: Int

    init(_ value: JSONValue, _ line: Int) {
        self.value = value
        self.line = line
    }

    func session() throws(SessionFileError) -> Session {
        guard let identifier = value["id"]?.stringValue else { throw problem("a session needs an id") }
        guard let calls = value["calls"]?.arrayValue, !calls.isEmpty else {
            throw problem("session \(identifier) needs a list of calls")
        }
        let prefix = value["prefix"] ?? .null
        var agents: [String: TokenCount] = [:]
        for member in value["agents"]?.objectValue?.members ?? [] {
            agents[member.key] = try tokens(member.value["prefix_tok"], "prefix_tok of agent \(member.key)")
        }
        var session = Session(
            identifier: SessionIdentifier(identifier), tenant: value["tenant"]?.stringValue ?? "t0",
            profile: value["profile"]?.stringValue ?? "",
            toolsTokens: try tokens(prefix["tools_tok"], "tools_tok"),
            systemTokens: try tokens(prefix["system_tok"], "system_tok"),
            share: PrefixShare(rawValue: prefix["share"]?.stringValue ?? "corpus") ?? .corpus,
            agentPrefixTokens: agents, calls: [])
        var previous: [String: Call] = [:]
        for value in calls {
            let call = try call(value, previous)
            previous[call.agent] = call
            session.calls.append(call)
        }
        return session
    }

    private func call(_ value: JSONValue, _ previous: [String: Call]) throws(SessionFileError) -> Call {
        guard let identifier = value["id"]?.stringValue else { throw problem("a call needs an id") }
        let agent = value["agent"]?.stringValue ?? Call.mainAgent
        let last = previous[agent]
        let context = try context(value, last)
        let after = value["after"]?.arrayValue?.compactMap { $0.stringValue.map { CallIdentifier($0) } }
        let wait = value["wait_s"]?.doubleValue ?? 0
        guard wait >= 0, wait.isFinite, wait < 1e7 else {
            throw problem("wait_s of call \(identifier) must be 0 or more")
        }
        let carryDefault = context == .continuing ? last.map { $0.output.value - $0.reasoning.value } ?? 0 : 0
        var other = value.objectValue ?? JSONObject()
        for key in Self.knownKeys { other[key] = nil }
        return Call(
            identifier: CallIdentifier(identifier), agent: agent,
            after: after ?? last.map { [$0.identifier] } ?? [], wait: .nanoseconds(Int64((wait * 1e9).rounded())),
            waitKind: Call.WaitKind(rawValue: value["wait"]?.stringValue ?? "tool") ?? .tool, context: context,
            carry: try tokens(value["carry"] ?? .integer(max(0, carryDefault)), "carry of call \(identifier)"),
            added: try added(value["add"]), input: try tokens(value["in"], "in of call \(identifier)"),
            output: try tokens(value["out"], "out of call \(identifier)"),
            reasoning: try tokens(value["reason"], "reason of call \(identifier)"), stop: value["stop"]?.stringValue,
            role: value["role"]?.stringValue ?? "main", other: other)
    }

    private static let knownKeys = [
        "id", "agent", "after", "wait_s", "wait", "new", "fork", "keep", "carry", "add", "in", "out", "reason", "stop",
        "role",
    ]

    private func context(_ value: JSONValue, _ last: Call?) throws(SessionFileError) -> Call.Context {
        if let fork = value["fork"]?.stringValue { return .fork(CallIdentifier(fork)) }
        if let keep = value["keep"] { return .keep(try tokens(keep, "keep")) }
        if value["new"] != nil || last == nil { return .new }
        return .continuing
    }

    private func added(_ value: JSONValue?) throws(SessionFileError) -> [Call.AddedItem] {
        var items: [Call.AddedItem] = []
        for item in value?.arrayValue ?? [] {
            items.append(
                Call.AddedItem(
                    role: item["role"]?.stringValue ?? "user", tokens: try tokens(item["n"], "n of an added item"),
                    name: item["name"]?.stringValue, isError: item["err"]?.boolValue ?? false,
                    text: item["text"]?.stringValue))
        }
        return items
    }

    private func tokens(_ value: JSONValue?, _ what: String) throws(SessionFileError) -> TokenCount {
        guard let value else { return .zero }
        guard let count = value.integerValue, count >= 0, count <= 100_000_000 else {
            throw problem("\(what) must be a whole number of tokens from 0 to 100,000,000")
        }
        return TokenCount(count)
    }

    private func problem(_ message: String) -> SessionFileError {
        SessionFileError(line: line, message: message)
    }

    static func json(_ session: Session) -> JSONValue {
        let agents = session.agentPrefixTokens.sorted { $0.key < $1.key }.map {
            ($0.key, JSONValue.object(JSONObject([("prefix_tok", .integer($0.value.value))])))
        }
        return [
            "kind": "session", "id": .string(session.identifier.rawValue), "tenant": .string(session.tenant),
            "profile": .string(session.profile),
            "prefix": [
                "tools_tok": .integer(session.toolsTokens.value), "system_tok": .integer(session.systemTokens.value),
                "share": .string(session.share.rawValue),
            ],
            "agents": .object(JSONObject(agents)), "calls": .array(session.calls.map(json)),
        ]
    }

    private static func json(_ call: Call) -> JSONValue {
        var object = JSONObject([
            ("id", .string(call.identifier.rawValue)), ("agent", .string(call.agent)),
            ("after", .array(call.after.map { .string($0.rawValue) })), ("wait_s", .number(call.wait.seconds)),
            ("wait", .string(call.waitKind.rawValue)),
        ])
        switch call.context {
        case .continuing: break
        case .new: object["new"] = 1
        case .fork(let identifier): object["fork"] = .string(identifier.rawValue)
        case .keep(let tokens): object["keep"] = .integer(tokens.value)
        }
        object["carry"] = .integer(call.carry.value)
        object["add"] = .array(call.added.map(json))
        object["in"] = .integer(call.input.value)
        object["out"] = .integer(call.output.value)
        if call.reasoning > .zero { object["reason"] = .integer(call.reasoning.value) }
        if let stop = call.stop { object["stop"] = .string(stop) }
        object["role"] = .string(call.role)
        for member in call.other.members { object[member.key] = member.value }
        return .object(object)
    }

    private static func json(_ item: Call.AddedItem) -> JSONValue {
        var object = JSONObject([("role", .string(item.role)), ("n", .integer(item.tokens.value))])
        if let name = item.name { object["name"] = .string(name) }
        if item.isError { object["err"] = true }
        if let text = item.text { object["text"] = .string(text) }
        return .object(object)
    }
}
