import Dispatch
import Planning
import Quantities

/// What calls add to their contexts, made before they are due on a thread of its own.
///
/// Only the thread that takes it touches this value. What is dropped before its turn has come is not made at all.
struct PreparedCalls {
    private struct Entry {
        let addition: Lazy<CallAddition>
        let tokens: TokenCount
    }

    /// As many tokens, or a little more, are prepared before the run begins.
    static let mostTokensAtBegin = TokenCount(4_000_000)
    /// As many tokens of one endpoint's live sessions wait to be taken; what would go past it is made when it is due.
    ///
    /// The limit is each endpoint's own, so that one with many sessions does not keep another from being prepared.
    static let mostTokens = TokenCount(8_000_000)

    private var entries: [SessionKey: [Int: Entry]] = [:]
    /// How much of each endpoint waits to be taken.
    private var tokens: [Int: TokenCount] = [:]
    private let queue = DispatchQueue(label: "prepared calls", qos: .utility)

    /// True if nothing waits to be taken.
    var isEmpty: Bool { entries.isEmpty }

    /// True if something is there for a call, or is being made.
    func contains(_ key: CallKey) -> Bool { entries[key.session]?[key.call] != nil }

    /// True if more of an endpoint may wait to be taken.
    func hasRoom(for size: TokenCount, endpoint: Int) -> Bool {
        tokens[endpoint, default: .zero] + size <= Self.mostTokens
    }

    /// Has prepared what a call adds; it must not have been asked for already.
    ///
    /// - Parameters:
    ///   - key: the call.
    ///   - size: how much is to be written.
    ///   - make: makes it, on another thread.
    mutating func prepare(
        _ key: CallKey, _ size: TokenCount, _ make: @escaping @Sendable () -> CallAddition
    ) {
        precondition(!contains(key), "call \(key) is prepared already")
        let addition = Lazy(make)
        entries[key.session, default: [:]][key.call] = Entry(addition: addition, tokens: size)
        tokens[key.session.endpoint, default: .zero] += size
        queue.async { [weak addition] in _ = addition?.value }
    }

    /// Waits until all is made, or until that is not wanted any more.
    func wait(unless isUnwanted: () -> Bool = { false }) {
        let made = DispatchGroup()
        queue.async(group: made) {}
        while made.wait(timeout: .now() + .milliseconds(100)) == .timedOut, !isUnwanted() {}
    }

    /// Takes what was prepared for a call.
    ///
    /// It is waited for if it is being made at this moment, and made at once if its turn has not come: to wait for what is
    /// before it would take longer.
    ///
    /// - Returns: nil if nothing was prepared.
    mutating func take(_ key: CallKey) -> CallAddition? { remove(key)?.addition.value }

    /// Drops what was prepared for a call that is not sent.
    mutating func drop(_ key: CallKey) { _ = remove(key) }

    /// Drops what was prepared for a session.
    mutating func drop(_ session: SessionKey) {
        guard let dropped = entries.removeValue(forKey: session) else { return }
        tokens[session.endpoint, default: .zero] -= dropped.values.reduce(.zero) { $0 + $1.tokens }
    }

    private mutating func remove(_ key: CallKey) -> Entry? {
        guard let entry = entries[key.session]?.removeValue(forKey: key.call) else { return nil }
        if entries[key.session]?.isEmpty == true { entries[key.session] = nil }
        tokens[key.session.endpoint, default: .zero] -= entry.tokens
        return entry
    }
}
