import Quantities

/// How long a server asks the client to wait, as the official clients read it.
public enum RetryAdvice {
    /// Reads `retry-after-ms`, then `retry-after` in seconds; a date is not read.
    ///
    /// - Parameter header: gives a header's value by its name in lower case.
    /// - Returns: nil if nothing was said, or nothing between 0 and a day.
    public static func wait(_ header: (String) -> String?) -> Duration? {
        let milliseconds = header("retry-after-ms").flatMap { Double($0) }.map { $0 / 1000 }
        guard let seconds = milliseconds ?? header("retry-after").flatMap({ Double($0) }), seconds > 0, seconds <= 86400
        else { return nil }
        return .nanoseconds(Int64(seconds * 1e9))
    }
}
