import Encodings
import Quantities
import Statistics

/// A part of a prompt: equal pieces after equal pieces are equal bytes.
enum PromptPiece: Hashable, Sendable {
    /// The small model, where it is another than the one that all else is sent to: caches of two models share nothing.
    case smallModel
    /// The tools and the system prompt of an agent.
    case prefix(String)
    /// A recorded tool after a recorded system prompt, by its number among all tools of the library.
    case tool(Int)
    /// Where a message begins.
    case message(isAnswer: Bool)
    /// A salt in front of the first message; a session's own opens all its contexts.
    case salt(String)
    /// The text of a block from one of its tokens on, the same within one pass through the library.
    case block(identifier: Int, from: Int, pass: Int)
    /// A named document; one that is made up is the same within one pass only.
    case document(String, pass: Int?)
    /// A recorded text.
    case text(String)
    /// Text that no other call of any session has.
    case unique
}

/// Which salts, and which models, part what calls would share in a cache.
public struct ReuseSalts: Hashable, Sendable {
    /// True if runs are parted.
    public var run: Bool
    /// True if tenants are parted.
    public var tenant: Bool
    /// True if replayed sessions are parted.
    public var session: Bool
    /// True if calls for a small model are sent to another one than the others.
    public var model: Bool

    /// Makes a choice; all salts are on, and all calls go to one model, unless a plan says otherwise.
    public init(run: Bool = true, tenant: Bool = true, session: Bool = true, model: Bool = false) {
        self.run = run
        self.tenant = tenant
        self.session = session
        self.model = model
    }
}

/// What the prompts of a library are made of that sessions name.
struct PromptAssets: Sendable {
    /// The library.
    let library: SessionLibrary
    /// Its assets.
    var assets: [String: Asset] { library.assets }
    /// How many tokens a block holds.
    let blockTokens: Int
    /// The tools of each asset, equal ones by one number, and their sizes in bytes.
    fileprivate let tools: [String: [(number: Int, byteCount: Int)]]

    /// Looks at a library.
    init(_ library: SessionLibrary) {
        self.library = library
        blockTokens = library.blockTokens
        var numbers: [[UInt8]: Int] = [:]
        var tools: [String: [(number: Int, byteCount: Int)]] = [:]
        for (name, asset) in library.assets {
            guard case .tools(let definitions) = asset.content else { continue }
            tools[name] = definitions.map { definition in
                let bytes = definition.json.serialized()
                let number = numbers[bytes, default: numbers.count]
                numbers[bytes] = number
                return (number, bytes.count)
            }
        }
        self.tools = tools
    }

    /// The tools of an asset as pieces that together have a size, and a salt beside it in the first.
    fileprivate func portions(_ name: String?, tokens: Int, salt: Int) -> [PromptPieces.Portion] {
        let tools = name.flatMap { self.tools[$0] } ?? []
        let whole = max(1, tools.reduce(0) { $0 + $1.byteCount })
        var (bytes, before) = (0, 0)
        return tools.map { tool in
            bytes += tool.byteCount
            let end = tokens * bytes / whole
            defer { before = end }
            return PromptPieces.Portion(
                piece: .tool(tool.number), tokens: end - before + (bytes == tool.byteCount ? salt : 0))
        }
    }
}

/// The prompts of a session as pieces, in the way that ``Transcript`` makes text of them.
struct PromptPieces: Sendable {
    /// A piece and its size.
    struct Portion: Hashable, Sendable {
        let piece: PromptPiece
        let tokens: Int
        /// True if no other session has the same bytes there.
        var isOwn = false
    }

    /// The session.
    let session: Session
    /// What each call has in its context.
    let graph: ContextGraph
    /// The different prefixes of the session's agents and their models.
    private(set) var prefixes: [[Portion]] = []
    /// Which of them each call has.
    private(set) var prefixOfCall: [Int] = []

    private let assets: PromptAssets
    private let salts: ReuseSalts
    private let transcript: Transcript
    private let additions: PromptAdditions
    private var prefixTokens: [Int] = []
    private var ownSizes: [Int] = []
    private var added: [(salts: TokenCount, reasoning: TokenCount)] = []

