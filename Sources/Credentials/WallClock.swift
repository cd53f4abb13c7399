/// Calendar dates out of seconds since 1970, in UTC.
enum WallClock {
    /// Year, month and day (Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func digits(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    /// Such as `20260102T030405Z`; times before 1970 are taken as 1970.
    static func basic(_ seconds: Int) -> String {
        let seconds = max(0, seconds)
        let date = date(seconds / 86400)
        let time = seconds % 86400
        return digits(date.year, 4) + digits(date.month, 2) + digits(date.day, 2) + "T" + digits(time / 3600, 2)
            + digits(time / 60 % 60, 2) + digits(time % 60, 2) + "Z"
    }

    /// Reads a time such as `20260102T030405Z`; nil if it is none.
    static func basicSeconds(_ text: String) -> Int? {
        let digits = Array(text)
        guard digits.count == 16, digits[8] == "T", digits[15] == "Z" else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        return seconds(
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z")
    }

    /// Reads a time such as `2026-01-02T03:04:05Z`; nil if it is none.
    static func seconds(_ text: String) -> Int? {
        let fields = text.split { "-T:Z.".contains($0) }.prefix(6).compactMap { Int($0) }
        guard fields.count == 6, text.hasSuffix("Z"), (1970...9999).contains(fields[0]), (1...12).contains(fields[1]),
            (1...31).contains(fields[2])
        else { return nil }
        let year = fields[1] <= 2 ? fields[0] - 1 : fields[0]
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (fields[1] + (fields[1] > 2 ? -3 : 9)) + 2) / 5 + fields[2] - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return days * 86400 + fields[3] * 3600 + fields[4] * 60 + fields[5]
    }
}
