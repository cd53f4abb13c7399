import Quantities

/// What a server says of sending a request again, as the official clients read it (protocols.md §0.4).
public struct RetryAdvice: Hashable, Sendable {
    /// How long to wait; nil if nothing was said, or nothing between 0 and a day.
    public var wait: Duration?
    /// Whether to send it again; nil if nothing was said.
    public var shouldRetry: Bool?

    /// Reads `retry-after-ms`, then `retry-after` in seconds or as a date, and `x-should-retry`.
    ///
    /// - Parameters:
    ///   - wallSeconds: seconds since 1970, for dates.
    ///   - header: gives a header's value by its name in lower case.
    public init(wallSeconds: Int, _ header: (String) -> String?) {
        switch header("x-should-retry") {
        case "true": shouldRetry = true
        case "false": shouldRetry = false
        default: shouldRetry = nil
        }
        let milliseconds = header("retry-after-ms").flatMap { Double($0) }.map { $0 / 1000 }
        let text = header("retry-after")
        let seconds =
            milliseconds ?? text.flatMap { Double($0) }
            ?? text.flatMap { HTTPDate.seconds($0) }.map { Double($0 - wallSeconds) }
        guard let seconds, seconds > 0, seconds <= 86400 else { return }
        wait = .nanoseconds(Int64(seconds * 1e9))
    }
}

/// Dates of HTTP (RFC 9110 §5.6.7), in the one form that servers still send: `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
    /// Seconds since 1970; nil if the text is no such date.
    static func seconds(_ text: String) -> Int? {
        let parts = text.split { $0 == " " || $0 == "," }.map(String.init)
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            let month = months.firstIndex(of: parts[2]), (1...31).contains(day), (1970...9999).contains(year)
        else { return nil }
        let clock = parts[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]), (0...60).contains(clock[2])
        else { return nil }
        return (days(year, month + 1, day) * 24 + clock[0]) * 3600 + clock[1] * 60 + clock[2]
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Days since 1970 in the Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
