/// Counts with their nouns.
public enum Counted {
    /// Such as `1 call` and `2 calls`.
    ///
    /// - Parameters:
    ///   - count: how many.
    ///   - noun: in the singular; its plural must end in s.
    /// - Returns: the count in digits, without groups, and the noun.
    public static func text(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}
