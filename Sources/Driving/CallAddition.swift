import Dialects
import Workloads

/// Bytes that all sessions with one prefix share.
struct SharedPrefix: Sendable {
    let prompt: PromptPrefix
    let bytes: [UInt8]

    /// The role of the last message; nil if there is none.
    var lastRole: MessageRole? { prompt.system.isEmpty ? nil : .system }
}

/// What one call adds to its context, as bytes.
struct CallAddition: Sendable {
    let bytes: [UInt8]
    let lastRole: MessageRole?
    /// How many live tool calls were replaced by recorded ones.
    let substitutedCallCount: Int
}

/// All that decides what a call adds, so that another thread can make it without the session.
struct CallRecipe: Sendable {
    let transcript: Transcript
    let salts: Salts
    let call: Int
    /// The role of the message before, if an earlier call of the session wrote it.
    let keptRole: MessageRole?
    /// What the endpoint answered to the call whose answer opens this one's items, if that is sent back.
    let live: AssistantMessage?
    /// True makes that answer as large as the recorded one.
    let isPinned: Bool

    /// Makes it.
    func addition(_ prefix: SharedPrefix, encoder: any RequestEncoder, target: RequestTarget) -> CallAddition {
        let items: [ConversationItem]
        var substitutedCallCount = 0
        if let live {
            (items, substitutedCallCount) = transcript.items(
                call, salts: salts, tools: prefix.prompt.tools, live: live, isPinned: isPinned,
                sendsReasoning: encoder.sendsReasoning(target))
        } else {
            items = transcript.items(call, salts: salts, tools: prefix.prompt.tools)
        }
        return CallAddition(
            bytes: encoder.items(items, after: keptRole ?? prefix.lastRole, target: target),
            lastRole: items.last?.role, substitutedCallCount: substitutedCallCount)
    }
}
