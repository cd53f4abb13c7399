/// What an import did not take over, counted by kind.
public struct LeftOut: Hashable, Sendable {
    /// One kind and how often it was met.
    public struct Entry: Hashable, Sendable {
        /// What was left out, in the plural.
        public let what: String
        /// How often.
        public fileprivate(set) var count: Int
    }

    /// The kinds in the order in which they were first met; none has a count of zero.
    public private(set) var entries: [Entry] = []

    /// Makes a count of nothing.
    public init() {}

    /// Counts more of a kind.
    mutating func add(_ what: String, _ count: Int = 1) {
        guard count > 0 else { return }
        if let index = entries.firstIndex(where: { $0.what == what }) {
            entries[index].count += count
        } else {
            entries.append(Entry(what: what, count: count))
        }
    }

    /// Counts what another count holds too.
    mutating func add(_ other: LeftOut) {
        for entry in other.entries { add(entry.what, entry.count) }
    }
}
