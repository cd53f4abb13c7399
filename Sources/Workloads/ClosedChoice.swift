import Encodings
import Quantities

/// Values of members that know only a few: one that is none of them is a slip, which must not become the default.
enum ClosedChoice {
    /// The value of a member.
    ///
    /// - Parameters:
    ///   - value: what stands there; nil and null stand for nothing.
    ///   - type: what may stand there.
    ///   - what: the member as a message names it.
    /// - Returns: nil if nothing stands there.
    /// - Throws: ``Fault`` if it is none of those that may.
    static func read<Choice: RawRepresentable & CaseIterable>(
        _ value: JSONValue?, _ type: Choice.Type, _ what: String
    ) throws(Fault) -> Choice? where Choice.RawValue == String {
        let text = try read(value, among: Choice.allCases.map(\.rawValue), what)
        return text.flatMap { Choice(rawValue: $0) }
    }

    /// The value of a member, as a text.
    static func read(_ value: JSONValue?, among allowed: [String], _ what: String) throws(Fault) -> String? {
        guard let value, value != .null else { return nil }
        guard let text = value.stringValue, allowed.contains(text) else {
            throw Fault(message: message(value, among: allowed, what))
        }
        return text
    }

    /// What is said of a value that is none of those that may be: which may, and which of them was meant.
    static func message(_ value: JSONValue?, among allowed: [String], _ what: String) -> String {
        let names =
            allowed.dropLast().joined(separator: ", ") + (allowed.count > 1 ? " or " : "") + (allowed.last ?? "")
        guard let value, value != .null else { return "\(what) must be \(names)" }
        let text = value.stringValue ?? value.text()
        let near = Suggestion.nearest(to: text, among: allowed).map { "; did you mean '\($0)'?" } ?? ""
        // A line may be long, and what stands in it by mistake, too.
        let shown = text.count > 40 ? text.prefix(40) + "…" : text[...]
        return "\(what) must be \(names), not '\(shown)'\(near)"
    }

    /// Why a value was refused.
    struct Fault: Error {
        /// What is wrong and what is allowed.
        let message: String
    }
}
