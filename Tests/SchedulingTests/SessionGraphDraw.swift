import Quantities
import Statistics
import Workloads

/// Draws sessions of every shape that the format allows: sub-agents of sub-agents, forks, joins at once and later, branches
/// that nobody waits for, several beginnings, compactions, hang-ups, and graphs without any order.
struct SessionGraphDraw {
    /// What a session may have; a test counts them, so that none is missed by accident.
    enum Shape: String, CaseIterable {
        case agent, nestedAgent, fork, join, lateJoin, background, severalRoots, compaction, freshContext, abort
        case doubleDependency, noWait, longWait, scatteredLines, anyGraph, singleCall
    }

    private(set) var shapes: Set<Shape> = []
    private var generator: SeededGenerator
    private var calls: [Call] = []
    /// Last calls of sub-agents for which the main agent still has to wait.
    private var open: [CallIdentifier] = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: Seed(seed).derived("graph"))
    }

    mutating func library(sessionCount: Int) -> SessionLibrary {
        let sessions = (0..<sessionCount).map { session("s\($0)") }
        return SessionLibrary(
            header: SessionFile.header(name: "graphs", source: ["licence": "none"]), sessions: sessions)
    }

    private mutating func session(_ name: String) -> Session {
        (calls, open) = ([], [])
        if chance(5) { drawAnyGraph() } else { drawAgents() }
        if calls.count == 1 { shapes.insert(.singleCall) }
        if chance(2) { scatter() }
        let agents = Set(calls.map(\.agent)).subtracting([Call.mainAgent])
        var session = Session(
            identifier: SessionIdentifier(name), toolsTokens: 3, systemTokens: 2,
            agentPrefixTokens: Dictionary(uniqueKeysWithValues: agents.map { ($0, 4) }), calls: calls)
        let graph = ContextGraph(session)
        for index in calls.indices { session.calls[index].input = graph.promptTokens(index, in: session) }
        return session
    }

    private mutating func chance(_ one: Int) -> Bool { generator.below(one) == 0 }

    // MARK: Agents

    private mutating func drawAgents() {
        var last: CallIdentifier?
        for step in 0..<(1 + generator.below(5)) {
            var after = last.map { [$0] } ?? []
            let waitsForNothing = step > 0 && chance(12)
            if waitsForNothing {
                // A helper of the program, which can know of no answer.
                shapes.insert(.severalRoots)
                after = []
            }
            after += takeJoins()
            if !after.isEmpty, chance(15) {
                shapes.insert(.doubleDependency)
                after.append(after[0])
            }
            last = append(
                agent: Call.mainAgent, after: after, context: mainContext(isFirst: step == 0 || waitsForNothing))
            if let last { for _ in 0..<max(0, generator.below(6) - 2) { spawn(from: last, depth: 1) } }
        }
        if !open.isEmpty { shapes.insert(.background) }
    }

    /// The sub-agents for which the next call waits; some are left for a later one.
    private mutating func takeJoins() -> [CallIdentifier] {
        let taken = open.filter { _ in generator.below(4) != 0 }
        if !taken.isEmpty { shapes.insert(.join) }
        if taken.count < open.count { shapes.insert(.lateJoin) }
        open.removeAll { taken.contains($0) }
        return taken
    }

    private mutating func mainContext(isFirst: Bool) -> Call.Context {
        guard !isFirst else { return .new }
        switch generator.below(6) {
        case 0:
            shapes.insert(.compaction)
            // The smallest context that a call of this agent leaves: a compaction to nothing, what it adds, and its answer.
            return .keep(TokenCount(generator.below(2 + 3 + 5 + 1)))
        case 1:
            shapes.insert(.freshContext)
            return .new
        default: return .continuing
        }
    }

    private mutating func spawn(from parent: CallIdentifier, depth: Int) {
        shapes.insert(depth == 1 ? .agent : .nestedAgent)
        let agent = "a\(calls.count)"
        var (context, after) = (Call.Context.new, [parent])
        if chance(3) {
            shapes.insert(.fork)
            let forked = generator.below(4) == 0 ? generator.choice(calls).identifier : parent
            context = .fork(forked)
            if forked != parent { after.append(forked) }
        }
        var last = append(agent: agent, after: after, context: context)
        for _ in 0..<generator.below(3) {
            if depth < 3, chance(4) { spawn(from: last, depth: depth + 1) }
            last = append(agent: agent, after: [last] + (depth > 1 ? [] : takeNested()), context: .continuing)
        }
        // One in four is never waited for.
        if generator.below(4) != 0 { open.append(last) } else { shapes.insert(.background) }
    }

    /// Now and then an agent waits for another's last call in place of the main agent.
    private mutating func takeNested() -> [CallIdentifier] {
        guard chance(3), !open.isEmpty else { return [] }
        shapes.insert(.join)
        return [open.removeLast()]
    }

    private mutating func append(
        agent: String, after: [CallIdentifier], context: Call.Context
    ) -> CallIdentifier {
        let identifier = CallIdentifier("c\(calls.count)")
        var call = Call(
            identifier: identifier, agent: agent, after: after, wait: drawWait(), waitKind: .tool, context: context,
            carry: context == .new ? 0 : 2, added: [.init(role: "user", tokens: 3)], input: .zero, output: 5)
        if chance(10) {
            shapes.insert(.abort)
            call.request.abort = chance(2) ? .tokens(2) : .after(.milliseconds(5))
        }
        calls.append(call)
        return identifier
    }

    private mutating func drawWait() -> Duration {
        switch generator.below(6) {
        case 0, 1:
            shapes.insert(.noWait)
            return .zero
        case 2:
            shapes.insert(.longWait)
            return .seconds(1 + generator.below(400))
        default: return .microseconds(1 + generator.below(60_000))
        }
    }

    // MARK: Other orders

    private mutating func drawAnyGraph() {
        shapes.insert(.anyGraph)
        for index in 0..<(1 + generator.below(9)) {
            let after = calls.map(\.identifier).filter { _ in generator.below(3) == 0 }
            _ = append(agent: "a\(index)", after: generator.shuffled(after), context: .new)
        }
    }

    /// Puts the lines into another order that keeps each call behind what it depends on, forks and goes on from.
    private mutating func scatter() {
        var (rest, sorted): ([Call], [Call]) = (calls, [])
        while !rest.isEmpty {
            let known = Set(sorted.map(\.identifier))
            let ready = rest.indices.filter { index in
                let call = rest[index]
                var isReady = call.after.allSatisfy(known.contains)
                if case .fork(let other) = call.context { isReady = isReady && known.contains(other) }
                return isReady && !rest[..<index].contains { $0.agent == call.agent }
            }
            sorted.append(rest.remove(at: generator.choice(ready)))
        }
        if sorted != calls { shapes.insert(.scatteredLines) }
        calls = sorted
    }
}
