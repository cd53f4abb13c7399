import Foundation
import Testing

@testable import Commands

@Suite struct WordingTests {
    @Test(arguments: [
        ["workload", "import", "--format", "weka"], ["workload", "lint"], ["workload", "describe"], ["report"],
        ["rank"],
        ["export"], ["check"],
    ])
    func `a directory is called one`(words: [String]) throws {
        let folder = FileManager.default.temporaryDirectory.path
        let outcome = submeter(words + [folder])
        #expect(outcome.code == .usage)
        #expect(outcome.messages.lowercased().contains("\(folder.lowercased()): is a directory"), "\(outcome.messages)")
    }

    @Test func `one is no plural, and thousands are grouped`() throws {
        let folder = try PlanFolder("rounds: 1\nsessions_per_round: 1")
        try folder.writeSessions(1)
        let lint = submeter(["workload", "lint", folder.path + "/s.jsonl"]).output
        #expect(lint.contains("s.jsonl: 1 session, 2 calls, 0 errors, 0 warnings"), "\(lint)")
        let check = submeter(["check", folder.path + "/plan.yaml"]).output
        #expect(check.contains("plan 'x', 1 endpoint, 1 round, 2 calls per endpoint"), "\(check)")
        try folder.writeSessions(1200)
        let many = submeter(["workload", "lint", folder.path + "/s.jsonl"]).output
        #expect(many.contains("s.jsonl: 1,200 sessions, 2,400 calls, 0 errors, 0 warnings"), "\(many.suffix(200))")
        let generated = submeter([
            "workload", "generate", "coding-S", "--count", "1", "--output", folder.path + "/g.jsonl",
        ])
        #expect(generated.messages.contains("g.jsonl: 1 session, "), "\(generated.messages)")
    }

    @Test func `a description has no figure where there is nothing to count, and tells when sessions arrive`() throws {
        let folder = try PlanFolder()
        let path = folder.path + "/s.jsonl"
        try folder.writeSessions(3)
        let whole = submeter(["workload", "describe", path]).output
        #expect(whole.contains("sessions arrive over 120.0 s"), "\(whole)")
        let single =
            #"{"kind":"session","id":"s","prefix":{},"calls":[{"id":"a","add":[{"role":"user","n":5}],"in":5,"out":9}]}"#
        try folder.write(PlanFolder.sessions(0) + single + "\n", to: "s.jsonl")
        let text = submeter(["workload", "describe", path]).output
        let rows = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
        for name in ["growth", "wait"] {
            let row = try #require(rows.first { $0.contains(Substring(name)) }, "\(text)")
            #expect(row.count { $0 == "–" } == 3, "\(row)")
        }
        #expect(!text.contains("arrive over"))
    }
}
