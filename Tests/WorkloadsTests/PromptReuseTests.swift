import Encodings
import Quantities
import Statistics
import Testing

@testable import Workloads

/// A library drawn at random, its sessions sent one after another for two passes and a half.
private struct DrawnLibrary {
    private(set) var library = SessionLibrary(header: SessionFile.header(name: "drawn", block: 50), sessions: [])
    private var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: Seed(seed))
        library.assets["page"] = Asset(
            identifier: "page", tokens: 60, content: .document(String(repeating: "page ", count: 60)))
        for name in ["a", "b"] {
            library.assets[name] = Asset(
                identifier: name, tokens: 70, content: .system(name + String(repeating: " agent", count: 69)))
        }
        let share = generator.choice([PrefixShare.corpus, .tenant, .session])
        for number in 0..<4 { library.sessions.append(session(number, share: share)) }
    }

    private mutating func session(_ number: Int, share: PrefixShare) -> Session {
        let hasBlocks = generator.below(2) == 0
        let isBare = generator.below(3) == 0
        var session = Session(
            identifier: SessionIdentifier("\(number)"), tenant: "t\(generator.below(2))",
            toolsTokens: .zero, systemTokens: isBare ? .zero : 500, share: share,
            agentPrefixTokens: ["a": 70, "b": 70, "c": .zero], calls: [])
        session.prefixAssets = ["a": .init(system: "a"), "b": .init(system: generator.choice(["a", "b"]))]
        for index in 0..<(2 + generator.below(5)) {
            session.calls.append(call(index, of: session, hasBlocks: hasBlocks))
            if ContextGraph(session).entries[index].answered == nil { session.calls[index].carry = .zero }
            session.calls[index].input = ContextGraph(session).promptTokens(index, in: session)
        }
        return session
    }

    private mutating func call(_ index: Int, of session: Session, hasBlocks: Bool) -> Call {
        let agent = generator.choice([Call.mainAgent, Call.mainAgent, "a", "b", "c"])
        let sources = session.calls.filter { session.prefixTokens(of: $0.agent) == session.prefixTokens(of: agent) }
        let earlier = sources.isEmpty ? nil : generator.choice(sources)
        let context: Call.Context =
            switch (generator.below(6), earlier) {
            case (0, _), (_, nil): .new
            case (1, let earlier?): .fork(earlier.identifier)
            case (2, _): .keep(TokenCount(1000 + generator.below(600)))
            default: .continuing
            }
        let answers = context != .new && generator.below(2) == 0
        var call = Call(
            identifier: CallIdentifier("\(index)"),
            agent: agent,
            after: [], waitKind: .tool, context: context, carry: answers ? 80 : .zero,
            added: (0...generator.below(3)).map { _ in item() }, input: .zero, output: 100)
        if generator.below(3) == 0 { call.role = "small" }
        if hasBlocks {
            let first = generator.choice([0, 0, 40])
            let parting = first + 1 + generator.below(4)
            call.blocks = [first..<parting, (parting + 100 * index)..<(parting + 100 * index + 30)]
        }
        return call
    }

    private mutating func item() -> Call.AddedItem {
        switch generator.below(6) {
        case 0: Call.AddedItem(role: "user", tokens: 60, text: String(repeating: "stored ", count: 60))
        case 1: Call.AddedItem(role: "doc", tokens: 60, name: "page")
        case 2, 3: Call.AddedItem(role: "doc", tokens: 75, name: generator.choice(["x", "y"]))
        default: Call.AddedItem(role: "user", tokens: TokenCount(40 + generator.below(120)))
        }
    }
}

@Suite struct PromptReuseTests {
    private static let choices = [
        ReuseSalts(), ReuseSalts(tenant: true, session: false), ReuseSalts(tenant: false, session: false),
        ReuseSalts(model: true), ReuseSalts(tenant: false, session: false, model: true),
    ]

    /// The bytes of a prompt, with a mark before each message.
    private func bytes(_ transcript: Transcript, _ call: Int, _ salts: Salts) -> [UInt8] {
        let prefix = transcript.prefix(agent: transcript.session.calls[call].agent, runSalt: salts.run)
        var text = prefix.tools.map { $0.json.text() }.joined() + "\u{1}" + prefix.system
        for index in transcript.graph.entries[call].kept + [call] {
            for item in transcript.items(index, salts: salts, tools: prefix.tools) {
                if case .assistant = item { text += "\u{2}" } else { text += "\u{3}" }
                text += MessageSession.text(item)
            }
        }
        return Array(text.utf8)
    }

    private func common(_ left: [UInt8], _ right: [UInt8]) -> Int {
        let most = min(left.count, right.count)
        return (0..<most).first { left[$0] != right[$0] } ?? most
    }

    @Test(arguments: 1...30)
    func `what is taken as cached is what the bytes of earlier prompts begin with`(seed: UInt64) {
        let library = DrawnLibrary(seed: seed).library
        let count = library.sessions.count * 5 / 2
        let graphs = library.sessions.map { ContextGraph($0) }
        let tokenizer = ApproximateTokenizer()
        for choice in Self.choices {
            let reuse = PromptReuse(library, graphs, sessionCount: count, salts: choice)
            // What each of two models was sent, if there are two.
            var sent: [Bool: [[UInt8]]] = [:]
            for number in 0..<count {
                let (pass, place) = number.quotientAndRemainder(dividingBy: library.sessions.count)
                let session = library.sessions[place]
                let transcript = Transcript(
                    session: session, library: library, seed: Seed(7).derived("text", number), librarySeed: Seed(8),
                    blockSeed: Seed(9).derived("blocks", pass), tokenizer: tokenizer)
                let digits = String(Transcript.hexadecimal(Seed(3).derived("s", number).value).prefix(12))
                let salts = Salts(
                    run: "0123456789ab", tenant: choice.tenant ? "aaaaaaaaaa\(session.tenant)" : "",
                    session: choice.session ? digits : "")
                for call in session.calls.indices {
                    let prompt = bytes(transcript, call, salts)
                    let isSmall = choice.model && session.calls[call].role == "small"
                    let same = prompt.prefix((sent[isSmall] ?? []).map { common($0, prompt) }.max() ?? 0)
                    let parts = same.split { $0 < 4 }.map { String(decoding: $0, as: UTF8.self).centitokens }
                    let known = tokenizer.tokens(centitokens: parts.reduce(0, +)).value
                    let planned = reuse.cachedTokens(call: call, session: place, pass: pass).value
                    #expect(
                        abs(known - planned) <= 30,
                        "\(choice), number \(number), call \(call): \(known) known, \(planned) planned")
                    sent[isSmall, default: []].append(prompt)
                }
            }
        }
    }
}
