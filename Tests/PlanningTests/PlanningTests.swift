import Profiles
import Quantities
import Testing

@testable import Planning
@testable import Workloads

private func documents(
    _ settings: String = "", workload: String = "generator: coding-S", limit: Int = 100_000,
    sessions: SessionLibrary? = nil
) throws -> DocumentSet {
    let files = [
        "a.yaml":
            "submeter: provider\nversion: 1\nname: a\ndelivery_path: self-hosted\ndialect: openai-chat\nbase_url: http://x\nmodels: [{name: m, id: m, context_limit: \(limit)}]",
        "prices.yaml":
            "submeter: prices\nversion: 1\nrows: [{provider: a, model: m, input_per_million: 1 USD, cache_read_per_million: 0.1 USD, output_per_million: 2 USD, source: s, date: d}]",
        "w.yaml": "submeter: workload\nversion: 1\nname: w\n\(workload)",
        "p.yaml":
            "submeter: plan\nversion: 1\nname: p\nmodel: m\nseed: 5\nproviders: [a.yaml]\nprices: [prices.yaml]\nworkload: w.yaml\nendpoints: [{name: x, provider: a}, {name: y, provider: a}, {name: z, provider: a}]\n\(settings.contains("rounds") ? "" : "rounds: 6\n")sessions_per_round: 2\n\(settings)",
    ]
    let lines = sessions.map(SessionFile.write)
    return try DocumentSet(planFile: "p.yaml") { $0 == "s.jsonl" ? lines : files[$0].map { Array($0.utf8) } }
}

@Suite struct PlanningTests {
    @Test func `a plan is the same for the same seed, and its order changes from round to round`() throws {
        let plan = try Plan(documents())
        #expect(plan == (try Plan(documents())))
        #expect(Set(plan.rounds.map(\.endpointOrder)).count > 1)
        #expect(plan.rounds.allSatisfy { $0.endpointOrder.sorted() == [0, 1, 2] })
        #expect(Set(plan.rounds.flatMap(\.sessions).map(\.seed)).count == 12)
    }

    @Test func `an estimate has exact tokens and both ends of the cost`() throws {
        let plan = try Plan(documents())
        let estimate = PlanEstimate(plan)
        let calls = plan.library.sessions.flatMap(\.calls)
        #expect(estimate.rows.count == 3)
        #expect(estimate.rows[0].callCount == 144)
        #expect(estimate.rows[0].inputTokens.value == calls.reduce(0) { $0 + $1.input.value })
        let longest = plan.library.sessions.indices.reduce(0) { sum, session in
            plan.library.sessions[session].calls.indices.reduce(sum) {
                $0 + plan.naturalLimit($1, of: session).value
            }
        }
        let highest = estimate.rows[0].inputTokens.value * 1_000_000 + longest * 2_000_000
        #expect(estimate.rows[0].highest?.picodollars == Int64(highest))
        // All but the first prefix, which sessions share, and what each call adds is read from a cache.
        let cached = zip(plan.library.sessions, plan.graphs).reduce(0) { sum, pair in
            sum + zip(pair.0.calls, pair.1.entries).reduce(0) { $0 + min($1.1.keptTokens, $1.0.input).value }
        }
        let fresh =
            estimate.rows[0].inputTokens.value - cached + plan.library.sessions[0].prefixTokens(of: "main").value
        let read = (estimate.rows[0].inputTokens.value - fresh) * 100_000
        let lowest = fresh * 1_000_000 + read + estimate.rows[0].outputTokens.value * 2_000_000
        #expect(estimate.rows[0].lowest?.picodollars == Int64(lowest))
    }

    @Test func `an answer is never asked to be longer than the context leaves`() throws {
        let plan = try Plan(documents(limit: 14_000))
        for (place, session) in plan.library.sessions.enumerated() {
            for (index, call) in session.calls.enumerated() {
                let limit = plan.naturalLimit(index, of: place)
                #expect(call.input.value * 11 / 10 + limit.value <= 14_000)
                #expect(limit >= call.output)
            }
        }
    }

    @Test func `sessions are cut to the context, and what cannot be planned is said`() throws {
        let plan = try Plan(documents(limit: 14_000))
        #expect(plan.library.sessions.allSatisfy { $0.calls.allSatisfy { $0.input.value + $0.output.value <= 14_000 } })
        #expect(plan.notices.contains { $0.contains("cut before the call") })
        let error = #expect(throws: PlanningError.self) { try Plan(documents(workload: "generator: codng-S")) }
        #expect(error?.description.contains("did you mean 'coding-S'?") == true)
        #expect(throws: PlanningError.self) { try Plan(documents(limit: 10)) }
    }

    private func call(
        _ name: String, _ context: Call.Context, carry: Int = 0, add: Int, input: Int, _ blocks: [Range<Int>]
    )
        -> Call
    {
        Call(
            identifier: CallIdentifier(name), after: context == .continuing ? ["0"] : [], waitKind: .human,
            context: context, carry: TokenCount(carry), added: [.init(role: "user", tokens: TokenCount(add))],
            input: TokenCount(input), output: 10, blocks: blocks)
    }

