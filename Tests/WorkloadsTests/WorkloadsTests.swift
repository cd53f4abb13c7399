import Encodings
import Foundation
import Quantities
import Statistics
import Testing

@testable import Workloads

/// Public traces that lie beside the project where it is developed, and nowhere else.
enum SharedData {
    /// `SUBMETER_SHARED_DATA` names the folder where the project is checked out elsewhere.
    static let root =
        ProcessInfo.processInfo.environment["SUBMETER_SHARED_DATA"].map { URL(filePath: $0) }
        ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/data")
    static var exists: Bool { FileManager.default.fileExists(atPath: root.path) }
    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: root.appending(path: path))) }
}

@Suite struct GeneratorTests {
    @Test(arguments: SessionGenerator.all.map(\.name))
    func `generated sessions are clean, repeatable and differ by seed`(name: String) throws {
        let settings = try #require(SessionGenerator.named[name])
        let library = WorkloadGenerator.generate(settings, count: 20, seed: Seed(1))
        #expect(SessionLint.findings(library).isEmpty)
        #expect(library == WorkloadGenerator.generate(settings, count: 20, seed: Seed(1)))
        #expect(library.sessions != WorkloadGenerator.generate(settings, count: 20, seed: Seed(2)).sessions)
        #expect(
            library.sessions.prefix(5) == WorkloadGenerator.generate(settings, count: 5, seed: Seed(1)).sessions[...])
    }

    @Test func `autonomous sessions have the published shape`() {
        let library = WorkloadGenerator.generate(.codingAutonomous, count: 400, seed: Seed(1))
        let description = WorkloadDescription(library)
        let expected: [String: ClosedRange<Double>] = [
            "calls per session": 40...50, "appended tokens per call": 330...480, "output tokens per call": 145...185,
        ]
        for (name, range) in expected {
            let row = description.rows.first { $0.name == name }
            #expect(range.contains(row?.median ?? 0), "\(name): \(row?.median ?? 0)")
        }
        #expect(description.toolShare > 0.95)
    }

    @Test func `a library survives writing and reading`() throws {
        let library = WorkloadGenerator.generate(.codingSmall, count: 3, seed: Seed(4))
        #expect(try SessionFile.read(SessionFile.write(library)) == library)
    }
}

@Suite struct TranscriptTests {
    private let library = WorkloadGenerator.generate(.codingSmall, count: 2, seed: Seed(9))
    private let salts = Salts(run: "0123456789ab", tenant: "0123456789ab", session: "ba9876543210")

    private func transcript(_ session: Int, seed: UInt64 = 3) -> Transcript {
        Transcript(
            session: library.sessions[session], seed: Seed(seed).derived("s", session), librarySeed: Seed(seed),
            tokenizer: ApproximateTokenizer())
    }

