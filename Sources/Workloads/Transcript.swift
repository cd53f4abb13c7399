import Quantities
public import Statistics

/// A session as messages: turns recorded sizes into text that is the same for the same seed.
///
/// Later turns hold the recorded, or made-up, answers and tool results, so that every endpoint is sent the same bytes but for
/// its salts; unless what an endpoint answered is handed in.
public struct Transcript: Sendable {
    /// The session.
    public let session: Session
    /// What each call has in its context.
    public let graph: ContextGraph

    private let assets: [String: Asset]
    private let blockTokens: Int
    private let seed: Seed
    private let librarySeed: Seed
    private let blockSeed: Seed
    private let tokenizer: ApproximateTokenizer
    /// True if equal blocks leave no place for a salt in the user's messages.
    private let hasBlocks: Bool

    /// Makes a transcript.
    ///
    /// - Parameters:
    ///   - session: the session.
    ///   - graph: what each of its calls has in its context, where that is known already.
    ///   - library: whose assets and block size the session uses; nil if it uses none.
    ///   - seed: decides the text of this session.
    ///   - librarySeed: decides the text that sessions of the library share.
    ///   - blockSeed: decides the text of blocks with one identifier; that of the library if it is nil.
    ///   - tokenizer: turns tokens into bytes.
    public init(
        session: Session, graph: ContextGraph? = nil, library: SessionLibrary? = nil, seed: Seed, librarySeed: Seed,
        blockSeed: Seed? = nil, tokenizer: ApproximateTokenizer
    ) {
        self.session = session
        hasBlocks = session.calls.contains { !$0.blocks.isEmpty }
        assets = library?.assets ?? [:]
        blockTokens = library?.blockTokens ?? 64
        self.blockSeed = blockSeed ?? librarySeed
        self.seed = seed
        self.librarySeed = librarySeed
        self.tokenizer = tokenizer
        self.graph = graph ?? ContextGraph(session)
    }

    /// Which bytes an agent's prefix has, without making them: equal keys, equal bytes.
    public func prefixKey(agent: String) -> String {
        session.prefixKey(of: agent, owner: "\(seed.value)") + (hasBlocks ? "/blocks" : "")
    }

    /// The tools and the system prompt of an agent.
    ///
    /// The run's salt opens both, the tools in the first one's description: providers differ in which of them they put first.
    /// It is part of the size of what is made up; what was recorded is sent whole and grows by it. A made-up system prompt
    /// too small for it stays as it is: then the salts of the first user message must do.
    ///
    /// - Parameters:
    ///   - agent: the agent.
    ///   - runSalt: what nothing of an earlier run has; empty for none.
    /// - Returns: the prefix; its size is that of the session.
    public func prefix(agent: String, runSalt: String) -> PromptPrefix {
        let key = prefixKey(agent: agent)
        var synthesizer = TextSynthesizer(seed: librarySeed.derived("prefix/" + key))
        let (tools, system) = prefixBytes(agent)
        let names = session.prefixAssets[agent]
        let mark = runSalt.isEmpty ? "" : "[run \(runSalt)]"
        let space = mark.isEmpty ? 0 : mark.utf8.count + 1
        var definitions =
            assetTools(names?.tools) ?? synthesizer.tools(byteCount: tools > 0 ? max(1, tools - space) : 0)
        if !mark.isEmpty, !definitions.isEmpty { definitions[0].description = mark + " " + definitions[0].description }
        let recorded = assetText(names?.system)
        guard !mark.isEmpty, hasSystemSalt(agent) else {
            return PromptPrefix(
                tools: definitions, system: recorded ?? synthesizer.prose(byteCount: system), key: key)
        }
        let text = recorded ?? synthesizer.prose(byteCount: max(0, system - space))
        return PromptPrefix(tools: definitions, system: mark + "\n" + text, key: key)
    }

    /// The sizes of an agent's tools and system prompt.
    private func prefixBytes(_ agent: String) -> (tools: Int, system: Int) {
        var (tools, system) = (session.toolsTokens, session.systemTokens)
        if agent != Call.mainAgent {
            let whole = session.prefixTokens(of: agent)
            tools = agentTools(of: whole, session.prefixAssets[agent])
            system = max(.zero, whole - tools)
        }
        return (tokenizer.bytes(tools), tokenizer.bytes(system))
    }

    /// The size of a run's salt with its brackets and what parts it from the text: `[run 0123456789ab]` and a line feed.
    private static let runSaltBytes = 19

    /// True if an agent's system prompt opens with the run's salt: one that was recorded, or has room for it, or must have it
    /// because equal blocks leave no place for one in the user's messages.
    private func hasSystemSalt(_ agent: String) -> Bool {
        assetText(session.prefixAssets[agent]?.system) != nil || prefixBytes(agent).system >= Self.runSaltBytes
            || hasBlocks
    }

    /// The bytes of a run's salt that a made-up system prompt is too small for; the first message is that much shorter.
    private func excessSaltBytes(_ agent: String, _ runSalt: String) -> Int {
        guard !runSalt.isEmpty, hasSystemSalt(agent), assetText(session.prefixAssets[agent]?.system) == nil else {
            return 0
        }
        return max(0, Self.runSaltBytes - prefixBytes(agent).system)
    }

