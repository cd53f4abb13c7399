import Dialects
import Planning
import Quantities
import Statistics
import Workloads

/// Bytes that all sessions with one prefix share.
struct SharedPrefix: Sendable {
    let prompt: PromptPrefix
    let bytes: [UInt8]
}

/// One session under way: its transcript, and the bytes of the calls that later calls send again.
struct LiveSession: Sendable {
    let transcript: Transcript
    /// When it began.
    var began: Instant
    let salts: Salts
    /// What all calls of the session have in common, for routers that keep them at one server.
    let stickinessKey: String
    private var groups: [Int: Group] = [:]
    /// What the endpoint answered to calls whose answers are sent back.
    private var answers: [Int: AssistantMessage] = [:]
    /// How many live tool calls were replaced by recorded ones in the prompt that was made last.
    private(set) var substitutedCallCount = 0
    private let lastUse: [Int]
    private let isPinned: Bool

    /// What one call adds to its context, as bytes.
    private struct Group {
        let bytes: [UInt8]
        let lastRole: MessageRole?
    }

    init(_ transcript: Transcript, stickinessKey: String, salts: Salts, isPinned: Bool, began: Instant) {
        self.isPinned = isPinned
        self.transcript = transcript
        self.stickinessKey = stickinessKey
        self.salts = salts
        self.began = began
        var lastUse = Array(transcript.session.calls.indices)
        for (index, entry) in transcript.graph.entries.enumerated() {
            for kept in entry.kept { lastUse[kept] = max(lastUse[kept], index) }
        }
        self.lastUse = lastUse
    }

    /// Keeps what the endpoint answered to a call, for the calls that send it back.
    mutating func note(_ answer: AssistantMessage, of call: Int) { answers[call] = answer }

    /// Makes the items of a call that nothing precedes, before it is due.
    mutating func prepare(
        _ call: Int, prefix: SharedPrefix, encoder: any RequestEncoder, target: RequestTarget
    ) {
        guard transcript.graph.entries[call].kept.isEmpty else { return }
        groups[call] = encoded(call, after: prefix.prompt.system.isEmpty ? nil : .system, prefix, encoder, target)
    }

    /// The body of a call as shared segments: prefix, kept calls, own items, suffix.
    mutating func body(
        _ call: Int, prefix: SharedPrefix, encoder: any RequestEncoder, options: CallOptions, target: RequestTarget
    ) -> [[UInt8]] {
        let entry = transcript.graph.entries[call]
        substitutedCallCount = 0
        var segments = [prefix.bytes]
        var previous: MessageRole? = prefix.prompt.system.isEmpty ? nil : .system
        for index in entry.kept + [call] {
            let group = groups[index] ?? encoded(index, after: previous, prefix, encoder, target)
            if lastUse[index] > call || index == call { groups[index] = group }
            segments.append(group.bytes)
            previous = group.lastRole
        }
        segments.append(encoder.suffix(options, prefix: prefix.prompt, target: target))
        return segments
    }

    private mutating func encoded(
        _ index: Int, after previous: MessageRole?, _ prefix: SharedPrefix, _ encoder: any RequestEncoder,
        _ target: RequestTarget
    ) -> Group {
        var items: [ConversationItem]
        if let live = transcript.graph.entries[index].answered.flatMap({ answers[$0] }) {
            var count = 0
            (items, count) = transcript.items(
                index, salts: salts, tools: prefix.prompt.tools, live: live, isPinned: isPinned,
                sendsReasoning: encoder.sendsReasoning(target))
            substitutedCallCount += count
        } else {
            items = transcript.items(index, salts: salts, tools: prefix.prompt.tools)
        }
        return Group(bytes: encoder.items(items, after: previous, target: target), lastRole: items.last?.role)
    }
}
