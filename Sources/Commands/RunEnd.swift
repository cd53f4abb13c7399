import Driving
import Quantities
import Reporting

/// How a run ended.
struct RunEnd {
    /// Why.
    let reason: StopReason
    /// What had been done by then.
    let progress: RunProgress
    /// The endpoints' names.
    let endpoints: [String]
    /// The plan as the user named it.
    let planFile: String?

    /// How the process should end.
    var exitCode: ExitCode {
        switch reason {
        case .complete, .duration: progress.hasSuccess ? .good : .notMeasured
        case .budget: .budgetReached
        case .interrupted: .interrupted
        case .errorRate, .overSaturation: .notMeasured
        }
    }

    /// One line per endpoint with failed calls: how many of how many, and why, most frequent first.
    var failures: [String] {
        endpoints.indices.compactMap { index in
            guard let reasons = Figures.outcomes(progress.failures[index]) else { return nil }
            return
                "failed: \(endpoints[index]): \(Figures.count(progress.failedCalls[index])) of "
                + "\(Figures.counted(progress.endedCalls[index], "call")) ("
                + reasons + ")"
        }
    }

    /// What the user is told at the end, with what helps.
    func messages(_ path: String) -> [String] {
        var lines = failures
        switch reason {
        case .complete: lines.append("done: \(path)")
        case .interrupted:
            lines.append("ended early (\(reason.rawValue)): \(path); 'submeter run --resume \(path)' goes on")
        case .budget:
            lines.append(
                "ended early (\(reason.rawValue)): \(path); its budget is spent, so it cannot go on: raise 'budget' in the "
                    + "plan, or lower its rounds, and begin a new run")
        case .overSaturation:
            lines.append(
                "ended early (\(reason.rawValue)): \(path); sessions arrived faster than they were served: lower 'rate' in "
                    + "the plan's load, or let 'submeter search' find the highest that is borne")
        case .duration:
            lines.append(
                "ended early (\(reason.rawValue)): \(path); 'submeter run --resume \(path)' goes on, for another "
                    + "'stop.duration'")
        case .errorRate: lines.append("ended early (\(reason.rawValue)): \(path)")
        }
        if !progress.hasSuccess { lines.append(Self.noAnswer(planFile, hasFailure: progress.hasFailure)) }
        return lines
    }

    /// That nothing was measured, with what helps where calls failed by themselves.
    static func noAnswer(_ planFile: String?, hasFailure: Bool) -> String {
        "nothing was measured: no call was answered"
            + (hasFailure ? "; \(Reports.adviceWithoutAnswer(planFile: planFile))" : "")
    }
}
