import Encodings
import Quantities
import Statistics

@testable import Workloads

/// A figure that sessions have, one value or many for each.
struct SessionFigure: Sendable {
    let name: String
    let values: @Sendable (Session) -> [Double]

    init(_ name: String, _ values: @escaping @Sendable (Session) -> [Double]) {
        self.name = name
        self.values = values
    }

    /// One value for each call of the main agent; calls for which it is nil are left out.
    static func main(_ name: String, _ value: @escaping @Sendable (Call) -> Double?) -> SessionFigure {
        SessionFigure(name) { $0.calls.filter { $0.agent == Call.mainAgent }.compactMap(value) }
    }

    static let calls = SessionFigure("calls") { [Double($0.calls.count { $0.agent == Call.mainAgent })] }
    static let inputPerSession = SessionFigure("input per session") {
        [Double($0.calls.reduce(0) { $0 + $1.input.value })]
    }
    static let prefix = SessionFigure("prefix") { [Double($0.prefixTokens(of: Call.mainAgent).value)] }
    static let firstInput = SessionFigure("first input") { [Double($0.calls[0].input.value)] }
    static let lastInput = SessionFigure("last input") { [Double($0.calls.last?.input.value ?? 0)] }
    static let input = main("input") { Double($0.input.value) }
    static let output = main("output") { Double($0.output.value) }
    static let lastOutput = SessionFigure("last output") { [Double($0.calls.last?.output.value ?? 0)] }
    static let reasoningShare = main("reasoning share") { Double($0.reasoning.value) / Double($0.output.value) }
    static let hasReasoning = main("answers with reasoning") { $0.reasoning > .zero ? 1 : 0 }
    static let toolWait = main("wait for tools") { $0.waitKind == .tool ? $0.wait.seconds : nil }
    static let humanWait = main("wait for a person") { $0.waitKind == .human ? $0.wait.seconds : nil }
    static let timerWait = main("wait for a clock") { $0.waitKind == .timer ? $0.wait.seconds : nil }
    static let stopsWithTool = main("answers that call a tool") { $0.stop == "tool_use" ? 1 : 0 }
    static let breaks = main("calls that break the context") { call in
        if case .new = call.context { return nil }
        if case .keep = call.context { return 1 }
        return 0
    }
    static let isParallel = main("several tools at once") { call in
        let count = call.added.count { $0.role == "tool" }
        return count == 0 ? nil : count > 1 ? 1 : 0
    }

    /// The sizes of the items of a role.
    static func items(_ role: String) -> SessionFigure {
        SessionFigure("\(role) items") { session in
            session.calls.filter { $0.agent == Call.mainAgent }.flatMap(\.added).filter { $0.role == role }.map {
                Double($0.tokens.value)
            }
        }
    }
    static let toolErrors = SessionFigure("tool errors") { session in
        session.calls.flatMap(\.added).filter { $0.role == "tool" }.map { $0.isError ? 1 : 0 }
    }
    static let passages = main("passages") { Double($0.added.count { $0.role == "doc" }) }
    static let hotPassages = SessionFigure("uses of a hot passage") { session in
        session.calls.flatMap(\.added).compactMap { $0.name?.split(separator: "-").last.flatMap { Int($0) } }.map {
            $0 < Passages.count / 10 ? 1 : 0
        }
    }
    static let userTurns = SessionFigure("user turns") { [Double(turns($0).count)] }
    static let callsPerTurn = SessionFigure("calls per user turn") { turns($0).map(Double.init) }
    static let agents = SessionFigure("sub-agents") { [Double($0.agentPrefixTokens.count)] }
    static let agentCalls = SessionFigure("calls of a sub-agent") { session in
        session.agentPrefixTokens.keys.map { agent in Double(session.calls.count { $0.agent == agent }) }
    }
    static let agentFirstInput = SessionFigure("first input of a sub-agent") { session in
        session.agentPrefixTokens.keys.compactMap { agent in
            session.calls.first { $0.agent == agent }.map { Double($0.input.value) }
        }
    }
    /// How large the context was that broke.
    static let breaksAt = SessionFigure("context that breaks") { session in
        let calls = session.calls.filter { $0.agent == Call.mainAgent }
        return zip(calls, calls.dropFirst()).compactMap { last, call in
            if case .keep = call.context { Double(last.input.value) } else { nil }
        }
    }

    private static func turns(_ session: Session) -> [Int] {
        session.calls.filter { $0.agent == Call.mainAgent }.reduce(into: []) { turns, call in
            if turns.isEmpty || call.waitKind == .human { turns.append(0) }
            turns[turns.count - 1] += 1
        }
    }
}

/// What is computed of a figure.
enum Statistic: Hashable, Sendable, CustomStringConvertible {
    case mean
    case quantile(Int)

    static let p50 = Statistic.quantile(50)
    static let p90 = Statistic.quantile(90)

    /// As the statistics of public traces name it.
    var description: String {
        switch self {
        case .mean: "mean"
        case .quantile(let percent): "p\(percent)"
        }
    }

    func of(_ values: [Double]) -> Double {
        switch self {
        case .mean: values.reduce(0, +) / Double(max(1, values.count))
        case .quantile(let percent): Quantile.interpolated(values.sorted(), Double(percent) / 100) ?? .nan
        }
    }
}

/// Libraries for the comparison with published figures, each drawn once.
enum DrawnLibraries {
    /// Fewer sessions of the profiles whose sessions have many calls.
    private static let counts = ["coding-interactive": 500, "swe-mini": 800, "coding-autonomous": 600, "swarm": 20]

    static func sessions(_ name: String) -> [Session] {
        guard let generator = SessionGenerator.named[name] else { return [] }
        return WorkloadGenerator.generate(generator, count: counts[name] ?? 2000, seed: Seed(1)).sessions
    }
}
