import Analysis
import Driving
import Planning
import Quantities
import Ranking
import Records
import Rehearsal
import Reporting
import Scheduling
import Statistics
import Testing
import Workloads

extension EndToEnd {
    @Suite(.serialized) struct AgentTests {
        /// A main agent with three calls; a helper begins between the first two, and goes on after the last.
        private static func library() -> SessionLibrary {
            func call(_ name: String, _ context: Call.Context, after: [CallIdentifier], agent: String = Call.mainAgent)
                -> Call
            {
                Call(
                    identifier: CallIdentifier(name), agent: agent, after: after, waitKind: .tool, context: context,
                    carry: context == .continuing ? 20 : 0, added: [.init(role: "user", tokens: 100)], input: .zero,
                    output: 40, stop: "end_turn")
            }
            var session = Session(
                identifier: "s", toolsTokens: 400, systemTokens: 200, agentPrefixTokens: ["helper": 300],
                calls: [
                    call("0", .new, after: []), call("1", .new, after: ["0"], agent: "helper"),
                    call("2", .continuing, after: ["1"]), call("3", .continuing, after: ["2"]),
                    call("4", .continuing, after: ["3"], agent: "helper"),
                ])
            let graph = ContextGraph(session)
            for index in session.calls.indices { session.calls[index].input = graph.promptTokens(index, in: session) }
            var library = WorkloadGenerator.generate(.codingSmall, count: 1, seed: Seed(1))
            library.sessions = [session]
            return library
        }

        @Test func `the figures of agents agree with the rows and with the fleet's own account`() throws {
            let persona = Persona(
                name: "a", network: .milliseconds(2), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 50_000,
                jitter: 0, reasoningShare: 0.25, scenarios: [.rateLimitMilliseconds: 0.5])
            let stage = try Stage(
                [persona], settings: "rounds: 1\nsessions_per_round: 1\nretries: {maximum: 20}", seed: 8,
                sessions: Self.library())
            defer { stage.close() }
            let (file, _) = try stage.run()
            let answers = file.attempts.filter { $0.outcome == .ok }
            let refusals = file.attempts.filter { $0.outcome == .rateLimited }
            #expect(answers.map(\.place.call) == [0, 1, 2, 3, 4] && file.attempts.count == 5 + refusals.count)
            #expect(!refusals.isEmpty, "the seed plays at least one")
            #expect(answers.map(\.context?.agent) == ["main", "helper", "main", "main", "helper"])
            #expect(answers.map(\.context?.previousCall) == [nil, nil, 0, 2, 1])
            #expect(answers.map(\.context?.isFinal) == [false, false, false, true, false])
            #expect(refusals.allSatisfy { refusal in refusal.context == answers[refusal.place.call].context })

            let analysis = try RunAnalysis([file])
            let endpoint = try #require(analysis.endpoints.first)
            let start = try #require(file.attempts.first?.due)
            let final = try #require(answers[3].events.first)
            #expect(endpoint.agents.sessions.timeToFinalAnswer.fromBest == [(final.at - start).seconds])
            let wall = try #require(endpoint.agents.sessions.wallTime.fromBest.first)
            #expect(wall > (final.at - start).seconds, "the helper goes on after the final answer")
            let waits = endpoint.agents.sessions.rateLimitWaits
            // Each refusal asks for a second; the calls follow each other, so that nothing overlaps.
            #expect(waits.seconds >= Double(refusals.count) && waits.seconds < wall)
            #expect(endpoint.agents.sessions.rateLimitedCount == refusals.count && waits.waitingSessionCount == 1)

            var cached: [Int: Int] = [:]
            for truth in stage.fleet.truths {
                for answer in answers
                where truth.status == 200
                    && truth.requestIdentifier == RunDriver.requestIdentifier(CallKey(answer.place))
                {
                    cached[answer.place.call, default: 0] += truth.cachedTokens.value
                }
            }
            let eligible = endpoint.agents.eligibleCache
            #expect(eligible.callCount == 3 && eligible.cached == [2, 3, 4].reduce(0) { $0 + (cached[$1] ?? 0) })
            let before = [0, 2, 1].map { answers[$0].usage }
            #expect(
                eligible.eligible
                    == before.reduce(0) { $0 + ($1.inputTotal?.value ?? 0) + ($1.outputTotal?.value ?? 0) })
            #expect(try #require(eligible.share) > 0.7)

            let report = TerminalFormat.text(Reports.full(Ranking(analysis), analysis), usesColor: false)
            for title in ["Agent sessions", "Rate limits in sessions", "Cache hit rate", "Tools by load"] {
                #expect(report.contains("\n\(title)"), "\(title) is missing")
            }
        }
    }
}
