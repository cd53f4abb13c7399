public import Encodings

/// Something wrong in a document, with its place.
public struct Problem: Error, Hashable, CustomStringConvertible, Sendable {
    /// The file as the user named it.
    public var file: String
    /// Where in the file.
    public var mark: YAMLMark
    /// Which value, such as `endpoints[2].provider`.
    public var path: String
    /// What is wrong and what is allowed.
    public var message: String

    /// Makes a problem.
    public init(file: String, mark: YAMLMark = YAMLMark(line: 1, column: 1), path: String = "", message: String) {
        self.file = file
        self.mark = mark
        self.path = path
        self.message = message
    }

    /// `file:line:column: path: what is wrong, what is allowed`.
    public var description: String {
        "\(file):\(mark.line):\(mark.column): \(path.isEmpty ? "" : path + ": ")\(message)"
    }
}

/// All problems of a set of documents; there is at least one.
public struct Problems: Error, Hashable, CustomStringConvertible, Sendable {
    /// The problems, file by file in the order of their places.
    public var list: [Problem]

    /// Makes a list.
    public init(_ list: [Problem]) {
        self.list = list
    }

    /// One line per problem.
    public var description: String { list.map(\.description).joined(separator: "\n") }
}

extension [Problem] {
    /// The problems by their place: file by file, each from its top to its end.
    ///
    /// - Parameter files: the files in their order; others come last.
    /// - Returns: the same problems.
    func sorted(byFiles files: [String]) -> [Problem] {
        let places = Dictionary(files.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
        func key(_ index: Int) -> (Int, Int, Int, Int) {
            let problem = self[index]
            return (places[problem.file] ?? files.count, problem.mark.line, problem.mark.column, index)
        }
        return indices.sorted { key($0) < key($1) }.map { self[$0] }
    }
}

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
