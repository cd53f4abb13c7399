import Encodings
import Quantities

/// Collects the problems of one document while it is read.
final class Diagnosis {
    let file: String
    /// True if the document is that of a run file, whose results must stay readable.
    let isRecorded: Bool
    private(set) var problems: [Problem] = []
    /// The mappings with keys that nobody asked for, any of which may be meant for one that is not there.
    private(set) var pathsOfStrangers: Set<String> = []

    /// True if there may be more problems than are listed.
    var isFull: Bool { problems.count >= 100 }

    init(file: String, isRecorded: Bool = false) {
        self.file = file
        self.isRecorded = isRecorded
    }

    func noteStranger(in path: String) { pathsOfStrangers.insert(path) }

    func report(_ mark: YAMLMark, _ path: String, _ message: String) {
        guard !isFull else { return }
        problems.append(Problem(file: file, mark: mark, path: path, message: message))
    }

    /// Reports what earlier versions allowed, unless the document was run by one of them.
    func forbid(_ mark: YAMLMark, _ path: String, _ message: String) {
        if !isRecorded { report(mark, path, message) }
    }
}

/// Reads a mapping strictly: each key is asked for once, and what nobody asked for is a problem.
struct MappingReader {
    let path: String
    let mark: YAMLMark
    let diagnosis: Diagnosis
    private let entries: [YAMLEntry]
    private var known: [String] = []

    init(_ node: YAMLNode, path: String, diagnosis: Diagnosis) {
        self.path = path
        self.diagnosis = diagnosis
        mark = node.mark
        if case .mapping(let entries) = node.content {
            self.entries = entries
        } else {
            entries = []
            diagnosis.report(node.mark, path, "must be a mapping of keys to values")
        }
    }

    var keys: [String] { entries.map(\.key) }

    func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// Where the value of a key stands; nil if there is none.
    func mark(of key: String) -> YAMLMark? { value(of: key)?.mark }

    /// The value of a key, which is not asked for by that; nil if there is none.
    func value(of key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }

    func report(_ key: String, _ message: String) {
        diagnosis.report(mark(of: key) ?? mark, path(key), message)
    }

    /// Reports what earlier versions allowed.
    func forbid(_ key: String, _ message: String) {
        diagnosis.forbid(mark(of: key) ?? mark, path(key), message)
    }

    /// The value of an optional key.
    mutating func optional(_ key: String) -> YAMLNode? {
        known.append(key)
        guard let node = entries.first(where: { $0.key == key })?.value else { return nil }
        if case .scalar(let text, true) = node.content, text.isEmpty || text == "~" || text == "null" {
            diagnosis.report(node.mark, path(key), "has no value; leave the key out or give one")
            return nil
        }
        return node
    }

    /// The value of a key that must be there.
    mutating func required(_ key: String) -> YAMLNode? {
        let isThere = entries.contains { $0.key == key }
        if !isThere { diagnosis.report(mark, path(key), "is missing") }
        return optional(key)
    }

    /// Reports every key that was never asked for.
    func finish() {
        for entry in entries where !known.contains(entry.key) {
            let near = Suggestion.nearest(to: entry.key, among: known).map { "; did you mean '\($0)'?" } ?? ""
            diagnosis.noteStranger(in: path)
            let allowed = Set(known).sorted().joined(separator: ", ")
            diagnosis.report(entry.mark, path(entry.key), "is not a known key\(near) (allowed: \(allowed))")
        }
    }

    /// Reports what is wrong with a base URL, if one is given; what is no text at all has been told already.
    func checkBaseURL(_ text: String?) {
        guard let text, case .scalar(let written, _)? = value(of: "base_url")?.content, written == text else { return }
        if let fault = BaseURL.fault(text) { forbid("base_url", fault) }
    }

    // MARK: Texts

    private func text(_ node: YAMLNode?, _ key: String) -> String? {
        guard let node else { return nil }
        guard case .scalar(let text, _) = node.content else {
            diagnosis.report(node.mark, path(key), "must be a text")
            return nil
        }
        guard text.utf8.count <= 4096, !text.unicodeScalars.contains(where: { $0.value < 0x20 && $0 != "\n" }) else {
            diagnosis.report(node.mark, path(key), "must be at most 4096 bytes of text without control characters")
            return nil
        }
        return text
    }

