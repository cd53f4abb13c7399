import Fixtures
import Quantities
import Records
import Testing

@testable import Analysis

/// A call of 11 tokens that were to be so many.
private func row(
    wanted: Int?, isForced: Bool = false, tokens: Int? = 11, finish: String? = nil, outcome: OutcomeClass = .ok
) -> AttemptRow {
    var row = RunFixture.call(CallPlace(endpoint: 0, round: 0, session: 0, call: 0), tokens: tokens, outcome: outcome)
    row.wantedOutput = wanted.map { WantedOutput(tokens: TokenCount($0), isForced: isForced) }
    row.finishReason = finish
    return row
}

@Suite struct OutputAdherenceTests {
    static let early: [(AttemptRow, Bool)] = [
        (row(wanted: nil, finish: "stop"), false), (row(wanted: 20, finish: "stop"), true),
        (row(wanted: 20, finish: "tool_calls"), true), (row(wanted: 20, finish: "end_turn"), true),
        (row(wanted: 20, finish: "completed"), true),
        // The words of OpenAI's chat, Anthropic and Converse, Gemini, and Responses.
        (row(wanted: 11, finish: "length"), false), (row(wanted: 11, finish: "max_tokens"), false),
        (row(wanted: 11, finish: "MAX_TOKENS"), false), (row(wanted: 11, finish: "max_output_tokens"), false),
        // Without a reason the tokens tell.
        (row(wanted: 11), false), (row(wanted: 12), true), (row(wanted: 12, tokens: nil), true),
        (row(wanted: 20, isForced: true, finish: "stop"), false),
        (row(wanted: 20, finish: "stop", outcome: .server), false),
    ]

    @Test(arguments: early.indices)
    func `an answer ended early if it was not cut at the limit that it was to reach`(index: Int) {
        let (attempt, isEarly) = Self.early[index]
        #expect(attempt.hasEndedEarly == isEarly)
        let hasSpeed = attempt.outcome == .ok && attempt.usage.outputTotal != nil && !isEarly
        guard attempt.outcome == .ok else { return }
        #expect((CallMetric.decodeRate.value(of: attempt) != nil) == hasSpeed)
        #expect((CallMetric.timePerOutputToken.value(of: attempt) != nil) == hasSpeed)
        #expect(CallMetric.turnTime.value(of: attempt) != nil, "it counts in all else")
    }

    static let lengths: [(wanted: Int, tokens: Int?, isForced: Bool, isChecked: Bool, isMissed: Bool)] = [
        (100, 105, true, true, false), (100, 106, true, true, true), (100, 95, true, true, false),
        (100, 94, true, true, true), (100, 106, false, true, true), (100, 105, false, true, false),
        (100, 3, false, true, false), (1, 2, true, true, true), (1, 1, true, true, false),
        (100, nil, true, false, false),
    ]

    @Test(arguments: lengths.indices)
    func `a length counts as missed beyond five per cent, too short only where it was forced`(index: Int) {
        let length = Self.lengths[index]
        var kept = OutputAdherence()
        kept.add(row(wanted: length.wanted, isForced: length.isForced, tokens: length.tokens, finish: "length"))
        #expect(kept.checkedCount == (length.isChecked ? 1 : 0) && kept.missedCount == (length.isMissed ? 1 : 0))
        #expect(kept.cappedCount == (length.isForced ? 0 : 1))
    }

    @Test func `what the plan left to the model, failed or is contradictory is not counted`() {
        var kept = OutputAdherence()
        kept.add(row(wanted: nil, finish: "stop"))
        kept.add(row(wanted: 5, outcome: .server))
        var ambiguous = row(wanted: 5, isForced: true)
        ambiguous.usage.isAmbiguous = true
        kept.add(ambiguous)
        #expect(kept == OutputAdherence() && kept.endedEarlyShare == nil && kept.missedShare == nil)
    }

    @Test func `an endpoint's decode speed is over the answers that reached their limit, and failures`() throws {
        var fixture = RunFixture()
        fixture.rounds = 1
        fixture.settings = "objectives: {decode_rate: 50}"
        let ends: [(String?, OutcomeClass)] = [("length", .ok), ("stop", .ok), ("length", .ok), (nil, .server)]
        let calls = ends.enumerated().map {
            var call = row(wanted: 11, finish: $1.0, outcome: $1.1)
            call.place = CallPlace(endpoint: 0, round: 0, session: 0, call: $0)
            return call
        }
        fixture.addSession(0, 0, 0, calls: calls)
        let endpoint = try #require(RunAnalysis([fixture.file()]).endpoints.first)
        #expect(endpoint.outputAdherence.cappedCount == 3 && endpoint.outputAdherence.endedEarlyCount == 1)
        #expect(endpoint.summary(.decodeRate)?.count == 3 && endpoint.summary(.turnTime)?.count == 4)
        // An objective is a limit of its own: 10 tokens in 100 ms are enough, also for the one that ended early.
        #expect(endpoint.attainment.goodCount == 3 && endpoint.attainment.undeterminedCount == 0)
    }
}
