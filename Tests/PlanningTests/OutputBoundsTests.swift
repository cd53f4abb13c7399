import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Planning

/// A plan of one session at endpoints `a`, `b` and so on, with the given lines of their providers and models.
private func plan(
    _ settings: String, calls: [Call], providers: [(dialect: String, model: String)] = [("openai-chat", "")],
    sessionCount: Int = 1
) throws -> Plan {
    let sessions = (0..<sessionCount).map { number in
        var session = Session(
            identifier: SessionIdentifier("s\(number)"), toolsTokens: 200, systemTokens: 100, calls: calls)
        session.share = .session
        return session
    }
    var files = [
        "w.yaml": "submeter: workload\nversion: 1\nname: w\nsessions_file: s.jsonl",
        "s.jsonl": String(
            decoding: SessionFile.write(
                SessionLibrary(header: SessionFile.header(name: "l"), sessions: sessions)), as: UTF8.self),
    ]
    let names = providers.indices.map { ["a", "b", "c"][$0] }
    for (name, provider) in zip(names, providers) {
        let control = provider.dialect == "openai-chat" ? "request: {output_control: {minimum_field: min_tokens}}" : ""
        files["\(name).yaml"] = """
            submeter: provider
            version: 1
            name: \(name)
            delivery_path: self-hosted
            dialect: \(provider.dialect)
            base_url: http://x
            \(control)
            models: [{name: m, id: m\(provider.model)}]
            """
    }
    let rows = names.map {
        "{provider: \($0), model: m, input_per_million: 1 USD, output_per_million: 2 USD, source: s, date: d}"
    }
    files["prices.yaml"] = "submeter: prices\nversion: 1\nrows: [\(rows.joined(separator: ", "))]"
    files["p.yaml"] = """
        submeter: plan
        version: 1
        name: p
        model: m
        providers: [\(names.map { $0 + ".yaml" }.joined(separator: ", "))]
        prices: [prices.yaml]
        workload: w.yaml
        endpoints: [\(names.map { "{provider: \($0)}" }.joined(separator: ", "))]
        rounds: 1
        sessions_per_round: 1
        \(settings)
        """
    let texts = files
    return try Plan(try DocumentSet(planFile: "p.yaml") { texts[$0].map { Array($0.utf8) } })
}

private func call(
    _ number: Int, output: Int, stop: String? = "end_turn", tools: [String] = [], cap: Int? = nil,
    choice: Call.RequestControl.ToolChoice? = nil
) -> Call {
    var call = Call(
        identifier: CallIdentifier("c\(number)"), after: number > 0 ? [CallIdentifier("c\(number - 1)")] : [],
        waitKind: number > 0 ? .tool : .start, context: .new, added: [Call.AddedItem(role: "user", tokens: 50)],
        input: 350, output: TokenCount(output), stop: stop)
    call.answer.toolCalls = tools.map { Call.RecordedToolCall(name: $0, tokens: 5) }
    call.request.outputLimit = cap.map { TokenCount($0) }
    call.request.toolChoice = choice
    return call
}

@Suite struct OutputBoundsTests {
    /// Recorded, with a cap, long, of nothing; then with a tool.
    private let calls = [
        call(0, output: 40), call(1, output: 400, cap: 30), call(2, output: 900), call(3, output: 0),
        call(4, output: 60, stop: "tool_use", tools: ["read"]),
    ]

    private func bounds(_ plan: Plan, at endpoint: Int = 0) -> [OutputBounds] {
        calls.indices.map {
            plan.outputBounds(CallKey(session: SessionKey(endpoint: endpoint, round: 0, session: 0), call: $0))
        }
    }

    @Test func `sessions of the library that the plan has no room for are no trouble`() throws {
        let settings = "output_length: exact\ntool_choice: recorded"
        let plan = try plan(
            settings, calls: calls, providers: [("openai-chat", ", context_limit: 20000")], sessionCount: 5)
        #expect(plan.library.sessions.count == 5 && plan.rounds.map(\.sessions.count) == [1])
        #expect(bounds(plan).map(\.isForced) == [true, true, true, true, false])
        #expect(plan.library.sessions.indices.allSatisfy { plan.naturalLimit(4, of: $0) == 256 })
    }

