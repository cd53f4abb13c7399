import Encodings
import Quantities

/// Reads OpenAI-style usage objects.
///
/// Cached tokens are part of `prompt_tokens`. Whether reasoning is part of `completion_tokens` differs from provider to
/// provider, and the total decides: prompt + completion = total means inside, prompt + completion + reasoning = total means
/// outside. Totals that fit neither are flagged, never clamped.
enum ChatUsage {
    static func read(_ view: JSONView) -> TokenUsage? {
        guard view.kind == .object else { return nil }
        let input = count(view["prompt_tokens"])
        let completion = count(view["completion_tokens"])
        let inputDetails = view["prompt_tokens_details"]
        let reasoning = count(view["completion_tokens_details"]?["reasoning_tokens"]) ?? count(view["reasoning_tokens"])
        var usage = TokenUsage(
            inputTotal: input,
            inputCacheRead: count(inputDetails?["cached_tokens"]) ?? count(view["prompt_cache_hit_tokens"])
                ?? count(view["cached_tokens"]),
            inputCacheWrite: count(inputDetails?["cache_write_tokens"]) ?? count(inputDetails?["created_cache_tokens"])
                ?? count(inputDetails?["cache_creation_input_tokens"]),
            outputTotal: completion, outputReasoning: reasoning)
        guard usage != TokenUsage() else { return nil }
        settle(&usage, total: count(view["total_tokens"]))
        return usage
    }

    private static func settle(_ usage: inout TokenUsage, total: TokenCount?) {
        let reasoning = usage.outputReasoning ?? .zero
        if let total, let input = usage.inputTotal, let output = usage.outputTotal {
            if input + output != total {
                if input + output + reasoning == total {
                    usage.outputTotal = output + reasoning
                } else {
                    usage.isAmbiguous = true
                }
            }
        }
        if let output = usage.outputTotal, reasoning > output { usage.isAmbiguous = true }
        if let input = usage.inputTotal, (usage.inputCacheRead ?? .zero) > input { usage.isAmbiguous = true }
    }

    private static func count(_ view: JSONView?) -> TokenCount? {
        guard let value = view?.integer, (0...1_000_000_000).contains(value) else { return nil }
        return TokenCount(value)
    }
}
