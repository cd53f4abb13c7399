import Analysis
import Driving
import Quantities
import Records
import Ranking
import Rehearsal
import Reporting
import Testing

extension EndToEnd {
    @Suite(.serialized) struct OpenLoopTests {
        private func persona(_ name: String) -> Persona {
            Persona(
                name: name, network: .milliseconds(2), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 50_000,
                jitter: 0)
        }

        @Test func `sessions are due at the drawn offsets, the same at every endpoint`() throws {
            let settings =
                "rounds: 2\nsessions_per_round: 6\norder: side-by-side\nload: {kind: poisson, rate: 40}"
            let stage = try Stage([persona("a"), persona("b")], settings: settings, calls: 2)
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            #expect(file.attempts.count == 2 * 2 * 6 * 2 && file.attempts.allSatisfy { $0.outcome == .ok })
            let firsts = file.attempts.filter { $0.place.call == 0 }
            for round in 0..<2 {
                let own = firsts.filter { $0.place.round == round }
                let begin = try #require(own.first { $0.place.session == 0 }?.due)
                let offsets = stage.plan.rounds[round].sessions.map { $0.offset ?? .zero }
                #expect(Set(offsets).count == 6)
                for row in own {
                    let due = try #require(row.due)
                    #expect(due - begin == offsets[row.place.session] - offsets[0])
                    #expect(row.predecessorEnd.map { $0 <= due } == true)
                    #expect((try #require(row.sent)) >= due)
                }
            }
            let analysis = try RunAnalysis([file])
            let report = MarkdownFormat.text(Reports.full(Ranking(analysis), analysis))
            #expect(report.contains("poisson arrivals at 40.0 sessions/s, side-by-side order"))
            #expect(report.contains("TTFT from due p50"))
        }

