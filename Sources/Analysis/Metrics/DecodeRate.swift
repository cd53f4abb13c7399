import Records

extension CallMetric {
    /// Decode speed: the output tokens after the first, divided by the time from the first to the last content event.
    ///
    /// Reasoning counts only if it was streamed. No value without a token count, for an answer of one token, or for one that
    /// did not come as a stream: content at fewer than three instants, or held back to the last tenth of the turn. Nor for one
    /// that ended before the cap at which a plan of `output_length: capped` compares answers.
    public static let decodeRate = CallMetric(
        name: "decode_tokens_per_second", label: "decode", unit: .tokensPerSecond
    ) { attempt in
        StreamedOutput(attempt).map { Double($0.tokens) / $0.seconds }
    }
}
