import Foundation
import Profiles
import Quantities
import Testing

@testable import Records

private func documents() throws -> DocumentSet {
    let files = [
        "a.yaml":
            "submeter: provider\nversion: 1\nname: a\ndelivery_path: self-hosted\ndialect: openai-chat\nbase_url: http://x\nmodels: [{name: m, id: m}]",
        "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S",
        "p.yaml":
            "submeter: plan\nversion: 1\nname: p\nmodel: m\nproviders: [a.yaml]\nworkload: w.yaml\nendpoints: [{provider: a}]",
    ]
    return try DocumentSet(planFile: "p.yaml") { files[$0].map { Array($0.utf8) } }
}

private func attempt(_ call: Int, _ outcome: OutcomeClass) -> AttemptRow {
    var row = AttemptRow(
        place: CallPlace(endpoint: 0, round: 1, session: 2, call: call), number: 0, outcome: outcome,
        ended: Instant(nanoseconds: 900))
    row.sent = Instant(nanoseconds: 5)
    row.usage = TokenUsage(inputTotal: 7, outputTotal: 3, isAmbiguous: true)
    row.listCost = Money(picodollars: 123)
    row.connect = .nanoseconds(77)
    row.isReused = false
    row.errorText = "it's \"so\""
    row.events = [
        ContentEvent(at: Instant(nanoseconds: 100), kind: .text, byteCount: 4),
        ContentEvent(at: Instant(nanoseconds: 100), kind: .toolName, byteCount: 900),
        ContentEvent(at: Instant(nanoseconds: 5_000_000_000), kind: .toolArguments, byteCount: 1),
    ]
    return row
}

