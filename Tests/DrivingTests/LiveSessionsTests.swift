import Dialects
import Encodings
import Planning
import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Driving

@Suite struct LiveSessionsTests {
    private typealias History = PlanProfile.HistoryPolicy

    private let first = SessionKey(endpoint: 0, round: 0, session: 0)

    private func live(
        _ plan: Plan, least: TokenCount = LargeCalls.usualLeastTokens, ended: Set<SessionKey> = []
    ) -> LiveSessions {
        LiveSessions(
            plan, routes: [DrivingPlans.routes(plan)], runSalt: DrivingPlans.runSalt, ended: ended,
            leastTokensAhead: least)
    }

    private func branching(_ history: History = .recorded, share: PrefixShare = .corpus) throws -> Plan {
        try DrivingPlans.plan(
            settings: "history: \(history.rawValue)",
            sessions: DrivingPlans.library(DrivingPlans.branching, share: share))
    }

    /// Starts a call, as the driver does.
    private func start(_ call: Int, _ live: inout LiveSessions, of key: SessionKey) -> [[UInt8]] {
        let key = CallKey(session: key, call: call)
        let body = live.body(key, options: CallOptions(outputLimit: 100))
        live.prepareDependents(of: key)
        return body
    }

    private func prepared(_ live: LiveSessions, of key: SessionKey) -> [Int] {
        DrivingPlans.branching.indices.filter { live.prepared.contains(CallKey(session: key, call: $0)) }
    }

    // MARK: The bytes

    /// Goes through a session in a random order that its dependencies allow, with calls side by side, and compares every body
    /// with what a session says for which nothing is ever made ahead.
    ///
    /// - Returns: how many calls had been made ahead.
    private func compare(_ plan: Plan, _ key: SessionKey, _ live: inout LiveSessions, seed: Seed) throws -> Int {
        let writer = SessionWriter(
            plan: plan, routes: DrivingPlans.routes(plan),
            salts: EndpointSalts(endpoint: 0, runSalt: DrivingPlans.runSalt, policy: plan.profile.salts),
            runSalt: DrivingPlans.runSalt)
        live.begin(key, at: Instant(nanoseconds: 5))
        var plain = writer.session(key, at: Instant(nanoseconds: 5))
        let (transcript, options) = (plain.transcript, CallOptions(outputLimit: 100))
        var generator = SeededGenerator(seed: seed)
        var (running, ended, waiting): ([Int], Set<Int>, [Int]) = ([], [], Array(transcript.graph.entries.indices))
        var prefixes: [String: SharedPrefix] = [:]
        var count = 0
        while !waiting.isEmpty || !running.isEmpty {
            let due = waiting.filter { transcript.graph.entries[$0].dependencies.allSatisfy(ended.contains) }
            if let index = due.isEmpty || (!running.isEmpty && generator.uniform() < 0.5) ? nil : generator.choice(due)
            {
                waiting.removeAll { $0 == index }
                running.append(index)
                let place = CallKey(session: key, call: index)
                let call = transcript.session.calls[index]
                let name = writer.prefixName(of: call, transcript, endpoint: 0)
                let prefix = prefixes[name] ?? writer.prefix(of: call, transcript)
                prefixes[name] = prefix
                let route = writer.routes.route(of: call)
                // Every third call is sent again.
                for _ in 0..<(index % 3 == 0 ? 2 : 1) {
                    count += live.prepared.contains(place) ? 1 : 0
                    let wanted = plain.body(
                        index, prefix: prefix, encoder: route.encoder, options: options, target: route.target)
                    let body = live.body(place, options: options)
                    try #require(body == wanted, "call \(index) of \(key), seed \(seed)")
                    #expect(live[key]?.substitutedCallCount == plain.substitutedCallCount)
                    #expect(live.tools(of: place) == prefix.prompt.tools)
                    live.prepareDependents(of: place)
                }
            } else {
                let index = running.remove(at: Int(generator.uniform() * Double(running.count)))
                ended.insert(index)
                // The provider does not always say something.
                guard index % 5 != 4 else { continue }
                let answer = answer(index, live.tools(of: CallKey(session: key, call: index)))
                live.note(answer, of: CallKey(session: key, call: index))
                plain.note(answer, of: index)
            }
        }
        #expect(live.end(key) != nil && live[key] == nil)
        #expect(!transcript.session.calls.indices.contains { live.prepared.contains(CallKey(session: key, call: $0)) })
        return count
    }

    private func answer(_ index: Int, _ tools: [ToolDefinition]) -> AssistantMessage {
        let names = [tools.first?.name ?? "none", "unheard_of"]
        return AssistantMessage(
            text: index % 2 == 0 ? "Said by \(index)." : nil, reasoning: index % 3 == 0 ? "Thought." : nil,
            toolCalls: names.prefix(index % 3).map {
                ToolCall(identifier: "live_\(index)_\($0)", name: $0, arguments: index % 4 == 0 ? "{" : "{}")
            })
    }

    @Test(arguments: DialectName.allCases, ["recorded", "live", "pinned"])
    func `a session of branches is sent byte by byte as if nothing were made ahead`(
        dialect: DialectName, history: String
    ) throws {
        for request in dialect == .openAIChat ? ["{}", "{reasoning_field: reasoning_content}"] : ["{}"] {
            let plan = try DrivingPlans.plan(
                settings: "history: \(history)", dialect: dialect, request: request,
                sessions: DrivingPlans.library(DrivingPlans.branching))
            var live = live(plan)
            live.prepareBeginning()
            let counts = try (0..<2).map { number in
                try compare(
                    plan, SessionKey(endpoint: 0, round: 0, session: number), &live, seed: Seed(UInt64(number)))
            }
            #expect(counts.allSatisfy { $0 >= 4 }, "\(counts)")
        }
    }