    /// How much of an agent's prefix its tools are: what its assets leave, or three quarters.
    private func agentTools(of whole: TokenCount, _ names: Session.PrefixAssets?) -> TokenCount {
        if let tools = names?.tools.flatMap({ assets[$0] }) { return tools.tokens }
        if let system = names?.system.flatMap({ assets[$0] }) { return max(.zero, whole - system.tokens) }
        return TokenCount(whole.value * 3 / 4)
    }

    private func assetTools(_ name: String?) -> [ToolDefinition]? {
        guard case .tools(let tools)? = name.flatMap({ assets[$0]?.content }) else { return nil }
        return tools
    }

    private func assetText(_ name: String?) -> String? {
        switch name.flatMap({ assets[$0]?.content }) {
        case .system(let text)?, .document(let text)?: text
        case .tools?, nil: nil
        }
    }

    /// What one call appends to its context.
    ///
    /// - Parameters:
    ///   - index: the call.
    ///   - salts: tenant and session salt open the first user message of a fresh context.
    ///   - tools: the tools of the call's agent, for the recorded tool calls.
    /// - Returns: at least one item, in the order of sending.
    public func items(_ index: Int, salts: Salts, tools: [ToolDefinition]) -> [ConversationItem] {
        let call = session.calls[index]
        let entry = graph.entries[index]
        var synthesizer = TextSynthesizer(seed: seed.derived("call", index))
        var items: [ConversationItem] = []
        let results = call.added.filter { $0.role == "tool" }
        let hasAnswer = entry.answered != nil && (call.carry > .zero || !results.isEmpty)
        // A salt in front would part what sessions with equal blocks share.
        var openings = entry.kept.isEmpty && call.blocks.isEmpty ? openings(salts, call.agent) : []
        var blockText = blockText(call, after: entry.keptTokens)
        var excessSalt = entry.kept.isEmpty ? excessSaltBytes(call.agent, salts.run) : 0
        func user(_ tokens: TokenCount, _ text: String?) {
            let size = tokenizer.bytes(tokens)
            let opening = openings.first { text != nil || $0.utf8.count <= size } ?? openings.last ?? ""
            openings = []
            let room = size - opening.utf8.count - excessSalt
            excessSalt = max(0, -room)
            let made = blockText.prefix(max(0, room))
            blockText = blockText.dropFirst(made.count)
            let rest = max(0, room - made.count)
            items.append(
                .user(
                    opening + (text ?? String(decoding: made, as: UTF8.self) + synthesizer.prose(byteCount: rest))))
        }
        if entry.remainder > .zero { user(entry.remainder, nil) }
        if hasAnswer { items += answer(call, index, results, tools, &synthesizer, &blockText) }
        var excess = max(0, -entry.remainder.value)
        for item in call.added where !(hasAnswer && item.role == "tool") {
            let cut = min(excess, item.tokens.value)
            excess -= cut
            let tokens = TokenCount(item.tokens.value - cut)
            user(tokens, item.text ?? (item.role == "doc" ? document(item.name, tokens) : nil))
        }
        if items.isEmpty || (hasAnswer && items.count == 1) { user(.zero, openings.isEmpty ? "Go on." : nil) }
        return items
    }

    /// What may open the first user message of a fresh context, best first.
    ///
    /// That is all salts, or for a message that they do not fit into only the one that says the most. The run's own stands there
    /// only if no other does.
    private func openings(_ salts: Salts, _ agent: String) -> [String] {
        var marks = [("tenant", salts.tenant), ("session", salts.session)].filter { !$0.1.isEmpty }
        if marks.isEmpty, !salts.run.isEmpty, !hasSystemSalt(agent) { marks = [("run", salts.run)] }
        guard let last = marks.last else { return [] }
        return ["[" + marks.map { "\($0.0) \($0.1)" }.joined(separator: " ") + "]\n", "[\(last.0) \(last.1)]\n"]
    }

    /// The text of a document: its asset's, or one that is the same wherever the document's name stands.
    private func document(_ name: String?, _ tokens: TokenCount) -> String? {
        guard let name else { return nil }
        if let text = assetText(name) { return text }
        var synthesizer = TextSynthesizer(seed: blockSeed.derived("document/" + name))
        return synthesizer.prose(byteCount: tokenizer.bytes(tokens))
    }

    /// What one call appends to its context if the endpoint's own answer stands before it.
    ///
    /// - Parameters:
    ///   - index: the call.
    ///   - salts: tenant and session salt open the first user message of a fresh context.
    ///   - tools: the tools of the call's agent.
    ///   - live: what the endpoint answered to the call whose output opens this one's items.
    ///   - isPinned: true makes the answer as large as the recorded one, so that contexts stay comparable.
    ///   - sendsReasoning: true if the answer's reasoning is sent back too, and so is part of that size.
    /// - Returns: the items, and how many live tool calls were replaced by recorded ones.
    public func items(
        _ index: Int, salts: Salts, tools: [ToolDefinition], live: AssistantMessage, isPinned: Bool,
        sendsReasoning: Bool = false
    ) -> (items: [ConversationItem], substitutedCount: Int) {
        var synthesizer = TextSynthesizer(seed: seed.derived("filler", index))
        return LiveHistory.merged(
            items(index, salts: salts, tools: tools), live, tools: tools, sendsReasoning: sendsReasoning,
            filler: isPinned ? { synthesizer.prose(byteCount: $0) } : nil)
    }

