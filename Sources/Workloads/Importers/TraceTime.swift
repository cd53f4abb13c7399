import Encodings

/// Reads the points in time and the durations of traces.
enum TraceTime {
    /// The longest wait that a session may have: eleven days.
    static let longest = Duration.seconds(1_000_000)

    /// A duration between zero and ``longest``.
    static func bounded(_ duration: Duration) -> Duration { min(max(.zero, duration), longest) }

    /// So many seconds, between zero and ``longest``; what is no number is zero.
    static func duration(_ seconds: Double?) -> Duration {
        guard let seconds, seconds > 0 else { return .zero }
        return .nanoseconds(Int64((min(seconds, 1e6) * 1e9).rounded()))
    }

    /// The time between two points in seconds, to a millionth; zero if it is not known or negative.
    static func between(_ start: Double?, _ end: Double?) -> Duration {
        guard let start, let end else { return .zero }
        return duration(((end - start) * 1e6).rounded() / 1e6)
    }

    /// A point in time in seconds from 1970: a number of seconds or of their thousandths, millionths or billionths, as text too,
    /// or a date of ISO 8601.
    static func seconds(_ value: JSONValue?) -> Double? {
        if let text = value?.stringValue { return Double(text).flatMap(scaled) ?? date(text) }
        return value?.doubleValue.flatMap(scaled)
    }

    private static func scaled(_ number: Double) -> Double? {
        guard number.isFinite, number >= 0, number < 1e20 else { return nil }
        return number > 1e17 ? number / 1e9 : number > 1e14 ? number / 1e6 : number > 1e11 ? number / 1e3 : number
    }

    /// `2026-02-25T10:00:00.250Z`, with an offset such as `+01:00`, or without, which is UTC.
    private static func date(_ text: String) -> Double? {
        let bytes = Array(text.utf8.prefix(40))
        guard bytes.count >= 19 else { return nil }
        func number(_ start: Int, _ count: Int) -> Int? {
            guard start + count <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[start..<(start + count)] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int(byte) - 0x30
            }
            return value
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
            let minute = number(14, 2), let second = number(17, 2), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var fraction = 0.0
        var position = 19
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            var unit = 0.1
            position += 1
            while let digit = number(position, 1) {
                fraction += Double(digit) * unit
                unit /= 10
                position += 1
            }
        }
        var offset = 0
        if position < bytes.count, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-"),
            let hours = number(position + 1, 2)
        {
            let minutes = number(position + 4, 2) ?? 0
            offset = (hours * 60 + minutes) * 60 * (bytes[position] == UInt8(ascii: "-") ? -1 : 1)
        }
        let time = (hour * 60 + minute) * 60 + second - offset
        return Double(days(year, month, day) * 86_400 + time) + fraction
    }

    /// Days from 1970 of a date of the Gregorian calendar.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