    @Test(
        arguments: ["swarm", "coding-autonomous", "coding-interactive", "customer-service"],
        ["recorded", "live", "pinned"])
    func `what a generator makes is sent byte by byte as if nothing were made ahead`(
        generator: String, history: String
    ) throws {
        let plan = try DrivingPlans.plan(
            "generator: \(generator)\nmaximum_calls: 36", settings: "history: \(history)")
        // All is large enough, so that all is made ahead that may be.
        var live = live(plan, least: .zero)
        live.prepareBeginning()
        #expect(try compare(plan, first, &live, seed: Seed(7)) > 0)
    }

    // MARK: What is made ahead

    @Test(
        arguments: [
            (.recorded, [0, 10], [1, 2], [1]), (.live, [0, 10], [2], [1]), (.pinned, [0, 10], [2], [1]),
        ] as [(PlanProfile.HistoryPolicy, [Int], [Int], [Int])])
    func `what an answer decides is made when the answer has come`(
        history: PlanProfile.HistoryPolicy, begin: [Int], started: [Int], answered: [Int]
    ) throws {
        let plan = try branching(history)
        var live = live(plan)
        live.prepareBeginning()
        // The first call adds little, but its prefix is the first. One that begins late is far away.
        #expect(prepared(live, of: first) == [10])
        live.begin(first, at: Instant(nanoseconds: 0))
        _ = start(0, &live, of: first)
        #expect(prepared(live, of: first) == started + [10])
        live.note(AssistantMessage(text: "Well."), of: CallKey(session: first, call: 0))
        #expect(prepared(live, of: first) == [1, 2, 10])
    }

    @Test func `a call is near when all that it depends on was started, and is taken once`() throws {
        let plan = try branching()
        var live = live(plan)
        live.begin(first, at: Instant(nanoseconds: 0))
        #expect(prepared(live, of: first).isEmpty)
        let steps: [(call: Int, prepared: [Int])] = [
            // A prefix counts where the agent's first call is the first to need it.
            (0, [1, 2]), (1, [2, 4]), (2, [4]), (3, [4, 5]), (5, [4]), (4, [6]), (6, [7]), (7, [8]), (8, []), (9, []),
        ]
        for step in steps {
            #expect(!start(step.call, &live, of: first).isEmpty)
            #expect(prepared(live, of: first) == step.prepared, "after call \(step.call)")
        }
    }

    @Test func `going through the sessions that had ended prepares none of those to come`() throws {
        let plan = try branching()
        let ended = (0..<3).map { SessionKey(endpoint: 0, round: 0, session: $0) }
        var live = live(plan, ended: Set(ended))
        for key in ended { live.begin(key, at: Instant(nanoseconds: 0)) }
        #expect(live.prepared.isEmpty)
        let next = SessionKey(endpoint: 0, round: 1, session: 0)
        live.begin(next, at: Instant(nanoseconds: 0))
        let coming = (1..<3).map { prepared(live, of: SessionKey(endpoint: 0, round: 1, session: $0)) }
        #expect(coming == [[10], []])
    }

    @Test func `a prefix that is there is not made for the next session`() throws {
        let plan = try branching()
        var live = live(plan)
        for session in 0..<2 {
            let key = SessionKey(endpoint: 0, round: 0, session: session)
            live.begin(key, at: Instant(nanoseconds: 0))
            _ = start(0, &live, of: key)
            _ = start(1, &live, of: key)
            #expect(prepared(live, of: key).contains(4) == (session == 0))
            _ = start(4, &live, of: key)
        }
    }

    @Test(arguments: [PrefixShare.corpus, .session])
    func `what was prepared is given up with its session, its call, or when a later session begins`(
        share: PrefixShare
    ) throws {
        let plan = try branching(share: share)
        var live = live(plan)
        live.prepareBeginning()
        let keys = (0..<3).map { SessionKey(endpoint: 0, round: 0, session: $0) }
        #expect(keys.map { prepared(live, of: $0) } == [[10], [10], [10]])
        live.begin(keys[0], at: Instant(nanoseconds: 0))
        _ = start(0, &live, of: keys[0])
        // A session that was not begun is gone past; one that is under way keeps what is its own.
        #expect((live.prefixes[keys[1]] != nil) == (share == .session))
        live.begin(keys[2], at: Instant(nanoseconds: 0))
        #expect(keys.map { prepared(live, of: $0) } == [[1, 2, 10], [], [10]])
        live.skip(CallKey(session: keys[0], call: 2))
        #expect(prepared(live, of: keys[0]) == [1, 10])
        #expect(live.end(keys[0])?.began == Instant(nanoseconds: 0))
        #expect(live.end(keys[0]) == nil)
        // A prefix that no other session has goes with its session.
        let owners = Set(live.prefixes.keys)
        #expect(owners.isDisjoint(with: [keys[0], keys[1]]) && owners.contains(share == .session ? keys[2] : nil))
        #expect(keys.map { prepared(live, of: $0) } == [[], [], [10]])
        #expect(live.body(CallKey(session: keys[0], call: 1), options: CallOptions()).isEmpty)
    }
}
