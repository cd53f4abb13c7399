public import Quantities

/// Numbers as text.
///
/// What is not known prints as a dash, what has no bound as `unbounded`; nothing else looks like a number.
public enum Figures {
    /// What stands for a figure that is not known or rests on too few samples.
    public static let none = "–"

    /// A number with a fixed count of decimals, rounded half away from zero; huge numbers and infinity print as `unbounded`.
    public static func fixed(_ value: Double, _ decimals: Int) -> String {
        precondition((0...9).contains(decimals), "decimals must be 0 ... 9")
        guard value.isFinite, abs(value) < 1e9 else { return value.isNaN ? none : "unbounded" }
        var scale = 1
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return sign + String(scaled) }
        let fraction = String(scaled % scale)
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
    }

    /// A whole number with thin groups of three, such as `1,234,567`.
    public static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "-" : "") + text
    }

    /// A count with its noun, such as `1 call` and `8,819 calls`.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - noun: in the singular; its plural must end in s.
    /// - Returns: the count in groups of three, and the noun.
    public static func counted(_ count: Int, _ noun: String) -> String {
        "\(Self.count(count)) \(noun)\(count == 1 ? "" : "s")"
    }

    /// A share of one in per cent, such as `99.3 %`.
    ///
    /// Only all prints as `100 %` and only nothing as `0 %`; what would round to them prints as `>99.9 %` and `<0.1 %`.
    public static func share(_ value: Double?, decimals: Int = 1) -> String {
        guard let value else { return none }
        if value == 1 { return "100 %" }
        if value == 0 { return "0 %" }
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        // A share above all is a contradiction, and shows as one.
        guard value > 0, value < 1 else { return fixed(value * 100, decimals) + " %" }
        let steps = (value * 100 * scale).rounded()
        let sign = steps < 1 ? "<" : steps >= 100 * scale ? ">" : ""
        return sign + fixed(min(max(steps, 1), 100 * scale - 1) / scale, decimals) + " %"
    }

    /// How many decimals, 0 to 6, give the smallest of some positive numbers so many significant digits.
    public static func decimals(_ values: [Double], digits: Int) -> Int {
        guard var least = values.filter({ $0.isFinite && $0 > 0 }).min() else { return 0 }
        var decimals = 0
        var needed = 1.0
        for _ in 1..<digits { needed *= 10 }
        while least < needed, decimals < 6 {
            least *= 10
            decimals += 1
        }
        return decimals
    }

    /// Counts of calls by how they ended, most frequent first, such as `server 12, rate-limited 3`; nil if there is none.
    public static func outcomes(_ counts: [OutcomeClass: Int]) -> String? {
        guard !counts.isEmpty else { return nil }
        return counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
            .map { "\($0.key.rawValue) \(Self.count($0.value))" }.joined(separator: ", ")
    }

    /// Ranks as an interval, such as `2–4`, or one number.
    public static func ranks(_ best: Int, _ worst: Int) -> String {
        best == worst ? String(best) : "\(best)–\(worst)"
    }

    /// Dollars with as many decimals as asked for; dash for nil.
    public static func money(_ amount: Money?, decimals: Int) -> String {
        amount.map { "$" + fixed($0.dollars, decimals) } ?? none
    }

    /// Seconds in milliseconds; dash for nil.
    public static func milliseconds(_ seconds: Double?) -> String {
        seconds.map { value in fixed(value * 1000, value < 0.01 ? 2 : value < 0.1 ? 1 : 0) } ?? none
    }
}
