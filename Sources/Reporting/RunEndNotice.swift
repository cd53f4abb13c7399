import Analysis
import Profiles
import Quantities

/// What a reader must know of the end of runs before any figure: that rounds are missing, or that nothing was measured.
enum RunEndNotice {
    /// What to say; nothing of runs that came to their end and were answered.
    static func texts(_ analysis: RunAnalysis) -> [String] {
        [missingRounds(analysis.endings, isRehearsal: analysis.isRehearsal), noAnswer(analysis)].compactMap(\.self)
    }

    private static func missingRounds(_ endings: [RunEnding], isRehearsal: Bool) -> String? {
        let unfinished = endings.filter(\.isUnfinished)
        guard !unfinished.isEmpty else { return nil }
        let complete = endings.reduce(0) { $0 + $1.completeRoundCount }
        let planned = endings.reduce(0) { $0 + $1.plannedRoundCount }
        let verb = complete == 1 || planned == 1 ? "was" : "were"
        let reasons = unfinished.map { ending in
            words(
                ending.reason, subject: endings.count == 1 ? "the run" : ending.path,
                path: isRehearsal ? nil : ending.path)
        }
        return "\(complete) of \(Counted.text(planned, "planned round")) \(verb) completed; "
            + reasons.joined(separator: "; ")
    }

    /// Why a run ended and what helps.
    ///
    /// - Parameters:
    ///   - reason: as the run file says.
    ///   - subject: what the run is called.
    ///   - path: the run file; nil if the providers were modelled and are gone, so that nobody can go on with it.
    /// - Returns: a part of a sentence.
    static func words(_ reason: String?, subject: String, path: String?) -> String {
        let resume = path.map { "go on with submeter run --resume \($0)" } ?? "begin another rehearsal"
        guard let reason else {
            return
                "no end of \(subject) is recorded, so it is still going on or was killed (\(resume) once it "
                + "is not running)"
        }
        switch StopReason(rawValue: reason) {
        case .interrupted: return "\(subject) was interrupted (\(resume))"
        case .duration:
            return "'stop.duration' ended \(subject) (\(resume)\(path == nil ? "" : ", for another 'stop.duration'"))"
        case .budget:
            return "its budget ended \(subject) (it cannot go on: raise 'budget' in the plan, or lower its rounds, and "
                + "begin a new run)"
        case .errorRate:
            return "too many calls failed, which ended \(subject) (see why they failed, mend it, and begin a new run)"
        case .overSaturation:
            return "sessions arrived faster than they were served, which ended \(subject) (lower 'rate' in the plan's "
                + "load, or let submeter search find the highest that is borne)"
        case .complete, nil: return "\(subject) ended early (\(reason))"
        }
    }

    /// That not one call was answered; nil if one was.
    static func noAnswer(_ analysis: RunAnalysis) -> String? {
        guard !analysis.hasAnswer else { return nil }
        let count = analysis.callOutcomes.values.reduce(0, +)
        guard let outcomes = Figures.outcomes(analysis.callOutcomes) else {
            return "nothing was measured: no call was sent"
        }
        let text = "nothing was measured: none of \(Figures.counted(count, "call")) was answered (\(outcomes))"
        // Modelled providers are gone once the run is over, and what we cut off ourselves is nothing to mend.
        guard !analysis.isRehearsal, analysis.callOutcomes.keys.contains(where: \.isFailure) else { return text }
        return "\(text); \(Reports.adviceWithoutAnswer(planFile: analysis.documents.sources.first?.name))"
    }
}
