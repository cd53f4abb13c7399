import Foundation
import Planning
import Quantities
import Records
import Rehearsal
import Testing
import Transport
import Workloads

@testable import Driving

extension EndToEnd {
    @Suite(.serialized) struct AheadTests {
        private func call(
            _ name: String, agent: String = Call.mainAgent, after: [CallIdentifier], _ context: Call.Context,
            _ role: String, _ tokens: Int, input: Int, wait: Duration = .zero
        ) -> Call {
            Call(
                identifier: CallIdentifier(name), agent: agent, after: after, wait: wait,
                waitKind: after.isEmpty ? .start : .tool, context: context,
                added: [Call.AddedItem(role: role, tokens: TokenCount(tokens))], input: TokenCount(input),
                output: TokenCount(200))
        }

        @Test func `while a call runs, what depends on it is made, and what needs its answer when that has come`()
            throws
        {
            let first = CallIdentifier("0")
            let session = Session(
                identifier: SessionIdentifier("s"), toolsTokens: 400, systemTokens: 100,
                agentPrefixTokens: ["child": 100],
                calls: [
                    call("0", after: [], .new, "user", 50, input: 550),
                    call("1", agent: "child", after: [first], .new, "user", 21_000, input: 21_100),
                    call("2", after: [first], .continuing, "tool", 22_000, input: 22_550, wait: .milliseconds(2500)),
                ])
            let slow = Persona(
                name: "a", network: .milliseconds(2), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 80, jitter: 0
            )
            let stage = try Stage(
                [slow], settings: "rounds: 1\nsessions_per_round: 1\nhistory: live",
                sessions: SessionLibrary(header: SessionFile.header(name: "s"), sessions: [session]), timeScale: "1")
            defer { stage.close() }
            let writer = try RunFileWriter(
                creating: stage.path, documents: stage.plan.documents,
                facts: [FactRow(name: "run_salt", value: "0123456789ab")])
            let driver = RunDriver(
                stage.plan, writer: writer, loop: try NetworkLoop(), authorizers: [.none], runSalt: "0123456789ab")
            let key = SessionKey(endpoint: 0, round: 0, session: 0)
            var seen: Set<[Int]> = []
            let reason = try driver.run { _ in
                seen.insert((0..<3).filter { driver.sessions.prepared.contains(CallKey(session: key, call: $0)) })
            }
            try writer.close()
            #expect(reason == .complete)
            // The answer of the first call takes seconds, and so does the wait for the tool after it.
            #expect(seen.contains([1]) && seen.contains([2]), "\(seen)")
            #expect(driver.sessions.prepared.isEmpty)
            let rows = try RunFile(path: stage.path).attempts
            #expect(rows.count == 3 && rows.allSatisfy { $0.outcome == .ok })
        }
    }
}
