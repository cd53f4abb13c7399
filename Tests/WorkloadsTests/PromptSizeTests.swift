import Foundation
import Quantities
import Statistics
import Testing

@testable import Workloads

/// How far prompts are from the sizes that they should have.
private struct SizeCheck {
    private(set) var worst = 0.0
    private(set) var worstPlace = ""
    private(set) var callCount = 0
    private let tokenizer = ApproximateTokenizer()

    mutating func take(_ library: SessionLibrary, salts: Salts, seed: Seed) {
        for (number, session) in library.sessions.enumerated() {
            let transcript = Transcript(
                session: session, library: library, seed: seed.derived("session", number), librarySeed: seed,
                tokenizer: tokenizer)
            take(transcript, salts)
        }
    }

    private mutating func take(_ transcript: Transcript, _ salts: Salts) {
        var prefixes: [String: (tools: [ToolDefinition], size: Int)] = [:]
        var added: [Int] = []
        for (index, call) in transcript.session.calls.enumerated() {
            let prefix =
                prefixes[call.agent]
                ?? {
                    let prefix = transcript.prefix(agent: call.agent, runSalt: salts.run)
                    return (prefix.tools, PromptSizes.centitokens(prefix))
                }()
            prefixes[call.agent] = prefix
            added.append(PromptSizes.centitokens(transcript.items(index, salts: salts, tools: prefix.tools)))
            let size = transcript.graph.entries[index].kept.reduce(prefix.size + added[index]) { $0 + added[$1] }
            let tokens = tokenizer.tokens(centitokens: size)
            // There is no half token: the nearest number of them is as good as can be.
            let isNearest = abs(tokens.value - call.input.value) <= 1
            let deviation = isNearest ? 0 : Double(tokens.value) / Double(call.input.value) - 1
            callCount += 1
            guard abs(deviation) > abs(worst) else { continue }
            worst = deviation
            worstPlace =
                "session \(transcript.session.identifier), call \(call.identifier): \(tokens) "
                + "of \(call.input) tokens"
        }
    }
}

/// The size of every single prompt, counted as the embedded fleet counts it.
@Suite struct PromptSizeTests {
    private static let samples = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "profiles/workloads/samples")

    @Test(arguments: SessionGenerator.all.map(\.name), [true, false])
    func `every prompt of a profile holds the wanted number of tokens within two per cent or a token`(
        name: String, hasSalts: Bool
    ) throws {
        let path = Self.samples.appending(path: "\(name).jsonl")
        let library = try SessionFile.read(Array(try Data(contentsOf: path)))
        let digits = hasSalts ? Salts.words(Seed(5)) : ""
        var check = SizeCheck()
        check.take(library, salts: Salts(run: digits, tenant: digits, session: digits), seed: Seed(1))
        #expect(check.callCount == library.sessions.reduce(0) { $0 + $1.calls.count })
        #expect(abs(check.worst) <= 0.02, "\(name): \(check.worst) at \(check.worstPlace)")
    }
    @Test(arguments: SessionGenerator.all.map(\.name))
    func `prompts of sessions that nobody has frozen are no worse`(name: String) throws {
        let generator = try #require(SessionGenerator.named[name])
        // A session of the others has many times the tokens.
        let count = ["chat-reason", "rag", "api-average", "customer-service"].contains(name) ? 100 : 2
        let library = WorkloadGenerator.generate(generator, count: count, seed: Seed(7))
        var check = SizeCheck()
        check.take(
            library,
            salts: Salts(run: Salts.words(Seed(5)), tenant: Salts.words(Seed(6)), session: Salts.words(Seed(7))),
            seed: Seed(2))
        #expect(abs(check.worst) <= 0.02, "\(name): \(check.worst) at \(check.worstPlace)")
    }
}
