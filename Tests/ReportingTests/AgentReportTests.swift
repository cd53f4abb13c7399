import Analysis
import Encodings
import Fixtures
import Quantities
import Ranking
import Records
import Testing

@testable import Reporting

@Suite struct AgentReportTests {
    /// Eight rounds of one session of three calls at two endpoints; each call follows a second after the one before.
    ///
    /// Every call of `a` should call a tool, and its last one does so badly. `b` refuses every first call once, writes 15
    /// tokens where `a` writes 11, and tells no cache.
    private func judged(isAgentic: Bool = true, success: Double? = nil, lastCallAt: Int64 = 2000) throws -> (
        Ranking, RunAnalysis, RunFile
    ) {
        var fixture = RunFixture()
        fixture.rounds = 8
        if let success { fixture.settings = "ranking: {minimum_success: \(success)}" }
        for round in 0..<8 {
            for endpoint in 0...1 {
                let start = Int64(round) * 60_000
                var calls = (0..<(isAgentic ? 3 : 1)).map { index in
                    call(
                        CallPlace(endpoint: endpoint, round: round, session: 0, call: index),
                        at: start + (index == 2 ? lastCallAt : Int64(index) * 1000), isAgentic)
                }
                fixture.addSession(endpoint, round, 0, calls: calls)
                guard isAgentic, endpoint == 1 else { continue }
                var refused = RunFixture.call(calls[0].place, at: start - 2000, outcome: .rateLimited)
                refused.ended = Instant(nanoseconds: (start - 1901) * 1_000_000)
                calls[0].number = 1
                fixture.attempts.removeAll { $0.place == refused.place }
                fixture.attempts += [refused, calls[0]]
            }
        }
        let file = try fixture.file()
        let analysis = try RunAnalysis([file])
        return (Ranking(analysis), analysis, file)
    }

    private func call(_ place: CallPlace, at start: Int64, _ isAgentic: Bool) -> AttemptRow {
        var row = RunFixture.call(
            place, at: start, tokens: place.endpoint == 0 ? 11 : 15)
        row.plannedInput = TokenCount(7000 + place.call * 1000)
        row.context = CallContext(
            agent: "main", previousCall: place.call > 0 ? place.call - 1 : nil, isFinal: place.call == 2)
        guard isAgentic, place.endpoint == 0 else {
            row.usage.inputCacheRead = nil
            return row
        }
        row.usage.outputReasoning = 2
        (row.toolCallCount, row.divergence) = (1, place.call == 2 ? .otherTool : .agreeing)
        row.toolLevel = place.call == 2 ? .schemaMismatch : .valid
        return row
    }

