import Analysis
import Quantities
import Statistics

extension EndpointAnalysis {
    typealias Sum = (metric: String, unit: String, value: Double?)

    /// The counts, sums and shares that matter to agents, without those of bands.
    func agentSums(_ lengths: OutputLengths) -> [Sum] {
        let own = agents.sessions
        let waits = own.rateLimitWaits
        let eligible = agents.eligibleCache
        let isReasoningKnown = tokens.callsTellingReasoning > 0
        return [
            ("session_success_share", "", sessionSuccess.share),
            ("session_success_share_lower_95", "", sessionSuccess.interval?.lower),
            ("session_success_share_upper_95", "", sessionSuccess.interval?.upper),
            ("calls_per_session_mean", "calls", own.meanCallsPerSession),
            ("calls_per_session_median", "calls", own.medianCallsPerSession),
            ("rate_limited_attempts", "attempts", Double(own.rateLimitedCount)),
            ("rate_limit_waiting_sessions", "sessions", Double(waits.waitingSessionCount)),
            ("rate_limit_timed_sessions", "sessions", Double(waits.sessionCount)),
            ("rate_limit_wait_per_session", "s", waits.secondsPerSession),
            ("rate_limit_wait_share_of_wall_time", "", waits.shareOfWallTime),
            ("calls_telling_cache", "calls", Double(tokens.callsTellingCache)),
            ("eligible_cached_share", "", eligible.share),
            ("eligible_tokens", "tokens", eligible.callCount > 0 ? Double(eligible.eligible) : nil),
            ("calls_with_eligible_cache", "calls", Double(eligible.callCount)),
            ("reasoning_tokens", "tokens", isReasoningKnown ? Double(tokens.reasoning.value) : nil),
            ("reasoning_share_of_output", "", tokens.reasoningShare),
            ("calls_telling_reasoning", "calls", Double(tokens.callsTellingReasoning)),
            ("output_tokens_per_call", "tokens", outputLength.mean),
            ("whole_answers_telling_output", "calls", Double(outputLength.callCount)),
            ("output_length_deviation_from_median", "", lengths.deviation(of: outputLength)),
            ("capped_answers", "calls", Double(outputAdherence.cappedCount)),
            ("answers_ended_early", "calls", Double(outputAdherence.endedEarlyCount)),
            ("ended_early_share", "", outputAdherence.endedEarlyShare),
            ("answers_with_wanted_length", "calls", Double(outputAdherence.checkedCount)),
            ("answers_off_wanted_length", "calls", Double(outputAdherence.missedCount)),
            ("off_wanted_length_share", "", outputAdherence.missedShare),
        ] + agents.cacheByGap.flatMap(\.sums)
    }

    /// The bands with their names: by what, and the band.
    var namedBands: [(kind: String, name: String, band: ToolBand)] {
        func named(_ kind: String, _ bands: [ToolBand]) -> [(kind: String, name: String, band: ToolBand)] {
            bands.map { (kind, "\($0.range.lower)_" + ($0.range.upper.map { "\($0 - 1)" } ?? "up"), $0) }
        }
        return named("prompt_tokens", agents.toolsByPrompt) + named("calls_in_flight", agents.toolsByLoad)
    }
}

extension CacheByGap {
    /// Its counts and share.
    fileprivate var sums: [EndpointAnalysis.Sum] {
        let name = "\(Int(lower.seconds))_" + (upper.map { "\(Int($0.seconds))" } ?? "up")
        return [
            ("eligible_cached_share_at_gap_s_\(name)", "", cache.share),
            ("calls_with_eligible_cache_at_gap_s_\(name)", "calls", Double(cache.callCount)),
        ]
    }
}

extension ToolBand {
    /// Its counts and shares.
    var sums: [EndpointAnalysis.Sum] {
        [
            ("tool_expected_calls", "calls", Double(valid.trialCount)),
            ("valid_tool_calls", "calls", Double(valid.hitCount)), ("valid_tool_share", "", valid.share),
            ("valid_tool_share_lower_95", "", valid.interval?.lower),
            ("valid_tool_share_upper_95", "", valid.interval?.upper),
            ("compared_calls", "calls", Double(divergent.trialCount)),
            ("divergent_calls", "calls", Double(divergent.hitCount)), ("divergence_rate", "", divergent.share),
            ("divergence_rate_lower_95", "", divergent.interval?.lower),
            ("divergence_rate_upper_95", "", divergent.interval?.upper),
        ]
    }
}
