import Foundation
import Testing

@testable import Commands

/// Packs a file with gzip.
func compressed(_ path: String) throws -> String {
    let zip = Process()
    zip.executableURL = URL(filePath: "/bin/gzip")
    zip.arguments = ["-k", path]
    try zip.run()
    zip.waitUntilExit()
    try #require(zip.terminationStatus == 0)
    return path + ".gz"
}

/// A trace of so many sessions in the format `weka`.
func wekaTrace(_ count: Int) -> String {
    (0..<count).map { #"{"id":"s\#($0)","tool_tokens":1,"system_tokens":1,"requests":[{"in":\#(9 + $0),"out":1}]}"# }
        .joined(separator: "\n") + "\n"
}

/// The files of a folder and what is in them.
private func contents(beside path: String) throws -> [String: Data] {
    let folder = URL(filePath: path).deletingLastPathComponent()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return Dictionary(
        uniqueKeysWithValues: try names.map { ($0, try Data(contentsOf: folder.appending(path: $0))) })
}

@Suite struct OutputFileTests {
    @Test(arguments: [wekaTrace(1) + "{broken\n", "", "\n"])
    func `an import that fails leaves all files as they were`(trace: String) throws {
        let good = try TemporaryFile("what was there", "good.jsonl")
        let source = URL(filePath: good.path).deletingLastPathComponent().appending(path: "trace.jsonl")
        try Data(trace.utf8).write(to: source)
        let before = try contents(beside: good.path)
        let outcome = submeter(["workload", "import", "--format", "weka", source.path, "--output", good.path])
        #expect(outcome.code == .usage)
        #expect(try contents(beside: good.path) == before)
    }

    @Test func `a compressed trace that is cut off leaves no library`() throws {
        let trace = try TemporaryFile(wekaTrace(9000), "trace.jsonl")
        let packed = try compressed(trace.path)
        try Data(contentsOf: URL(filePath: packed)).dropLast(4000).write(to: URL(filePath: packed))
        let before = try contents(beside: packed)
        let output = packed + ".out"
        let outcome = submeter(["workload", "import", "--format", "weka", packed, "--output", output])
        #expect(outcome.code == .usage, "\(outcome.messages)")
        #expect(try contents(beside: packed) == before)
    }

    @Test(arguments: ["same", "dotted", "link", "hard link"])
    func `an input is never written over, whatever it is called`(name: String) throws {
        let trace = try TemporaryFile(wekaTrace(2), "trace.jsonl")
        let folder = URL(filePath: trace.path).deletingLastPathComponent().path
        let other = folder + "/other.jsonl"
        let output: String
        switch name {
        case "same": output = trace.path
        case "dotted": output = folder + "/./trace.jsonl"
        case "link":
            try FileManager.default.createSymbolicLink(atPath: other, withDestinationPath: trace.path)
            output = other
        default:
            try FileManager.default.linkItem(atPath: trace.path, toPath: other)
            output = other
        }
        let before = try contents(beside: trace.path)
        let outcome = submeter(["workload", "import", "--format", "weka", trace.path, "--output", output])
        #expect(outcome.code == .usage)
        #expect(outcome.messages.contains("is a file that is read"), "\(outcome.messages)")
        #expect(try contents(beside: trace.path) == before)
    }

    @Test func `a whole import replaces what was there, and its mode and links stay`() throws {
        let trace = try TemporaryFile(wekaTrace(2), "trace.jsonl")
        let folder = URL(filePath: trace.path).deletingLastPathComponent().path
        let (target, link) = (folder + "/sessions.jsonl", folder + "/link.jsonl")
        try Data("old".utf8).write(to: URL(filePath: target))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: target)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "sessions.jsonl")
        let outcome = submeter(["workload", "import", "--format", "weka", trace.path, "--output", link])
        #expect(outcome.code == .good && outcome.messages.contains("2 sessions, 2 calls"), "\(outcome.messages)")
        #expect(submeter(["workload", "lint", target]).code == .good)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "sessions.jsonl")
        let mode = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try contents(beside: target).count == 3)
    }

    @Test func `a device is written to, not replaced`() {
        let outcome = submeter(["workload", "generate", "coding-S", "--count", "1", "--output", "/dev/null"])
        #expect(outcome.code == .good, "\(outcome.messages)")
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test func `a full disk is told, with what the system says`() {
        let outcome = submeter(["workload", "generate", "coding-S", "--count", "1", "--output", "/dev/full"])
        #expect(outcome.code == .internalError)
        #expect(outcome.messages.contains("/dev/full: cannot be written: No space left"), "\(outcome.messages)")
    }

    @Test func `a run file is never written over by what is made of it`() throws {
        let file = try TemporaryFile("a run", "run.sqlite")
        for command in ["export", "rank", "report"] {
            let outcome = submeter([command, file.path, "--output", file.path])
            #expect(outcome.code == .usage)
            #expect(outcome.messages.contains("is a file that is read"), "\(outcome.messages)")
        }
        #expect(try String(contentsOfFile: file.path, encoding: .utf8) == "a run")
    }

    static let places: [([String], String)] = [
        (["workload", "generate", "coding-S", "--count", "1"], "x.jsonl"),
        (["workload", "import", "--format", "weka", "TRACE"], "x.jsonl"),
        (["export", "TRACE"], "x.csv"), (["run", "PLAN"], "x.sqlite"),
    ]

    @Test(arguments: places)
    func `a folder is made by nobody but its owner`(words: [String], name: String) throws {
        let trace = try TemporaryFile(wekaTrace(1), "trace.jsonl")
        let folder = URL(filePath: trace.path).deletingLastPathComponent().path
        let plan = DocumentCommandTests.profiles.appending(path: "plans/demo.yaml").path
        let command = words.map { $0 == "TRACE" ? trace.path : $0 == "PLAN" ? plan : $0 }
        let outcome = submeter(command + ["--output", "\(folder)/none/\(name)"])
        #expect(outcome.code == .usage)
        #expect(outcome.messages.contains("the folder \(folder)/none does not exist"), "\(outcome.messages)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["trace.jsonl"])
    }

    @Test(arguments: places.prefix(3))
    func `a folder is no output file`(words: [String], name: String) throws {
        let trace = try TemporaryFile(wekaTrace(1), "trace.jsonl")
        let folder = URL(filePath: trace.path).deletingLastPathComponent().path
        let outcome = submeter(words.map { $0 == "TRACE" ? trace.path : $0 } + ["--output", folder])
        #expect(outcome.code == .usage && outcome.messages.contains("\(folder): is a directory"), "\(outcome.messages)")
    }
}
