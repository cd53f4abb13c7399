import CLibyaml

/// A place in a document, counted from one.
public struct YAMLMark: Hashable, Sendable {
    /// The line.
    public let line: Int
    /// The column, in characters.
    public let column: Int

    /// Makes a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// `line:column`.
    public var text: String { "\(line):\(column)" }
}

/// Why a YAML document was refused.
public struct YAMLError: Error, Hashable, Sendable {
    /// Where.
    public let mark: YAMLMark
    /// What is wrong and what is allowed.
    public let message: String
}

/// A key that stands in a mapping again; its value is passed over.
public struct YAMLDuplicate: Hashable, Sendable {
    /// The key's text.
    public let key: String
    /// Where it stands again.
    public let mark: YAMLMark
    /// What is wrong.
    public let message: String
}

/// A value of a YAML document together with its place.
public struct YAMLNode: Hashable, Sendable {
    /// What a node holds.
    public enum Content: Hashable, Sendable {
        /// Text; `isPlain` if it was written without quotes.
        case scalar(String, isPlain: Bool)
        /// A list.
        case sequence([YAMLNode])
        /// Key and value pairs in their order; keys are unique texts.
        case mapping([YAMLEntry])
    }

    /// Where the node begins.
    public let mark: YAMLMark
    /// What it holds.
    public let content: Content
}

/// One pair of a YAML mapping.
public struct YAMLEntry: Hashable, Sendable {
    /// The key's text.
    public let key: String
    /// Where the key begins.
    public let mark: YAMLMark
    /// The value.
    public let value: YAMLNode
}

/// How much YAML is accepted.
public struct YAMLLimits: Hashable, Sendable {
    /// The longest document, in bytes.
    public var maximumBytes = 4 << 20
    /// The deepest nesting.
    public var maximumDepth = 32
    /// The most nodes.
    public var maximumNodes = 200_000

    /// 4 MiB, 32 levels, 200,000 nodes.
    public static let standard = YAMLLimits()
}

/// Reads YAML documents (libyaml) of the plain kind that people write by hand: no anchors, no aliases, no tags.
public enum YAMLDocument {
    /// Reads the one document of a file.
    ///
    /// - Returns: the root and every duplicate key; a document without content is an empty mapping.
    /// - Throws: ``YAMLError`` with the first fault of syntax or the first limit that is passed.
    public static func parse(
        _ bytes: [UInt8], limits: YAMLLimits = .standard
    ) throws(YAMLError) -> (root: YAMLNode, duplicates: [YAMLDuplicate]) {
        guard bytes.count <= limits.maximumBytes else {
            throw YAMLError(
                mark: YAMLMark(line: 1, column: 1),
                message: "the document is \(bytes.count) bytes long; at most \(limits.maximumBytes) are allowed")
        }
        var composer = YAMLComposer(limits: limits)
        var failure: YAMLError?
        let root = unsafe bytes.withUnsafeBufferPointer { buffer -> YAMLNode? in
            do throws(YAMLError) {
                return unsafe try composer.compose(buffer)
            } catch {
                failure = error
                return nil
            }
        }
        guard let root else {
            throw failure ?? YAMLError(mark: YAMLMark(line: 1, column: 1), message: "the document cannot be read")
        }
        return (root, composer.duplicates)
    }
}

/// Builds nodes out of libyaml's events.
private struct YAMLComposer {
    let limits: YAMLLimits
    var duplicates: [YAMLDuplicate] = []
    private var nodeCount = 0

    init(limits: YAMLLimits) {
        self.limits = limits
    }

    mutating func compose(_ bytes: UnsafeBufferPointer<UInt8>) throws(YAMLError) -> YAMLNode {
        var parser = unsafe yaml_parser_t()
        guard unsafe yaml_parser_initialize(&parser) == 1 else {
            throw YAMLError(mark: YAMLMark(line: 1, column: 1), message: "no memory for a YAML parser")
        }
        defer { unsafe yaml_parser_delete(&parser) }
        unsafe yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
        var root: YAMLNode?
        while true {
            let event = unsafe try next(&parser)
            switch event.kind {
            case .documentStart where root != nil:
                throw YAMLError(
                    mark: event.mark, message: "a second document begins here; one document a file is allowed")
            case .streamEnd:
                return root ?? YAMLNode(mark: YAMLMark(line: 1, column: 1), content: .mapping([]))
            case .scalar, .sequenceStart, .mappingStart, .alias:
                root = unsafe try node(event, &parser, depth: 1)
            default:
                continue
            }
        }
    }