    /// The text of a prompt's blocks after so many tokens: equal identifiers, equal bytes.
    ///
    /// A block ends where its last token does, rounded to a byte, so that sizes do not drift apart over many blocks.
    private func blockText(_ call: Call, after offset: TokenCount) -> ArraySlice<UInt8> {
        guard !call.blocks.isEmpty, call.added.contains(where: { $0.text == nil }) || call.carry > .zero else {
            return []
        }
        func start(_ block: Int) -> Int { tokenizer.bytes(TokenCount(block * blockTokens)) }
        let owner = session.share == .session ? seed : blockSeed
        let first = offset.value / blockTokens
        var bytes: [UInt8] = []
        for (position, block) in zip(first..., call.blocks.joined().dropFirst(first)) {
            var synthesizer = TextSynthesizer(seed: owner.derived("block", block))
            bytes += synthesizer.prose(byteCount: start(position + 1) - start(position)).utf8
        }
        return bytes.dropFirst(tokenizer.bytes(offset) - start(first))
    }

    /// The recorded answer of the previous call and what its tools returned; what the source lacks is made up.
    ///
    /// An answer without tools is text of the prompt's blocks too, so that what was generated equals what later prompts hold.
    private func answer(
        _ call: Call, _ index: Int, _ results: [Call.AddedItem], _ tools: [ToolDefinition],
        _ synthesizer: inout TextSynthesizer, _ blockText: inout ArraySlice<UInt8>
    ) -> [ConversationItem] {
        let recorded = graph.entries[index].answered.map { session.calls[$0].answer } ?? Call.Answer()
        let room = tokenizer.bytes(call.carry)
        let made = blockText.prefix(room)
        blockText = blockText.dropFirst(tokenizer.bytes(results.reduce(call.carry) { $0 + $1.tokens }))
        guard !results.isEmpty else {
            let text =
                recorded.text
                ?? String(decoding: made, as: UTF8.self) + synthesizer.prose(byteCount: room - made.count)
            return [.assistant(AssistantMessage(text: text, reasoning: recorded.reasoning))]
        }
        let calls = toolCalls(recorded, index, results, tools, room: room, &synthesizer)
        let size = calls.reduce(0) { $0 + $1.name.utf8.count + $1.arguments.utf8.count }
        let isRecorded = recorded.reasoning != nil || recorded.toolCalls.contains { $0.arguments != nil }
        // What the arguments do not fill, since a schema may leave no place for text, is said beside the calls.
        let text = recorded.text ?? (isRecorded ? "" : synthesizer.prose(byteCount: max(0, room - size)))
        let message = AssistantMessage(
            text: text.isEmpty ? nil : text, reasoning: recorded.reasoning, toolCalls: calls)
        // Arguments that a schema requires may be larger than what was recorded of the whole answer: results are that shorter.
        var excess = isRecorded || recorded.text != nil ? 0 : max(0, size - room)
        return [.assistant(message)]
            + zip(calls, results).map { made, result in
                if let text = result.text {
                    return .toolResult(ToolResult(callIdentifier: made.identifier, name: made.name, text: text))
                }
                let whole = tokenizer.bytes(result.tokens)
                let cut = min(excess, whole)
                excess -= cut
                let text = synthesizer.toolResult(of: made.name, byteCount: whole - cut)
                return .toolResult(ToolResult(callIdentifier: made.identifier, name: made.name, text: text))
            }
    }

    /// The tool calls that results answer: recorded ones, or such as fill seven tenths of an answer, or all of it where it is
    /// known that nothing else was said.
    private func toolCalls(
        _ recorded: Call.Answer, _ index: Int, _ results: [Call.AddedItem], _ tools: [ToolDefinition], room: Int,
        _ synthesizer: inout TextSynthesizer
    ) -> [ToolCall] {
        let rest =
            recorded.text.map { room - $0.utf8.count } ?? (recorded == Call.Answer() ? room - room * 3 / 10 : room)
        var generator = SeededGenerator(seed: seed.derived("tools", index))
        return results.enumerated().map { position, result in
            let wanted = position < recorded.toolCalls.count ? recorded.toolCalls[position] : nil
            let wantedName = wanted?.name ?? result.name
            let tool = tools.first { $0.name == wantedName } ?? (tools.isEmpty ? nil : generator.choice(tools))
            let name = wantedName ?? tool?.name ?? "run_command"
            let identifier = "call_" + Self.hexadecimal(seed.derived("identifier/\(index)", position).value)
            let arguments =
                wanted?.arguments
                ?? synthesizer.arguments(for: tool, byteCount: rest / results.count - name.utf8.count)
            return ToolCall(identifier: identifier, name: name, arguments: arguments)
        }
    }

    /// Sixteen hexadecimal digits.
    public static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