    @Test func `the cache stands by the time since the call before, where that time differs`() throws {
        let (ranking, analysis, _) = try judged(lastCallAt: 400_000)
        let report = Reports.full(ranking, analysis)
        // Of `a` every second and third call read 400 of 1,011 tokens; `b` tells nothing.
        #expect(
            rows("Cache hit rate by gap", report) == [
                ["a", "< 1 min", "39.6 %", "8"], ["a", "5–60 min", "39.6 %", "8"],
            ])
        let csv = CSVFormat.figures(analysis)
        #expect(csv.contains("calls_with_eligible_cache_at_gap_s_300_3600,calls,,8.0"))
        let (plainRanking, plain, _) = try judged()
        #expect(rows("Cache hit rate by gap", Reports.full(plainRanking, plain)) == nil)
    }

    private func rows(_ title: String, _ report: Report) -> [[String]]? {
        report.tables.first { $0.title == title }?.rows
    }

    @Test func `the tables of agents say how sessions fared, in seconds`() throws {
        let (ranking, analysis, _) = try judged()
        let report = Reports.full(ranking, analysis)
        // Due at -1 ms, or for b, which is refused first, at -2,001 ms; the final answer begins at 2,100 ms and ends at 2,200.
        #expect(
            rows("Agent sessions, times in s", report) == [
                ["a", "8", "100 %", "3.0", "3.0", "2.10", "–", "2.20", "–", "0.60", "–"],
                ["b", "8", "100 %", "3.0", "3.0", "4.10", "–", "4.20", "–", "2.60", "–"],
            ])
        // From the refusal at -1,901 ms to the next start at -1 ms, of 4,201 ms from first due to last content.
        #expect(
            rows("Rate limits in sessions", report) == [
                ["a", "0", "0", "8", "0.000", "0 %"], ["b", "8", "8", "8", "1.900", "45.2 %"],
            ])
        let latency = try #require(report.tables.first { $0.title == "Latency, ms" })
        #expect(!latency.columns.contains { $0.heading.contains("session") })
    }

    @Test func `tokens and cache hits stand beside the number of calls that they rest on`() throws {
        let (ranking, analysis, _) = try judged()
        let report = Reports.full(ranking, analysis)
        #expect(
            rows("Tokens", report) == [
                ["a", "24,000", "264", "11.0", "-15.4 %", "18.2 %", "24", "0"],
                ["b", "24,000", "360", "15.0", "+15.4 %", "–", "0", "0"],
            ])
        // 400 of 1,000 are cached; of the second and third call that is 400 of the 1,011 tokens before them.
        #expect(
            rows("Cache hit rate", report) == [
                ["a", "9,600", "40.0 %", "0 %", "24", "39.6 %", "16"], ["b", "–", "–", "–", "0", "–", "0"],
            ])
    }

    @Test func `tools are told by prompt length and by load, and empty bands not at all`() throws {
        let (ranking, analysis, _) = try judged()
        let report = Reports.full(ranking, analysis)
        #expect(
            rows("Tools by prompt length", report) == [
                ["a", "< 8K", "8", "100 %", "67.6 % – 100 %", "8", "0 %"],
                ["a", "8K–32K", "16", "50.0 %", "28.0 % – 72.0 %", "16", "50.0 %"],
            ])
        #expect(rows("Tools by load", report)?.map { Array($0[0...3]) } == [["a", "1", "24", "66.7 %"]])
        #expect(rows("Tools by load", report)?[0][5...] == ["24", "33.3 %"])
    }

    @Test func `sessions of one call without tools have no tables of agents`() throws {
        let (ranking, analysis, _) = try judged(isAgentic: false)
        let titles = Reports.full(ranking, analysis).tables.map(\.title)
        for title in [
            "Agent sessions, times in s", "Rate limits in sessions", "Tools", "Tools by prompt length", "Tools by load",
        ] {
            #expect(!titles.contains(title))
        }
        #expect(titles.contains("Tokens") && titles.contains("Cache hit rate") && titles.contains("Latency, ms"))
    }

    @Test func `answers of different lengths are warned of beside the ranking, or among the notices without one`()
        throws
    {
        let (ranking, analysis, _) = try judged()
        #expect(!ranking.hasRanks)
        let warning =
            "Output lengths differ: a -15.4 % (11.0), b +15.4 % (15.0) from the median of 13.0 output tokens per"
        #expect(Reports.full(ranking, analysis).notices.count { $0.hasPrefix(warning) } == 1)
        #expect(Reports.full(ranking, analysis).tables.allSatisfy { $0.note?.contains(warning) != true })
        let (ranked, measured, _) = try judged(success: 0.1)
        #expect(ranked.hasRanks)
        let report = Reports.ranking(ranked, measured)
        #expect(report.tables.first?.note?.contains(warning) == true)
        #expect(!report.notices.contains { $0.hasPrefix(warning) })
        let json = JSONFormat.ranking(ranked, measured)
        #expect(json["notices"]?.arrayValue?.contains { $0.stringValue?.hasPrefix(warning) == true } == true)
        #expect(json["output_length"]?["median_tokens_per_call"] == 13)
        #expect(json["output_length"]?["tolerance"]?.doubleValue == 0.1)
        #expect(json["output_length"]?["outside"]?.arrayValue?.map { $0["endpoint"] } == ["a", "b"])
    }

    @Test func `JSON and CSV hold every figure of agents, and nothing where it is not known`() throws {
        let (ranking, analysis, _) = try judged()
        let json = JSONFormat.full(ranking, analysis)
        let endpoints = try #require(json["endpoints"]?.arrayValue)
        let (first, second) = (endpoints[0], endpoints[1])
        #expect(first["metrics"]?["time_to_final_answer_token"]?["p50"]?["value"]?.doubleValue == 2.101)
        #expect(second["metrics"]?["session_wall_time"]?["p50"]?["value"]?.doubleValue == 4.201)
        #expect(first["sums"]?["calls_per_session_mean"] == 3 && first["sums"]?["calls_per_session_median"] == 3)
        #expect(second["sums"]?["rate_limited_attempts"] == 8)
        let wait = try #require(second["sums"]?["rate_limit_wait_per_session"]?.doubleValue)
        #expect(abs(wait - 1.9) < 1e-9)
        #expect(second["sums"]?["eligible_cached_share"] == JSONValue.null)
        #expect(second["sums"]?["reasoning_tokens"] == JSONValue.null)
        #expect(first["sums"]?["reasoning_share_of_output"]?.doubleValue == 2.0 / 11)
        let bands = try #require(first["tools_by_prompt_tokens"]?.arrayValue)
        #expect(bands.map { $0["from"] } == [0, 8000] && bands.map { $0["below"] } == [8000, 32_000])
        #expect(bands.map { $0["valid_tool_calls"] } == [8, 8] && bands.map { $0["tool_expected_calls"] } == [8, 16])
        #expect(first["tools_by_calls_in_flight"]?.arrayValue?.map { $0["divergent_calls"] } == [8])
        #expect(second["tools_by_prompt_tokens"] == .array([]))
        let lines = Set(CSVFormat.figures(analysis).split(separator: "\r\n").map(String.init))
        for line in [
            "a,calls_per_session_mean,calls,,3.0,,,", "a,eligible_cached_share,,,\(6400.0 / 16176),,,",
            "b,eligible_cached_share,,,,,,", "b,rate_limited_attempts,attempts,,8.0,,,",
            "a,valid_tool_share_at_prompt_tokens_8000_31999,,,0.5,,,",
            "a,tool_expected_calls_at_calls_in_flight_1_1,calls,,24.0,,,",
        ] { #expect(lines.contains(line), "\(line)") }
        #expect(lines.contains { $0.hasPrefix("b,time_to_final_answer_token,s,0.5,4.101,4.101,8,") })
    }

    @Test func `raw rows tell where a call stands in its session and under which load it was sent`() throws {
        let (_, _, file) = try judged()
        var rows: [JSONValue] = []
        RawRows.json(file, .attempts) { rows.append($0) }
        let own = rows.filter { $0["endpoint"] == "a" && $0["round"] == 0 }
        #expect(own.map { $0["previous_call"] } == [.null, 0, 1])
        #expect(own.map { $0["is_final"] } == [false, false, true] && own.allSatisfy { $0["agent"] == "main" })
        #expect(own.allSatisfy { $0["calls_in_flight"] == 1 })
        let refused = rows.filter { $0["endpoint"] == "b" && $0["call"] == 0 && $0["attempt"] == 0 }
        #expect(refused.count == 8 && refused.allSatisfy { $0["agent"] == JSONValue.null })
    }
}
