import Records

extension CallMetric {
    /// Time per output token (TPOT, also ITL): the time from the first to the last content event, divided by the output
    /// tokens after the first.
    ///
    /// Tokens are those that the provider counts; reasoning among them counts only if it was streamed. No value where
    /// ``decodeRate`` has none. GuideLLM divides from the start of the request and includes the first token; the figures
    /// differ.
    public static let timePerOutputToken = CallMetric(
        name: "time_per_output_token", label: "TPOT", unit: .seconds
    ) { attempt in
        StreamedOutput(attempt).map { $0.seconds / Double($0.tokens) }
    }
}
