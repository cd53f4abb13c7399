import Workloads
import Driving
import Planning
import Quantities
import Reporting

/// Tells how a run goes on: on a terminal several times a second in one line, otherwise a line every ten seconds.
struct ProgressReport {
    private let roundCount: Int
    private let callCount: Int
    private let names: [String]
    private let began: Instant
    private let console: Console
    private var nextLine: Instant

    init(_ plan: Plan, began: Instant, console: Console) {
        roundCount = plan.rounds.count
        let perEndpoint = plan.rounds.flatMap(\.sessions).reduce(0) { sum, session in
            sum + plan.library.sessions[session.libraryIndex].calls.count
        }
        callCount = perEndpoint * plan.endpoints.count
        names = plan.endpoints.map(\.identifier.rawValue)
        self.began = began
        self.console = console
        nextLine = began + .seconds(2)
    }

    mutating func show(_ progress: RunProgress, at now: Instant) {
        let line = text(progress, elapsed: now - began)
        if console.drawsProgress {
            console.draw(line)
        } else if now >= nextLine, !console.isQuiet {
            nextLine = now + .seconds(10)
            console.message(line)
        }
    }

    /// Clears the line.
    func end() { console.draw("") }

    /// One line: the round, calls done of all, calls under way, failures by endpoint, money, time.
    func text(_ progress: RunProgress, elapsed: Duration) -> String {
        let done = progress.endedCalls.reduce(0, +)
        let share = callCount > 0 ? done * 100 / callCount : 100
        let failures = zip(names, progress.failedCalls).filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }
        let seconds = Int(elapsed.seconds)
        let clock = "\(seconds / 60):\(seconds % 60 < 10 ? "0" : "")\(seconds % 60)"
        return
            "round \(progress.round + 1)/\(roundCount)  \(Figures.count(done))/\(Figures.counted(callCount, "call")) "
            + "(\(share) %)  \(progress.liveCalls) live  $\(Figures.fixed(progress.spent.dollars, 4))  \(clock)"
            + (failures.isEmpty ? "" : "  failed: " + failures.joined(separator: ", "))
    }
}
