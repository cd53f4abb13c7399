import Encodings
import Foundation
import Quantities
import Statistics
import Testing

@testable import Workloads

/// Frozen draws of every generator: a change of a profile must be meant.
@Suite struct SampleTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "profiles/workloads")

    @Test(arguments: SessionGenerator.all.map(\.name))
    func `a generator still draws its frozen sample`(name: String) throws {
        let bytes = Array(try Data(contentsOf: Self.folder.appending(path: "samples/\(name).jsonl")))
        let sample = try SessionFile.read(bytes)
        let seed = try #require(sample.header["source"]?["seed"]?.stringValue.flatMap { UInt64($0) })
        let generator = try #require(SessionGenerator.named[name])
        let drawn = WorkloadGenerator.generate(generator, count: sample.sessions.count, seed: Seed(seed))
        #expect(SessionFile.write(drawn) == bytes, "to freeze it anew: Scripts/freeze-samples")
        #expect(SessionLint.findings(sample).isEmpty)
    }

    @Test func `every profile has a sample and a document, and all samples together are small`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.appending(path: "samples").path)
        #expect(Set(names) == Set(SessionGenerator.all.map { "\($0.name).jsonl" }))
        let size = try names.reduce(0) {
            $0 + (try Data(contentsOf: Self.folder.appending(path: "samples/\($1)")).count)
        }
        #expect(size < 400_000)
        for generator in SessionGenerator.all {
            let text = try String(
                contentsOf: Self.folder.appending(path: "\(generator.name).yaml"), encoding: .utf8)
            #expect(text.contains("\nname: \(generator.name)\ngenerator: \(generator.name)\n"))
        }
    }

    @Test(arguments: SessionGenerator.all.map(\.name))
    func `every profile becomes a transcript that begins with a user's words`(name: String) throws {
        let generator = try #require(SessionGenerator.named[name])
        let session = WorkloadGenerator.generate(generator, count: 1, seed: Seed(5)).sessions[0]
        let transcript = Transcript(
            session: session, seed: Seed(1), librarySeed: Seed(2), tokenizer: ApproximateTokenizer())
        let salts = Salts(run: "0123456789ab", tenant: "0123456789ab", session: "ba9876543210")
        for (index, call) in session.calls.enumerated().prefix(40) {
            let tools = transcript.prefix(agent: call.agent, runSalt: salts.run).tools
            let items = transcript.items(index, salts: salts, tools: tools)
            #expect(items.first?.role == (transcript.graph.entries[index].answered == nil ? .user : items.first?.role))
            #expect(items.last?.role != .assistant)
        }
    }
}
