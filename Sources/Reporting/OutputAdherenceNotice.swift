import Analysis
import Profiles
import Quantities

/// The warnings that answers did not have the length that the plan wanted.
enum OutputAdherenceNotice {
    /// What to say; nothing if all answers were as they should be.
    static func texts(_ analysis: RunAnalysis) -> [String] {
        let kept = analysis.endpoints.map { ($0.identifier, $0.outputAdherence) }
        let early = kept.filter { $1.endedEarlyCount > 0 }.map { name, kept in
            member(name, kept.endedEarlyShare, kept.endedEarlyCount, kept.cappedCount)
        }
        let missed = kept.filter { $1.missedCount > 0 }.map { name, kept in
            member(name, kept.missedShare, kept.missedCount, kept.checkedCount)
        }
        var texts: [String] = []
        if !early.isEmpty {
            texts.append(
                "Answers that ended before the recorded length: \(early.joined(separator: ", ")). TPOT and decode speed are "
                    + "over the others.")
        }
        if !missed.isEmpty {
            texts.append(
                "Answers whose tokens are over \(Figures.share(OutputAdherence.tolerance, decimals: 0)) off the wanted length: "
                    + "\(missed.joined(separator: ", ")). These endpoints do not do as the plan wants, or count tokens in "
                    + "another way; their figures per call are not comparable.")
        }
        return texts
    }

    private static func member(_ name: EndpointIdentifier, _ share: Double?, _ count: Int, _ total: Int) -> String {
        "\(name) \(Figures.share(share)) (\(Figures.count(count)) of \(Figures.count(total)))"
    }
}
