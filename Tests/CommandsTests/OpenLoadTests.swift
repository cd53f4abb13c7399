import Foundation
import Testing

@testable import Commands

@Suite struct OpenLoadTests {
    @Test func `a run with arrivals by the clock is refused before anything is sent`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Nothing listens at port 1: a plan that were carried out would end as one that measured nothing.
        let provider = """
            submeter: provider
            version: 1
            name: p
            delivery_path: self-hosted
            dialect: openai-chat
            base_url: http://127.0.0.1:1/v1
            models: [{name: m, id: m}]
            """
        let workload = "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\nmaximum_calls: 1"
        let plan = """
            submeter: plan
            version: 1
            name: p
            model: m
            providers: [provider.yaml]
            prices: []
            workload: workload.yaml
            endpoints: [{provider: p}]
            rounds: 1
            sessions_per_round: 1

            """
        for (name, text) in [
            ("provider.yaml", provider), ("workload.yaml", workload), ("closed.yaml", plan),
            ("open.yaml", plan + "load: {kind: poisson, rate: 5}\n"),
        ] {
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        let run = folder.appending(path: "open.sqlite").path
        let outcome = submeter(["run", "--quiet", "--output", run, folder.appending(path: "open.yaml").path])
        #expect(outcome.code == .usage, "\(outcome.code)")
        #expect(outcome.messages.contains("cannot be measured yet"), "\(outcome.messages)")
        #expect(!FileManager.default.fileExists(atPath: run))
        let closed = submeter([
            "run", "--quiet", "--output", folder.appending(path: "closed.sqlite").path,
            folder.appending(path: "closed.yaml").path,
        ])
        #expect(closed.code == .notMeasured, "a closed loop is carried out")
    }
}
