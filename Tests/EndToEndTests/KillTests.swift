import Foundation
import Quantities
import Records
import Rehearsal
import Statistics
import Testing

/// The program itself, as it was built beside these tests.
private let program: URL? = {
    var folder = Bundle.main.bundleURL
    for _ in 0..<4 {
        let candidate = folder.appending(path: "submeter")
        if FileManager.default.isExecutableFile(atPath: candidate.path), !candidate.hasDirectoryPath {
            return candidate
        }
        folder.deleteLastPathComponent()
    }
    return nil
}()

extension EndToEnd {
    @Suite(.serialized, .enabled(if: program != nil, "the program was not built: swift build --product submeter"))
    struct KillTests {
        /// Starts the program, quietly, and open to signals as from a shell: a thread of the tests may hold them back, which
        /// what it starts would inherit.
        private func start(_ words: [String]) throws -> Process {
            let process = Process()
            process.executableURL = program
            process.arguments = words
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            var (none, held) = (sigset_t(), sigset_t())
            unsafe sigemptyset(&none)
            unsafe pthread_sigmask(SIG_SETMASK, &none, &held)
            defer { unsafe pthread_sigmask(SIG_SETMASK, &held, nil) }
            try process.run()
            return process
        }

        /// The documents of a stage in a folder of their own, as the program reads them.
        private func folder(of stage: Stage) throws -> URL {
            let folder = FileManager.default.temporaryDirectory.appending(path: "program-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for source in stage.plan.documents.sources {
                try Data(source.bytes).write(to: folder.appending(path: source.name))
            }
            return folder
        }

        /// Runs the program to its end.
        private func finish(
            _ words: [String], output: FileHandle = .nullDevice
        ) throws -> (code: Int32, messages: String) {
            let process = Process()
            let pipe = Pipe()
            process.executableURL = program
            process.arguments = words
            process.standardOutput = output
            process.standardError = pipe
            try process.run()
            let messages = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, messages)
        }

        @Test(arguments: [
            ["--help"], ["--version"], ["check", "demo.yaml"], ["estimate", "demo.yaml"],
            ["workload", "generate", "coding-S"],
        ])
        func `a full disk behind the standard output is said, and ends with 70`(words: [String]) throws {
            let plans = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appending(path: "profiles/plans")
            let words = words.map { $0 == "demo.yaml" ? plans.appending(path: $0).path : $0 }
            let full = try #require(FileHandle(forWritingAtPath: "/dev/full"))
            let outcome = try finish(words, output: full)
            #expect(outcome.code == 70 && outcome.messages.contains("No space left on device"), "\(outcome)")
        }

        @Test func `a closed pipe ends the program quietly`() throws {
            let pipe = Pipe()
            try pipe.fileHandleForReading.close()
            let outcome = try finish(["--help"], output: pipe.fileHandleForWriting)
            #expect(outcome.code == 0 && outcome.messages.isEmpty, "\(outcome)")
        }

        @Test func `a run that is being written is not gone on with, and the refusal ends with 64`() throws {
            let persona = Persona(name: "a", network: .milliseconds(5), decodeTokensPerSecond: 20_000)
            let stage = try Stage([persona], settings: "rounds: 8\nsessions_per_round: 3", calls: 6)
            defer { stage.close() }
            let folder = try folder(of: stage)
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appending(path: "run.sqlite").path
            let run = try start(["run", "--quiet", "--output", path, folder.appending(path: "p.yaml").path])
            let patience = Date(timeIntervalSinceNow: 60)
            while ((try? RunFile(path: path).attempts.count) ?? 0) < 1 {
                try #require(Date() < patience && run.isRunning, "the run wrote nothing")
            }
            let second = try finish(["run", "--quiet", "--resume", path])
            #expect(second.code == 64 && second.messages.contains("is being written by"), "\(second)")
            run.waitUntilExit()
            #expect(run.terminationStatus == 0)
            let file = try RunFile(path: path)
            #expect(file.attempts.count { $0.outcome == .ok } == 8 * 3 * 6 && file.facts["parts"] == nil)
            // A complete run is left alone, to the last byte.
            let before = try Data(contentsOf: URL(filePath: path))
            let again = try finish(["run", "--resume", path])
            #expect(again.code == 0 && again.messages.contains("the run is complete"), "\(again)")
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
        }

