import Dialects
import Planning
import Profiles
import Quantities
import Testing
import Workloads

@testable import Driving

@Suite struct PreparedSessionsTests {
    private func plan(_ workload: String = "generator: coding-S", _ settings: String = "") throws -> Plan {
        let texts = [
            "p.yaml": """
            submeter: plan
            version: 1
            name: p
            model: m
            providers: [a.yaml]
            prices: []
            workload: w.yaml
            endpoints: [{provider: a}]
            rounds: 2
            sessions_per_round: 3
            live_sessions: 2
            \(settings)
            """,
            "a.yaml": """
            submeter: provider
            version: 1
            name: a
            delivery_path: self-hosted
            dialect: openai-chat
            base_url: http://127.0.0.1:1/v1
            models: [{name: m, id: m}]
            """, "w.yaml": "submeter: workload\nversion: 1\nname: w\nsession_count: 4\n\(workload)",
        ]
        return try Plan(try DocumentSet(planFile: "p.yaml") { texts[$0].map { Array($0.utf8) } })
    }

    private func key(_ round: Int, _ session: Int) -> SessionKey {
        SessionKey(endpoint: 0, round: round, session: session)
    }

    private func writer(_ plan: Plan) -> SessionWriter {
        SessionWriter(
            plan: plan, routes: EndpointRoutes(plan.endpoints[0]),
            salts: EndpointSalts(endpoint: 0, runSalt: "0123456789ab", policy: plan.profile.salts),
            runSalt: "0123456789ab")
    }

    @Test func `sessions are prepared in the order in which they begin, and those that have ended are not`() throws {
        var order = SessionOrder(try plan(), ended: [key(0, 1), key(0, 2)])
        #expect(order.next(endpoint: 0) == key(0, 0))
        #expect(order.next(endpoint: 0) == key(1, 0))
        // What begins was gone past, whether it had been prepared or not.
        order.pass(key(0, 0))
        order.pass(key(1, 1))
        #expect(order.next(endpoint: 0) == key(1, 2))
        #expect(order.next(endpoint: 0) == nil && order.next(endpoint: 0) == nil)
    }

    @Test func `a session is taken once, whether it is ready or not, and those before it are given up`() throws {
        let (plan, prepared) = (try plan(), PreparedSessions())
        let writer = writer(plan)
        for _ in 0..<20 {
            for session in 0..<3 {
                let key = key(0, session)
                prepared.prepare(key) { writer.prepared(key) }
            }
            #expect(prepared.take(key(0, 1))?.session.stickinessKey.hasSuffix("-s1") == true)
            #expect(prepared.take(key(0, 1)) == nil && prepared.take(key(0, 0)) == nil)
            #expect(prepared.take(key(0, 2)) != nil)
        }
        #expect(prepared.take(key(1, 0)) == nil)
    }

    @Test(arguments: ["coding-S", "swarm", "customer-service", "chat-reason"])
    func `what was prepared is sent byte by byte as if it had not been`(generator: String) throws {
        let plan = try plan("generator: \(generator)")
        let writer = writer(plan)
        let route = EndpointRoutes(plan.endpoints[0]).main
        for number in 0..<6 {
            let key = key(number / 3, number % 3)
            let prepared = writer.prepared(key)
            var (early, late) = (prepared.session, writer.session(key, at: Instant(nanoseconds: 0)))
            let call = late.transcript.session.calls[0]
            let prefix = writer.prefix(of: call, late.transcript)
            #expect(prefix.bytes == prepared.prefix.bytes)
            let options = CallOptions(outputLimit: 100)
            for index in late.transcript.session.calls.indices.prefix(3) {
                let bodies = [
                    early.body(
                        index, prefix: prepared.prefix, encoder: route.encoder, options: options, target: route.target),
                    late.body(index, prefix: prefix, encoder: route.encoder, options: options, target: route.target),
                ]
                #expect(bodies[0] == bodies[1] && !bodies[0].isEmpty)
            }
        }
    }
}
