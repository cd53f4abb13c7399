import Quantities
import Records

extension CallMetric {
    /// Decode speed: the output tokens after the first, divided by the time from the first to the last content event.
    ///
    /// No value without a token count, for an answer of one token, or when all content came at one instant.
    public static let decodeRate = CallMetric(
        name: "decode_tokens_per_second", label: "decode", unit: .tokensPerSecond
    ) { attempt in
        guard let first = attempt.events.first, let last = attempt.lastContent, last.at > first.at,
            let tokens = attempt.usage.outputTotal?.value, tokens > 1
        else { return nil }
        return Double(tokens - 1) / (last.at - first.at).seconds
    }
}
