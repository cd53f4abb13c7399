public import Encodings
import Quantities

/// Why a `submeter.sessions` file was refused.
public struct SessionFileError: Error, Hashable, CustomStringConvertible, Sendable {
    /// The line, counted from one.
    public let line: Int
    /// What is wrong and what is allowed.
    public let message: String

    /// `line N: what is wrong`.
    public var description: String { "line \(line): \(message)" }
}

/// Reads and writes the `submeter.sessions` format, version 1: JSON Lines with a header, then one session a line.
public enum SessionFile {
    /// The longest line that is read, in bytes.
    public static let maximumLineBytes = 64 << 20

    /// Reads a whole file, or several behind each other.
    ///
    /// An asset may stand twice if it is the same one; of several headers the first stands, see ``HeaderJoin``.
    ///
    /// - Throws: ``SessionFileError`` at the first line that is not of the format.
    public static func read(_ bytes: [UInt8]) throws(SessionFileError) -> SessionLibrary {
        var headers = HeaderJoin()
        var assets: [String: Asset] = [:]
        var sessions: [Session] = []
        var number = 0
        for marked in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            // Windows programs put a byte order mark before a file, and files may stand behind each other.
            let line = marked.starts(with: byteOrderMark) ? marked.dropFirst(byteOrderMark.count) : marked
            guard line.contains(where: { $0 > 0x20 }) else { continue }
            let value = try parsed(Array(line), number)
            switch value["kind"]?.stringValue {
            case "header":
                guard value["format"]?.stringValue == "submeter.sessions", value["version"]?.integerValue == 1 else {
                    throw SessionFileError(line: number, message: "the format must be submeter.sessions, version 1")
                }
                if let problem = headers.take(value.objectValue ?? JSONObject()) {
                    throw SessionFileError(line: number, message: problem)
                }
            case "session": sessions.append(try SessionLine(value, number).session())
            case "asset":
                let asset = try AssetLine(value, number).asset()
                let known = assets.updateValue(asset, forKey: asset.identifier)
                guard known == nil || known == asset else {
                    let message =
                        "another asset \(asset.identifier) stands before this one: give one of the two another id, where it "
                        + "is named too"
                    throw SessionFileError(line: number, message: message)
                }
            default:
                let message = ClosedChoice.message(
                    value["kind"], among: ["header", "asset", "session"], "the kind of a line")
                throw SessionFileError(line: number, message: message)
            }
        }
        guard let header = headers.header else {
            throw SessionFileError(line: 1, message: "a header line with format submeter.sessions must come first")
        }
        return SessionLibrary(header: header, assets: assets, sessions: sessions)
    }

    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private static func parsed(_ line: [UInt8], _ number: Int) throws(SessionFileError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: line, limits: JSONLimits(maximumBytes: maximumLineBytes, maximumDepth: 32))
        } catch {
            throw SessionFileError(line: number, message: "not JSON: \(error.message)")
        }
    }

    /// Writes a whole file.
    public static func write(_ library: SessionLibrary) -> [UInt8] {
        var bytes = line(of: library.header)
        for asset in library.assets.values.sorted(by: { $0.identifier < $1.identifier }) { bytes += line(of: asset) }
        for session in library.sessions { bytes += line(of: session) }
        return bytes
    }

    /// The line of a header, which stands first in a file.
    public static func line(of header: JSONObject) -> [UInt8] { line(.object(header)) }

    /// The line of an asset.
    public static func line(of asset: Asset) -> [UInt8] { line(AssetLine.json(asset)) }

    /// The line of a session.
    public static func line(of session: Session) -> [UInt8] { line(SessionLine.json(session)) }

    private static func line(_ value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        value.append(to: &bytes)
        bytes.append(0x0A)
        return bytes
    }

    /// The header of a library.
    ///
    /// - Parameters:
    ///   - name: the library's name.
    ///   - content: `lengths`, `text` or `mixed`.
    ///   - block: how many tokens a block of ``Call/blocks`` holds.
    ///   - source: where the sessions are from, with their licence.
    /// - Returns: the header, whose members are written in this order.
    public static func header(
        name: String, content: String = "lengths", block: Int = 64, source: JSONValue = .null
    ) -> JSONObject {
        JSONObject([
            ("kind", "header"), ("format", "submeter.sessions"), ("version", 1), ("name", .string(name)),
            ("content", .string(content)), ("tokenizer", "approximate"), ("block", .integer(block)),
            ("source", source),
        ])
    }
}
