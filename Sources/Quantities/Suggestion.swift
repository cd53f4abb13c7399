/// The names that a wrong one may have meant.
public enum Suggestion {
    /// The candidate nearest to a text, if it is near enough to be a slip of the hand.
    ///
    /// - Parameters:
    ///   - text: what was written.
    ///   - candidates: what could have been meant.
    /// - Returns: nil if nothing is within two single edits, or a third of a longer text.
    public static func nearest(to text: String, among candidates: [String]) -> String? {
        let ranked = candidates.map { (name: $0, distance: distance(Array(text.utf8), Array($0.utf8))) }
        guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        return best.distance <= max(text.utf8.count < 4 ? 1 : 2, text.utf8.count / 3) ? best.name : nil
    }

    /// How many single edits part two texts: letters added, left out, replaced, or swapped with their neighbour (optimal
    /// string alignment, after Damerau 1964).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard left.count <= 100, right.count <= 100 else { return .max }
        var rows = [Array(0...right.count)]
        for (i, a) in left.enumerated() {
            var row = [i + 1]
            for (j, b) in right.enumerated() {
                var best = min(row[j] + 1, rows[i][j + 1] + 1, rows[i][j] + (a == b ? 0 : 1))
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
