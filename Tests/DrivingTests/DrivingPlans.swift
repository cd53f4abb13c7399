import Dialects
import Planning
import Profiles
import Quantities
import Workloads

@testable import Driving

/// Plans for one endpoint, which is never called.
enum DrivingPlans {
    static let runSalt = "0123456789ab"

    /// A plan; a server of TGI has one model only.
    static func plan(
        _ workload: String = "generator: coding-S", settings: String = "", dialect: DialectName = .openAIChat,
        request: String = "{}", sessions: SessionLibrary? = nil
    ) throws -> Plan {
        var texts = [
            "p.yaml": """
            submeter: plan
            version: 1
            name: p
            model: m
            \(dialect == .tgi ? "" : "small_model: s")
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
            dialect: \(dialect.rawValue)
            base_url: http://127.0.0.1:1/v1
            models: [{name: m, id: m}, {name: s, id: s}]
            request: \(request)
            """,
            "w.yaml": "submeter: workload\nversion: 1\nname: w\nsession_count: 4\n\(workload)",
        ]
        if let sessions {
            texts["w.yaml"] = "submeter: workload\nversion: 1\nname: w\nsessions_file: s.jsonl"
            texts["s.jsonl"] = String(decoding: SessionFile.write(sessions), as: UTF8.self)
        }
        return try Plan(try DocumentSet(planFile: "p.yaml") { texts[$0].map { Array($0.utf8) } })
    }

    static func routes(_ plan: Plan) -> EndpointRoutes { EndpointRoutes(plan.endpoints[0]) }

    /// A session of these calls; their inputs are those of the token equation.
    static func library(_ calls: [Call], share: PrefixShare = .corpus) -> SessionLibrary {
        var session = Session(
            identifier: SessionIdentifier("hand-made"), toolsTokens: 900, systemTokens: 300, share: share,
            agentPrefixTokens: ["child": 700, "other": 26_000], calls: calls)
        let graph = ContextGraph(session)
        for index in calls.indices { session.calls[index].input = graph.promptTokens(index, in: session) }
        return SessionLibrary(header: SessionFile.header(name: "hand-made"), sessions: [session])
    }

    static func call(
        _ name: String, agent: String = Call.mainAgent, after: [String], _ context: Call.Context, carry: Int = 0,
        _ added: [(role: String, tokens: Int)], wait: Duration = .zero
    ) -> Call {
        Call(
            identifier: CallIdentifier(name), agent: agent, after: after.map { CallIdentifier($0) }, wait: wait,
            waitKind: after.isEmpty ? .start : .tool, context: context, carry: TokenCount(carry),
            added: added.map { Call.AddedItem(role: $0.role, tokens: TokenCount($0.tokens)) }, input: .zero,
            output: TokenCount(100))
    }

    /// A session with all that adds much at once: a tool's result, sub-agents, a fork, compactions, branches of their own.
    static let branching = [
        call("0", after: [], .new, [("user", 400)]),
        call("1", after: ["0"], .continuing, carry: 90, [("tool", 24_000), ("tool", 10)]),
        call("2", agent: "child", after: ["0"], .new, [("user", 30_000)]),
        call("3", agent: "child", after: ["2"], .continuing, carry: 50, [("tool", 200)]),
        call("4", agent: "other", after: ["1"], .new, [("user", 40)]),
        call("5", agent: "child", after: ["1", "3"], .fork(CallIdentifier("1")), carry: 60, [("user", 21_000)]),
        call("6", after: ["1", "3", "4"], .continuing, carry: 80, [("tool", 25_000), ("user", 30)]),
        call("7", after: ["6"], .keep(TokenCount(23_000)), [("user", 300)]),
        call("8", after: ["7"], .keep(TokenCount(2000)), carry: 70, [("user", 22_000)]),
        call("9", after: ["8"], .continuing, carry: 30, [("user", 5)]),
        call("10", agent: "early", after: [], .new, [("user", 20_500)]),
        call("11", agent: "late", after: [], .new, [("user", 20_600)], wait: .seconds(600)),
    ]
}
