import Encodings
import Quantities

/// Reads the numbers of traces, and says in which line one is missing or impossible.
extension TraceSource {
    /// The most tokens that a count may have, as in the session format.
    static let maximumTokens = 100_000_000

    /// A count of tokens.
    ///
    /// - Throws: ``SessionFileError`` if there is none, or it is no whole number from 0 to 100,000,000.
    func tokens(_ value: JSONValue?, _ what: String) throws(SessionFileError) -> TokenCount {
        try tokens(number(value), what)
    }

    /// A count of tokens that stands as text.
    func tokens(_ text: String?, _ what: String) throws(SessionFileError) -> TokenCount {
        try tokens(text.flatMap(Double.init), what)
    }

    private func tokens(_ number: Double?, _ what: String) throws(SessionFileError) -> TokenCount {
        guard let number, number >= 0, number <= Double(Self.maximumTokens), number == number.rounded() else {
            throw problem("\(what) must be a whole number of tokens from 0 to 100,000,000")
        }
        return TokenCount(Int(number))
    }

    /// A count that a source may leave out.
    func optionalTokens(_ value: JSONValue?, _ what: String) throws(SessionFileError) -> TokenCount? {
        guard let value, value != .null else { return nil }
        return try tokens(value, what)
    }

    /// A list of counts.
    func tokenList(_ value: JSONValue?, _ what: String) throws(SessionFileError) -> [TokenCount] {
        guard let values = value?.arrayValue else { throw problem("\(what) must be a list") }
        var counts: [TokenCount] = []
        for value in values { counts.append(try tokens(value, "each of \(what)")) }
        return counts
    }

    /// A number of seconds, or of their thousandths, from zero on.
    ///
    /// - Parameters:
    ///   - value: a number, as text too.
    ///   - what: its name.
    ///   - scale: how many seconds one of its units has.
    /// - Returns: the seconds.
    /// - Throws: ``SessionFileError`` if there is none, or it is negative or longer than 300 years.
    func seconds(_ value: JSONValue?, _ what: String, scale: Double = 1) throws(SessionFileError) -> Double {
        guard let number = number(value), number >= 0, number * scale < 1e10 else {
            throw problem("\(what) must be a time, 0 or more")
        }
        return number * scale
    }

    /// A name that is a text or a whole number.
    func name(_ value: JSONValue?) -> String? {
        if let text = value?.stringValue { return text.isEmpty ? nil : text }
        return value?.integerValue.map(String.init)
    }

    private func number(_ value: JSONValue?) -> Double? {
        let number = value?.doubleValue ?? value?.stringValue.flatMap(Double.init)
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    /// A member of a record that must be an object.
    func object(_ value: JSONValue) throws(SessionFileError) -> JSONValue {
        guard value.objectValue != nil else { throw problem("a record must be a JSON object") }
        return value
    }
}

/// The time of a trace, which begins with its first record.
struct TraceClock {
    /// What importers that use it say of their starts.
    static let guess = "Starts count from the first record, which must be the earliest."

    private var first: Double?

    /// The time that has passed since the first record, to a millionth of a second.
    ///
    /// - Parameters:
    ///   - seconds: the record's time from any beginning.
    ///   - source: where it stands.
    /// - Returns: the time.
    /// - Throws: ``SessionFileError`` if it lies before the first record, or 30 years after it.
    mutating func time(_ seconds: Double, _ source: TraceSource) throws(SessionFileError) -> Duration {
        let origin = first ?? seconds
        first = origin
        return try Self.time(seconds, from: origin, source)
    }

    /// The same from a known beginning.
    static func time(
        _ seconds: Double, from origin: Double, _ source: TraceSource
    ) throws(SessionFileError) -> Duration {
        let passed = ((seconds - origin) * 1e6).rounded() / 1e6
        guard passed >= 0 else {
            throw source.problem("its time lies \(-passed) s before the first record's; sort the records by time")
        }
        guard passed < 9.5e8 else {
            throw source.problem("its time lies \(passed) s after the first record's, which is more than 30 years")
        }
        return .microseconds(Int64((passed * 1e6).rounded()))
    }
}