    static let limits: [(settings: String, model: String, limits: [Int], isRecorded: Bool, isForced: Bool)] = [
        ("", "", [256, 30, 1800, 256, 256], false, false),
        ("output_length: natural", ", maximum_output: 200", [200, 30, 200, 200, 200], false, false),
        ("output_length: capped", "", [40, 30, 900, 1, 60], true, false),
        ("output_length: capped", ", maximum_output: 500", [40, 30, 500, 1, 60], true, false),
        ("output_length: exact", "", [40, 30, 900, 1, 60], true, true),
        ("output_length: capped", ", context_limit: 1290", [40, 30, 900, 1, 60], true, false),
        ("", ", context_limit: 1290", [256, 30, 905, 256, 256], false, false),
    ]

    @Test(arguments: limits.indices)
    func `a call asks for as much as the plan has it`(index: Int) throws {
        let row = Self.limits[index]
        let found = bounds(try plan(row.settings, calls: calls, providers: [("openai-chat", row.model)]))
        #expect(found.map(\.limit.value) == row.limits)
        #expect(found.allSatisfy { $0.isRecorded == row.isRecorded && $0.isForced == row.isForced })
    }

    @Test func `all endpoints are asked for the same, but that a dialect takes no less than its own minimum`() throws {
        let plan = try plan(
            "output_length: capped", calls: calls,
            providers: [("openai-chat", ""), ("openai-responses", ""), ("openai-chat", ", maximum_output: 500")])
        #expect(bounds(plan, at: 0).map(\.limit.value) == [40, 30, 500, 1, 60])
        #expect(bounds(plan, at: 1).map(\.limit.value) == [40, 30, 500, 16, 60])
        #expect(bounds(plan, at: 2) == bounds(plan, at: 0))
        #expect(
            plan.notices.contains { $0.contains("2 of 5 calls may be no longer than a 'maximum_output' or their own") })
    }

    static let choices: [(Call.RequestControl.ToolChoice?, isForced: Bool)] = [
        (nil, true), (.auto, true), (.forbidden, true), (.required, false), (.named("read_file"), false),
    ]

    @Test(arguments: choices.indices)
    func `a call that must call a tool is never made to write on`(index: Int) throws {
        let (choice, isForced) = Self.choices[index]
        let plan = try plan("output_length: exact", calls: [call(0, output: 40, choice: choice)])
        let key = CallKey(session: SessionKey(endpoint: 0, round: 0, session: 0), call: 0)
        #expect(plan.toolChoice(key) == choice)
        #expect(plan.outputBounds(key).isForced == isForced && plan.outputBounds(key).isRecorded == isForced)
        #expect(plan.outputBounds(key).limit == (isForced ? 40 : 256))
        #expect(plan.notices.contains { $0.contains("1 of 1 call must call a tool") } == !isForced)
    }

    @Test func `a tool that the recording requires leaves the end of its call to the model`() throws {
        let plan = try plan("output_length: exact\ntool_choice: recorded", calls: calls)
        let found = bounds(plan)
        #expect(found.map(\.isForced) == [true, true, true, true, false])
        #expect(found.map(\.limit.value) == [40, 30, 900, 1, 256])
    }

    @Test func `the estimate and the most that a call can cost follow the limits`() throws {
        let input = 350 * 5
        let expected: [(String, lowest: Int, highest: Int)] = [
            // A recorded output of 400 that is capped at 30 cannot be longer than that.
            ("natural", 40 + 30 + 900 + 0 + 60, 256 + 30 + 1800 + 256 + 256),
            ("capped", 40 + 30 + 900 + 0 + 60, 40 + 30 + 900 + 1 + 60),
            ("exact", 40 + 30 + 900 + 1 + 60, 40 + 30 + 900 + 1 + 60),
        ]
        for (policy, lowest, highest) in expected {
            let plan = try plan("output_length: \(policy)", calls: calls)
            let row = try #require(PlanEstimate(plan).rows.first)
            #expect(row.outputTokens.value == lowest, "\(policy)")
            #expect(row.highest?.picodollars == Int64((input + 2 * highest) * 1_000_000), "\(policy)")
            let worst = calls.indices.map {
                plan.worstCost(CallKey(session: SessionKey(endpoint: 0, round: 0, session: 0), call: $0)).picodollars
            }
            let reserved = Int64((350 * 5 / 4 + 64) * 5 + 2 * highest) * 1_000_000
            #expect(worst.reduce(0, +) == reserved, "\(policy)")
        }
    }
}