    @Test func `a prompt holds the recorded number of tokens within two per cent`() {
        let transcript = transcript(0)
        let prefix = transcript.prefix(agent: "main", runSalt: salts.run)
        var size = PromptSizes.centitokens(prefix)
        for (index, call) in transcript.session.calls.enumerated() {
            size += PromptSizes.centitokens(transcript.items(index, salts: salts, tools: prefix.tools))
            let tokens = ApproximateTokenizer().tokens(centitokens: size).value
            #expect(
                abs(Double(tokens) / Double(call.input.value) - 1) < 0.02, "call \(index): \(tokens) of \(call.input)")
        }
    }

    @Test func `equal seeds give equal text, other seeds and sessions give other text, and prefixes are shared`() {
        let (first, again, other) = (transcript(0), transcript(0), transcript(0, seed: 4))
        let tools = first.prefix(agent: "main", runSalt: "").tools
        #expect(first.items(3, salts: salts, tools: tools) == again.items(3, salts: salts, tools: tools))
        #expect(first.items(3, salts: salts, tools: tools) != other.items(3, salts: salts, tools: tools))
        #expect(first.prefix(agent: "main", runSalt: "a") == transcript(1).prefix(agent: "main", runSalt: "a"))
        #expect(first.prefix(agent: "main", runSalt: "a").system != other.prefix(agent: "main", runSalt: "a").system)
    }

    @Test func `salts stand where they keep the prefix shared, and change no size`() throws {
        let transcript = transcript(0)
        let prefix = transcript.prefix(agent: "main", runSalt: salts.run)
        #expect(prefix.system.hasPrefix("[run 0123456789ab]\n"))
        guard case .user(let text) = try #require(transcript.items(0, salts: salts, tools: prefix.tools).first) else {
            return #expect(Bool(false), "the first item must be the user's")
        }
        #expect(text.hasPrefix("[tenant 0123456789ab session ba9876543210]\n"))
        let bare = Salts(run: "", tenant: "", session: "")
        let size = PromptSizes.centitokens(transcript.items(0, salts: bare, tools: prefix.tools))
        #expect(abs(size - text.centitokens) <= 100, "\(size), \(text.centitokens)")
    }

    @Test(arguments: [0, 3, 200])
    func `a run's salt is part of the prompt's size, with or without a system prompt`(system: Int) {
        let items = [20, 300].map { Call.AddedItem(role: "user", tokens: TokenCount($0)) }
        let call = Call(
            identifier: "0", after: [], waitKind: .start, context: .new, added: items, input: TokenCount(320 + system),
            output: 1)
        let transcript = Transcript(
            session: Session(
                identifier: "s", toolsTokens: .zero, systemTokens: TokenCount(system), calls: [call]),
            seed: Seed(1), librarySeed: Seed(2), tokenizer: ApproximateTokenizer())
        for run in ["", "0123456789ab"] {
            let prefix = transcript.prefix(agent: "main", runSalt: run)
            let items = transcript.items(0, salts: Salts(run: run, tenant: "", session: ""), tools: [])
            let size = PromptSizes.centitokens(prefix) + PromptSizes.centitokens(items)
            #expect(abs(size - ApproximateTokenizer().centitokens(call.input)) <= 100, "\(size)")
        }
    }

    @Test func `every tool result answers a tool call that fits its schema`() throws {
        let transcript = transcript(1)
        let tools = transcript.prefix(agent: "main", runSalt: "").tools
        for index in transcript.session.calls.indices.dropFirst() {
            let items = transcript.items(index, salts: salts, tools: tools)
            guard case .assistant(let message) = try #require(items.first) else {
                return #expect(Bool(false), "call \(index) must begin with the answer before it")
            }
            let answered = items.dropFirst().compactMap { item -> String? in
                if case .toolResult(let result) = item { result.callIdentifier } else { nil }
            }
            #expect(answered == message.toolCalls.map(\.identifier))
            for call in message.toolCalls {
                let tool = try #require(tools.first { $0.name == call.name })
                #expect(JSONSchema.problems(in: Array(call.arguments.utf8), schema: tool.parameters.serialized()) == [])
            }
        }
    }
}

@Suite struct ContextTests {
    private func call(_ name: String, _ context: Call.Context, carry: Int = 0, add: Int, agent: String = "main") -> Call
    {
        Call(
            identifier: CallIdentifier(name), agent: agent, after: [], waitKind: .tool, context: context,
            carry: TokenCount(carry), added: [.init(role: "user", tokens: TokenCount(add))], input: .zero, output: 10)
    }

