import Encodings
import Quantities

/// A member of the body that the program sets itself, so that a provider document must not set it, too.
///
/// Of two members of one name most servers take the last: another model would be measured under the plan's name.
struct RequestMember {
    /// Its name; a dot stands between the names of nested objects.
    let name: String
    /// What decides its value.
    let reason: String
    /// The name under `omit` that leaves it out, so that the document may set it; nil if it is always sent.
    var omission: String?
    /// False if it is only another name for one that is sent.
    var isSent = true

    /// What is wrong with a document that sets it.
    var message: String {
        guard let omission else { return "is set in every request: \(reason); take it out here" }
        return
            "is set in requests: \(reason); take it out here, or have '\(omission)' under 'omit', too, so that only this "
            + "one is sent"
    }
}

extension ProviderProfile {
    /// Reports members under `extra`, `omit` and the keys that name members which the program sets itself.
    ///
    /// - Parameters:
    ///   - request: the section `request`.
    ///   - omissions: the elements of `omit`.
    func checkMembers(_ request: MappingReader, omissions: [(text: String, mark: YAMLMark)]) {
        let own = ownMembers
        checkExtra(request, own + sessionMembers)
        // No plan sends a seed, so that 'extra' may have one.
        let omittable = Set(own.compactMap(\.omission) + ["seed"] + (dialect == .openAIChat ? ["stream_options"] : []))
        for omission in omissions where !omittable.contains(omission.text) {
            let isKept = own.contains { $0.isSent && $0.name.split(separator: ".").contains { $0 == omission.text } }
            guard isKept else { continue }
            let allowed = omittable.sorted().joined(separator: ", ")
            request.diagnosis.forbid(
                omission.mark, request.path("omit"),
                "'\(omission.text)' cannot be left out" + (allowed.isEmpty ? "" : " (what can be: \(allowed))"))
        }
        if putsSessionAtTop, let field = stickiness.field, own.contains(where: { $0.name == field }) {
            request.forbid("session_field", "'\(field)' is set in every request, too")
        }
        for (key, name) in outputControl.fields where own.contains(where: { $0.name == name && $0.omission == nil }) {
            request.forbid("output_control", "\(key): '\(name)' is set in every request, too")
        }
    }

    private func checkExtra(_ request: MappingReader, _ members: [RequestMember]) {
        guard case .mapping(let entries)? = request.value(of: "extra")?.content else { return }
        for entry in entries {
            check(entry, in: request, path: entry.key, members)
            guard dialect == .gemini, Self.camelCase(entry.key) == Self.mergedMember else { continue }
            let path = "\(request.path("extra")).\(entry.key)"
            if entry.key != Self.mergedMember {
                request.diagnosis.forbid(entry.mark, path, "must be written '\(Self.mergedMember)'")
            } else if case .mapping(let parts) = entry.value.content {
                for part in parts { check(part, in: request, path: "\(entry.key).\(part.key)", members) }
            } else {
                request.diagnosis.forbid(entry.mark, path, "must be a mapping")
            }
        }
    }

    private func check(_ entry: YAMLEntry, in request: MappingReader, path: String, _ members: [RequestMember]) {
        // Gemini takes each name in two forms, as all interfaces that are made from protocol buffers do.
        let name = dialect == .gemini ? Self.camelCase(path) : path
        guard let member = members.first(where: { $0.name == name }) else { return }
        if let omission = member.omission, omitted.contains(omission) { return }
        request.diagnosis.forbid(entry.mark, "\(request.path("extra")).\(path)", member.message)
    }

    /// The object that Gemini's encoder fills up, rather than to write it anew.
    private static let mergedMember = "generationConfig"

