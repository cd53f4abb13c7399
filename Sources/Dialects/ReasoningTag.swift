/// Tells reasoning from visible text where a server sends both in one field, the reasoning between tags: `<think>…</think>`.
///
/// Text is held back only while it may be the beginning of a tag.
struct ReasoningTag {
    /// A stretch of text of one kind.
    struct Part: Hashable {
        var text: String
        var isReasoning: Bool
    }

    private let opening: [UInt8]
    private let closing: [UInt8]
    private var held: [UInt8] = []
    private var isInside = false

    /// - Parameter name: the tag without its angle brackets.
    init(_ name: String) {
        opening = Array("<\(name)>".utf8)
        closing = Array("</\(name)>".utf8)
    }

    /// Takes the next piece of the field and gives back what is decided.
    mutating func split(_ piece: String) -> [Part] {
        var parts: [Part] = []
        var run: [UInt8] = []
        for byte in piece.utf8 {
            held.append(byte)
            while !held.isEmpty, !opening.starts(with: held), !closing.starts(with: held) {
                run.append(held.removeFirst())
            }
            guard held == opening || held == closing else { continue }
            Self.close(&run, isInside, &parts)
            isInside = held == opening
            held = []
        }
        Self.close(&run, isInside, &parts)
        return parts
    }

    /// Gives back what was held.
    mutating func finish() -> [Part] {
        var parts: [Part] = []
        Self.close(&held, isInside, &parts)
        return parts
    }

    private static func close(_ run: inout [UInt8], _ isReasoning: Bool, _ parts: inout [Part]) {
        guard !run.isEmpty else { return }
        parts.append(Part(text: String(decoding: run, as: UTF8.self), isReasoning: isReasoning))
        run = []
    }
}
