import Fixtures
import Quantities
import Records
import Testing

@testable import Analysis

private func place(_ session: Int, _ call: Int, round: Int = 0, endpoint: Int = 0) -> CallPlace {
    CallPlace(endpoint: endpoint, round: round, session: session, call: call)
}

@Suite struct CacheAndReasoningTests {
    /// Three calls of one context: prompts of 1,000, 1,200 and 1,500, answers of 50, 60 and 70 tokens.
    private func context() -> [AttemptRow] {
        [(1000, 50, 0), (1200, 60, 900), (1500, 70, 1260)].enumerated().map { index, tokens in
            var row = RunFixture.call(place(0, index))
            row.usage = TokenUsage(
                inputTotal: TokenCount(tokens.0), inputCacheRead: TokenCount(tokens.2),
                outputTotal: TokenCount(tokens.1))
            row.context = CallContext(
                agent: "main", previousCall: index > 0 ? index - 1 : nil, isFinal: index == 2)
            return row
        }
    }

    @Test func `the eligible rate compares what was cached with the prompt and the answer of the call before`() {
        let cache = EligibleCache(context())
        #expect(cache.callCount == 2 && cache.cached == 900 + 1260 && cache.eligible == 1050 + 1260)
        #expect(cache.share == 2160.0 / 2310)
    }

    @Test(arguments: [0, 1, 2])
    func `a call of which a part is unknown is left out`(part: Int) {
        var calls = context()
        switch part {
        case 0: calls[1].usage.inputCacheRead = nil
        case 1: calls[1].usage.isAmbiguous = true
        default: calls[1].outcome = .streamError
        }
        let cache = EligibleCache(calls)
        switch part {
        // Only the second call is unknown; the third still knows what lies before it.
        case 0: #expect(cache.callCount == 1 && cache.cached == 1260 && cache.eligible == 1260)
        case 1: #expect(cache.callCount == 0 && cache.share == nil)
        // An answer that failed leaves no context, but what it read is known.
        default: #expect(cache.callCount == 1 && cache.cached == 900 && cache.eligible == 1050)
        }
    }

    @Test func `first calls, compactions and old run files have nothing that is eligible`() {
        var calls = context()
        for index in calls.indices { calls[index].context?.previousCall = nil }
        #expect(EligibleCache(calls).share == nil)
        calls = context()
        for index in calls.indices { calls[index].context = nil }
        #expect(EligibleCache(calls) == EligibleCache([]))
    }

    @Test func `what another model left in its cache is not eligible`() {
        var calls = context()
        for (index, model) in ["m", "s", "s"].enumerated() { calls[index].model = model }
        let cache = EligibleCache(calls)
        #expect(cache.callCount == 1 && cache.cached == 1260 && cache.eligible == 1260)
    }

    @Test func `what a cache forgets is seen by the time since the call before`() {
        // Gaps of 59 s, 60 s, 299 s, 300 s and 3,600 s between the end of one call and the sending of the next.
        var begin: Int64 = 0
        var calls: [AttemptRow] = []
        for (index, gap) in ([0, 59, 60, 299, 300, 3600] as [Int64]).enumerated() {
            begin += gap * 1000
            var row = RunFixture.call(place(0, index), at: begin, timeToFirstToken: 100, chunks: 1)
            row.ended = Instant(nanoseconds: (begin + 100) * 1_000_000)
            begin += 100
            row.usage = TokenUsage(
                inputTotal: 1000, inputCacheRead: TokenCount(gap < 300 ? 900 : 0), outputTotal: 50)
            row.context = CallContext(agent: "main", previousCall: index > 0 ? index - 1 : nil, isFinal: index == 5)
            calls.append(row)
        }
        let classes = CacheByGap.classes(calls)
        #expect(classes.map(\.lower) == [.zero, .seconds(60), .seconds(300), .seconds(3600)])
        #expect(classes.map(\.upper) == [.seconds(60), .seconds(300), .seconds(3600), nil])
        #expect(classes.map(\.cache.callCount) == [1, 2, 1, 1])
        #expect(classes.map(\.cache.cached) == [900, 1800, 0, 0])
        #expect(classes.map(\.cache.eligible) == [1050, 2100, 1050, 1050])
        // The clocks of two processes of a run cannot be compared.
        calls[4].part = 1
        #expect(CacheByGap.classes(calls).map(\.cache.callCount) == [1, 2])
    }

    @Test func `a cache that was read not at all is a share of zero, not an unknown one`() {
        var calls = context()
        for index in calls.indices { calls[index].usage.inputCacheRead = 0 }
        #expect(EligibleCache(calls).share == 0)
    }

