import Workloads

/// How far one live session has come.
struct SessionProgress: Hashable, Sendable {
    /// A call is waiting for its dependencies → due → running → ended; one that is sent again goes from running to due, one
    /// that is not sent goes to ended at once.
    enum CallState: Hashable, Sendable { case waiting, due, running, ended }

    private(set) var states: [CallState]
    private(set) var hasFailed = false
    private var missing: [Int]
    private var dependents: [[Int]]

    init(_ graph: ContextGraph) {
        let count = graph.entries.count
        missing = Array(repeating: 0, count: count)
        states = Array(repeating: .waiting, count: count)
        dependents = Array(repeating: [], count: count)
        for (call, entry) in graph.entries.enumerated() {
            for dependency in entry.dependencies where !dependents[dependency].contains(call) {
                dependents[dependency].append(call)
                missing[call] += 1
            }
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

    /// Makes a call that is running wait for another attempt.
    mutating func retry(_ call: Int) {
        precondition(states[call] == .running, "call \(call) is \(states[call]), so it cannot be sent again")
        states[call] = .due
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
