import Encodings

/// A document as far as it can be understood, with everything that is wrong in it.
struct DocumentReading {
    /// What it says, with defaults for what is wrong; nil if not even its kind is known.
    let document: Document?
    /// Everything that is wrong, from top to end; empty only if there is a document.
    let problems: [Problem]
    private let root: YAMLNode?
    private let repeatedKeys: Set<String>
    private let pathsOfStrangers: Set<String>
    private let mayLackProblems: Bool

    /// Reads a document strictly, but for what earlier versions allowed if it is recorded in a run file.
    init(_ bytes: [UInt8], file: String, isRecorded: Bool = false) {
        let diagnosis = Diagnosis(file: file, isRecorded: isRecorded)
        do throws(YAMLError) {
            let parsed = try YAMLDocument.parse(bytes)
            for duplicate in parsed.duplicates { diagnosis.report(duplicate.mark, "", duplicate.message) }
            root = parsed.root
            repeatedKeys = Set(parsed.duplicates.map(\.key))
            document = Document(parsed.root, diagnosis)
        } catch {
            diagnosis.report(error.mark, "", error.message)
            (root, repeatedKeys, document) = (nil, [], nil)
        }
        problems = diagnosis.problems.sorted(byFiles: [file])
        pathsOfStrangers = diagnosis.pathsOfStrangers
        mayLackProblems = diagnosis.isFull
    }

    /// Whether the value at a path is what its author meant, as far as can be told.
    ///
    /// It is not if something is wrong with it or with what it is part of, if its key stands there twice, or if it is absent
    /// and a key beside its place is not known, which may be a slip for it.
    ///
    /// - Parameters:
    ///   - path: such as `endpoints[1].provider`; keys have neither dots nor brackets.
    ///   - withParts: false to leave out what is wrong inside it.
    /// - Returns: true if other documents may be held against it.
    func isKnown(_ path: String, withParts: Bool = true) -> Bool {
        guard !problems.isEmpty else { return true }
        guard var node = root, !mayLackProblems else { return false }
        let isTouched = problems.contains { problem in
            problem.path == path || Self.holds(problem.path, path) || (withParts && Self.holds(path, problem.path))
        }
        guard !isTouched else { return false }
        var place = ""
        for step in Self.steps(path) {
            if let index = Int(step) {
                guard case .sequence(let elements) = node.content, elements.indices.contains(index) else {
                    return false
                }
                node = elements[index]
                place += "[\(index)]"
            } else {
                guard !repeatedKeys.contains(step) else { return false }
                guard let value = Self.value(of: step, in: node) else { return !pathsOfStrangers.contains(place) }
                node = value
                place += place.isEmpty ? step : "." + step
            }
        }
        return !withParts || repeatedKeys.isDisjoint(with: Self.keys(of: node))
    }

    /// The value of a key at the top; nil if there is none.
    func value(_ key: String) -> YAMLNode? { root.flatMap { Self.value(of: key, in: $0) } }

    private static func value(of key: String, in node: YAMLNode) -> YAMLNode? {
        guard case .mapping(let entries) = node.content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    private static func keys(of node: YAMLNode) -> Set<String> {
        switch node.content {
        case .scalar: []
        case .sequence(let elements): elements.reduce(into: []) { $0.formUnion(keys(of: $1)) }
        case .mapping(let entries):
            entries.reduce(into: []) { found, entry in
                found.insert(entry.key)
                found.formUnion(keys(of: entry.value))
            }
        }
    }

    /// True if the value at one path holds that at the other.
    private static func holds(_ outer: String, _ inner: String) -> Bool {
        !outer.isEmpty && (inner.hasPrefix(outer + ".") || inner.hasPrefix(outer + "["))
    }

    /// The keys and indices of a path.
    private static func steps(_ path: String) -> [String] {
        path.split { ".[]".contains($0) }.map(String.init)
    }
}