    /// Looks at a session.
    ///
    /// - Parameters:
    ///   - session: the session.
    ///   - graph: what each of its calls has in its context.
    ///   - assets: those of its library.
    ///   - salts: what parts it from others.
    ///   - additions: what is counted beside the session's own sizes.
    init(
        _ session: Session, _ graph: ContextGraph, in assets: PromptAssets, salts: ReuseSalts,
        additions: PromptAdditions = .none
    ) {
        self.session = session
        self.graph = graph
        self.salts = salts
        self.assets = assets
        self.additions = additions
        transcript = Transcript(
            session: session, graph: graph, library: assets.library, seed: Seed(0), librarySeed: Seed(0),
            tokenizer: ApproximateTokenizer())
        let hasBlocks = session.calls.contains { !$0.blocks.isEmpty }
        var places: [Bool: [String: Int]] = [:]
        for call in session.calls {
            let isSmall = salts.model && call.isForSmallModel
            let known = places[isSmall]?[call.agent]
            let place = known ?? place(of: prefix(of: call.agent, isSmall: isSmall, hasBlocks: hasBlocks))
            places[isSmall, default: [:]][call.agent] = place
            prefixOfCall.append(place)
        }
        added = session.calls.indices.map { transcript.additions($0, salts, additions) }
        ownSizes = session.calls.indices.map { index in
            let call = session.calls[index]
            let recorded = call.carry + call.addedTokens + graph.entries[index].remainder
            return (recorded + added[index].salts + added[index].reasoning).value
        }
        prefixTokens = prefixes.map { $0.reduce(0) { $0 + $1.tokens } }
    }

    private mutating func place(of portions: [Portion]) -> Int {
        if let place = prefixes.firstIndex(of: portions) { return place }
        prefixes.append(portions)
        return prefixes.count - 1
    }

    private func prefix(of agent: String, isSmall: Bool, hasBlocks: Bool) -> [Portion] {
        (isSmall ? [Portion(piece: .smallModel, tokens: 0)] : []) + prefix(of: agent, hasBlocks: hasBlocks)
    }

    /// The prefix of an agent; where all of it is recorded, it is the same bytes whoever has it.
    ///
    /// Providers differ in whether the tools or the system prompt come first. With one system prompt, what two lists of tools
    /// begin with is shared in either case; with different ones it is taken not to be.
    private func prefix(of agent: String, hasBlocks: Bool) -> [Portion] {
        let whole = session.prefixTokens(of: agent)
        let names = session.prefixAssets[agent]
        let (tools, system) = (names?.tools.flatMap { assets.assets[$0] }, names?.system.flatMap { assets.assets[$0] })
        let isMain = agent == Call.mainAgent
        let needsTools = isMain ? session.toolsTokens > .zero : whole > (system?.tokens ?? .zero)
        let needsSystem = isMain ? session.systemTokens > .zero : whole > (tools?.tokens ?? .zero)
        let added =
            additions == .none
            ? (tools: TokenCount.zero, system: .zero) : transcript.prefixAdditions(agent: agent, salts)
        let hasTools = tools != nil || !needsTools
        let hasSystem = system != nil || !needsSystem
        guard hasTools, hasSystem else {
            let key = session.prefixKey(of: agent, owner: "") + (hasBlocks ? "/blocks" : "")
            return [
                Portion(
                    piece: .prefix(key), tokens: (whole + added.tools + added.system).value,
                    isOwn: session.share == .session)
            ]
        }
        // Without a system prompt the run's salt stands in one of its own if blocks leave no other place for it.
        let mark = hasBlocks && system == nil ? "/blocks" : ""
        let systemTokens = tools == nil ? whole : min(whole, system?.tokens ?? .zero)
        return [
            Portion(
                piece: .prefix("recorded/\(system?.identifier ?? "")\(mark)"),
                tokens: (systemTokens + added.system).value)
        ]
            + assets.portions(
                tools?.identifier, tokens: (whole - systemTokens).value, salt: added.tools.value)
    }

    /// How much a call appends to its context.
    func ownTokens(_ index: Int) -> Int { ownSizes[index] }

    /// The size of a call's prompt: that of the session and what is added to it.
    func inputTokens(_ index: Int) -> TokenCount {
        guard additions != .none else { return session.calls[index].input }
        return TokenCount(
            graph.entries[index].kept.reduce(prefixTokens[prefixOfCall[index]] + ownSizes[index]) { $0 + ownSizes[$1] })
    }

