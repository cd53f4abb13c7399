import Planning
import Quantities
import Workloads

/// How far one live session has come.
struct SessionProgress: Hashable, Sendable {
    /// A call is waiting for its dependencies → due → running → ended; a call that is not sent goes to ended at once.
    enum CallState: Hashable, Sendable { case waiting, due, running, ended }

    private(set) var states: [CallState]
    private(set) var hasFailed = false
    private let dependencies: [[Int]]
    private var missing: [Int]
    private var dependents: [[Int]]

    init(_ session: Session) {
        let graph = ContextGraph(session)
        dependencies = graph.entries.map { Array(Set($0.dependencies)) }
        missing = dependencies.map(\.count)
        states = Array(repeating: .waiting, count: session.calls.count)
        dependents = Array(repeating: [], count: session.calls.count)
        for (call, list) in dependencies.enumerated() {
            for dependency in list { dependents[dependency].append(call) }
        }
    }

    /// The calls that depend on nothing.
    var roots: [Int] { missing.indices.filter { missing[$0] == 0 } }
    var isOver: Bool { states.allSatisfy { $0 == .ended } }
    var runningCount: Int { states.count { $0 == .running } }

    mutating func makeDue(_ call: Int) {
        precondition(states[call] == .waiting, "call \(call) is \(states[call]), so it cannot become due")
        states[call] = .due
    }

    mutating func start(_ call: Int) {
        precondition(states[call] == .due, "call \(call) is \(states[call]), so it cannot be started")
        states[call] = .running
    }

    /// Ends a call and returns the calls whose last dependency it was.
    mutating func end(_ call: Int, isSuccess: Bool) -> [Int] {
        precondition(states[call] != .ended, "call \(call) has ended already")
        states[call] = .ended
        guard isSuccess else {
            hasFailed = true
            return []
        }
        return dependents[call].filter { dependent in
            missing[dependent] -= 1
            return missing[dependent] == 0
        }
    }

    /// Ends all calls that were not sent, and returns them.
    mutating func skipRest() -> [Int] {
        let rest = states.indices.filter { states[$0] == .waiting || states[$0] == .due }
        for call in rest { states[call] = .ended }
        hasFailed = hasFailed || !rest.isEmpty
        return rest
    }
}
