import Quantities

/// A cache that forgets nothing, which is shown the prompts of sessions one after another.
///
/// Prompts are compared piece by piece from their beginning; see ``PromptPiece``. It is the one definition of what is planned
/// to be cached, of what an estimate adds up, and of the ideal rate that a workload is described by.
struct PromptMemory: Sendable {
    /// How much of a prompt was sent before.
    struct Known: Hashable, Sendable {
        /// By any call.
        var tokens = 0
        /// By calls that ended less than ``PromptMemory/lifetime`` ago.
        var freshTokens = 0
    }

    /// How long a cache remembers that forgets.
    static let lifetime = Duration.seconds(300)

    /// Where a prompt stands in the tree of all prompts.
    private enum Place: Hashable {
        case shared(Int)
        case own(Int)
        /// After text that nobody else has.
        case parted
    }

    private struct Sent: Hashable {
        let prefix: Int
        let call: Int
    }

    private struct End {
        let place: Place
        let tokens: Int
        var lastUse: Duration
    }

    /// What one session has sent.
    private struct Visit {
        var ends: [Sent: End] = [:]
        var tree = PieceTree()
    }

    /// A prompt on its way through the tree.
    private struct Walk {
        var place = Place.shared(0)
        /// How much of it lies behind.
        var tokens = 0
        var known = Known()
        var isKnown = true
        var isFresh = true
    }

    private var shared = PieceTree()
    private var visits: [Int: Visit] = [:]
    private var nodeCount = 1

    /// Takes a prompt.
    ///
    /// - Parameters:
    ///   - call: the call that sends it; those that its context keeps must have been taken.
    ///   - session: the session.
    ///   - number: tells a replayed session from all others.
    ///   - pass: how often the library has been gone through before.
    ///   - start: when it is sent.
    ///   - end: when its answer is whole.
    /// - Returns: how much of it was sent before.
    mutating func take(
        _ call: Int, of session: PromptPieces, number: Int, pass: Int = 0, at start: Duration = .zero,
        until end: Duration = .zero
    ) -> Known {
        var visit = visits.removeValue(forKey: number) ?? Visit()
        defer { visits[number] = visit }
        let prefix = session.prefixOfCall[call]
        let kept = session.graph.entries[call].kept
        var walk = Walk()
        let last = kept.lastIndex { visit.ends[Sent(prefix: prefix, call: $0)] != nil }
        if let last, let sent = visit.ends[Sent(prefix: prefix, call: kept[last])] {
            let isFresh = start - sent.lastUse < Self.lifetime
            walk = Walk(
                place: sent.place, tokens: sent.tokens,
                known: Known(tokens: sent.tokens, freshTokens: isFresh ? sent.tokens : 0), isFresh: isFresh)
            visit.ends[Sent(prefix: prefix, call: kept[last])]?.lastUse = end
        } else {
            for portion in session.prefixes[prefix] {
                step(portion, &walk, &visit, start, end)
                walk.tokens += portion.tokens
            }
        }
        for index in kept[(last.map { $0 + 1 } ?? 0)...] + [call] {
            if walk.place == .parted {
                walk.isKnown = false
            } else {
                for portion in session.portions(index, pass: pass) { step(portion, &walk, &visit, start, end) }
            }
            walk.tokens += session.ownTokens(index)
            visit.ends[Sent(prefix: prefix, call: index)] = End(
                place: walk.place, tokens: walk.tokens, lastUse: end)
        }
        let input = session.inputTokens(call).value
        return Known(tokens: min(walk.known.tokens, input), freshTokens: min(walk.known.freshTokens, input))
    }

    /// Forgets what only calls of one session can meet again, which is over.
    mutating func finish(_ number: Int) { visits[number] = nil }

    private mutating func step(
        _ portion: PromptPieces.Portion, _ walk: inout Walk, _ visit: inout Visit, _ start: Duration, _ end: Duration
    ) {
        guard portion.piece != .unique else {
            walk.place = .parted
            walk.isKnown = false
            return
        }
        let found: PieceTree.Found
        switch walk.place {
        case .parted: return
        case .shared(let node) where !portion.isOwn:
            found = shared.take(portion, after: node, until: end, &nodeCount)
            walk.place = .shared(found.node)
        case .shared(let node), .own(let node):
            found = visit.tree.take(portion, after: node, until: end, &nodeCount)
            walk.place = .own(found.node)
        }
        let known = found.known ?? 0
        walk.isFresh = walk.isFresh && found.lastUse.map { start - $0 < Self.lifetime } ?? false
        if walk.isKnown {
            walk.known.tokens += known
            if walk.isFresh { walk.known.freshTokens += known }
        }
        walk.isKnown = walk.isKnown && found.known == portion.tokens
    }
}

/// Beginnings of prompts as a tree of pieces.
private struct PieceTree: Sendable {
    struct Found {
        /// Where the prompt goes on.
        let node: Int
        /// How much of the piece was there; nil if nothing of it.
        let known: Int?
        let lastUse: Duration?
    }

    private struct Edge: Hashable {
        let parent: Int
        let piece: PromptPiece
    }

    /// A piece as far as it was sent, and where prompts go on after each of its sizes.
    private struct Child {
        var longest: Int
        var lastUse: Duration
        let node: Int
        let tokens: Int
        var others: [Int: Int] = [:]
    }

    private var children: [Edge: Child] = [:]

    /// Finds a piece, and keeps it.
    mutating func take(
        _ portion: PromptPieces.Portion, after parent: Int, until end: Duration, _ nodeCount: inout Int
    ) -> Found {
        let edge = Edge(parent: parent, piece: portion.piece)
        guard let child = children[edge] else {
            children[edge] = Child(longest: portion.tokens, lastUse: end, node: nodeCount, tokens: portion.tokens)
            nodeCount += 1
            return Found(node: nodeCount - 1, known: nil, lastUse: nil)
        }
        var node = child.tokens == portion.tokens ? child.node : child.others[portion.tokens]
        if node == nil {
            node = nodeCount
            children[edge]?.others[portion.tokens] = nodeCount
            nodeCount += 1
        }
        children[edge]?.longest = max(child.longest, portion.tokens)
        children[edge]?.lastUse = max(child.lastUse, end)
        return Found(node: node ?? 0, known: min(child.longest, portion.tokens), lastUse: child.lastUse)
    }
}
