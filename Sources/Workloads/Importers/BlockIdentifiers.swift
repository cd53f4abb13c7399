import Encodings

/// The identifiers of a prompt's blocks, one after another.
struct BlockIdentifiers: Hashable {
    /// The identifiers as ranges, neighbours joined.
    private(set) var ranges: [Range<Int>] = []
    /// How many there are.
    private(set) var count = 0

    /// The largest identifier that the session format holds exactly.
    private static let limit = 1 << 53

    /// No blocks.
    init() {}

    /// Reads a list of whole numbers; a source without blocks may leave it out.
    ///
    /// - Parameters:
    ///   - value: the list.
    ///   - most: how many of them count.
    ///   - source: where it stands.
    /// - Throws: ``SessionFileError`` if something in it is no identifier.
    init(_ value: JSONValue?, most: Int, _ source: TraceSource) throws(SessionFileError) {
        guard let value, value != .null else { return }
        guard let list = value.arrayValue else { throw source.problem("hash_ids must be a list") }
        for (index, element) in list.enumerated() {
            guard let identifier = element.integerValue, (0..<Self.limit).contains(identifier) else {
                throw source.problem("hash_ids must hold whole numbers from 0 to 2^53")
            }
            if index < most { append(identifier) }
        }
    }

    private mutating func append(_ identifier: Int) {
        count += 1
        if let last = ranges.last, last.upperBound == identifier {
            ranges[ranges.count - 1] = last.lowerBound..<(identifier + 1)
        } else {
            ranges.append(identifier..<(identifier + 1))
        }
    }

    /// The identifiers in their order.
    var all: some Sequence<Int> { ranges.lazy.joined() }

    /// The first so many.
    func prefix(_ length: Int) -> BlockIdentifiers {
        var result = BlockIdentifiers()
        var left = max(0, length)
        for range in ranges where left > 0 {
            let part = range.prefix(left)
            result.ranges.append(part)
            result.count += part.count
            left -= part.count
        }
        return result
    }

    /// True if another list begins with all of these.
    func isPrefix(of other: BlockIdentifiers) -> Bool { count <= other.count && other.prefix(count) == self }
}
