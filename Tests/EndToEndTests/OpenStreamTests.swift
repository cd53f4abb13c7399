import Analysis
import Driving
import Planning
import Profiles
import Quantities
import Ranking
import Records
import Rehearsal
import Reporting
import Scheduling
import Testing
import Workloads

extension EndToEnd {
    /// Servers that hold their streams open after the last word.
    @Suite(.serialized) struct OpenStreamTests {
        private func persona(_ hold: Duration?) -> Persona {
            var persona = Persona(
                name: "a", network: .milliseconds(2), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 50_000,
                jitter: 0, scenarios: [.usageOwnEvent: 1])
            if let hold { (persona.stallDuration, persona.scenarios[.lateClose]) = (hold, 1) }
            return persona
        }

        private func run(_ persona: Persona, _ settings: String = "rounds: 1\nsessions_per_round: 2") throws -> (
            file: RunFile, truths: [String: GroundTruth], plan: Plan
        ) {
            let stage = try Stage([persona], settings: settings, timeScale: "0")
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            let truths = stage.fleet.truths.map { ($0.requestIdentifier, $0) }
            return (file, Dictionary(uniqueKeysWithValues: truths), stage.plan)
        }

        @Test func `the next call is due when the answer was there, though its stream is held open`() throws {
            let hold = Duration.milliseconds(400)
            let (file, truths, plan) = try run(persona(hold))
            #expect(file.attempts.count == 8 && file.sessions.allSatisfy(\.isSuccess))
            for row in file.attempts {
                let truth = try #require(truths[RunDriver.requestIdentifier(CallKey(row.place))])
                // Usage comes in an event of its own after the finish, and is waited for.
                #expect(row.outcome == .ok && row.usage.outputTotal == truth.outputTokens)
                #expect(row.usage.inputTotal == truth.inputTokens && row.listCost == truth.bill)
                let (closed, last) = (try #require(row.closed), try #require(row.events.last?.at))
                #expect(row.ended >= last && closed - row.ended > hold / 2, "the fleet held it for 400 ms")
                #expect(row.httpVersion == "1.1" && row.receivedByteCount > 0 && row.sentByteCount > 0)
                guard row.place.call > 0 else { continue }
                let key = CallKey(row.place)
                let before = try #require(
                    file.attempts.first {
                        $0.place.session == row.place.session && $0.place.call == row.place.call - 1
                    })
                #expect(row.predecessorEnd == before.ended && row.due == before.ended + plan.wait(before: key))
                #expect(try #require(row.started) < (try #require(before.closed)), "it is sent while that is open")
            }
            let analysis = try RunAnalysis([file])
            let delays = try #require(analysis.endpoints[0].summary(.closeDelay))
            #expect(delays.count == 8 && delays.fromBest.allSatisfy { $0 > 0.2 && $0 < 2 })
            let report = MarkdownFormat.text(Reports.full(Ranking(analysis), analysis))
            #expect(report.contains("close p50") && report.contains("close p99"))
        }

        @Test func `a stream that is never closed is closed by us, and counts as long as it was open`() throws {
            let (file, _, _) = try run(persona(.seconds(600)), "rounds: 1\nsessions_per_round: 1\nlive_sessions: 1")
            #expect(file.attempts.count == 4)
            for row in file.attempts {
                #expect(row.outcome == .ok && row.usage.outputTotal != nil && row.errorText == nil)
                let delay = try #require(row.closed) - row.ended
                #expect(delay > .seconds(2))
            }
            let last = try #require(file.attempts.map(\.ended).max())
            #expect(last < (try #require(file.attempts[0].closed)), "no call waited for that of another")
        }

        @Test func `where streams are closed at once, connections are used again, and nothing is said of it`() throws {
            let (file, _, _) = try run(persona(nil), "rounds: 1\nsessions_per_round: 4\nlive_sessions: 1")
            #expect(file.attempts.count == 16 && file.attempts.allSatisfy { $0.outcome == .ok })
            let reused = file.attempts.count { $0.isReused == true }
            #expect(reused >= 12, "\(reused) of 16 calls found a connection free")
            #expect(file.attempts.allSatisfy { row in row.closed.map { $0 >= row.ended } == true })
            let analysis = try RunAnalysis([file])
            #expect(!MarkdownFormat.text(Reports.full(Ranking(analysis), analysis)).contains("close p50"))
        }

        @Test(arguments: [Scenario.cut, .reset, .noFinish, .truncatedFrame])
        func `a stream that breaks before its end is still told from one that is held open`(fault: Scenario) throws {
            var broken = persona(.milliseconds(50))
            broken.scenarios[fault] = 1
            let (file, _, _) = try run(broken)
            let firsts = file.attempts.filter { $0.outcome != .skipped }
            #expect(firsts.count == 2 && firsts.allSatisfy { !$0.outcome.isSuccess }, "\(firsts.map(\.outcome))")
        }

        @Test func `an interruption does not wait for open streams, and says nothing of how long they would have been`()
            throws
        {
            var holding = persona(.seconds(600))
            holding.slotCount = 10_000
            let stage = try Stage(
                [holding], settings: "rounds: 1\nsessions_per_round: 200\nlive_sessions: 1", timeScale: "0")
            defer { stage.close() }
            let interruption = Interruption()
            let (file, reason) = try stage.run(interruption: interruption) { progress in
                if progress.endedCalls[0] > 0 { interruption.interrupt() }
            }
            #expect(reason == .interrupted)
            let answered = file.attempts.filter { $0.outcome == .ok }
            #expect(!answered.isEmpty && answered.allSatisfy { $0.usage.outputTotal != nil })
            #expect(answered.contains { $0.closed == nil && $0.httpVersion == "1.1" })
            #expect(answered.allSatisfy { row in row.closed.map { $0 - row.ended > .seconds(2) } ?? true })
        }
    }
}