    @Test func `contexts continue, fork, compact and start afresh as the token equation has it`() {
        let session = Session(
            identifier: "s", toolsTokens: 60, systemTokens: 40, agentPrefixTokens: ["a": 7],
            calls: [
                call("0", .new, add: 50), call("1", .continuing, carry: 10, add: 20),
                call("2", .fork("0"), carry: 10, add: 5, agent: "a"), call("3", .keep(155), add: 30),
                call("4", .continuing, carry: 10, add: 1), call("5", .new, add: 3, agent: "a"),
            ])
        let graph = ContextGraph(session)
        #expect(
            session.calls.indices.map { graph.promptTokens($0, in: session).value } == [150, 180, 165, 185, 196, 10])
        #expect(graph.entries.map(\.kept) == [[], [0], [0], [0], [0, 3], []])
        #expect(graph.entries[3].remainder == 5)
        // A fork to another agent's prefix, a compaction and a fresh context have no whole call behind them.
        #expect(session.calls.indices.map { graph.previousCall($0, in: session) } == [nil, 0, nil, nil, 3, nil])
    }

    @Test func `the answer of a session is the last of its main agent, whatever its helpers do after that`() {
        func session(_ agents: [String]) -> Session {
            Session(
                identifier: "s", toolsTokens: 60, systemTokens: 40, agentPrefixTokens: ["a": 100],
                calls: agents.enumerated().map { call("\($0)", .new, add: 1, agent: $1) })
        }
        for (agents, final) in [(["main", "a", "main", "a"], 2), (["main"], 0), (["a", "a"], 1)] {
            #expect(session(agents).finalCall == final)
        }
        #expect(session([]).finalCall == nil)
    }

    @Test func `a fork to an agent of the same prefix goes on from the whole call`() {
        let session = Session(
            identifier: "s", toolsTokens: 60, systemTokens: 40,
            calls: [call("0", .new, add: 50), call("1", .continuing, add: 1), call("2", .fork("0"), add: 5)])
        #expect(ContextGraph(session).previousCall(2, in: session) == 0)
    }

    @Test func `a prefix is in no cache before it was sent, and who shares it finds it in later sessions`() {
        var session = Session(
            identifier: "s", toolsTokens: 60, systemTokens: 40, agentPrefixTokens: ["a": 7],
            calls: [
                call("0", .new, add: 50), call("1", .continuing, carry: 10, add: 20),
                call("2", .new, add: 3, agent: "a"),
                call("3", .new, add: 9), call("4", .continuing, carry: 5, add: 1, agent: "a"),
                call("5", .fork("3"), add: 2, agent: "a"), call("6", .continuing, add: 4, agent: "a"),
            ])
        let graph = ContextGraph(session)
        for index in session.calls.indices { session.calls[index].input = graph.promptTokens(index, in: session) }
        let first = [0, 150, 0, 100, 10, 7, 18]
        let later = [100, 150, 7, 100, 10, 7, 18]
        let tables: [(share: PrefixShare, tenants: [String], cached: [[Int]])] = [
            (.corpus, ["x", "x", "y"], [first, later, later]), (.tenant, ["x", "x", "y"], [first, later, first]),
            (.session, ["x", "x", "y"], [first, first, first]),
        ]
        for table in tables {
            session.share = table.share
            var library = SessionLibrary(header: SessionFile.header(name: "x"), sessions: [])
            library.sessions = table.tenants.map { tenant in
                var copy = session
                copy.tenant = tenant
                return copy
            }
            let reuse = PromptReuse(
                library, library.sessions.map { ContextGraph($0) }, sessionCount: 6, salts: ReuseSalts())
            for place in library.sessions.indices {
                for (pass, expected) in [table.cached[place], table.share == .session ? first : later].enumerated() {
                    let cached = session.calls.indices.map {
                        reuse.cachedTokens(call: $0, session: place, pass: pass).value
                    }
                    #expect(cached == expected, "\(table.share), session \(place), pass \(pass)")
                }
            }
        }
    }

    @Test func `lint finds a broken equation, unknown dependencies, doubles and a missing licence`() {
        var library = WorkloadGenerator.generate(.codingSmall, count: 2, seed: Seed(1))
        library.header["source"] = nil
        library.sessions[1].identifier = library.sessions[0].identifier
        library.sessions[0].calls[3].input = 1
        library.sessions[0].calls[5].after = ["nobody"]
        library.sessions[1].calls[2].identifier = "1"
        let text = SessionLint.findings(library).map(\.description).joined(separator: "\n")
        for expected in [
            "no licence", "stands twice", "call 3: in is 1", "nobody, which is no earlier", "call id stands",
        ] {
            #expect(text.contains(expected), "\(expected) in \(text)")
        }
    }
}

@Suite(.enabled(if: SharedData.exists, "needs ../shared/data, which only developers have"))
struct TraceTests {
    @Test func `the twelve-session sample imports clean`() throws {
        let bytes = try SharedData.bytes("traces/weka_claude_code_sample12.jsonl")
        let library = try TraceImport.library(
            WekaImporter.self, [("sample", bytes)], ImportOptions(licence: "Apache-2.0"))
        #expect(library.sessions.count == 12)
        let errors = SessionLint.findings(library).filter { $0.severity == .error }
        #expect(errors.isEmpty, "\(errors.prefix(5))")
        #expect(library.sessions.contains { !$0.agentPrefixTokens.isEmpty })
        #expect(try SessionFile.read(SessionFile.write(library)) == library)
        #expect((0.9...0.99).contains(WorkloadDescription(library).idealHitShare))
    }

    @Test func `the published example of the format holds its own equation`() throws {
        let library = try SessionFile.read(SharedData.bytes("traces/submeter_format_example.jsonl"))
        #expect(SessionLint.findings(library).filter { $0.severity == .error }.isEmpty)
        #expect(library.sessions.count == 3)
    }
}
