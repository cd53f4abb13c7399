import Analysis
import Driving
import Planning
import Quantities
import Records
import Rehearsal
import Statistics
import Testing
import Workloads

extension EndToEnd {
    @Suite(.serialized) struct HistoryTests {
        private let persona = Persona(
            name: "a", network: .milliseconds(2), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 50_000, jitter: 0)

        private struct Replay {
            let rows: [AttemptRow]
            let truths: [String: GroundTruth]

            func hashes(call: Int) -> [UInt64?] {
                rows.filter { $0.place.call == call }.map {
                    truths[RunDriver.requestIdentifier(CallKey($0.place))]?.bodyHash
                }
            }
        }

        private func replay(_ settings: String) throws -> Replay {
            let stage = try Stage([persona], settings: "rounds: 1\nsessions_per_round: 4\n" + settings, calls: 5)
            defer { stage.close() }
            let (file, _) = try stage.run()
            #expect(file.attempts.count == 20)
            #expect(file.attempts.allSatisfy { $0.outcome == .ok }, "\(file.attempts.compactMap(\.errorText))")
            return Replay(
                rows: file.attempts,
                truths: Dictionary(uniqueKeysWithValues: stage.fleet.truths.map { ($0.requestIdentifier, $0) }))
        }

        @Test func `a live history sends back what the endpoint answered, a pinned one in the recorded size`() throws {
            let recorded = try replay("history: recorded")
            let live = try replay("history: live")
            let pinned = try replay("history: pinned")
            #expect(recorded.hashes(call: 0) == live.hashes(call: 0))
            #expect(recorded.hashes(call: 0) == pinned.hashes(call: 0))
            #expect(zip(recorded.hashes(call: 1), live.hashes(call: 1)).contains { $0 != $1 })
            for row in pinned.rows {
                let truth = try #require(pinned.truths[RunDriver.requestIdentifier(CallKey(row.place))])
                #expect(abs(Double(truth.inputTokens.value) / Double(row.plannedInput.value) - 1) < 0.02)
            }
            #expect(recorded.rows.allSatisfy { $0.substitutedCallCount == 0 })
        }

        @Test func `a pinned history keeps contexts as large as recorded where the provider wants reasoning back`()
            throws
        {
            var thinking = persona
            thinking.reasoningShare = 0.5
            let stage = try Stage(
                [thinking], settings: "rounds: 1\nsessions_per_round: 4\nhistory: pinned", calls: 5,
                request: "{reasoning_field: reasoning_content}")
            defer { stage.close() }
            let (file, _) = try stage.run()
            #expect(file.attempts.count == 20 && file.attempts.allSatisfy { $0.outcome == .ok })
            #expect(file.attempts.contains { $0.events.contains { $0.kind == .reasoning } })
            let truths = Dictionary(uniqueKeysWithValues: stage.fleet.truths.map { ($0.requestIdentifier, $0) })
            for row in file.attempts {
                let truth = try #require(truths[RunDriver.requestIdentifier(CallKey(row.place))])
                let growth = Double(truth.inputTokens.value) / Double(row.plannedInput.value) - 1
                #expect(abs(growth) < 0.02, "\(row.place) is larger by \(growth)")
            }
        }

        @Test func `answers are judged against the tools and the recording`() throws {
            let replay = try replay("history: live")
            let judged = replay.rows.filter { $0.toolCallCount > 0 }
            #expect(!judged.isEmpty)
            #expect(judged.allSatisfy { $0.toolLevel != nil })
            // The last recorded call of a cut session tells nothing; of the others it is known whether tools were called.
            #expect(replay.rows.filter { $0.place.call < 4 }.allSatisfy { $0.divergence != nil })
        }

        @Test func `the recording may decide whether a tool is called`() throws {
            let replay = try replay("tool_choice: recorded")
            let rows = replay.rows.filter { $0.place.call < 4 }
            #expect(rows.allSatisfy { $0.toolCallCount > 0 && $0.divergence != .noCall }, "\(rows.map(\.divergence))")
        }

        @Test func `a session hangs up where it says so, and goes on`() throws {
            var library = WorkloadGenerator.generate(.codingSmall, count: 1, seed: Seed(3))
            library.sessions[0].calls = Array(library.sessions[0].calls.prefix(3))
            library.sessions[0].calls[0].request.abort = .tokens(TokenCount(24))
            library.sessions[0].calls[1].request.abort = .after(.milliseconds(300))
            var slow = persona
            slow.decodeTokensPerSecond = 20
            let stage = try Stage([slow], settings: "rounds: 1\nsessions_per_round: 1", sessions: library)
            defer { stage.close() }
            let (file, _) = try stage.run()
            #expect(file.attempts.map(\.outcome) == [.hungUp, .hungUp, .ok])
            // Tokens are told apart by their bytes: an event holds four of them.
            let events = file.attempts[0].events
            let last = try #require(events.last?.at)
            let before = events.filter { $0.at < last }.reduce(0) { $0 + $1.byteCount }
            let whole = events.reduce(0) { $0 + $1.byteCount }
            let size = 24 * ApproximateTokenizer.usualBytesPerToken
            #expect(Double(before) < size, "\(before) bytes before the last read")
            #expect(Double(whole) >= size, "\(whole) bytes")
            #expect(file.sessions.map(\.isSuccess) == [true])
            let analysis = try #require(RunAnalysis([file]).endpoints.first)
            #expect(analysis.success.hitCount == 3)
            // The cut answers tell when they began, and not how long they would have been.
            #expect(analysis.summary(.timeToFirstToken)?.count == 3)
            #expect(analysis.summary(.turnTime)?.count == 1)
        }
    }
}
