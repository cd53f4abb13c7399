import Quantities
import Records

extension CallMetric {
    /// Time per output token (TPOT, also ITL): the time from the first to the last content event, divided by the output
    /// tokens after the first.
    ///
    /// Tokens are those that the provider counts, reasoning included. No value for an answer of one token, or without a
    /// count. GuideLLM divides from the start of the request and includes the first token; the figures differ.
    public static let timePerOutputToken = CallMetric(
        name: "time_per_output_token", label: "TPOT", unit: .seconds
    ) { attempt in
        guard let first = attempt.events.first, let last = attempt.lastContent,
            let tokens = attempt.usage.outputTotal?.value, tokens > 1
        else { return nil }
        return (last.at - first.at).seconds / Double(tokens - 1)
    }
}