    @Test(arguments: ["coding-S", "swarm", "rag", "customer-service", "api-average"])
    func `what is planned to be cached adds up to what is estimated, and a prefix is new once`(name: String) throws {
        for salts in ["{}", "{tenant: false, session: false}", "{session: false}"] {
            for size in [1, 3, 20] {
                let plan = try Plan(
                    documents(
                        "rounds: 5\nsalts: \(salts)", workload: "generator: \(name)\nsession_count: \(size)",
                        limit: 9_000_000))
                // Every planned session is shown to a cache, without the shortcut that later passes are alike.
                var (memory, sum) = (PromptMemory(), 0)
                let choice = ReuseSalts(tenant: plan.profile.salts.tenant, session: plan.profile.salts.session)
                var number = 0
                for (round, planned) in plan.rounds.enumerated() {
                    for (place, session) in planned.sessions.enumerated() {
                        let key = SessionKey(endpoint: 0, round: round, session: place)
                        let pieces = PromptPieces(
                            plan.session(key), plan.graph(key), in: PromptAssets(plan.library), salts: choice,
                            additions: .salts)
                        for call in pieces.session.calls.indices {
                            let cached = plan.cachedTokens(CallKey(session: key, call: call)).value
                            let shown = memory.take(call, of: pieces, number: number, pass: session.pass).tokens
                            #expect(cached == shown, "\(key) call \(call)")
                            if number == 0, call == 0 { #expect(cached == 0, "nothing was sent before") }
                            sum += cached
                        }
                        number += 1
                    }
                }
                #expect(sum > 0 && PlannedCalls(plan).sum(at: 0, isSmall: nil).cached.value == sum)
            }
        }
    }

    @Test func `sessions of a file are taken by their starts, if all have one`() throws {
        func names(_ starts: [Int?], _ settings: String = "") throws -> [String] {
            var library = SessionLibrary(header: SessionFile.header(name: "x"), sessions: [])
            library.sessions = starts.enumerated().map { place, start in
                Session(
                    identifier: SessionIdentifier("\(place)"), toolsTokens: .zero, systemTokens: .zero,
                    calls: [call("0", .new, add: 5, input: 5, [])], start: start.map { .seconds($0) })
            }
            return try Plan(documents("", workload: "sessions_file: s.jsonl\n\(settings)", sessions: library)).library
                .sessions.map(\.identifier.rawValue)
        }
        #expect(try names([7, 3, 9, 3]) == ["1", "3", "0", "2"])
        #expect(try names([7, 3, 9, 3], "session_count: 2") == ["1", "3"])
        #expect(try names([7, nil, 3], "session_count: 2") == ["0", "1"])
    }

    @Test func `blocks that were sent before are read from a cache, in each pass anew`() throws {
        let calls = [
            [call("0", .new, add: 1200, input: 1200, [0..<3])],
            [call("0", .new, add: 1100, input: 1100, [0..<2, 7..<8])],
            [
                call("0", .new, add: 1024, input: 1024, [0..<2]),
                call("1", .continuing, carry: 10, add: 600, input: 1634, [0..<4]),
            ],
            [call("0", .new, add: 1100, input: 1100, [9..<10, 1..<3])],
            [call("0", .new, add: 400, input: 400, [0..<1])],
        ]
        var sessions = calls.enumerated().map {
            Session(
                identifier: SessionIdentifier("\($0.offset)"), toolsTokens: .zero, systemTokens: .zero,
                calls: $0.element)
        }
        sessions[4].share = .session
        let library = SessionLibrary(header: SessionFile.header(name: "x", block: 512), sessions: sessions)
        let plan = try Plan(documents("rounds: 5", workload: "sessions_file: s.jsonl", sessions: library))
        let expected = [[0], [1024], [1024, 1024], [0], [0]]
        for (round, planned) in plan.rounds.enumerated() {
            for (place, session) in planned.sessions.enumerated() {
                let key = SessionKey(endpoint: 0, round: round, session: place)
                let cached = plan.session(key).calls.indices.map {
                    plan.cachedTokens(CallKey(session: key, call: $0)).value
                }
                #expect(cached == expected[session.libraryIndex], "session \(session.libraryIndex)")
            }
        }
        // Two passes: all input at 1 USD a million, what is read from the cache at a tenth of it, and the answers at two.
        let (input, cached) = (2 * (1200 + 1100 + 1024 + 1634 + 1100 + 400), 2 * (1024 + 1024 + 1024))
        let lowest = (input - cached) * 1_000_000 + cached * 100_000 + 12 * 10 * 2_000_000
        #expect(PlanEstimate(plan).rows[0].lowest?.picodollars == Int64(lowest))
    }
}