    private static func camelCase(_ name: String) -> String {
        let parts = name.split(separator: "_", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(String(parts.first ?? "")) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }

    // MARK: What each dialect writes

    /// The dialect of the body itself.
    private var bodyDialect: DialectName {
        guard dialect == .bedrockInvoke else { return dialect }
        return innerDialect == .anthropicMessages ? .anthropicMessages : .openAIChat
    }

    private var putsSessionAtTop: Bool {
        switch bodyDialect {
        case .openAIChat, .openAIResponses, .anthropicMessages, .gemini: true
        case .bedrockConverse, .bedrockInvoke, .tgi, .dashScope: false
        }
    }

    /// What carries the key of a session.
    private var sessionMembers: [RequestMember] {
        guard let field = stickiness.field else { return [] }
        if putsSessionAtTop { return [RequestMember(name: field, reason: "'session_field' names it")] }
        return dialect == .bedrockConverse
            ? [RequestMember(name: "requestMetadata", reason: "'session_field' needs it")] : []
    }

    /// What the encoder of the dialect writes by itself; for TGI's and DashScope's also what stands beside `parameters`.
    private var ownMembers: [RequestMember] {
        let isInner = dialect == .bedrockInvoke
        switch bodyDialect {
        case .openAIChat, .bedrockInvoke:
            let limits = OutputLimitField.allCases.map {
                RequestMember(
                    name: $0.rawValue, reason: Reason.limit, omission: outputLimitField.rawValue,
                    isSent: $0 == outputLimitField)
            }
            return [.model] + (isInner ? [] : [.stream]) + [.tools, .conversation("messages")]
                + [.toolChoice("tool_choice"), .parallelTools, .temperature()] + limits
        case .openAIResponses:
            return [
                .model, .stream, RequestMember(name: "store", reason: "nothing is to be kept by the provider"), .tools,
                .conversation("instructions"), .conversation("input"), .limit("max_output_tokens"),
                .toolChoice("tool_choice"), .parallelTools, .temperature(),
            ]
        case .anthropicMessages:
            let first =
                isInner
                ? RequestMember(name: "anthropic_version", reason: "the dialect decides it") : RequestMember.stream
            return [
                .model, first, .tools, .conversation("system"), .conversation("messages"), .limit("max_tokens"),
                .toolChoice("tool_choice"), .temperature(),
            ]
        case .bedrockConverse:
            let configuration =
                "'temperature' of the plan and the length of answers stand there; other settings go under "
            return [
                .model, .conversation("system"), .conversation("messages"), .conversation("toolConfig"),
                RequestMember(name: "inferenceConfig", reason: configuration + "'additionalModelRequestFields'"),
                RequestMember(name: "temperature", reason: Reason.temperature, omission: "temperature", isSent: false),
                RequestMember(name: "tool_choice", reason: Reason.toolChoice, omission: "tool_choice", isSent: false),
            ]
        case .gemini:
            return [
                .model, .conversation("systemInstruction"), .conversation("contents"), .tools,
                .toolChoice("toolConfig"),
                .limit("generationConfig.maxOutputTokens"), .temperature(in: "generationConfig."),
            ]
        case .tgi:
            return [
                .model, .conversation("inputs"), .limit("max_new_tokens"),
                RequestMember(name: "details", reason: "tokens are counted by it"), .temperature(),
            ]
        case .dashScope:
            let form = "the decoder reads that form"
            return [
                .model, .conversation("input"), .conversation("messages"), .tools, .limit("max_tokens"),
                RequestMember(name: "result_format", reason: form),
                RequestMember(name: "incremental_output", reason: form), .temperature(),
            ]
        }
    }

    fileprivate enum Reason {
        static let limit = "the plan and the workload decide how long answers are"
        static let temperature = "'temperature' of the plan, or of a call of the workload, decides it"
        static let toolChoice = "'tool_choice' of the plan decides it"
    }
}

extension RequestMember {
    fileprivate typealias Reason = ProviderProfile.Reason

    fileprivate static let model = RequestMember(
        name: "model", reason: "the plan's 'model' and its 'id' under 'models' decide it")
    fileprivate static let stream = RequestMember(name: "stream", reason: "every answer is streamed")
    fileprivate static let tools = conversation("tools")
    fileprivate static let parallelTools = RequestMember(
        name: "parallel_tool_calls", reason: "the workload decides it", omission: "parallel_tool_calls")

    fileprivate static func conversation(_ name: String) -> RequestMember {
        RequestMember(name: name, reason: "the workload decides it")
    }

    fileprivate static func limit(_ name: String) -> RequestMember { RequestMember(name: name, reason: Reason.limit) }

    fileprivate static func toolChoice(_ name: String) -> RequestMember {
        RequestMember(name: name, reason: Reason.toolChoice, omission: "tool_choice")
    }

    fileprivate static func temperature(in place: String = "") -> RequestMember {
        RequestMember(name: place + "temperature", reason: Reason.temperature, omission: "temperature")
    }
}
