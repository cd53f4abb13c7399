import Encodings
import Quantities

/// Writes session and asset lines.
extension SessionLine {
    static func json(_ session: Session) -> JSONValue {
        func assets(_ agent: String) -> [(String, JSONValue)] {
            let names = session.prefixAssets[agent]
            return [("tools", names?.tools), ("system", names?.system)].compactMap { key, name in
                name.map { (key, .string($0)) }
            }
        }
        let agents = session.agentPrefixTokens.sorted { $0.key < $1.key }.map { agent, tokens in
            (agent, JSONValue.object(JSONObject(assets(agent) + [("prefix_tok", .integer(tokens.value))])))
        }
        var object = JSONObject([
            ("kind", "session"), ("id", .string(session.identifier.rawValue)), ("tenant", .string(session.tenant)),
            ("profile", .string(session.profile)),
        ])
        if let start = session.start { object["start_s"] = .number(start.seconds) }
        if session.endsWithLastCall { object["final"] = "last" }
        object["prefix"] = .object(
            JSONObject(
                assets(Call.mainAgent) + [
                    ("tools_tok", .integer(session.toolsTokens.value)),
                    ("system_tok", .integer(session.systemTokens.value)), ("share", .string(session.share.rawValue)),
                ]))
        object["agents"] = .object(JSONObject(agents))
        object["calls"] = .array(session.calls.map(json))
        return .object(object)
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
        if let text = call.answer.text { object["text"] = .string(text) }
        if let text = call.answer.reasoning { object["reason_text"] = .string(text) }
        if !call.answer.toolCalls.isEmpty { object["calls"] = .array(call.answer.toolCalls.map(json)) }
        if call.request != Call.RequestControl() { write(call.request, &object) }
        if call.recorded != Call.Recorded() { write(call.recorded, &object) }
        if !call.blocks.isEmpty {
            object["h"] = .array(call.blocks.map { [.integer($0.lowerBound), .integer($0.count)] })
        }
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

    private static func json(_ wanted: Call.RecordedToolCall) -> JSONValue {
        var object = JSONObject([("name", .string(wanted.name)), ("n", .integer(wanted.tokens.value))])
        if let arguments = wanted.arguments { object["args"] = .string(arguments) }
        return .object(object)
    }

    private static func write(_ control: Call.RequestControl, _ object: inout JSONObject) {
        if let limit = control.outputLimit { object["cap"] = .integer(limit.value) }
        switch control.abort {
        case nil: break
        case .tokens(let count): object["abort"] = ["tok": .integer(count.value)]
        case .after(let time): object["abort"] = ["s": .number(time.seconds)]
        }
        var options = JSONObject()
        switch control.toolChoice {
        case nil: break
        case .auto: options["tool_choice"] = "auto"
        case .required: options["tool_choice"] = "required"
        case .forbidden: options["tool_choice"] = "none"
        case .named(let name): options["tool_choice"] = .string(name)
        }
        options["parallel"] = control.allowsParallelTools.map { .bool($0) }
        options["temperature"] = control.temperature.map { .number($0) }
        if !options.members.isEmpty { object["opts"] = .object(options) }
    }

    private static func write(_ recorded: Call.Recorded, _ object: inout JSONObject) {
        object["t"] = recorded.start.map { .number($0.seconds) }
        object["ttft_s"] = recorded.timeToFirstToken.map { .number($0.seconds) }
        object["dur_s"] = recorded.duration.map { .number($0.seconds) }
        object["cached"] = recorded.cached.map { .integer($0.value) }
    }
}

extension AssetLine {
    static func json(_ asset: Asset) -> JSONValue {
        var object = JSONObject([("kind", "asset"), ("id", .string(asset.identifier))])
        switch asset.content {
        case .tools(let tools):
            object["type"] = "tools"
            object["tools"] = .array(tools.map(\.json))
        case .system(let text):
            object["type"] = "system"
            object["text"] = .string(text)
        case .document(let text):
            object["type"] = "doc"
            object["text"] = .string(text)
        }
        object["tok"] = .integer(asset.tokens.value)
        return .object(object)
    }
}
