import Profiles
import Quantities
import Testing

@testable import Planning
@testable import Workloads

@Suite struct SmallModelTests {
    private static let prices = [
        "{provider: a, model: m, input_per_million: 1 USD, cache_read_per_million: 0.1 USD, output_per_million: 2 USD, source: s, date: d}",
        "{provider: a, model: s, input_per_million: 0.3 USD, cache_read_per_million: 0.02 USD, output_per_million: 0.5 USD, per_request: 0.000007 USD, source: s, date: d}",
    ]

    private func plan(
        _ settings: String = "small_model: s", workload: String = "generator: swarm", main: String = "",
        small: String = "", prices: [String] = prices, sessions: SessionLibrary? = nil
    ) throws -> Plan {
        let files = [
            "a.yaml":
                "submeter: provider\nversion: 1\nname: a\ndelivery_path: self-hosted\ndialect: openai-chat\n"
                + "base_url: http://x\nmodels: [{name: m, id: large\(main)}, {name: s, id: little\(small)}]",
            "prices.yaml": "submeter: prices\nversion: 1\nrows: [\(prices.joined(separator: ", "))]",
            "w.yaml":
                "submeter: workload\nversion: 1\nname: w\n\(sessions == nil ? workload : "sessions_file: s.jsonl")",
            "p.yaml":
                "submeter: plan\nversion: 1\nname: p\nmodel: m\nproviders: [a.yaml]\nprices: [prices.yaml]\n"
                + "workload: w.yaml\nendpoints: [{provider: a}]\n\(settings.contains("rounds") ? "" : "rounds: 2\n")"
                + "sessions_per_round: 2\n\(settings)",
        ]
        let lines = sessions.map(SessionFile.write)
        return try Plan(
            DocumentSet(planFile: "p.yaml") { $0 == "s.jsonl" ? lines : files[$0].map { Array($0.utf8) } })
    }

    /// A session whose calls have the given roles, each with a prompt of its own and an answer of 100 tokens.
    private func library(_ roles: [String], input: Int = 1000) -> SessionLibrary {
        let calls = roles.enumerated().map { index, role in
            Call(
                identifier: CallIdentifier("\(index)"), after: [], waitKind: .human, context: .new,
                added: [.init(role: "user", tokens: TokenCount(input))], input: TokenCount(input), output: 100,
                role: role)
        }
        let session = Session(identifier: "one", toolsTokens: .zero, systemTokens: .zero, calls: calls)
        return SessionLibrary(header: SessionFile.header(name: "x"), sessions: [session])
    }

    private func keys(_ plan: Plan) -> [(key: CallKey, call: Call)] {
        plan.rounds.enumerated().flatMap { round, planned in
            planned.sessions.indices.flatMap { place in
                let key = SessionKey(endpoint: 0, round: round, session: place)
                return plan.session(key).calls.enumerated().map { (CallKey(session: key, call: $0), $1) }
            }
        }
    }

    @Test(arguments: ["main", "small", "", "judge"])
    func `only the role small is the small model's`(role: String) throws {
        let call = library([role]).sessions[0].calls[0]
        let name = try plan().endpoints[0].model(of: call).offer.identifier
        #expect(name == (role == "small" ? "little" : "large"))
        #expect(try plan("").endpoints[0].model(of: call).offer.identifier == "large")
    }

    @Test func `each call has the output limit of its own model`() throws {
        let sessions = library(["main", "small", "small", "main"])
        for (settings, expected) in [
            ("small_model: s", [90, 40, 40, 90]), ("", [90, 90, 90, 90]),
            ("small_model: s\noutput_length: capped", [90, 40, 40, 90]),
        ] {
            let plan = try self.plan(
                settings, main: ", maximum_output: 90", small: ", maximum_output: 40", sessions: sessions)
            let found = plan.library.sessions[0].calls.indices.map { plan.outputBounds($0, of: 0, at: 0).limit.value }
            #expect(found == expected, "\(settings)")
        }
    }

    static let contexts: [(settings: String, main: Int, small: Int, kept: Int, notice: String?)] = [
        ("small_model: s", 9000, 9000, 4, nil), ("small_model: s", 9000, 1100, 2, "would pass 1100 tokens"),
        ("small_model: s", 1100, 9000, 0, nil), ("", 9000, 1100, 4, nil),
    ]

