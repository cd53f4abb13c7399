import Quantities

/// Sessions that may go on, each known by a key, and closed once nothing was heard of them for long.
struct OpenSessions<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// After so much of the trace's time without a request a session is closed.
    let idleLimit: Duration

    private var values: [Key: (value: Value, lastUse: Duration)] = [:]
    /// Uses in the order of time; a session that was used again stands in it once more.
    private var uses: [(key: Key, at: Duration)] = []
    private var head = 0

    /// Makes an empty set.
    init(idleLimit: Duration) { self.idleLimit = idleLimit }

    /// The session of a key.
    subscript(_ key: Key) -> Value? { values[key]?.value }

    /// Takes a session out, so that it can be changed without a copy; ``use(_:at:_:)`` puts it back.
    mutating func remove(_ key: Key) -> Value? { values.removeValue(forKey: key)?.value }

    /// Stores a session that a request came for.
    mutating func use(_ key: Key, at time: Duration, _ value: Value) {
        values[key] = (value, time)
        uses.append((key, time))
    }

    /// Removes the sessions that are idle at a time, those first that ended first.
    mutating func closeIdle(at time: Duration, _ close: (Key, Value) -> Void) {
        while head < uses.count, time - uses[head].at > idleLimit { closeFirst(close) }
        if head > 4096, head * 2 > uses.count {
            uses.removeFirst(head)
            head = 0
        }
    }

    /// Removes all sessions, those first that ended first.
    mutating func closeAll(_ close: (Key, Value) -> Void) {
        while head < uses.count { closeFirst(close) }
        uses = []
        head = 0
    }

    private mutating func closeFirst(_ close: (Key, Value) -> Void) {
        let (key, at) = uses[head]
        head += 1
        guard let open = values[key], open.lastUse == at else { return }
        values[key] = nil
        close(key, open.value)
    }
}
