import Quantities

/// Finds which requests of a trace go on from which, where nothing but blocks of prompts tells it.
///
/// A request goes on from an earlier one if its prompt begins with all full blocks of the earlier prompt, is at least as large
/// as that prompt and its answer, and no other request does the same: where prompts part, what they share may as well be a
/// system prompt, so then neither goes on. An earlier request counts only if its prompt has at least two full blocks, some of
/// them never seen before; blocks that many requests share make no chain.
struct PromptChains {
    /// How many tokens a block holds.
    let blockTokens: Int

    /// Requests of which each goes on from the one before it.
    private struct Chain {
        var members: [Member]
        var requests: [TraceRequest] { members.map(\.request) }
    }

    private struct Member {
        let request: TraceRequest
        /// The full blocks of the prompt, if others may go on from it.
        var head: PrefixKey?
    }

    /// Blocks at the beginning of a prompt, in short.
    private struct PrefixKey: Hashable {
        private(set) var count = 0
        private var hash: UInt64 = 0xCBF2_9CE4_8422_2325

        /// Appends a block, in the way of FNV-1a with a mix of its bits.
        mutating func append(_ block: Int) {
            count += 1
            hash = (hash ^ UInt64(bitPattern: Int64(block))) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
        }
    }

    /// A request from which others may go on.
    private struct Head {
        var chain: Int
        var index: Int
        let full: BlockIdentifiers
        var isParted = false
    }

    private var open: OpenSessions<Int, Chain>
    /// The heads by all their full blocks.
    private var heads: [PrefixKey: Head] = [:]
    private var seen: Set<Int> = []
    private var chainCount = 0

    /// Makes an empty set.
    ///
    /// - Parameters:
    ///   - blockTokens: how many tokens a block holds.
    ///   - idleLimit: after so much of the trace's time without a request a chain is closed.
    init(blockTokens: Int, idleLimit: Duration) {
        self.blockTokens = blockTokens
        open = OpenSessions(idleLimit: idleLimit)
    }

    /// Takes the next request; they come in the order of time.
    ///
    /// - Parameters:
    ///   - request: the request.
    ///   - time: when it was sent.
    ///   - blocks: all blocks of its prompt.
    /// - Returns: the requests of each chain that has ended.
    mutating func take(
        _ request: TraceRequest, at time: Duration, _ blocks: BlockIdentifiers
    ) -> [[TraceRequest]] {
        var ended: [(number: Int, chain: Chain)] = []
        open.closeIdle(at: time) { ended.append(($0, $1)) }
        for (number, chain) in ended {
            // A later chain may have a prompt of the same blocks, which stays.
            for head in chain.members.compactMap(\.head) where heads[head]?.chain == number { heads[head] = nil }
        }
        let full = blocks.prefix(request.input.value / blockTokens)
        let isNew = full.all.contains { !seen.contains($0) }
        seen.formUnion(blocks.all)
        var head: PrefixKey?
        if isNew, full.count >= 2 { head = full.all.reduce(into: PrefixKey()) { $0.append($1) } }
        let member = Member(request: request, head: head)
        let place = extend(member, at: time, full) ?? begin(member, at: time)
        if let head { heads[head] = Head(chain: place.chain, index: place.index, full: full) }
        return ended.map(\.chain.requests)
    }

    /// Ends all chains.
    ///
    /// - Returns: the requests of each.
    mutating func finish() -> [[TraceRequest]] {
        var ended: [[TraceRequest]] = []
        open.closeAll { ended.append($1.requests) }
        heads = [:]
        return ended
    }

    private mutating func begin(_ member: Member, at time: Duration) -> (chain: Int, index: Int) {
        chainCount += 1
        open.use(chainCount, at: time, Chain(members: [member]))
        return (chainCount, 0)
    }

    /// Appends a request to the chain that it goes on from; nil if it goes on from none.
    private mutating func extend(
        _ member: Member, at time: Duration, _ full: BlockIdentifiers
    ) -> (chain: Int, index: Int)? {
        guard let key = longestHead(full), let head = heads[key],
            let (earlier, count) = open[head.chain].map({ ($0.members[head.index].request, $0.members.count) })
        else { return nil }
        guard !head.isParted, member.request.input >= earlier.input + earlier.visibleOutput else { return nil }
        guard head.index == count - 1 else {
            heads[key]?.isParted = true
            part(head.chain, after: head.index, at: time)
            return nil
        }
        guard var chain = open.remove(head.chain) else { return nil }
        chain.members.append(member)
        open.use(head.chain, at: time, chain)
        return (head.chain, count)
    }

    /// The head with the most blocks that a prompt begins with.
    private func longestHead(_ full: BlockIdentifiers) -> PrefixKey? {
        var found: [PrefixKey] = []
        var key = PrefixKey()
        for block in full.all {
            key.append(block)
            if heads[key] != nil { found.append(key) }
        }
        // Two beginnings may have one hash.
        return found.last { heads[$0]?.full.isPrefix(of: full) == true }
    }

    /// Makes what comes after a request of a chain a chain of its own.
    private mutating func part(_ number: Int, after index: Int, at time: Duration) {
        guard let chain = open[number] else { return }
        let rest = Chain(members: Array(chain.members[(index + 1)...]))
        chainCount += 1
        open.use(number, at: time, Chain(members: Array(chain.members[...index])))
        open.use(chainCount, at: time, rest)
        for (position, member) in rest.members.enumerated() {
            guard let head = member.head else { continue }
            heads[head]?.chain = chainCount
            heads[head]?.index = position
        }
    }
}
