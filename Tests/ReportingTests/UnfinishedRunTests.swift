import Analysis
import Encodings
import Fixtures
import Quantities
import Ranking
import Records
import Testing

@testable import Reporting

@Suite struct UnfinishedRunTests {
    /// A run of which both endpoints finished so many rounds.
    private func file(
        _ completed: Int, of planned: Int, _ reason: String?, outcome: OutcomeClass = .ok, isRehearsal: Bool = false
    ) throws -> RunFile {
        var fixture = RunFixture()
        fixture.rounds = planned
        fixture.stopReason = reason
        fixture.isRehearsal = isRehearsal
        for endpoint in 0..<2 {
            for round in 0..<completed {
                let place = CallPlace(endpoint: endpoint, round: round, session: 0, call: 0)
                fixture.addSession(endpoint, round, 0, calls: [RunFixture.call(place, outcome: outcome)])
            }
        }
        return try fixture.file()
    }

    private func judged(_ files: [RunFile]) throws -> (report: Report, json: JSONValue) {
        let analysis = try RunAnalysis(files)
        let ranking = Ranking(analysis)
        return (Reports.ranking(ranking, analysis), JSONFormat.ranking(ranking, analysis))
    }

    private func notice(_ report: Report) -> String? { report.introduction.first { $0.contains("planned round") } }

    static let cases: [(Int, Int, String?, String)] = [
        (
            5, 12, "interrupted",
            "5 of 12 planned rounds were completed; the run was interrupted (go on with submeter run --resume PATH)"
        ),
        (
            1, 12, "budget",
            "1 of 12 planned rounds was completed; its budget ended the run (it cannot go on: raise 'budget' in the plan, or "
                + "lower its rounds, and begin a new run)"
        ),
        (
            0, 1, "duration",
            "0 of 1 planned round was completed; 'stop.duration' ended the run (go on with submeter run --resume "
                + "PATH, for another 'stop.duration')"
        ),
        (
            2, 3, "error-rate",
            "2 of 3 planned rounds were completed; too many calls failed, which ended the run (see why they failed, mend "
                + "it, and begin a new run)"
        ),
        (
            2, 3, "over-saturation",
            "2 of 3 planned rounds were completed; sessions arrived faster than they were served, which ended the run (lower "
                + "'rate' in the plan's load, or let submeter search find the highest that is borne)"
        ),
        (
            2, 3, nil,
            "2 of 3 planned rounds were completed; no end of the run is recorded, so it is still going on or was killed "
                + "(go on with submeter run --resume PATH once it is not running)"
        ),
        (2, 3, "flood", "2 of 3 planned rounds were completed; the run ended early (flood)"),
    ]

    @Test(arguments: cases)
    func `a run that did not come to its end says how far it came and why, before all tables`(
        completed: Int, planned: Int, reason: String?, expected: String
    ) throws {
        let file = try file(completed, of: planned, reason)
        let (report, json) = try judged([file])
        let text = expected.replacing("PATH", with: file.path)
        #expect(notice(report) == text)
        #expect(json["notices"]?.arrayValue?.first?.stringValue == text)
        #expect(json["planned_rounds"]?.integerValue == planned && json["complete_rounds"]?.integerValue == completed)
        #expect(json["end_reasons"] == [reason.map { .string($0) } ?? .null])
    }

    @Test(arguments: ["complete", nil, "interrupted"])
    func `a run of which nothing is missing says nothing of that`(reason: String?) throws {
        let (report, json) = try judged([try file(3, of: 3, reason)])
        #expect(notice(report) == nil)
        #expect(json["planned_rounds"] == 3 && json["complete_rounds"] == 3)
        let notices = json["notices"]?.arrayValue ?? []
        #expect(!notices.contains { $0.stringValue?.contains("planned") == true })
    }

    @Test func `of several runs each that did not come to its end is named`() throws {
        let files = [
            try file(1, of: 3, "interrupted"), try file(3, of: 3, "complete"), try file(2, of: 3, "budget"),
        ]
        let (report, json) = try judged(files)
        let text = try #require(notice(report))
        #expect(text.hasPrefix("6 of 9 planned rounds were completed; \(files[0].path) was interrupted (go on with "))
        #expect(text.contains("); its budget ended \(files[2].path) (it cannot"), "\(text)")
        #expect(!text.contains(files[1].path))
        #expect(json["end_reasons"] == ["interrupted", "complete", "budget"])
        #expect(json["planned_rounds"] == 9)
    }

    @Test(arguments: ["interrupted", "duration", nil])
    func `nobody is told to go on with a rehearsal, or to try out providers that are gone`(reason: String?) throws {
        let file = try file(1, of: 3, reason, outcome: .server, isRehearsal: true)
        let introduction = try judged([file]).report.introduction
        let text = try #require(introduction.first { $0.contains("planned round") })
        #expect(text.contains("(begin another rehearsal") && !text.contains("--resume"), "\(text)")
        #expect(introduction.contains("nothing was measured: none of 2 calls was answered (server 2)"))
    }

    @Test func `every reason for which a run can end has its words`() {
        for reason in StopReason.allCases where reason != .complete {
            let words = RunEndNotice.words(reason.rawValue, subject: "the run", path: "x")
            #expect(!words.contains("ended early (\(reason.rawValue))"), "\(words)")
        }
    }

    @Test(arguments: [
        (2, OutcomeClass.server, "nothing was measured: none of 4 calls was answered (server 4); "),
        (2, .aborted, "nothing was measured: none of 4 calls was answered (aborted 4)"),
        (0, .server, "nothing was measured: no call was sent"),
    ])
    func `a run that nobody answered says so, and what to do`(rounds: Int, outcome: OutcomeClass, expected: String)
        throws
    {
        let (report, json) = try judged([try file(rounds, of: 2, "complete", outcome: outcome)])
        let found = report.introduction.filter { $0.hasPrefix("nothing was measured") }
        #expect(found.count == 1 && found[0].hasPrefix(expected), "\(report.introduction)")
        #expect(
            found[0].contains("'submeter check --connect p.yaml' tells what to mend")
                == (rounds > 0 && outcome == .server))
        #expect(json["notices"]?.arrayValue?.contains(.string(found[0])) == true)
        let answered = try judged([try file(2, of: 2, "complete")])
        #expect(!answered.report.introduction.contains { $0.hasPrefix("nothing was") })
    }
}
