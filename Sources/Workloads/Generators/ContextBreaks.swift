import Quantities
import Statistics

/// How a client loses what a cache holds of a growing context: it rewrites the context, or it puts a summary in its place.
///
/// Both look alike in a trace, where a prompt repeats less than nine tenths of the prompt before it. In the sessions of Claude
/// Code they are 1.9% of the steps together, but only three in ten make the prompt smaller.
struct ContextBreaks: Sendable {
    /// The chance at any call that an early part of the context changes, so that all that follows it is sent anew.
    let rewriteChance: Double
    /// Which part of the context a rewrite keeps; the tools and the system prompt always stay.
    let rewriteKeptShare: Distribution
    /// The chance of a summary at any call.
    let summaryChance: Double
    /// The same from ``pressure`` on.
    let pressedSummaryChance: Double
    /// The context from which the client tries to save room.
    let pressure: TokenCount
    /// The context from which a summary is certain.
    let limit: TokenCount
    /// The size of a summary with the files that are read again after it.
    let summaryTokens: Distribution
}

extension SessionDraft {
    /// What the tools return, and the answer to it; or, where the context breaks, what is sent in its place.
    mutating func toolCall(_ tools: ToolUse, _ answers: Answers, _ breaks: ContextBreaks) {
        let context = contextTokens
        let isPressed = context >= breaks.pressure
        if context >= breaks.limit || happens(isPressed ? breaks.pressedSummaryChance : breaks.summaryChance) {
            let summary = userItem(breaks.summaryTokens)
            let seconds = tools.seconds.sample(using: &random)
            message(summary, after: seconds, .tool, answers, context: .keep(prefixTokens))
        } else if let last, happens(breaks.rewriteChance) {
            let share = breaks.rewriteKeptShare.sample(using: &random)
            let kept = min(last.input, max(prefixTokens, TokenCount(Int(Double(last.input.value) * share))))
            let rewritten = Call.AddedItem(role: "doc", tokens: last.input - kept)
            let results = tools.results(&self)
            let seconds = tools.seconds.sample(using: &random)
            message([rewritten] + results, after: seconds, .tool, answers, context: .keep(kept))
        } else {
            toolCall(tools, answers)
        }
    }
}