@Suite struct RecordsTests {
    private let path = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString).sqlite").path

    private func remove() {
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }

    @Test func `what is written is what is read, also while the writer is open`() throws {
        defer { remove() }
        let writer = try RunFileWriter(creating: path, documents: documents(), facts: [FactRow(name: "k", value: "v")])
        var skipped = attempt(1, .skipped)
        skipped.skipReason = "run-stopped"
        try writer.append(.attempt(attempt(0, .ok)))
        try writer.append(.attempt(skipped))
        try writer.append(.note(NoteRow(at: Instant(nanoseconds: 1), text: "n")))
        try writer.append(.round(RoundRow(round: 1, began: Instant(nanoseconds: 1), ended: nil)))
        try writer.append(.round(RoundRow(round: 1, began: Instant(nanoseconds: 1), ended: Instant(nanoseconds: 9))))
        try writer.close()
        let file = try RunFile(path: path)
        #expect(file.attempts == [attempt(0, .ok), skipped])
        #expect(file.facts == ["k": "v"])
        #expect(file.rounds.map(\.ended) == [Instant(nanoseconds: 9)])
        #expect(try file.documents == documents())
        let again = try RunFileWriter(resuming: path)
        try again.close()
        #expect(try RunFile(path: path).attempts == [attempt(0, .ok)])
    }

    @Test func `a run that goes on has not ended, whatever it had said`() throws {
        defer { remove() }
        let facts = [FactRow(name: "k", value: "v"), FactRow(name: FactRow.stopReason, value: "duration")]
        try RunFileWriter(creating: path, documents: documents(), facts: facts).close()
        #expect(try RunFile(path: path).facts[FactRow.stopReason] == "duration")
        let again = try RunFileWriter(resuming: path)
        #expect(try RunFile(path: path).facts == ["k": "v", "parts": "2"])
        try again.close()
    }

    @Test func `a file that is there already, missing or foreign is refused`() throws {
        defer { remove() }
        #expect(throws: RecordsError.self) { try RunFile(path: path) }
        try Data("no database".utf8).write(to: URL(filePath: path))
        #expect(throws: RecordsError.self) { try RunFile(path: path) }
        #expect(throws: RecordsError.self) { try RunFileWriter(creating: path, documents: documents(), facts: []) }
        remove()
        _ = try RunFileWriter(creating: path, documents: documents(), facts: [])
        let error = #expect(throws: RecordsError.self) {
            try RunFileWriter(creating: path, documents: documents(), facts: [])
        }
        #expect(error?.description.contains("--resume") == true)
    }

    @Test func `a run file has one writer at a time, and a stopped session is not over when it goes on`() throws {
        defer { remove() }
        let writer = try RunFileWriter(creating: path, documents: documents(), facts: [])
        let refusal = #expect(throws: RecordsError.self) { try RunFileWriter(resuming: path) }
        #expect(refusal?.isInUse == true && refusal?.description.contains("is being written by") == true)
        var skipped = attempt(1, .skipped)
        skipped.skipReason = "run-stopped"
        try writer.append(.attempt(attempt(0, .ok)))
        try writer.append(.attempt(skipped))
        for session in [2, 3] {
            try writer.append(
                .session(
                    SessionRow(
                        endpoint: 0, round: 1, session: session, name: "s", began: Instant(nanoseconds: 1),
                        ended: Instant(nanoseconds: 2), isSuccess: session == 3)))
        }
        try writer.close()
        let again = try RunFileWriter(resuming: path)
        try again.close()
        let file = try RunFile(path: path)
        #expect(file.sessions.map(\.session) == [3])
        #expect(file.facts["parts"] == "2")
    }

    @Test func `an attempt that is under way when the process dies stands in the file, and its end replaces it`() throws
    {
        defer { remove() }
        let writer = try RunFileWriter(creating: path, documents: documents(), facts: [])
        func intent(_ index: Int) -> IntentRow {
            let at = Instant(nanoseconds: 5)
            return IntentRow(
                place: attempt(index, .ok).place, number: 0, due: at, predecessorEnd: at, started: at)
        }
        let first = try writer.append(.intent(intent(0)))
        let second = try writer.append(.intent(intent(1)))
        #expect(first != second)
        try writer.append(.attempt(attempt(1, .ok)), replacing: second)
        try writer.close()
        #expect(try RunFile(path: path).attempts.map(\.outcome) == [.aborted, .ok])
        let again = try RunFileWriter(resuming: path)
        try again.append(.attempt(attempt(0, .ok)))
        try again.close()
        #expect(try RunFile(path: path).attempts.map(\.outcome) == [.ok, .ok])
    }

    @Test func `files of version 5 stay readable`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let file = try RunFile(path: folder.appending(path: "run-version-5.sqlite").path)
        #expect(file.documents.plan.name == "fixture" && file.documents.plan.smallModel == nil)
        #expect(file.attempts.map(\.listCost?.picodollars) == [11_364_000_000, 2_180_700_000, 1_834_000_000])
        #expect(file.attempts.map(\.context?.previousCall) == [nil, 0, 1])
        #expect(file.attempts.allSatisfy { $0.model == nil && $0.budgetHold == .zero && $0.closed == $0.ended })
        #expect(file.sessions.count == 1 && file.sessions.allSatisfy(\.isSuccess))
    }

    @Test(arguments: [nil, "m", "a small one"])
    func `the model that was asked for is kept, also of a call that is under way`(model: String?) throws {
        defer { remove() }
        let writer = try RunFileWriter(creating: path, documents: documents(), facts: [])
        var row = attempt(1, .ok)
        row.model = model
        try writer.append(.attempt(row))
        let at = Instant(nanoseconds: 5)
        var intent = IntentRow(place: attempt(2, .ok).place, number: 0, due: at, predecessorEnd: at, started: at)
        intent.model = model
        try writer.append(.intent(intent))
        try writer.close()
        #expect(try RunFile(path: path).attempts.map(\.model) == [model, model])
    }

    @Test(arguments: [Duration.zero, .milliseconds(1), .seconds(4000)])
    func `how long the budget held a call back is kept, and when its stream was closed, also of one that is under way`(
        hold: Duration
    ) throws {
        defer { remove() }
        let writer = try RunFileWriter(creating: path, documents: documents(), facts: [])
        var row = attempt(1, .ok)
        (row.budgetHold, row.closed) = (hold, row.ended + hold)
        try writer.append(.attempt(row))
        let at = Instant(nanoseconds: 5)
        var intent = IntentRow(place: attempt(2, .ok).place, number: 0, due: at, predecessorEnd: at, started: at)
        intent.budgetHold = hold
        try writer.append(.intent(intent))
        try writer.close()
        let rows = try RunFile(path: path).attempts
        #expect(rows.map(\.budgetHold) == [hold, hold] && rows.map(\.closed) == [row.ended + hold, nil])
    }

    @Test func `files of version 4 stay readable`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let file = try RunFile(path: folder.appending(path: "run-version-4.sqlite").path)
        #expect(file.documents.plan.name == "fixture" && file.documents.plan.outputLength == .natural)
        #expect(file.attempts.map(\.plannedOutput.value) == [74, 257, 126])
        #expect(file.attempts.map(\.context?.previousCall) == [nil, 0, 1])
        #expect(file.attempts.allSatisfy { $0.wantedOutput == nil })
        #expect(file.sessions.count == 1 && file.sessions.allSatisfy(\.isSuccess))
    }

    @Test(arguments: [
        nil, WantedOutput(tokens: TokenCount(7), isForced: false), WantedOutput(tokens: TokenCount(70), isForced: true),
    ])
    func `how long an answer was to be is kept, also of one that is under way`(wanted: WantedOutput?) throws {
        defer { remove() }
        let writer = try RunFileWriter(creating: path, documents: documents(), facts: [])
        var row = attempt(1, .ok)
        row.wantedOutput = wanted
        try writer.append(.attempt(row))
        let at = Instant(nanoseconds: 5)
        var intent = IntentRow(place: attempt(2, .ok).place, number: 0, due: at, predecessorEnd: at, started: at)
        intent.wantedOutput = wanted
        try writer.append(.intent(intent))
        try writer.close()
        #expect(try RunFile(path: path).attempts.map(\.wantedOutput) == [wanted, wanted])
    }

    @Test func `files of version 3 stay readable`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let file = try RunFile(path: folder.appending(path: "run-version-3.sqlite").path)
        #expect(file.documents.plan.name == "fixture")
        #expect(file.attempts.map(\.toolLevel) == [.valid, .valid, .valid])
        #expect(file.attempts.map(\.divergence) == [.agreeing, .agreeing, nil])
        #expect(file.attempts.map(\.plannedInput.value) == [10800, 11061, 11356])
        #expect(file.attempts.allSatisfy { $0.context == nil })
        #expect(file.sessions.count == 1 && file.sessions.allSatisfy(\.isSuccess))
    }

    @Test(arguments: [
        CallContext(agent: "main", previousCall: nil, isFinal: false),
        CallContext(agent: "sub 1", previousCall: 0, isFinal: true), nil,
    ])
    func `where a call stands in its session is kept, also of one that is under way`(context: CallContext?) throws {
        defer { remove() }
        let writer = try RunFileWriter(creating: path, documents: documents(), facts: [])
        var row = attempt(1, .ok)
        row.context = context
        try writer.append(.attempt(row))
        let at = Instant(nanoseconds: 5)
        var intent = IntentRow(place: attempt(2, .ok).place, number: 0, due: at, predecessorEnd: at, started: at)
        intent.context = context
        try writer.append(.intent(intent))
        try writer.close()
        #expect(try RunFile(path: path).attempts.map(\.context) == [context, context])
    }

    @Test func `files of version 2 stay readable`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let file = try RunFile(path: folder.appending(path: "run-version-2.sqlite").path)
        #expect(file.documents.plan.name == "fixture")
        #expect(file.attempts.map(\.outcome) == [.ok, .ok])
        #expect(file.attempts.map(\.events.count) == [4, 4])
        #expect(
            file.attempts.allSatisfy { $0.toolLevel == nil && $0.divergence == nil && $0.substitutedCallCount == 0 })
        #expect(file.sessions.count == 2 && file.rounds.count == 1)
    }

    @Test func `files of version 1 stay readable`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
        let file = try RunFile(path: folder.appending(path: "run-version-1.sqlite").path)
        #expect(file.documents.plan.name == "fixture")
        #expect(file.attempts.map(\.outcome) == Array(repeating: .ok, count: 8))
        #expect(file.attempts.map(\.part) == Array(repeating: 0, count: 8))
        #expect(
            file.attempts.map { $0.usage.inputTotal?.value } == [
                10800, 11234, 10800, 11234, 10800, 11097, 10800, 11097,
            ])
        #expect(file.attempts.map(\.events.count) == [7, 10, 7, 10, 7, 12, 7, 12])
        #expect(
            file.attempts.map { $0.listCost?.picodollars } == [
                10900000000, 1657700000, nil, nil, 1942300000, 1560700000, nil, nil,
            ])
        #expect(file.sessions.count == 4 && file.sessions.allSatisfy(\.isSuccess))
        #expect(throws: RecordsError.self) {
            defer { remove() }
            try FileManager.default.copyItem(
                at: folder.appending(path: "run-version-1.sqlite"), to: URL(filePath: path))
            return try RunFileWriter(resuming: path)
        }
    }

    @Test(
        arguments: [
            (0xFE01, 77, 4711), (0x801, 77, 12), (0xFE01, 78, nil), (0x801, 9, nil), (0x801, 10, nil),
            (0x1000_0000_0F23, 5, 99),
        ] as [(UInt64, UInt64, Int?)])
    func `the system's list of locks tells who writes a file`(device: UInt64, inode: UInt64, process: Int?) {
        let locks = """
            1: POSIX  ADVISORY  WRITE 1 fe:01:77 0 EOF
            1: -> FLOCK  ADVISORY  WRITE 2 fe:01:77 0 EOF
            2: FLOCK  ADVISORY  WRITE 4711 fe:01:77 0 EOF
            3: FLOCK  ADVISORY  WRITE 12 08:01:77 0 EOF
            4: FLOCK  ADVISORY  READ 13 08:01:9 0 EOF
            5: FLOCK  ADVISORY  WRITE -1 08:01:10 0 EOF
            6: FLOCK  ADVISORY  WRITE 99 100f:23:5 0 EOF
            nonsense
            """
        #expect(RunFileLock.holder(device: device, inode: inode, locks: locks) == process)
    }

    @Test func `a run that has ended is one file, before and after it is read, and after it was gone on with`() throws {
        defer { remove() }
        func companions() -> [String] {
            ["-wal", "-shm", "-journal"].filter { FileManager.default.fileExists(atPath: path + $0) }
        }
        let writer = try RunFileWriter(creating: path, documents: documents(), facts: [])
        try writer.append(.attempt(attempt(0, .ok)))
        try writer.close()
        #expect(companions().isEmpty)
        #expect(try RunFile(path: path).attempts.count == 1)
        #expect(companions().isEmpty)
        try RunFileWriter(resuming: path).close()
        #expect(try RunFile(path: path).attempts.count == 1)
        #expect(companions().isEmpty)
    }

    @Test(arguments: [
        ("/a/b-1.sqlite", false, "file:///a/b-1.sqlite"), ("b_2.sqlite", true, "file:b_2.sqlite?immutable=1"),
        ("/a b/100%?#é", false, "file:///a%20b/100%25%3f%23%c3%a9"), ("\n", false, "file:%0a"),
    ])
    func `a path becomes an address that SQLite reads as that path`(path: String, isImmutable: Bool, address: String) {
        #expect(Database.address(path, isImmutable: isImmutable) == address)
    }

    @Test func `a file of any name is read, and errors name the file`() throws {
        defer { remove() }
        try RunFileWriter(creating: path, documents: documents(), facts: []).close()
        let strange = path + " 100% #1?.sqlite"
        try FileManager.default.copyItem(atPath: path, toPath: strange)
        defer { try? FileManager.default.removeItem(atPath: strange) }
        #expect(try RunFile(path: strange).attempts.isEmpty)
        try Data("no database".utf8).write(to: URL(filePath: strange))
        let error = #expect(throws: RecordsError.self) { try RunFile(path: strange) }
        #expect(error?.description.hasPrefix(strange) == true)
    }

    @Test func `packed event times survive any cut`() {
        let events = attempt(0, .ok).events
        let bytes = EventTimes.encoded(events)
        for count in bytes.indices {
            #expect(events.starts(with: EventTimes.decoded(Array(bytes[..<count]))))
        }
        #expect(EventTimes.decoded([1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]).isEmpty)
    }
}
