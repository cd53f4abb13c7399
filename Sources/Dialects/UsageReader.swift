import Encodings
import Quantities

/// Reads the usage objects of all dialects and makes them mean the same (protocols.md §0.1).
///
/// Totals that contradict the parts are flagged, never clamped.
enum UsageReader {
    /// OpenAI's Chat Completions and its kin: cached tokens are part of `prompt_tokens`.
    ///
    /// Whether reasoning is part of `completion_tokens` differs from provider to provider, and the total decides: prompt +
    /// completion = total means inside, prompt + completion + reasoning = total means outside.
    static func openAI(_ view: JSONView) -> TokenUsage? {
        guard view.kind == .object else { return nil }
        let inputDetails = view["prompt_tokens_details"]
        let reasoning = count(view["completion_tokens_details"]?["reasoning_tokens"]) ?? count(view["reasoning_tokens"])
        var usage = TokenUsage(
            inputTotal: count(view["prompt_tokens"]),
            inputCacheRead: count(inputDetails?["cached_tokens"]) ?? count(view["prompt_cache_hit_tokens"])
                ?? count(view["cached_tokens"]),
            inputCacheWrite: cacheWrite(inputDetails), outputTotal: count(view["completion_tokens"]),
            outputReasoning: reasoning)
        guard usage != TokenUsage() else { return nil }
        settle(&usage, total: count(view["total_tokens"]))
        return usage
    }

    /// OpenAI's Responses and Alibaba's native form: the same, by other names.
    static func responses(_ view: JSONView) -> TokenUsage? {
        guard view.kind == .object else { return nil }
        let inputDetails = view["input_tokens_details"] ?? view["prompt_tokens_details"]
        var usage = TokenUsage(
            inputTotal: count(view["input_tokens"]), inputCacheRead: count(inputDetails?["cached_tokens"]),
            inputCacheWrite: cacheWrite(inputDetails), outputTotal: count(view["output_tokens"]),
            outputReasoning: count(view["output_tokens_details"]?["reasoning_tokens"]))
        guard usage != TokenUsage() else { return nil }
        settle(&usage, total: count(view["total_tokens"]))
        return usage
    }

    /// Gemini: `promptTokenCount` includes what was cached, `candidatesTokenCount` excludes thoughts.
    ///
    /// Early chunks may hold nothing but the kind of traffic.
    static func gemini(_ view: JSONView) -> TokenUsage? {
        let prompt = count(view["promptTokenCount"])
        let candidates = count(view["candidatesTokenCount"])
        let thoughts = count(view["thoughtsTokenCount"])
        guard prompt != nil || candidates != nil || thoughts != nil else { return nil }
        let output = candidates ?? thoughts == nil ? candidates : (candidates ?? .zero) + (thoughts ?? .zero)
        let toolPrompt = count(view["toolUsePromptTokenCount"])
        var usage = TokenUsage(
            inputTotal: prompt.map { $0 + (toolPrompt ?? .zero) },
            inputCacheRead: count(view["cachedContentTokenCount"]), outputTotal: output, outputReasoning: thoughts)
        if let total = count(view["totalTokenCount"]), let input = usage.inputTotal {
            usage.isAmbiguous = input + (usage.outputTotal ?? .zero) != total
        }
        flagContradictions(&usage)
        return usage
    }

    /// Where cache reads and writes stand beside the fresh tokens, not inside them: Anthropic and Bedrock.
    ///
    /// - Parameters:
    ///   - fresh: tokens that no cache held.
    ///   - read: tokens read from a cache.
    ///   - write: tokens written to one.
    ///   - output: generated tokens, reasoning included.
    ///   - reasoning: the part that is reasoning.
    ///   - total: the sum of all, where it is told.
    /// - Returns: the usage.
    static func apart(
        fresh: TokenCount?, read: TokenCount?, write: TokenCount?, output: TokenCount?, reasoning: TokenCount? = nil,
        total: TokenCount? = nil
    ) -> TokenUsage {
        var usage = TokenUsage(
            inputTotal: fresh.map { $0 + (read ?? .zero) + (write ?? .zero) }, inputCacheRead: read,
            inputCacheWrite: write, outputTotal: output, outputReasoning: reasoning)
        if let total, let input = usage.inputTotal, let output { usage.isAmbiguous = input + output != total }
        flagContradictions(&usage)
        return usage
    }

    /// A count from zero to fifty million, far beyond any context; nil for anything else.
    static func count(_ view: JSONView?) -> TokenCount? {
        guard let value = view?.integer, (0...50_000_000).contains(value) else { return nil }
        return TokenCount(value)
    }

    private static func cacheWrite(_ details: JSONView?) -> TokenCount? {
        count(details?["cache_write_tokens"]) ?? count(details?["created_cache_tokens"])
            ?? count(details?["cache_creation_input_tokens"])
    }

    private static func settle(_ usage: inout TokenUsage, total: TokenCount?) {
        let reasoning = usage.outputReasoning ?? .zero
        if let total, let input = usage.inputTotal, let output = usage.outputTotal, input + output != total {
            if input + output + reasoning == total {
                usage.outputTotal = output + reasoning
            } else {
                usage.isAmbiguous = true
            }
        }
        flagContradictions(&usage)
    }

    private static func flagContradictions(_ usage: inout TokenUsage) {
        if let output = usage.outputTotal, let reasoning = usage.outputReasoning, reasoning > output {
            usage.isAmbiguous = true
        }
        if let input = usage.inputTotal, (usage.inputCacheRead ?? .zero) + (usage.inputCacheWrite ?? .zero) > input {
            usage.isAmbiguous = true
        }
    }
}