    private enum Kind {
        case streamEnd, documentStart, scalar, sequenceStart, sequenceEnd, mappingStart, mappingEnd, alias, other
    }

    private struct Event {
        let kind: Kind
        let mark: YAMLMark
        var text = ""
        var isPlain = false
        var hasAnchor = false
        var hasTag = false
    }

    private func mark(_ mark: yaml_mark_t) -> YAMLMark {
        YAMLMark(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    private func next(_ parser: inout yaml_parser_t) throws(YAMLError) -> Event {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(&parser, &event) == 1 else {
            let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "cannot be read"
            throw YAMLError(mark: unsafe mark(parser.problem_mark), message: "not valid YAML: \(problem)")
        }
        defer { unsafe yaml_event_delete(&event) }
        let place = unsafe mark(event.start_mark)
        switch unsafe event.type {
        case YAML_STREAM_END_EVENT: return Event(kind: .streamEnd, mark: place)
        case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, mark: place)
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let text = unsafe String(
                decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return unsafe Event(
                kind: .scalar, mark: place, text: text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                hasAnchor: scalar.anchor != nil, hasTag: scalar.tag != nil)
        case YAML_SEQUENCE_START_EVENT:
            return unsafe Event(
                kind: .sequenceStart, mark: place, hasAnchor: event.data.sequence_start.anchor != nil,
                hasTag: event.data.sequence_start.tag != nil)
        case YAML_MAPPING_START_EVENT:
            return unsafe Event(
                kind: .mappingStart, mark: place, hasAnchor: event.data.mapping_start.anchor != nil,
                hasTag: event.data.mapping_start.tag != nil)
        case YAML_SEQUENCE_END_EVENT: return Event(kind: .sequenceEnd, mark: place)
        case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, mark: place)
        case YAML_ALIAS_EVENT: return Event(kind: .alias, mark: place)
        default: return Event(kind: .other, mark: place)
        }
    }

    private mutating func node(_ event: Event, _ parser: inout yaml_parser_t, depth: Int) throws(YAMLError) -> YAMLNode
    {
        nodeCount += 1
        if let message = refusal(event, depth: depth) { throw YAMLError(mark: event.mark, message: message) }
        switch event.kind {
        case .sequenceStart:
            var elements: [YAMLNode] = []
            while true {
                let inner = unsafe try next(&parser)
                if inner.kind == .sequenceEnd { break }
                elements.append(unsafe try node(inner, &parser, depth: depth + 1))
            }
            return YAMLNode(mark: event.mark, content: .sequence(elements))
        case .mappingStart:
            return YAMLNode(mark: event.mark, content: .mapping(unsafe try entries(&parser, depth: depth)))
        default:
            return YAMLNode(mark: event.mark, content: .scalar(event.text, isPlain: event.isPlain))
        }
    }

    private mutating func entries(_ parser: inout yaml_parser_t, depth: Int) throws(YAMLError) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var places: [String: YAMLMark] = [:]
        while true {
            let key = unsafe try next(&parser)
            if key.kind == .mappingEnd { return entries }
            guard key.kind == .scalar, !key.hasAnchor, !key.hasTag else {
                throw YAMLError(mark: key.mark, message: "a key must be a plain text")
            }
            let value = unsafe try node(unsafe try next(&parser), &parser, depth: depth + 1)
            if let first = places[key.text] {
                let message = "the key '\(key.text)' stands here again; it was given at \(first.line):\(first.column)"
                duplicates.append(YAMLDuplicate(key: key.text, mark: key.mark, message: message))
                continue
            }
            places[key.text] = key.mark
            entries.append(YAMLEntry(key: key.text, mark: key.mark, value: value))
        }
    }

    private func refusal(_ event: Event, depth: Int) -> String? {
        if event.kind == .alias || event.hasAnchor { return "anchors and aliases are not allowed; write the value out" }
        if event.hasTag { return "tags are not allowed; write a plain value" }
        if depth > limits.maximumDepth {
            return "nested deeper than the \(limits.maximumDepth) levels that are allowed"
        }
        if nodeCount > limits.maximumNodes { return "more than the \(limits.maximumNodes) values that are allowed" }
        return nil
    }
}
