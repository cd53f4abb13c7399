import Encodings
import Quantities
import Statistics
import Testing

@testable import Workloads

/// Profiles whose tools have names and schemas.
@Suite struct ToolSetTests {
    static let profiles = [
        ("customer-service", Set(ToolSet.shop.definitions.map(\.name))), ("swe-mini", ["bash"]),
    ]

    private func library(_ name: String) throws -> SessionLibrary {
        WorkloadGenerator.generate(try #require(SessionGenerator.named[name]), count: 60, seed: Seed(3))
    }

    @Test(arguments: profiles)
    func `each owner's tools are an asset of the size that its sessions begin with`(name: String, tools: Set<String>)
        throws
    {
        let library = try library(name)
        #expect(SessionLint.findings(library).isEmpty)
        for session in library.sessions {
            let asset = try #require(session.prefixAssets[Call.mainAgent]?.tools.flatMap { library.assets[$0] })
            guard case .tools(let definitions) = asset.content else {
                Issue.record("\(asset.identifier) holds no tools")
                continue
            }
            #expect(Set(definitions.map(\.name)) == tools && asset.tokens == session.toolsTokens)
            let size = definitions.reduce(0) { $0 + $1.centitokens }
            #expect(abs(size - ApproximateTokenizer().centitokens(session.toolsTokens)) <= 100)
        }
        #expect(library.assets.count == Set(library.sessions.map(\.tenant)).count)
        let copy = try SessionFile.read(SessionFile.write(library))
        #expect(copy.assets == library.assets && copy.sessions == library.sessions)
    }

    @Test(arguments: profiles)
    func `every result names an offered tool, which the answer before it called`(name: String, tools: Set<String>)
        throws
    {
        var seen: Set<String> = []
        for session in try library(name).sessions {
            for (call, next) in zip(session.calls, session.calls.dropFirst()) {
                let names = next.added.filter { $0.role == "tool" }.compactMap(\.name)
                #expect(names.count == next.added.count { $0.role == "tool" })
                #expect(call.answer.toolCalls.map(\.name) == names)
                #expect((call.stop == "tool_use") == !names.isEmpty)
                seen.formUnion(names)
            }
            #expect(session.calls.last?.answer.toolCalls.isEmpty == true)
        }
        #expect(seen == tools, "each tool is called now and then, and no other")
    }

    @Test(arguments: profiles)
    func `arguments that are made up fit the strict schemas`(name: String, tools: Set<String>) throws {
        let library = try library(name)
        var judged = 0
        for session in library.sessions.prefix(name == "swe-mini" ? 1 : 25) {
            let transcript = Transcript(
                session: session, library: library, seed: Seed(1), librarySeed: Seed(2),
                tokenizer: ApproximateTokenizer())
            let offered = transcript.prefix(agent: Call.mainAgent, runSalt: "0123456789ab").tools
            for index in session.calls.indices {
                let items = transcript.items(
                    index, salts: Salts(run: "0123456789ab", tenant: "", session: ""), tools: offered)
                for case .assistant(let message) in items where !message.toolCalls.isEmpty {
                    let verdict = ToolFidelity(message.toolCalls, tools: offered, expected: nil)
                    #expect(verdict.level == .valid, "\(message.toolCalls)")
                    judged += 1
                }
            }
        }
        #expect(judged > 30)
    }
}
