import Encodings

/// Joins the headers of libraries whose files stand behind each other, as `cat` puts them.
///
/// The first header stands: its name, its source, its tokenizer. `content` becomes `mixed` where two differ. What later headers
/// say beside that is kept in the member `joined`, one element each, so that no source and no licence is lost.
struct HeaderJoin {
    /// What a library may be said to hold.
    private static let contents = ["lengths", "text", "mixed"]

    /// The header of all libraries so far; nil before the first.
    private(set) var header: JSONObject?

    /// Takes the next header.
    ///
    /// - Returns: why it cannot be used, or not be joined with the first; nil if it can.
    mutating func take(_ later: JSONObject) -> String? {
        if let block = later["block"], !(1...1_000_000).contains(block.integerValue ?? 0) {
            return "block must be a whole number of tokens from 1 to 1,000,000"
        }
        do throws(ClosedChoice.Fault) {
            _ = try ClosedChoice.read(later["content"], among: Self.contents, "content")
        } catch {
            return error.message
        }
        guard var first = header else {
            header = later
            return nil
        }
        let blocks = (first: SessionLibrary.blockTokens(first), later: SessionLibrary.blockTokens(later))
        guard blocks.first == blocks.later else {
            return
                "block is \(blocks.later), but \(blocks.first) in the first header: only libraries of one block size can be "
                + "joined"
        }
        if first["content"] != later["content"] { first["content"] = "mixed" }
        var kept = later
        for key in ["kind", "format", "version", "content", "block", "joined"] { kept[key] = nil }
        first["joined"] = .array(Self.joined(first) + [.object(kept)] + Self.joined(later))
        header = first
        return nil
    }

    /// What a header keeps of those that were joined with it.
    static func joined(_ header: JSONObject) -> [JSONValue] { header["joined"]?.arrayValue ?? [] }
}

extension SessionLibrary {
    /// How many libraries were put behind each other; one if it was none.
    var joinedCount: Int { 1 + HeaderJoin.joined(header).count }

    /// Where the sessions are from: one source for each library that was joined.
    private var sources: [JSONValue] {
        ([.object(header)] + HeaderJoin.joined(header)).map { $0["source"] ?? .null }
    }

    /// The licences of the sessions' sources, each once; nil if any source states none.
    public var licence: String? {
        let licences = sources.map { $0["licence"]?.stringValue }
        let stated = licences.compactMap(\.self)
        return stated.count < licences.count ? nil : Self.distinct(stated).joined(separator: ", ")
    }

    /// The names of the libraries whose source states no licence.
    var namesWithoutLicence: [String] {
        ([.object(header)] + HeaderJoin.joined(header)).filter { $0["source"]?["licence"]?.stringValue == nil }.map {
            $0["name"]?.stringValue ?? "unnamed"
        }
    }

    /// What the sources of an imported library lack, and by which rules it was guessed.
    public var guesses: [String] {
        Self.distinct(sources.flatMap { $0["guesses"]?.arrayValue ?? [] }.compactMap(\.stringValue))
    }

    private static func distinct(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }
}
