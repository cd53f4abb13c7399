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
