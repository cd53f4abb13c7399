import Profiles
public import Quantities
public import Workloads

/// How many tokens a call asks for.
public struct OutputBounds: Hashable, Sendable {
    /// The most tokens that may be generated.
    public let limit: TokenCount
    /// True if the recording is the limit, false if the limit leaves the model room to end by itself.
    public let isRecorded: Bool
    /// True if the server is made to write up to the limit.
    public let isForced: Bool
}

extension Plan {
    /// How many tokens a call asks for; all that is sent, reserved and estimated follows from it.
    ///
    /// - Parameter key: the call.
    /// - Returns: the bounds, the same at every endpoint but for what its model and dialect set.
    public func outputBounds(_ key: CallKey) -> OutputBounds {
        let session = rounds[key.session.round].sessions[key.session.session].libraryIndex
        return outputBounds(key.call, of: session, at: key.session.endpoint)
    }

    /// The bounds of a call of a session of the library at an endpoint.
    func outputBounds(_ call: Int, of session: Int, at endpoint: Int) -> OutputBounds {
        let recorded = library.sessions[session].calls[call]
        let own = endpoints[endpoint]
        let least = own.provider.dialect.leastOutputLimit
        let policy = profile.outputLength
        // A tool is required by constrained decoding, which a minimum would break: such a call ends by itself.
        if policy == .natural || (policy == .exact && Self.requiresTool(toolChoice(call, of: session))) {
            let most = own.model(of: recorded).offer.maximumOutput
            let limit = [naturalLimit(call, of: session), most].compactMap(\.self).min() ?? least
            return OutputBounds(limit: max(limit, least), isRecorded: false, isForced: false)
        }
        // The least of all endpoints' limits, so that all of them are asked for the same.
        let limits =
            [recorded.output, recorded.request.outputLimit]
            + endpoints.map { $0.model(of: recorded).offer.maximumOutput }
        return OutputBounds(
            limit: max(limits.compactMap(\.self).min() ?? least, least), isRecorded: true, isForced: policy == .exact)
    }

    /// The most tokens that a call may generate where the model ends by itself: what it says itself, else twice what was
    /// recorded, and at least 256.
    ///
    /// It never asks for more than the smallest context of the endpoints leaves, and is the same for all of them.
    func naturalLimit(_ index: Int, of session: Int) -> TokenCount {
        let call = library.sessions[session].calls[index]
        let wanted = call.request.outputLimit ?? TokenCount(max(256, 2 * call.output.value))
        guard let limit = Self.contextLimit(call, endpoints) else { return wanted }
        let input = (reasoningReuse ?? reuse).inputTokens(call: index, session: session)
        return min(wanted, max(call.output, Self.room(input, limit)))
    }

    /// Whether a call must, may or must not call a tool; nil leaves it to the model.
    ///
    /// - Parameter key: the call.
    /// - Returns: what the session says itself, else what was recorded, if the plan wants that.
    public func toolChoice(_ key: CallKey) -> Call.RequestControl.ToolChoice? {
        toolChoice(key.call, of: rounds[key.session.round].sessions[key.session.session].libraryIndex)
    }

    /// Whether a call of a session of the library must, may or must not call a tool; nil leaves it to the model.
    func toolChoice(_ call: Int, of session: Int) -> Call.RequestControl.ToolChoice? {
        let recorded = library.sessions[session]
        if let choice = recorded.calls[call].request.toolChoice { return choice }
        guard profile.toolChoice == .recorded else { return nil }
        return ExpectedTools(call, in: recorded, graphs[session]).map { $0.calls.isEmpty ? .forbidden : .required }
    }

    static func requiresTool(_ choice: Call.RequestControl.ToolChoice?) -> Bool {
        switch choice {
        case .required, .named: true
        case .auto, .forbidden, nil: false
        }
    }

    /// What a user should know of the calls of the library that cannot be as long as they were recorded.
    var outputNotices: [String] {
        guard profile.outputLength != .natural, !endpoints.isEmpty else { return [] }
        var (count, free, short) = (0, 0, 0)
        for (index, session) in library.sessions.enumerated() {
            for (place, call) in session.calls.enumerated() {
                let bounds = outputBounds(place, of: index, at: 0)
                count += 1
                free += bounds.isRecorded ? 0 : 1
                short += bounds.isRecorded && bounds.limit < call.output ? 1 : 0
            }
        }
        let name = "output_length: \(profile.outputLength.rawValue)"
        var notices: [String] = []
        if free > 0 {
            notices.append(
                "\(name): \(free) of \(Counted.text(count, "call")) must call a tool and end by themselves, as with 'natural'"
            )
        }
        if short > 0 {
            notices.append(
                "\(name): \(short) of \(Counted.text(count, "call")) may be no longer than a 'maximum_output' or their own cap, "
                    + "which is less than was recorded")
        }
        return notices
    }
}
