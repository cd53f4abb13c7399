import Analysis
import Fixtures
import Ranking
import Testing

@testable import Reporting

@Suite struct RunConditionsTests {
    private func analysis(_ settings: String) throws -> RunAnalysis {
        var fixture = RunFixture()
        fixture.settings = settings
        return try RunAnalysis([try fixture.file()])
    }

    @Test(
        arguments: [
            ("live_sessions: 4", "4 sessions at a time, random order, recorded history"),
            ("history: live", "4 sessions at a time, random order, live history"),
            (
                "history: pinned\ntool_choice: recorded\noutput_length: capped\ntime_scale: 0.5\nsalts: {run: false}",
                "4 sessions at a time, random order, pinned history, waits scaled by 0.5, capped output length, "
                    + "tool choice as recorded, no salt per run"
            ),
            (
                "order: side-by-side\nsalts: {tenant: false, session: false}",
                "4 sessions at a time, side-by-side order, recorded history, no salt per tenant, no salt per session"
            ),
        ])
    func `every report and ranking states the history, and what else is not as usual`(
        settings: String, conditions: String
    ) throws {
        let analysis = try analysis(settings)
        let ranking = Ranking(analysis)
        for report in [Reports.ranking(ranking, analysis), Reports.full(ranking, analysis)] {
            #expect(report.introduction[0].hasSuffix(", workload w, " + conditions), "\(report.introduction)")
        }
    }

    @Test func `JSON names every condition, usual or not`() throws {
        let usual = try analysis("live_sessions: 4")
        let rankings = [
            JSONFormat.ranking(Ranking(usual), usual)["conditions"],
            JSONFormat.full(Ranking(usual), usual)["conditions"],
        ]
        for conditions in rankings {
            #expect(conditions?["history"] == "recorded" && conditions?["tool_choice"] == "model")
            #expect(conditions?["output_length"] == "natural" && conditions?["load"] == "4 sessions at a time")
            #expect(conditions?["salts"] == ["run": true, "tenant": true, "session": true])
        }
        let other = try analysis("history: live\ntool_choice: recorded\nsalts: {session: false}")
        let conditions = JSONFormat.ranking(Ranking(other), other)["conditions"]
        #expect(conditions?["history"] == "live" && conditions?["tool_choice"] == "recorded")
        #expect(conditions?["salts"]?["session"] == false && conditions?["salts"]?["run"] == true)
    }
}
