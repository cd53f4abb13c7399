import Analysis
import Quantities

/// The warning that the endpoints' answers are not of one length.
enum OutputLengthNotice {
    /// What to say; nil if no endpoint's mean is outside the tolerance.
    static func text(_ lengths: OutputLengths) -> String? {
        guard !lengths.outliers.isEmpty, let median = lengths.median else { return nil }
        let members = lengths.outliers.map { outlier in
            "\(outlier.endpoint) \(TokenTables.signed(outlier.deviation)) (\(Figures.fixed(outlier.mean, 1)))"
        }
        let limit = Figures.share(lengths.limit, decimals: 0)
        return "Output lengths differ: \(members.joined(separator: ", ")) from the median of "
            + "\(Figures.fixed(median, 1)) output tokens per call. Beyond ±\(limit), longer answers take longer and cost more "
            + "at the same speed: whole turns, sessions and their cost are not comparable; TTFT, TPOT and decode speed are."
    }
}