        @Test func `a run that is killed loses no finished call that was written, and resuming repeats none`() throws {
            let persona = Persona(name: "a", network: .milliseconds(5), decodeTokensPerSecond: 20_000)
            let stage = try Stage([persona], settings: "rounds: 8\nsessions_per_round: 3", calls: 6)
            defer { stage.close() }
            let folder = try folder(of: stage)
            defer { try? FileManager.default.removeItem(at: folder) }
            let path = folder.appending(path: "run.sqlite").path
            let run = try start(["run", "--quiet", "--output", path, folder.appending(path: "p.yaml").path])
            let patience = Date(timeIntervalSinceNow: 60)
            // Killed when the file holds some calls and others are under way.
            while ((try? RunFile(path: path).attempts.count) ?? 0) < 10 {
                try #require(Date() < patience && run.isRunning, "the run wrote nothing")
            }
            kill(run.processIdentifier, SIGKILL)
            run.waitUntilExit()
            let part = try RunFile(path: path)
            let kept = part.attempts
            #expect(kept.count < 8 * 3 * 6, "it was over before it was killed")
            let resumed = try start(["run", "--quiet", "--resume", path])
            resumed.waitUntilExit()
            #expect(resumed.terminationStatus == 0)
            let whole = try RunFile(path: path)
            #expect(whole.attempts.count { $0.outcome == .ok } == 8 * 3 * 6)
            #expect(kept.allSatisfy { whole.attempts.contains($0) })
            #expect(kept.contains { $0.outcome == .ok })
            #expect(part.sessions.allSatisfy { whole.sessions.contains($0) }, "the times of an ended session changed")
            #expect(Set(whole.attempts.map(\.part)) == [0, 1])
            #expect(whole.facts["clock_anchor.1"] != nil)
            stage.fleet.stop()
            let sent = Dictionary(grouping: stage.fleet.truths, by: \.requestIdentifier)
            for row in kept where row.outcome != .aborted {
                let place = row.place
                let name = "e\(place.endpoint)-r\(place.round)-s\(place.session)-c\(place.call)"
                #expect(sent[name]?.count == 1, "\(name) had ended and was sent again")
            }
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func `a search that is interrupted after its first run ends with 130, its record whole`(number: Int32) throws {
            let persona = Persona(name: "a", network: .milliseconds(5), decodeTokensPerSecond: 20_000)
            let settings = "sessions_per_round: 10\nobjectives: {time_to_first_token: 60s}"
            let stage = try Stage([persona], settings: settings, calls: 6)
            defer { stage.close() }
            let folder = try folder(of: stage)
            defer { try? FileManager.default.removeItem(at: folder) }
            let prefix = folder.appending(path: "out").path
            let words = ["search", "--quiet", "--output", prefix, folder.appending(path: "p.yaml").path]
            /// The run files of the search that is under way.
            func runs() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".sqlite") }
            }
            let patience = Date(timeIntervalSinceNow: 240)
            var search = try start(words)
            defer { if search.isRunning { kill(search.processIdentifier, SIGKILL) } }
            /// True once a run after the first is well under way.
            func isLaterRunUnderWay() throws -> Bool {
                try runs().contains { name in
                    let path = folder.appending(path: name).path
                    return name != "out-1-1.sqlite" && ((try? RunFile(path: path).attempts.count) ?? 0) > 0
                }
            }
            while try !isLaterRunUnderWay() {
                try #require(Date() < patience, "there was no second run")
                guard !search.isRunning else { continue }
                // The harness may have been held up by other programs; it says so.
                try #require(search.terminationStatus == 4, "it ended with \(search.terminationStatus)")
                for name in try runs() { try FileManager.default.removeItem(at: folder.appending(path: name)) }
                search = try start(words)
            }
            kill(search.processIdentifier, number)
            while search.isRunning { try #require(Date() < patience, "the search went on") }
            #expect(search.terminationReason == .exit && search.terminationStatus == 130)
            let files = try runs().sorted().map { try RunFile(path: folder.appending(path: $0).path) }
            #expect(files[0].facts["stop_reason"] == "complete" && !files[0].attempts.isEmpty)
            #expect(files.allSatisfy { $0.facts["stop_reason"] != nil }, "a record was left open")
        }
    }
}
