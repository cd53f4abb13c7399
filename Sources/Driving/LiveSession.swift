import Dialects
import Planning
import Quantities
import Statistics
import Workloads

/// Bytes that all sessions with one prefix share.
struct SharedPrefix {
    let prompt: PromptPrefix
    let bytes: [UInt8]
}

/// One session under way: its transcript, and the bytes of the calls that later calls send again.
struct LiveSession {
    let transcript: Transcript
    let began: Instant
    let salts: Salts
    private var groups: [Int: [UInt8]] = [:]
    private let lastUse: [Int]

    init(_ transcript: Transcript, salts: Salts, began: Instant) {
        self.transcript = transcript
        self.salts = salts
        self.began = began
        var lastUse = Array(transcript.session.calls.indices)
        for (index, entry) in transcript.graph.entries.enumerated() {
            for kept in entry.kept { lastUse[kept] = max(lastUse[kept], index) }
        }
        self.lastUse = lastUse
    }

    /// The body of a call as shared segments: prefix, kept calls, own items, suffix.
    mutating func body(
        _ call: Int, prefix: SharedPrefix, encoder: any RequestEncoder, suffix: [UInt8]
    ) -> [[UInt8]] {
        let entry = transcript.graph.entries[call]
        var segments = [prefix.bytes]
        for (place, index) in (entry.kept + [call]).enumerated() {
            let bytes = groups[index] ?? encoded(index, place == 0, prefix, encoder)
            if lastUse[index] > call || index == call { groups[index] = bytes }
            segments.append(bytes)
        }
        segments.append(suffix)
        return segments
    }

    private func encoded(
        _ index: Int, _ isFirst: Bool, _ prefix: SharedPrefix, _ encoder: any RequestEncoder
    ) -> [UInt8] {
        let items = transcript.items(index, salts: salts, tools: prefix.prompt.tools)
        return encoder.items(items, isFirst: isFirst && prefix.prompt.system.isEmpty)
    }
}
