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
    let tokenizer: ApproximateTokenizer
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
        let (tools, system) = prefixSizes(agent)
        let names = session.prefixAssets[agent]
        let mark = runSalt.isEmpty ? "" : SaltMarks.run(runSalt)
        let space = mark.isEmpty ? 0 : (mark + "\n").centitokens
        var definitions =
            assetTools(names?.tools) ?? synthesizer.tools(centitokens: tools > 0 ? max(1, tools - space) : 0)
        if !mark.isEmpty, !definitions.isEmpty { definitions[0].description = mark + " " + definitions[0].description }
        let recorded = assetText(names?.system)
        guard !mark.isEmpty, hasSystemSalt(agent, runSalt) else {
            return PromptPrefix(
                tools: definitions, system: recorded ?? synthesizer.prose(centitokens: system), key: key)
        }
        let text = recorded ?? synthesizer.prose(centitokens: max(0, system - space))
        return PromptPrefix(tools: definitions, system: mark + "\n" + text, key: key)
    }

    /// The sizes of an agent's tools and system prompt, in hundredths of a token.
    private func prefixSizes(_ agent: String) -> (tools: Int, system: Int) {
        var (tools, system) = (session.toolsTokens, session.systemTokens)
        if agent != Call.mainAgent {
            let whole = session.prefixTokens(of: agent)
            tools = agentTools(of: whole, session.prefixAssets[agent])
            system = max(.zero, whole - tools)
        }
        return (tokenizer.centitokens(tools), tokenizer.centitokens(system))
    }

    /// The size of a run's salt with its brackets and what parts it from the text, in hundredths of a token.
    private static func size(ofRunSalt runSalt: String) -> Int {
        runSalt.isEmpty ? 0 : (SaltMarks.run(runSalt) + "\n").centitokens
    }

    /// True if an agent's system prompt opens with the run's salt: one that was recorded, or has room for it, or must have it
    /// because equal blocks leave no place for one in the user's messages.
    func hasSystemSalt(_ agent: String, _ runSalt: String) -> Bool {
        assetText(session.prefixAssets[agent]?.system) != nil || hasBlocks
            || prefixSizes(agent).system >= Self.size(ofRunSalt: runSalt)
    }

    /// How much of a run's salt a made-up system prompt is too small for; the first message is that much shorter.
    private func excessSalt(_ agent: String, _ runSalt: String) -> TokenCount {
        guard hasSystemSalt(agent, runSalt), assetText(session.prefixAssets[agent]?.system) == nil else { return .zero }
        return tokenizer.tokens(centitokens: Self.size(ofRunSalt: runSalt) - prefixSizes(agent).system)
    }

    /// How much of an agent's prefix its tools are: what its assets leave, or three quarters.
    private func agentTools(of whole: TokenCount, _ names: Session.PrefixAssets?) -> TokenCount {
        if let tools = names?.tools.flatMap({ assets[$0] }) { return tools.tokens }
        if let system = names?.system.flatMap({ assets[$0] }) { return max(.zero, whole - system.tokens) }
        return TokenCount(whole.value * 3 / 4)
    }

    func assetTools(_ name: String?) -> [ToolDefinition]? {
        guard case .tools(let tools)? = name.flatMap({ assets[$0]?.content }) else { return nil }
        return tools
    }

    func assetText(_ name: String?) -> String? {
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
        var openings =
            entry.kept.isEmpty && call.blocks.isEmpty
            ? SaltMarks.openings(salts, needsRun: !hasSystemSalt(call.agent, salts.run)) : []
        var room = PromptRoom(
            blocks: blockText(call, after: entry.keptTokens), tokenizer: tokenizer,
            excessSalt: entry.kept.isEmpty ? excessSalt(call.agent, salts.run) : .zero)
        func user(_ tokens: TokenCount, _ text: String?) {
            let size = tokenizer.centitokens(tokens)
            let opening = openings.first { text != nil || $0.centitokens <= size + 50 } ?? openings.last ?? ""
            openings = []
            let made = text ?? room.fill(tokens, opening: opening) { synthesizer.prose(centitokens: $0) }
            items.append(.user(opening + made))
        }
        if entry.remainder > .zero { user(entry.remainder, nil) }
        if hasAnswer { items += answer(call, index, results, tools, &synthesizer, &room) }
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

    /// The text of a document: its asset's, or one that is the same wherever the document's name stands.
    private func document(_ name: String?, _ tokens: TokenCount) -> String? {
        guard let name else { return nil }
        if let text = assetText(name) { return text }
        var synthesizer = TextSynthesizer(seed: blockSeed.derived("document/" + name))
        return synthesizer.prose(centitokens: tokenizer.centitokens(tokens))
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
            filler: isPinned ? { synthesizer.prose(centitokens: $0) } : nil)
    }

    /// The text of a prompt's blocks after so many tokens: equal identifiers, equal bytes.
    private func blockText(_ call: Call, after offset: TokenCount) -> BlockText {
        var text = BlockText(from: offset, blockTokens: blockTokens, tokenizer: tokenizer)
        guard call.added.contains(where: { $0.text == nil }) || call.carry > .zero else { return text }
        let owner = session.share == .session ? seed : blockSeed
        for block in call.blocks.joined().dropFirst(offset.value / blockTokens) {
            text.append(owner.derived("block", block))
        }
        return text
    }

    /// The recorded answer of the previous call and what its tools returned; what the source lacks is made up.
    ///
    /// An answer without tools is text of the prompt's blocks too, so that what was generated equals what later prompts hold.
    private func answer(
        _ call: Call, _ index: Int, _ results: [Call.AddedItem], _ tools: [ToolDefinition],
        _ synthesizer: inout TextSynthesizer, _ room: inout PromptRoom
    ) -> [ConversationItem] {
        let recorded = graph.entries[index].answered.map { session.calls[$0].answer } ?? Call.Answer()
        let size = tokenizer.centitokens(call.carry)
        guard !results.isEmpty else {
            let text = recorded.text ?? room.fill(call.carry) { synthesizer.prose(centitokens: $0) }
            return [.assistant(AssistantMessage(text: text, reasoning: recorded.reasoning))]
        }
        _ = room.blocks.take(results.reduce(call.carry) { $0 + $1.tokens })
        let calls = toolCalls(recorded, index, results, tools, size: size, &synthesizer)
        let callSize = calls.reduce(0) { $0 + $1.centitokens }
        let isRecorded = recorded.reasoning != nil || recorded.toolCalls.contains { $0.arguments != nil }
        // What the arguments do not fill, since a schema may leave no place for text, is said beside the calls.
        let text = recorded.text ?? (isRecorded ? "" : synthesizer.prose(centitokens: max(0, size - callSize)))
        let message = AssistantMessage(
            text: text.isEmpty ? nil : text, reasoning: recorded.reasoning, toolCalls: calls)
        // Arguments that a schema requires may be larger than what was recorded of the whole answer: results are that shorter.
        if !isRecorded, recorded.text == nil { room.excess += text.centitokens + callSize - size }
        return [.assistant(message)]
            + zip(calls, results).map { made, result in
                let text =
                    result.text
                    ?? room.made(tokenizer.centitokens(result.tokens)) {
                        synthesizer.toolResult(of: made.name, centitokens: $0)
                    }
                return .toolResult(
                    ToolResult(callIdentifier: made.identifier, name: made.name, text: text, isError: result.isError))
            }
    }

    /// The tool calls that results answer: recorded ones, or such as fill seven tenths of an answer, or all of it where it is
    /// known that nothing else was said.
    private func toolCalls(
        _ recorded: Call.Answer, _ index: Int, _ results: [Call.AddedItem], _ tools: [ToolDefinition], size: Int,
        _ synthesizer: inout TextSynthesizer
    ) -> [ToolCall] {
        let rest =
            recorded.text.map { size - $0.centitokens } ?? (recorded == Call.Answer() ? size - size * 3 / 10 : size)
        var generator = SeededGenerator(seed: seed.derived("tools", index))
        return results.enumerated().map { position, result in
            let wanted = position < recorded.toolCalls.count ? recorded.toolCalls[position] : nil
            let wantedName = wanted?.name ?? result.name
            let tool = tools.first { $0.name == wantedName } ?? (tools.isEmpty ? nil : generator.choice(tools))
            let name = wantedName ?? tool?.name ?? "run_command"
            let identifier = "call_" + Self.hexadecimal(seed.derived("identifier/\(index)", position).value)
            let arguments =
                wanted?.arguments
                ?? synthesizer.arguments(for: tool, centitokens: rest / results.count - name.centitokens)
            return ToolCall(identifier: identifier, name: name, arguments: arguments)
        }
    }

    /// Sixteen hexadecimal digits.
    public static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