        @Test func `a resumed run goes on with the clock of the turn that was interrupted`() throws {
            let settings = "rounds: 1\nsessions_per_round: 40\nload: {kind: poisson, rate: 40}"
            let stage = try Stage([persona("a")], settings: settings, calls: 1)
            defer { stage.close() }
            let interruption = Interruption()
            let (first, reason) = try stage.run(interruption: interruption) { progress in
                if progress.endedCalls[0] > 0 { interruption.interrupt() }
            }
            #expect(reason == .interrupted)
            let begun = Set(first.attempts.filter { $0.due != nil }.map(\.place.session))
            let begin = try #require(first.attempts.compactMap(\.due).min())
            let elapsed = try #require(first.attempts.map(\.ended).max()) - begin
            let (second, end) = try stage.resume()
            #expect(end == .complete && second.sessions.count == 40)
            let offsets = stage.plan.rounds[0].sessions.map { $0.offset ?? .zero }
            let later = second.attempts.filter { $0.due != nil && !begun.contains($0.place.session) }
            #expect(!begun.isEmpty && later.count == 40 - begun.count)
            let origins = try later.map { try #require($0.due).advanced(by: .zero - offsets[$0.place.session]) }
            #expect(Set(origins).count <= 1, "all sessions that were left count from one beginning of the turn")
            let resumed = second.attempts.filter { $0.part == 1 }.compactMap { $0.started ?? $0.due }.min()
            if let origin = origins.first, let resumed {
                // What had passed before the interruption is not waited for again.
                #expect(resumed - origin >= elapsed - offsets[0])
            }
        }

        @Test func `what found no room before an interruption is said, and sent as late as it is when the run goes on`()
            throws
        {
            let settings =
                "rounds: 1\nsessions_per_round: 300\nload: {kind: constant, rate: 10000, maximum_live_sessions: 1}"
            let stage = try Stage([persona("a")], settings: settings, calls: 1)
            defer { stage.close() }
            let interruption = Interruption()
            let (first, reason) = try stage.run(interruption: interruption) { progress in
                if progress.endedCalls[0] > 0 { interruption.interrupt() }
            }
            #expect(reason == .interrupted)
            let waiting = Set(first.attempts.filter { $0.skipReason == "no-room" }.map(\.place.session))
            #expect(waiting.count > 100)
            let (second, end) = try stage.resume()
            #expect(end == .complete && second.sessions.count == 300)
            #expect(second.attempts.allSatisfy { $0.outcome != .skipped })
            for row in second.attempts where waiting.contains(row.place.session) {
                let (due, room) = (try #require(row.due), try #require(row.predecessorEnd))
                #expect(row.part == 1 && room > due, "the wait before the interruption is not forgotten")
            }
        }

        @Test func `where the budget holds calls back, they were due all the same, and the record says for how long`()
            throws
        {
            // A call may cost a good millidollar and does cost a fortieth of that: two fit in at a time.
            let settings =
                "rounds: 1\nsessions_per_round: 20\nbudget: 0.0025 USD\nload: {kind: constant, rate: 1000}"
            var cheap = persona("a")
            (cheap.network, cheap.outputShare) = (.milliseconds(10), 0.02)
            let stage = try Stage([cheap], settings: settings, sessions: pairs(20), timeScale: "0")
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete && file.attempts.count == 40)
            let offsets = stage.plan.rounds[0].sessions.map { $0.offset ?? .zero }
            let firsts = file.attempts.filter { $0.place.call == 0 }
            let begins = try firsts.map { try #require($0.due).advanced(by: .zero - offsets[$0.place.session]) }
            #expect(Set(begins).count == 1, "an offset stays the time at which a session's first call was due")
            #expect(firsts.count { $0.budgetHold > .zero } > 10)
            for row in file.attempts {
                let (due, end) = (try #require(row.due), try #require(row.predecessorEnd))
                let (started, sent) = (try #require(row.started), try #require(row.sent))
                #expect(max(due, end) + row.budgetHold <= started && started <= sent)
            }
            let analysis = try RunAnalysis([file])
            #expect(analysis.budgetHolds.longest > .milliseconds(20))
            #expect(try #require(analysis.verdicts[0].dispatchDelay) < analysis.budgetHolds.longest.seconds / 2)
        }

        @Test func `where a cap keeps sessions waiting, their wait is in their time and not the harness's`() throws {
            let settings =
                "rounds: 1\nsessions_per_round: 4\nload: {kind: constant, rate: 10000, maximum_live_sessions: 1}"
            let stage = try Stage([persona("a")], settings: settings, calls: 2)
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            let sessions = file.sessions.sorted { $0.session < $1.session }
            for (earlier, later) in zip(sessions, sessions.dropFirst()) { #expect(earlier.ended <= later.began) }
            let firsts = file.attempts.filter { $0.place.call == 0 }.sorted { $0.place < $1.place }
            let begin = try #require(firsts[0].due)
            for (place, row) in firsts.enumerated() {
                #expect(try #require(row.due) - begin == .microseconds(100 * place))
                guard place > 0 else { continue }
                let room = try #require(row.predecessorEnd)
                #expect(
                    room
                        >= (try #require(file.attempts.first { $0.place.session == place - 1 && $0.place.call == 1 })
                            .ended))
            }
            let measured = try RunAnalysis([file]).endpoints[0].sessions[0]
            for (place, session) in measured.enumerated() {
                let (first, due) = (firsts[place], try #require(firsts[place].due))
                // The wait for room is in the session's time, and the client's own waits are not.
                #expect(session.modelTime > max(0, (try #require(first.predecessorEnd) - due).seconds))
                #expect(session.modelTime <= (sessions[place].ended - due).seconds)
            }
        }

        @Test func `an endpoint that sessions come too fast for is not called again, and the record says why`() throws {
            let settings = """
                rounds: 2
                sessions_per_round: 100
                order: side-by-side
                load: {kind: constant, rate: 100}
                stop: {over_saturation: true}
                ranking: {minimum_rounds: 2}
                """
            var slow = persona("a")
            (slow.slotCount, slow.network) = (1, .milliseconds(15))
            let stage = try Stage([slow, persona("b")], settings: settings, sessions: pairs(100))
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            let withheld = file.attempts.filter { $0.outcome == .skipped }
            #expect(Set(withheld.map(\.place.endpoint)) == [0])
            #expect(Set(withheld.map(\.skipReason)) == ["endpoint-saturated"])
            #expect(file.attempts.count == 2 * 2 * 100 * 2)
            // Sixty-four sessions of the first round had come, and thirty-six were still to come.
            #expect(withheld.count >= 2 * 36 + 200 && withheld.count < 2 * 100 + 200)
            let analysis = try RunAnalysis([file])
            #expect(analysis.endpoints.map(\.wasStopped) == [true, false])
            #expect(
                Ranking(analysis).exclusions.first?.reasons.first
                    == "the run stopped calling it because sessions arrived faster than it served them")
        }

        @Test func `a run that too high a load has ended sends nothing more when it is resumed`() throws {
            let settings = """
                rounds: 2
                sessions_per_round: 64
                load: {kind: poisson, rate: 100}
                stop: {over_saturation: true}
                """
            var slow = persona("a")
            (slow.slotCount, slow.network) = (1, .milliseconds(15))
            let stage = try Stage([slow], settings: settings, sessions: pairs(64))
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .overSaturation)
            let sent = file.attempts.filter { $0.outcome != .skipped }
            #expect(!sent.isEmpty && sent.count < 128 && sent.allSatisfy { $0.outcome == .ok })
            #expect(file.attempts.allSatisfy { $0.outcome == .ok || $0.skipReason == "endpoint-saturated" })
            let (again, secondReason) = try stage.resume()
            #expect(secondReason == .overSaturation)
            #expect(again.attempts.filter { $0.outcome != .skipped } == sent)
        }
    }
}
