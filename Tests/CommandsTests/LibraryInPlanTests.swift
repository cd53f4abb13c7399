import Foundation
import Testing

@testable import Commands

@Suite struct LibraryInPlanTests {
    static let faults: [(String, String?, String)] = [
        ("s.jsonl", nil, ": No such file or directory"),
        ("folder", nil, ": is a directory"),
        ("s.jsonl", "", "line 1: a header line"),
        ("s.jsonl", PlanFolder.sessions(0), "there are no sessions"),
        ("s.jsonl", PlanFolder.sessions(2) + "{broken\n", "line 4: not JSON"),
        ("s.jsonl", PlanFolder.sessions(1) + PlanFolder.sessions(1), "the session id stands twice"),
    ]

    @Test(arguments: faults)
    func `a library that cannot be replayed is a fault of its workload and of its plan`(
        name: String, text: String?, reason: String
    ) throws {
        let folder = try PlanFolder(sessionsFile: name)
        if let text { try folder.write(text, to: name) }
        try FileManager.default.createDirectory(atPath: folder.path + "/folder", withIntermediateDirectories: false)
        for document in ["w.yaml", "plan.yaml"] {
            let outcome = submeter(["check", "\(folder.path)/\(document)"])
            #expect(outcome.code == .usage)
            #expect(outcome.messages.contains(reason), "\(document): \(outcome.messages)")
        }
        #expect(submeter(["check", folder.path + "/w.yaml"]).messages.contains("w.yaml:4:16: sessions_file: "))
    }

    @Test func `a workload that names no generator we have is a fault`() throws {
        let folder = try PlanFolder()
        try folder.write("submeter: workload\nversion: 1\nname: w\ngenerator: coding-s\n", to: "w.yaml")
        let outcome = submeter(["check", folder.path + "/w.yaml"])
        #expect(outcome.code == .usage && outcome.messages.contains("did you mean 'coding-S'?"), "\(outcome.messages)")
    }

    @Test func `a document that a plan names in vain is missed with the reason`() throws {
        let folder = try PlanFolder()
        try FileManager.default.removeItem(atPath: folder.path + "/w.yaml")
        let outcome = submeter(["check", folder.path + "/plan.yaml"])
        #expect(outcome.messages.contains("w.yaml' cannot be read: No such file or directory"), "\(outcome.messages)")
    }

    /// The blocks of a language in a document, in their order.
    private static func examples(_ document: String, _ language: String = "yaml") throws -> [String] {
        let path = DocumentCommandTests.profiles.deletingLastPathComponent().appending(
            path: "Documentation/\(document)")
        let parts = try String(contentsOf: path, encoding: .utf8).components(separatedBy: "```")
        return parts.filter { $0.hasPrefix(language + "\n") }.map { String($0.dropFirst(language.count + 1)) }
    }

    @Test func `the library of the documentation has no fault`() throws {
        let examples = try Self.examples("workloads.md", "jsonl")
        try #require(examples.count == 1)
        let folder = try PlanFolder()
        try folder.write(examples[0], to: "s.jsonl")
        let outcome = submeter(["workload", "lint", folder.path + "/s.jsonl"])
        #expect(outcome.code == .good && outcome.output.hasSuffix("1 session, 2 calls, 0 errors, 0 warnings\n"))
    }

    @Test func `the examples of the documentation are plans that can be made`() throws {
        let folder = try PlanFolder()
        let profiles = DocumentCommandTests.profiles.path
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/profiles", withDestinationPath: profiles)
        for kind in ["providers", "prices", "workloads"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder.path)/\(kind)", withDestinationPath: "\(profiles)/\(kind)")
        }
        let workloads = try Self.examples("workloads.md")
        try #require(workloads.count == 2)
        try folder.write(workloads[0], to: "my-workload.yaml")
        try folder.writeSessions(60, to: "sessions.jsonl")
        for (text, name) in [(workloads[1], "my-plan.yaml"), (try #require(Self.examples("plans.md").first), "p.yaml")]
        {
            try folder.write(text, to: name)
            let outcome = submeter(["check", "\(folder.path)/\(name)"])
            #expect(outcome.code == .good, "\(outcome.messages)")
        }
    }
}
