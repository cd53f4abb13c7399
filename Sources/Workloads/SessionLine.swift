import Encodings
import Quantities

/// One session line, read strictly where this version uses a member.
struct SessionLine {
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
        let start = try seconds(value["start_s"], "start_s of session \(identifier)")
        var session = Session(
            identifier: SessionIdentifier(identifier), tenant: value["tenant"]?.stringValue ?? "t0",
            profile: value["profile"]?.stringValue ?? "",
            toolsTokens: try tokens(prefix["tools_tok"], "tools_tok"),
            systemTokens: try tokens(prefix["system_tok"], "system_tok"),
            share: try choice(prefix["share"], PrefixShare.self, "share of session \(identifier)") ?? .corpus,
            agentPrefixTokens: agents, calls: [], start: start)
        session.prefixAssets[Call.mainAgent] = Self.assets(prefix)
        for member in value["agents"]?.objectValue?.members ?? [] {
            session.prefixAssets[member.key] = Self.assets(member.value)
        }
        session.endsWithLastCall = try endsWithLastCall(identifier)
        var previous: [String: Call] = [:]
        for value in calls {
            let call = try call(value, previous)
            previous[call.agent] = call
            session.calls.append(call)
        }
        return session
    }

    private func endsWithLastCall(_ session: String) throws(SessionFileError) -> Bool {
        try choice(value["final"], among: ["main", "last"], "the final call of session \(session)") == "last"
    }

    private func call(_ value: JSONValue, _ previous: [String: Call]) throws(SessionFileError) -> Call {
        guard let identifier = value["id"]?.stringValue else { throw problem("a call needs an id") }
        guard value["in"] != nil else {
            throw problem("call \(identifier) needs in, the size of its whole prompt in tokens")
        }
        let agent = value["agent"]?.stringValue ?? Call.mainAgent
        let last = previous[agent]
        let context = try context(value, last, identifier)
        let after = try dependencies(value["after"], identifier)
        let wait = try seconds(value["wait_s"], "wait_s of call \(identifier)") ?? .zero
        let carryDefault = context == .continuing ? last.map { $0.output.value - $0.reasoning.value } ?? 0 : 0
        let role = try choice(
            value["role"], among: [Call.mainRole, Call.smallRole], "role of call \(identifier)")
        var other = value.objectValue ?? JSONObject()
        for key in Self.knownKeys { other[key] = nil }
        return Call(
            identifier: CallIdentifier(identifier), agent: agent,
            after: after ?? last.map { [$0.identifier] } ?? [], wait: wait,
            waitKind: try choice(value["wait"], Call.WaitKind.self, "wait of call \(identifier)") ?? .tool,
            context: context,
            carry: try tokens(value["carry"] ?? .integer(max(0, carryDefault)), "carry of call \(identifier)"),
            added: try added(value["add"], identifier), input: try tokens(value["in"], "in of call \(identifier)"),
            output: try tokens(value["out"], "out of call \(identifier)"),
            reasoning: try tokens(value["reason"], "reason of call \(identifier)"), stop: value["stop"]?.stringValue,
            role: role ?? Call.mainRole, answer: try answer(value, identifier),
            request: try control(value, identifier), recorded: try recorded(value, identifier),
            blocks: try blocks(value["h"], identifier), other: other)
    }

    private static let knownKeys = [
        "id", "agent", "after", "wait_s", "wait", "new", "fork", "keep", "carry", "add", "in", "out", "reason", "stop",
        "role", "text", "reason_text", "calls", "cap", "abort", "opts", "t", "ttft_s", "dur_s", "cached", "h",
    ]

    private static func assets(_ value: JSONValue) -> Session.PrefixAssets? {
        let assets = Session.PrefixAssets(tools: value["tools"]?.stringValue, system: value["system"]?.stringValue)
        return assets.tools == nil && assets.system == nil ? nil : assets
    }

    private func answer(_ value: JSONValue, _ call: String) throws(SessionFileError) -> Call.Answer {
        var answer = Call.Answer(text: value["text"]?.stringValue, reasoning: value["reason_text"]?.stringValue)
        for wanted in value["calls"]?.arrayValue ?? [] {
            guard let name = wanted["name"]?.stringValue else { throw problem("a tool call of \(call) needs a name") }
            answer.toolCalls.append(
                Call.RecordedToolCall(
                    name: name, tokens: try tokens(wanted["n"], "n of a tool call of \(call)"),
                    arguments: wanted["args"].map { $0.stringValue ?? $0.text() }))
        }
        return answer
    }

    private func control(_ value: JSONValue, _ call: String) throws(SessionFileError) -> Call.RequestControl {
        var control = Call.RequestControl()
        if let cap = value["cap"] { control.outputLimit = try tokens(cap, "cap of call \(call)", from: 1) }
        if let abort = value["abort"] {
            if let count = abort["tok"] {
                control.abort = .tokens(try tokens(count, "abort.tok of call \(call)"))
            } else if let time = try seconds(abort["s"], "abort.s of call \(call)") {
                control.abort = .after(time)
            } else {
                throw problem("abort of call \(call) needs tok or s")
            }
        }
        try takeOptions(value["opts"], call, &control)
        return control
    }

    private func takeOptions(
        _ options: JSONValue?, _ call: String, _ control: inout Call.RequestControl
    ) throws(SessionFileError) {
        guard let options, options != .null else { return }
        guard options.objectValue != nil else {
            throw problem("opts of call \(call) must be an object with tool_choice, parallel or temperature")
        }
        if let choice = options["tool_choice"], choice != .null {
            switch choice.stringValue {
            case "auto": control.toolChoice = .auto
            case "required": control.toolChoice = .required
            case "none": control.toolChoice = .forbidden
            case let name?: control.toolChoice = .named(name)
            case nil: throw problem("tool_choice of call \(call) must be auto, required, none or the name of a tool")
            }
        }
        control.allowsParallelTools = try truth(options["parallel"], "parallel of call \(call)")
        if let temperature = options["temperature"], temperature != .null {
            guard let number = temperature.doubleValue, (0...2).contains(number) else {
                throw problem("temperature of call \(call) must be a number from 0 to 2")
            }
            control.temperature = number
        }
    }

    private func recorded(_ value: JSONValue, _ call: String) throws(SessionFileError) -> Call.Recorded {
        var recorded = Call.Recorded()
        recorded.start = try seconds(value["t"], "t of call \(call)")
        recorded.timeToFirstToken = try seconds(value["ttft_s"], "ttft_s of call \(call)")
        recorded.duration = try seconds(value["dur_s"], "dur_s of call \(call)")
        if let cached = value["cached"] { recorded.cached = try tokens(cached, "cached of call \(call)") }
        return recorded
    }

    private func blocks(_ value: JSONValue?, _ call: String) throws(SessionFileError) -> [Range<Int>] {
        var blocks: [Range<Int>] = []
        for range in value?.arrayValue ?? [] {
            guard let pair = range.arrayValue, pair.count == 2, let start = pair[0].integerValue,
                let count = pair[1].integerValue, (0..<(1 << 53)).contains(start), (1...10_000_000).contains(count)
            else { throw problem("h of call \(call) must hold pairs of a first block and a count") }
            blocks.append(start..<(start + count))
        }
        return blocks
    }

    private func seconds(_ value: JSONValue?, _ what: String) throws(SessionFileError) -> Duration? {
        guard let value else { return nil }
        guard let number = value.doubleValue, number >= 0, number < 1e9 else {
            throw problem("\(what) must be seconds from 0 to less than 1,000,000,000")
        }
        return .nanoseconds(Int64((number * 1e9).rounded()))
    }

    /// The calls that must have ended; one that was dropped in silence would let a call begin too early.
    private func dependencies(_ value: JSONValue?, _ call: String) throws(SessionFileError) -> [CallIdentifier]? {
        guard let value else { return nil }
        let names = (value.arrayValue ?? []).compactMap(\.stringValue)
        guard let elements = value.arrayValue, names.count == elements.count else {
            throw problem("after of call \(call) must be a list of call ids, which are texts")
        }
        return names.map { CallIdentifier($0) }
    }

    private func context(
        _ value: JSONValue, _ last: Call?, _ call: String
    ) throws(SessionFileError) -> Call.Context {
        if let fork = value["fork"] {
            guard let name = fork.stringValue else {
                throw problem("fork of call \(call) must be a call id, which is a text")
            }
            return .fork(CallIdentifier(name))
        }
        if let keep = value["keep"] { return .keep(try tokens(keep, "keep")) }
        if let new = value["new"] {
            // Written as false it would begin a fresh context all the same.
            guard new == .bool(true) || new.integerValue == 1 else {
                throw problem("new of call \(call) must be 1 or true; without it the context goes on")
            }
            return .new
        }
        if last == nil { return .new }
        return .continuing
    }

    private func added(_ value: JSONValue?, _ call: String) throws(SessionFileError) -> [Call.AddedItem] {
        var items: [Call.AddedItem] = []
        for item in value?.arrayValue ?? [] {
            let role = try choice(item["role"], among: Call.AddedItem.roles, "role of an added item of call \(call)")
            let isError = try truth(item["err"], "err of an added item of call \(call)")
            items.append(
                Call.AddedItem(
                    role: role ?? "user", tokens: try tokens(item["n"], "n of an added item"),
                    name: item["name"]?.stringValue, isError: isError ?? false, text: item["text"]?.stringValue))
        }
        return items
    }

    private func tokens(
        _ value: JSONValue?, _ what: String, from least: Int = 0
    ) throws(SessionFileError) -> TokenCount {
        guard let value else { return .zero }
        guard let count = value.integerValue, count >= least, count <= 100_000_000 else {
            throw problem("\(what) must be a whole number of tokens from \(least) to 100,000,000")
        }
        return TokenCount(count)
    }

    private func truth(_ value: JSONValue?, _ what: String) throws(SessionFileError) -> Bool? {
        guard let value, value != .null else { return nil }
        guard let truth = value.boolValue else { throw problem("\(what) must be true or false") }
        return truth
    }

    private func choice<Choice: RawRepresentable & CaseIterable>(
        _ value: JSONValue?, _ type: Choice.Type, _ what: String
    ) throws(SessionFileError) -> Choice? where Choice.RawValue == String {
        do throws(ClosedChoice.Fault) {
            return try ClosedChoice.read(value, type, what)
        } catch {
            throw problem(error.message)
        }
    }

    private func choice(
        _ value: JSONValue?, among allowed: [String], _ what: String
    ) throws(SessionFileError) -> String? {
        do throws(ClosedChoice.Fault) {
            return try ClosedChoice.read(value, among: allowed, what)
        } catch {
            throw problem(error.message)
        }
    }

    private func problem(_ message: String) -> SessionFileError {
        SessionFileError(line: line, message: message)
    }
}