    @Test func `reasoning is a share of the output of the calls that tell it`() {
        var totals = TokenTotals()
        #expect(totals.reasoningShare == nil)
        for (output, reasoning, isAmbiguous) in [(100, 60, false), (300, nil, false), (50, 0, false), (10, 9, true)] {
            var row = RunFixture.call(place(0, 0))
            row.usage = TokenUsage(
                inputTotal: 10, outputTotal: TokenCount(output), outputReasoning: reasoning.map { TokenCount($0) },
                isAmbiguous: isAmbiguous)
            totals.add(row)
        }
        #expect(totals.reasoningShare == 60.0 / 150)
        #expect(totals.callsTellingReasoning == 2 && totals.callsTellingCache == 0)
        for row in context() { totals.add(row) }
        #expect(totals.callsTellingCache == 3 && totals.cacheShare == 2160.0 / 3700)
    }
}

@Suite struct ToolBandTests {
    private func call(
        _ index: Int, _ divergence: ToolDivergence?, _ level: ToolLevel?, prompt: Int = 1000, session: Int = 0
    ) -> AttemptRow {
        var row = RunFixture.call(place(session, index))
        row.plannedInput = TokenCount(prompt)
        (row.divergence, row.toolLevel) = (divergence, level)
        row.toolCallCount = level == nil ? 0 : 1
        return row
    }

    @Test func `of the calls that should call a tool, those count whose tools can be carried out`() throws {
        var failed = call(9, .noCall, nil)
        failed.outcome = .server
        let calls = [
            call(0, .agreeing, .nameMatch), call(1, .agreeing, nil), call(2, .noCall, nil),
            call(3, .otherTool, .valid), call(4, .otherTool, .schemaMismatch), call(5, .unaskedCall, .valid),
            call(6, .agreeing, .invalidJSON), call(7, nil, .valid), call(8, .otherArguments, .nameMatch), failed,
        ]
        let bands = ToolBand.bands(calls, ToolBand.promptRanges) { $0.plannedInput.value }
        let band = try #require(bands.first)
        #expect(bands.count == 1 && band.range == ToolBand.promptRanges[0])
        // Expected: 0, 2, 3, 4, 6 and 8; of these 0, 3 and 8 can be carried out.
        #expect(band.valid.hitCount == 3 && band.valid.trialCount == 6)
        // Compared: all but the seventh and the failed one; 0, 1 and 6 go the recorded way.
        #expect(band.divergent.hitCount == 5 && band.divergent.trialCount == 8)
        let interval = try #require(band.valid.interval)
        // Wilson, 3 of 6.
        #expect(abs(interval.lower - 0.1876) < 1e-4 && abs(interval.upper - 0.8124) < 1e-4)
    }

    @Test(arguments: [(7999, 0), (8000, 1), (31_999, 1), (32_000, 2), (127_999, 2), (128_000, 3), (2_000_000, 3)])
    func `a prompt stands in one band, by the plan's count`(prompt: Int, band: Int) {
        let bands = ToolBand.bands([call(0, .noCall, nil, prompt: prompt)], ToolBand.promptRanges) {
            $0.plannedInput.value
        }
        #expect(bands.map(\.range) == [ToolBand.promptRanges[band]])
    }

    @Test(arguments: [(1, 0), (2, 1), (4, 1), (5, 2), (16, 2), (17, 3), (64, 3), (65, 4), (5000, 4)])
    func `a number of calls in flight stands in one band`(count: Int, band: Int) {
        let bands = ToolBand.bands([call(0, .noCall, nil)], ToolBand.loadRanges) { _ in count }
        #expect(bands.map(\.range) == [ToolBand.loadRanges[band]])
        #expect(ToolBand.bands([call(0, .noCall, nil)], ToolBand.loadRanges) { _ in nil }.isEmpty)
    }

    @Test func `answers of one session that fail together widen the interval`() throws {
        func interval(_ isClustered: Bool) throws -> Double {
            let calls = (0..<100).map { index in
                let isMiss = isClustered ? index < 20 : index % 5 == 0
                return call(index % 10, isMiss ? .noCall : .agreeing, isMiss ? nil : .valid, session: index / 10)
            }
            let bands = ToolBand.bands(calls, ToolBand.promptRanges) { $0.plannedInput.value }
            let band = try #require(bands.first)
            #expect(band.valid.hitCount == 80 && band.valid.trialCount == 100)
            let interval = try #require(band.valid.interval)
            return interval.upper - interval.lower
        }
        #expect(try interval(true) > 1.5 * interval(false))
    }
}

@Suite struct CallsInFlightTests {
    private func row(_ session: Int, _ sent: Int64?, _ ended: Int64, round: Int = 0, endpoint: Int = 0) -> AttemptRow {
        var row = AttemptRow(
            place: place(session, 0, round: round, endpoint: endpoint), number: 0, outcome: .ok,
            ended: Instant(nanoseconds: ended))
        row.sent = sent.map { Instant(nanoseconds: $0) }
        return row
    }