    mutating func string(_ key: String) -> String { text(required(key), key) ?? "" }
    mutating func optionalString(_ key: String) -> String? { text(optional(key), key) }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Choice.Type, default fallback: Choice
    ) -> Choice where Choice.RawValue == String {
        guard let text = optionalString(key) else { return fallback }
        if let value = Choice(rawValue: text) { return value }
        let names = Choice.allCases.map(\.rawValue)
        let near = Suggestion.nearest(to: text, among: names).map { "; did you mean '\($0)'?" } ?? ""
        report(key, "'\(text)' is not one of \(names.joined(separator: ", "))\(near)")
        return fallback
    }

    mutating func requiredChoice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Choice.Type, default fallback: Choice
    ) -> Choice where Choice.RawValue == String {
        if !keys.contains(key) {
            report(key, "is missing (allowed: \(Choice.allCases.map(\.rawValue).joined(separator: ", ")))")
        }
        return choice(key, type, default: fallback)
    }

    // MARK: Numbers and units

    private func scalar<Value>(
        _ node: YAMLNode?, _ key: String, _ allowed: String, _ convert: (String) -> Value?
    ) -> Value? {
        guard let node, let text = text(node, key) else { return nil }
        if let value = convert(text) { return value }
        diagnosis.report(node.mark, path(key), "'\(text)' is not \(allowed)")
        return nil
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>, default fallback: Int) -> Int {
        optionalInteger(key, in: range) ?? fallback
    }

    mutating func optionalInteger(_ key: String, in range: ClosedRange<Int>) -> Int? {
        scalar(optional(key), key, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            let plain = text.filter { $0 != "_" }
            return Int(plain).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func number(_ key: String, in range: ClosedRange<Double>, default fallback: Double) -> Double {
        optionalNumber(key, in: range) ?? fallback
    }

    mutating func optionalNumber(_ key: String, in range: ClosedRange<Double>) -> Double? {
        scalar(optional(key), key, "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func requiredNumber(_ key: String, in range: ClosedRange<Double>) -> Double {
        if !keys.contains(key) { report(key, "is missing (a number from \(range.lowerBound) to \(range.upperBound))") }
        return number(key, in: range, default: range.upperBound)
    }

    mutating func bool(_ key: String, default fallback: Bool) -> Bool {
        scalar(optional(key), key, "true or false") { $0 == "true" ? true : $0 == "false" ? false : nil } ?? fallback
    }

    mutating func optionalDuration(_ key: String) -> Duration? {
        scalar(optional(key), key, "a duration with its unit, such as 250ms, 30s, 5min or 2h", Units.duration)
    }

    mutating func duration(_ key: String, default fallback: Duration) -> Duration {
        optionalDuration(key) ?? fallback
    }

    /// A duration that must be there and longer than nothing.
    mutating func positiveDuration(_ key: String) -> Duration {
        if !keys.contains(key) { report(key, "is missing (a duration with its unit, such as 60s)") }
        guard let duration = optionalDuration(key) else { return .seconds(1) }
        if duration <= .zero { report(key, "must be longer than 0s") }
        return duration > .zero ? duration : .seconds(1)
    }

    /// A duration that may be left out, but not be nothing, which earlier versions allowed.
    mutating func optionalPositiveDuration(_ key: String) -> Duration? {
        let duration = optionalDuration(key)
        if let duration, duration <= .zero { forbid(key, "must be longer than 0s") }
        return duration
    }

    /// A duration longer than nothing, with a default.
    mutating func positiveDuration(_ key: String, default fallback: Duration) -> Duration {
        optionalPositiveDuration(key) ?? fallback
    }

    mutating func optionalMoney(_ key: String) -> Money? {
        scalar(optional(key), key, "an amount with its currency, such as 2.5 USD", Units.money)
    }

    mutating func optionalPrice(_ key: String) -> TokenPrice? {
        optionalMoney(key).flatMap { TokenPrice(dollarsPerMillionTokens: $0.dollars) }
    }

    mutating func price(_ key: String) -> TokenPrice {
        if !keys.contains(key) { report(key, "is missing (USD per million tokens, such as 0.28 USD)") }
        return optionalPrice(key) ?? TokenPrice(picodollarsPerToken: 0)
    }

    // MARK: Nested values

    mutating func list<Element>(_ key: String, _ convert: (YAMLNode, String) -> Element?) -> [Element] {
        guard let node = optional(key) else { return [] }
        guard case .sequence(let elements) = node.content else {
            diagnosis.report(node.mark, path(key), "must be a list")
            return []
        }
        return elements.enumerated().compactMap { convert($0.element, "\(path(key))[\($0.offset)]") }
    }

    mutating func strings(_ key: String) -> [(text: String, mark: YAMLMark)] {
        let diagnosis = diagnosis
        return list(key) { node, path in
            guard case .scalar(let text, _) = node.content else {
                diagnosis.report(node.mark, path, "must be a text")
                return nil
            }
            return (text, node.mark)
        }
    }

    mutating func mapping(_ key: String) -> MappingReader? {
        optional(key).map { MappingReader($0, path: path(key), diagnosis: diagnosis) }
    }

    /// Any value, as JSON.
    mutating func json(_ key: String) -> JSONObject {
        guard let node = optional(key) else { return JSONObject() }
        guard case .object(let object) = Self.json(node) else {
            diagnosis.report(node.mark, path(key), "must be a mapping")
            return JSONObject()
        }
        return object
    }

    private static func json(_ node: YAMLNode) -> JSONValue {
        switch node.content {
        case .sequence(let elements): return .array(elements.map(json))
        case .mapping(let entries): return .object(JSONObject(entries.map { ($0.key, json($0.value)) }))
        case .scalar(let text, isPlain: false): return .string(text)
        case .scalar(let text, isPlain: true):
            if text == "true" || text == "false" { return .bool(text == "true") }
            if text == "null" || text == "~" { return .null }
            if let integer = Int(text) { return .integer(integer) }
            if let number = Double(text), number.isFinite { return .number(number) }
            return .string(text)
        }
    }
}

/// Durations and money as people write them.
enum Units {
    static func duration(_ text: String) -> Duration? {
        let units: [(String, Double)] = [("ms", 1e-3), ("us", 1e-6), ("min", 60), ("h", 3600), ("d", 86400), ("s", 1)]
        for (suffix, seconds) in units where text.hasSuffix(suffix) {
            let digits = text.dropLast(suffix.count).filter { $0 != " " }
            guard let value = Double(digits), value >= 0, value * seconds <= 1e8 else { return nil }
            return .nanoseconds(Int64((value * seconds * 1e9).rounded()))
        }
        return nil
    }

    static func money(_ text: String) -> Money? {
        let parts = text.split(separator: " ")
        guard parts.count == 2, parts[1] == "USD", let value = Double(parts[0]), value >= 0, value <= 1e6 else {
            return nil
        }
        return Money(dollars: value)
    }
}