    @Test(arguments: contexts)
    func `a session is cut where its call does not fit the context of the call's own model`(
        settings: String, main: Int, small: Int, kept: Int, notice: String?
    ) throws {
        let sessions = library(["main", "main", "small", "main"])
        let limits = (", context_limit: \(main)", ", context_limit: \(small)")
        guard kept > 0 else {
            let error = #expect(throws: PlanningError.self) {
                try self.plan(settings, main: limits.0, small: limits.1, sessions: sessions)
            }
            #expect(error?.description == "no session fits the context of 1100 tokens")
            return
        }
        let plan = try self.plan(settings, main: limits.0, small: limits.1, sessions: sessions)
        #expect(plan.library.sessions[0].calls.count == kept)
        #expect(
            plan.notices.contains { $0.contains("are cut before") || $0.contains("is cut before") } == (notice != nil))
        if let notice { #expect(plan.notices.contains { $0.contains(notice) }, "\(plan.notices)") }
    }

    @Test func `a natural answer leaves room in the context of its own model`() throws {
        let plan = try self.plan(
            main: ", context_limit: 9000", small: ", context_limit: 1250", sessions: library(["main", "small"]))
        // Twice what was recorded, but at least 256; and 1,250 less a prompt of 1,000 that may count a tenth more.
        #expect(plan.library.sessions[0].calls.indices.map { plan.naturalLimit($0, of: 0).value } == [256, 150])
    }

    @Test func `the estimate and what is reserved are priced call by call`() throws {
        for workload in ["swarm", "coding-interactive", "coding-S"] {
            let plan = try self.plan("small_model: s\nrounds: 3", workload: "generator: \(workload)\nsession_count: 4")
            let row = try #require(PlanEstimate(plan).rows.first)
            var (lowest, highest): (Int64, Int64) = (0, 0)
            for (key, call) in keys(plan) {
                let isSmall = call.role == "small"
                let cached = Int64(plan.cachedTokens(key).value)
                let input = Int64(plan.inputTokens(key).value)
                let limit = Int64(plan.outputBounds(key).limit.value)
                let output = min(Int64(call.output.value), limit)
                let (fresh, read, written, fee): (Int64, Int64, Int64, Int64) =
                    isSmall ? (300_000, 20_000, 500_000, 7_000_000) : (1_000_000, 100_000, 2_000_000, 0)
                lowest += (input - cached) * fresh + cached * read + output * written + fee
                highest += input * fresh + limit * written + fee
                let reserved = (input * 5 / 4 + 64) * fresh + limit * written + fee
                #expect(plan.worstCost(key).picodollars == reserved)
            }
            #expect(row.lowest?.picodollars == lowest && row.highest?.picodollars == highest, "\(workload)")
            #expect(row.callCount == keys(plan).count)
            #expect(row.inputTokens.value == keys(plan).reduce(0) { $0 + plan.inputTokens($1.key).value })
        }
    }

    @Test func `what two models share with each other is not planned to be cached`() throws {
        // Main and small calls with one prefix of 800 tokens, which each model reads for the first time once.
        var sessions = library(["main", "small", "main", "small"], input: 900)
        sessions.sessions[0].systemTokens = 800
        for index in 0..<4 { sessions.sessions[0].calls[index].added[0].tokens = 100 }
        func cached(_ settings: String) throws -> [Int] {
            let plan = try self.plan(settings, sessions: sessions)
            return keys(plan).prefix(4).map { plan.cachedTokens($0.key).value }
        }
        #expect(try cached("") == [0, 800, 800, 800])
        #expect(try cached("small_model: m") == [0, 800, 800, 800])
        #expect(try cached("small_model: s") == [0, 0, 800, 800])
    }

    static let notices: [(settings: String, roles: [String], notice: String?)] = [
        ("", ["main", "small", "small"], "2 of 3 calls of the workload are meant for a small model and run on 'm'"),
        ("", ["main", "small"], "1 of 2 calls of the workload is meant for a small model and runs on 'm'"),
        ("", ["main", "main"], nil), ("small_model: m", ["main", "small"], nil),
        ("small_model: s", ["main", "small", "small"], "2 of 3 calls of the workload go to 's', the others to 'm'"),
        ("small_model: s", ["main"], "small_model has no effect: no call of the workload is meant for a small model"),
    ]

    @Test(arguments: notices)
    func `where small calls go is said once`(settings: String, roles: [String], notice: String?) throws {
        let found = try plan(settings, sessions: library(roles)).notices.filter { $0.contains("small") }
        #expect(found.count == (notice == nil ? 0 : 1), "\(found)")
        if let notice { #expect(found[0].contains(notice), "\(found)") }
    }

    @Test func `an endpoint of which one model has no price has no cost, and no budget can be kept`() throws {
        for (index, part) in [(0, "x: no price is known, so"), (1, "no price is known of the small_model 's'")] {
            var prices = Self.prices
            prices.remove(at: index)
            let plan = try self.plan(prices: prices)
            let notice = part.replacing("x: ", with: "a: ")
            #expect(plan.notices.contains { $0.contains(notice) }, "\(plan.notices)")
            let row = try #require(PlanEstimate(plan).rows.first)
            #expect(row.lowest == nil && row.highest == nil && row.inputTokens > .zero)
            let error = #expect(throws: PlanningError.self) {
                try self.plan("small_model: s\nbudget: 5 USD", prices: prices)
            }
            #expect(
                error?.description.contains(
                    "endpoints.a: has no price of \(index == 0 ? "the model 'm'" : "the small_model 's'"), so") == true)
        }
        #expect(try plan("small_model: s\nbudget: 5 USD").notices.allSatisfy { !$0.contains("price is known") })
    }
}