    /// What a call appends to its context, up to the first piece that nobody else has.
    ///
    /// - Parameters:
    ///   - index: the call.
    ///   - pass: how often the library has been gone through before.
    /// - Returns: the pieces in the order of the prompt.
    func portions(_ index: Int, pass: Int) -> [Portion] {
        let call = session.calls[index]
        let entry = graph.entries[index]
        let added = added[index]
        var writer = Writer(
            blocks: BlockCursor(call, from: entry.keptTokens, blockTokens: assets.blockTokens),
            opening: entry.kept.isEmpty && call.blocks.isEmpty ? opening(added.salts) : nil, pass: pass,
            ownsBlocks: session.share == .session)
        if entry.remainder > .zero { writer.begin(entry.remainder, isAnswer: false) }
        let hasResults = call.added.contains { $0.role == "tool" }
        let source = entry.answered.flatMap { call.carry > .zero || hasResults ? session.calls[$0].answer : nil }
        if let source {
            // Calls of tools carry identifiers of the session's own.
            let text = hasResults ? nil : source.text
            writer.begin(
                call.carry + added.reasoning, isAnswer: true, isUnique: hasResults,
                known: text.map { .text($0 + (source.reasoning.map { "\u{0}" + $0 } ?? "")) })
        }
        var excess = max(0, -entry.remainder.value)
        for item in call.added where !(source != nil && item.role == "tool") {
            let cut = min(excess, item.tokens.value)
            excess -= cut
            writer.begin(TokenCount(item.tokens.value - cut), isAnswer: false, known: known(item, pass))
        }
        return writer.portions
    }

    private func known(_ item: Call.AddedItem, _ pass: Int) -> PromptPiece? {
        if let text = item.text { return .text(text) }
        guard item.role == "doc", let name = item.name else { return nil }
        switch assets.assets[name]?.content {
        case .document?, .system?: return .document(name, pass: nil)
        case .tools?, nil: return .document(name, pass: pass)
        }
    }

    private func opening(_ tokens: TokenCount) -> Portion? {
        if salts.session { return Portion(piece: .salt(""), tokens: tokens.value, isOwn: true) }
        return salts.tenant ? Portion(piece: .salt(session.tenant), tokens: tokens.value) : nil
    }
}

/// Goes through the blocks of a prompt.
private struct BlockCursor {
    private var blocks: FlattenSequence<[Range<Int>]>.Iterator
    private var current: Int?
    private var offset: Int
    let blockTokens: Int

    init(_ call: Call, from tokens: TokenCount, blockTokens: Int) {
        let isUsed = call.added.contains { $0.text == nil } || call.carry > .zero
        blocks = (isUsed ? call.blocks : []).joined().makeIterator()
        self.blockTokens = blockTokens
        offset = tokens.value % blockTokens
        for _ in 0..<(tokens.value / blockTokens) where blocks.next() == nil { break }
        current = blocks.next()
    }

    /// The next parts of blocks with so many tokens together, or fewer where no more are known.
    mutating func take(_ tokens: Int, _ use: (_ identifier: Int, _ from: Int, _ tokens: Int) -> Void) -> Int {
        var left = tokens
        while left > 0, let identifier = current {
            let part = min(left, blockTokens - offset)
            use(identifier, offset, part)
            left -= part
            offset += part
            if offset == blockTokens { (current, offset) = (blocks.next(), 0) }
        }
        return left
    }
}

/// Writes messages as pieces.
private struct Writer {
    var blocks: BlockCursor
    var opening: PromptPieces.Portion?
    let pass: Int
    let ownsBlocks: Bool
    var portions: [PromptPieces.Portion] = []
    private var isParted = false

    init(blocks: BlockCursor, opening: PromptPieces.Portion?, pass: Int, ownsBlocks: Bool) {
        self.blocks = blocks
        self.opening = opening
        self.pass = pass
        self.ownsBlocks = ownsBlocks
    }

    /// Writes one message.
    mutating func begin(_ size: TokenCount, isAnswer: Bool, isUnique: Bool = false, known: PromptPiece? = nil) {
        guard !isParted else { return }
        portions.append(PromptPieces.Portion(piece: .message(isAnswer: isAnswer), tokens: 0))
        if !isAnswer, let salt = opening {
            portions.append(salt)
            opening = nil
        }
        var parts: [PromptPieces.Portion] = []
        let (pass, ownsBlocks) = (pass, ownsBlocks)
        var rest = blocks.take(size.value) { identifier, from, tokens in
            parts.append(
                PromptPieces.Portion(
                    piece: .block(identifier: identifier, from: from, pass: pass), tokens: tokens, isOwn: ownsBlocks))
        }
        if let known {
            parts = [PromptPieces.Portion(piece: known, tokens: size.value)]
            rest = 0
        }
        if isUnique { (parts, rest) = ([], size.value) }
        portions += parts
        guard rest > 0 || isUnique else { return }
        portions.append(PromptPieces.Portion(piece: .unique, tokens: rest))
        isParted = true
    }
}
