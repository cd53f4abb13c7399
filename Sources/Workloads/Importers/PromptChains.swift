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
        /// The last full block of the prompt, if others may go on from it.
        var head: Int?
    }

    /// A request from which others may go on.
    private struct Head {
        var chain: Int
        var index: Int
        let full: BlockIdentifiers
        var isParted = false
    }

    private var open: OpenSessions<Int, Chain>
    /// The heads by the last of their full blocks.
    private var heads: [Int: Head] = [:]
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
        var ended: [Chain] = []
        open.closeIdle(at: time) { _, chain in ended.append(chain) }
        for chain in ended {
            for member in chain.members { if let head = member.head { heads[head] = nil } }
        }
        let full = blocks.prefix(request.input.value / blockTokens)
        let isNew = full.all.contains { !seen.contains($0) }
        seen.formUnion(blocks.all)
        let head = isNew && full.count >= 2 ? full.ranges.last?.last : nil
        let member = Member(request: request, head: head)
        let place = extend(member, at: time, full) ?? begin(member, at: time)
        if let head { heads[head] = Head(chain: place.chain, index: place.index, full: full) }
        return ended.map(\.requests)
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
        guard let key = longestHead(full), let head = heads[key], let members = open[head.chain]?.members else {
            return nil
        }
        let (earlier, count) = (members[head.index].request, members.count)
        guard !head.isParted, member.request.input >= earlier.input + earlier.visibleOutput else { return nil }
        guard head.index == count - 1 else {
            heads[key]?.isParted = true
            part(head.chain, after: head.index, at: time)
            return nil
        }
        open.use(head.chain, at: time, Chain(members: members + [member]))
        return (head.chain, count)
    }

    /// The head with the most blocks that a prompt begins with.
    private func longestHead(_ full: BlockIdentifiers) -> Int? {
        var longest: Int?
        for (position, identifier) in full.all.enumerated() {
            guard let head = heads[identifier], head.full.count == position + 1, head.full.isPrefix(of: full) else {
                continue
            }
            longest = identifier
        }
        return longest
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
