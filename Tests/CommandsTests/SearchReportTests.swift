import Profiles
import Quantities
import Scheduling
import Testing

@testable import Commands

@Suite struct SearchReportTests {
    /// A search of loads with so many good ones of 200 calls, and what is left of it once the endpoint answers no more.
    private func report(
        _ tries: [(load: Int, good: Int)], failures: [Int: [OutcomeClass: Int]] = [:], unanswered: Int? = nil,
        highest: Int = 4
    ) throws -> SearchReport {
        let text = """
            submeter: plan
            version: 1
            name: p
            model: m
            providers: [a.yaml]
            workload: w.yaml
            endpoints: [{provider: a}]
            """
        guard case .plan(let plan) = try Document(Array(text.utf8), file: "p.yaml") else { throw CancellationError() }
        let load = try SearchedLoad(
            plan, path: "p.yaml", Arguments(["p.yaml", "--highest", "\(highest)"], for: SearchCommand.specification))
        var search = LoadSearch(load.rules)
        for (load, good) in tries { search.take(good: good, of: 200, effectiveCount: 200, at: load) }
        return SearchReport(
            plan: plan, load: load, search: search, failures: failures, unansweredLoad: unanswered, notices: [])
    }

    @Test(
        arguments: [
            ([], nil, "Nothing was found out."),
            (
                [(1, 200)], nil,
                "1 live session meets the objectives; the search ended before a higher load was measured."
            ),
            (
                [(1, 200), (2, 200), (4, 200)], nil,
                "4 live sessions, the most that were tried, meet the objectives."
            ),
            (
                [(1, 200)], 2,
                "1 live session meets the objectives; then the endpoint answered no call, so no limit is known."
            ),
            ([(1, 0)], nil, "Already 1 live session does not meet the objectives."),
            (
                [(2, 0)], nil,
                "Already 2 live sessions do not meet the objectives; the search ended before a lower load was measured."
            ),
            (
                [(1, 200), (2, 0)], nil,
                "The highest load that meets the objectives lies from 1 to below 2 live sessions."
            ),
            (
                [(2, 200), (4, 0)], nil,
                "The highest load that meets the objectives lies from 2 to below 4 live sessions; the search ended before it "
                    + "was as exact as wanted."
            ),
            // Half of the calls at 4 came when it was down already, and all at 3.
            (
                [(2, 200), (4, 100)], 3,
                "2 live sessions meet the objectives; then the endpoint answered no call, so no limit is known."
            ),
            ([(2, 100)], 1, "Nothing was found out: the endpoint answered no call."),
        ] as [([(Int, Int)], Int?, String)])
    func `the finding claims no more than was measured`(tries: [(Int, Int)], unanswered: Int?, finding: String) throws {
        let report = try report(tries.map { (load: $0.0, good: $0.1) }, unanswered: unanswered)
        #expect(report.report.introduction.first == finding && report.json["finding"]?.stringValue == finding)
        let isKnown = finding.hasPrefix("Already") || finding.contains("below")
        #expect((report.json["lowest_bad_load"] != .null) == isKnown)
    }

    @Test func `a search of one load has tried one`() throws {
        let report = try report([(1, 200)], highest: 1)
        #expect(
            report.report.introduction.first
                == "1 live session, the most that was tried, meets the objectives.")
    }

    @Test func `each load has its failed calls, most frequent first`() throws {
        let report = try report(
            [(2, 200), (4, 100)], failures: [4: [.server: 9, .rateLimited: 91], 3: [.connectRefused: 1200]],
            unanswered: 3)
        let table = try #require(report.report.tables.first)
        #expect(table.rows.map { $0[0] } == ["2", "3", "4"])
        #expect(table.rows.compactMap(\.last) == ["–", "connect-refused 1,200", "rate-limited 91, server 9"])
        #expect(table.rows[1][1...5] == ["1", "0", "–", "–", "nothing was measured"])
        let loads = report.json["loads"]?.arrayValue
        #expect(loads?.last?["failed_calls"] == ["rate-limited": 91, "server": 9])
        #expect(loads?.first?["failed_calls"]?.objectValue?.members.isEmpty == true)
        #expect(report.json["unanswered_load"]?["failed_calls"] == ["connect-refused": 1200])
    }
}