    private func counts(_ rows: [AttemptRow]) -> [Int?] {
        let counts = CallsInFlight.counts(rows)
        return rows.map { counts[CallsInFlight.Key($0)] }
    }

    @Test func `a call counts itself and those that were sent and have not ended`() {
        #expect(counts([row(0, 0, 10)]) == [1])
        #expect(counts([row(0, 0, 10), row(1, 5, 20), row(2, 10, 30), row(3, 40, 50)]) == [1, 2, 2, 1])
        #expect(
            counts([row(0, 7, 10), row(1, 7, 20), row(2, 7, 7)]) == [2, 2, 3], "who ended at once was there for itself")
        #expect(counts([row(0, nil, 10), row(1, 5, 20)]) == [nil, 1])
    }

    @Test func `other endpoints, rounds and processes are another load`() {
        var other = row(1, 5, 20)
        other.part = 1
        #expect(counts([row(0, 0, 10), other]) == [1, 1])
        #expect(counts([row(0, 0, 10), row(0, 5, 20, round: 1), row(0, 5, 20, endpoint: 1)]) == [1, 1, 1])
    }

    @Test func `retries, failures and what we ended ourselves are load`() {
        var refused = row(1, 0, 10)
        refused.outcome = .rateLimited
        var aborted = row(2, 2, 100)
        aborted.outcome = .aborted
        var again = row(1, 20, 30)
        again.number = 1
        #expect(counts([refused, aborted, again]) == [1, 2, 2])
    }
}

@Suite struct OutputLengthTests {
    private func lengths(_ outputs: [[Int]]) -> [(endpoint: EndpointIdentifier, length: OutputLength)] {
        outputs.enumerated().map { index, outputs in
            var length = OutputLength()
            for output in outputs { length.add(RunFixture.call(place(0, 0), tokens: output)) }
            return (EndpointIdentifier("\(index)"), length)
        }
    }

    @Test func `only whole answers that tell their tokens count`() {
        var length = OutputLength()
        #expect(length.mean == nil)
        length.add(RunFixture.call(place(0, 0), tokens: 30))
        length.add(RunFixture.call(place(0, 0), tokens: 50))
        length.add(RunFixture.call(place(0, 0), tokens: nil))
        for outcome in [OutcomeClass.hungUp, .truncated] {
            var cut = RunFixture.call(place(0, 0), tokens: 1)
            cut.outcome = outcome
            length.add(cut)
        }
        var doubtful = RunFixture.call(place(0, 0), tokens: 1)
        doubtful.usage.isAmbiguous = true
        length.add(doubtful)
        #expect(length.callCount == 2 && length.mean == 40)
    }

    @Test(
        arguments: [
            ([[432], [432], [390]], []), ([[432], [432], [475]], []), ([[100], [100], [110]], []),
            ([[100], [100], [90]], []),
            ([[100], [100], [111]], [2]), ([[100], [100], [89]], [2]), ([[100], [130]], [0, 1]),
            ([[100], [110]], []), ([[100], [112]], [0, 1]), ([[100]], []),
            ([[100], []], []), ([[], [100], [200], [90, 110]], [2]),
        ] as [([[Int]], [Int])])
    func `an endpoint whose mean lies more than a tenth from the median is named`(outputs: [[Int]], outliers: [Int]) {
        let found = OutputLengths(lengths(outputs))
        #expect(found.outliers.map(\.endpoint.rawValue) == outliers.map(String.init))
        #expect((found.median == nil) == (outputs.count { !$0.isEmpty } < 2))
    }

    @Test func `the deviation is told of the median`() throws {
        let lengths = lengths([[100], [100], [150]])
        let found = OutputLengths(lengths)
        #expect(found.deviation(of: lengths[2].length) == 0.5)
        #expect(found.deviation(of: OutputLength()) == nil)
        #expect(try #require(found.outliers.first).deviation == 0.5)
        #expect(OutputLengths([]).deviation(of: lengths[2].length) == nil)
    }

    @Test func `an endpoint that was stopped has answered other calls and is not compared`() throws {
        var fixture = RunFixture()
        fixture.addSession(0, 0, 0, calls: [RunFixture.call(place(0, 0), tokens: 10)])
        fixture.addSession(1, 0, 0, calls: [RunFixture.call(place(0, 0, endpoint: 1), tokens: 50)])
        #expect(try RunAnalysis([try fixture.file()]).outputLengths.outliers.count == 2)
        var skipped = RunFixture.call(place(0, 1, endpoint: 1), outcome: .skipped)
        skipped.skipReason = "endpoint-stopped"
        fixture.attempts.append(skipped)
        #expect(try RunAnalysis([try fixture.file()]).outputLengths.outliers.isEmpty)
    }
}
