import Quantities
import Records

extension CallMetric {
    /// Turn speed: all output tokens divided by the turn time, so that waiting for the first token counts.
    public static let turnRate = CallMetric(
        name: "turn_tokens_per_second", label: "turn", unit: .tokensPerSecond
    ) { attempt in
        guard let sent = attempt.sent, let last = attempt.lastContent, last.at > sent,
            let tokens = attempt.usage.outputTotal?.value
        else { return nil }
        return Double(tokens) / (last.at - sent).seconds
    }
}
