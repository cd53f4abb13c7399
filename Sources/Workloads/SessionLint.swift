import Quantities

/// Something about a library that makes its replay doubtful.
public struct Finding: Hashable, Sendable, CustomStringConvertible {
    /// How bad a finding is.
    public enum Severity: String, Hashable, Sendable {
        /// The library must not be replayed.
        case error
        /// The replay may not be what was meant.
        case warning
    }

    /// How bad it is.
    public let severity: Severity
    /// Which session, or the library's name.
    public let place: String
    /// What was found.
    public let message: String

    /// `severity: place: message`.
    public var description: String { "\(severity.rawValue): \(place): \(message)" }
}

/// Checks a library before it is replayed.
public enum SessionLint {
    /// Everything that is wrong or doubtful, at most 20 findings per session.
    public static func findings(_ library: SessionLibrary) -> [Finding] {
        var findings: [Finding] = []
        if library.licence == nil {
            let place = library.joinedCount > 1 ? library.namesWithoutLicence.joined(separator: ", ") : library.name
            findings.append(
                Finding(severity: .warning, place: place, message: "no licence is stated in the header's source")
            )
        }
        if library.sessions.isEmpty {
            findings.append(Finding(severity: .error, place: library.name, message: "there are no sessions"))
        }
        var seen: Set<SessionIdentifier> = []
        var shapes: [[Call]: SessionIdentifier] = [:]
        for session in library.sessions {
            let place = session.identifier.rawValue
            if !seen.insert(session.identifier).inserted {
                let text = "the session id stands twice: give one of the two another id"
                findings.append(Finding(severity: .error, place: place, message: text))
            }
            if isTelling(session) {
                if let twin = shapes[session.calls] {
                    let text = "its calls equal those of \(twin)"
                    findings.append(Finding(severity: .warning, place: place, message: text))
                }
                shapes[session.calls] = session.identifier
            }
            findings += check(session, library).prefix(20)
        }
        return findings + RecordingLint.findings(library)
    }

    /// Whether a session that equals this one is likely to be the same one twice.
    ///
    /// Two sizes alone are equal by chance: a trace of ten thousand single requests has hundreds of such pairs.
    private static func isTelling(_ session: Session) -> Bool {
        guard session.calls.count == 1 else { return true }
        return session.calls.contains { call in
            !call.blocks.isEmpty || call.answer != Call.Answer()
                || call.added.contains { $0.text != nil || $0.name != nil }
        }
    }

    private static func check(_ session: Session, _ library: SessionLibrary) -> [Finding] {
        var findings: [Finding] = []
        func report(_ severity: Finding.Severity, _ call: Call, _ message: String) {
            let text = "call \(call.identifier): \(message)"
            findings.append(Finding(severity: severity, place: session.identifier.rawValue, message: text))
        }
        for name in session.prefixAssets.values.flatMap({ [$0.tools, $0.system] }) {
            guard let name, library.assets[name] == nil else { continue }
            let text = "its prefix names the asset \(name), which is not in the file"
            findings.append(Finding(severity: .error, place: session.identifier.rawValue, message: text))
        }
        let graph = ContextGraph(session)
        let contexts = ContextLint(session, graph, blockTokens: library.blockTokens)
        var toolChoices = ToolChoiceLint(session, graph, library)
        var known: Set<CallIdentifier> = []
        for (index, call) in session.calls.enumerated() {
            for dependency in call.after where !known.contains(dependency) {
                report(.error, call, "it comes after \(dependency), which is no earlier call: a cycle or a wrong name")
            }
            if case .fork(let other) = call.context, !known.contains(other) {
                report(.error, call, "it forks \(other), which is no earlier call")
            }
            if !known.insert(call.identifier).inserted { report(.error, call, "the call id stands twice") }
            let expected = graph.promptTokens(index, in: session)
            if call.input != expected {
                report(.error, call, "in is \(call.input.value), but prefix + kept + carry + add is \(expected.value)")
            }
            for problem in contexts.problems(index) { report(.error, call, problem) }
            if let problem = toolChoices.problem(call) { report(.error, call, problem) }
            if let problem = blockProblem(call, library.blockTokens) { report(.warning, call, problem) }
            if call.output == .zero { report(.warning, call, "no output is recorded") }
            if call.reasoning > call.output { report(.error, call, "more reasoning than output") }
        }
        return findings
    }

    /// Blocks must cover the prompt, but for a last one that is not full.
    private static func blockProblem(_ call: Call, _ blockTokens: Int) -> String? {
        guard !call.blocks.isEmpty else { return nil }
        let count = call.blocks.reduce(0) { $0 + $1.count }
        let full = call.input.value / blockTokens
        guard count < full || count > full + 1 else { return nil }
        return "h names \(Counted.text(count, "block")) of \(Counted.text(blockTokens, "token")), but in is "
            + "\(call.input.value)"
    }
}
