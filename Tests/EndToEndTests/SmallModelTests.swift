import Analysis
import Driving
import Foundation
import Planning
import Profiles
import Quantities
import Records
import Rehearsal
import Testing
import Transport
import Workloads

extension EndToEnd {
    /// Calls that are meant for a small model, judged by the fleet's own account.
    @Suite(.serialized) struct SmallModelTests {
        private func persona(_ name: String, scenarios: [Scenario: Double] = [:]) -> Persona {
            var persona = Persona(
                name: name, network: .milliseconds(1), prefillTokensPerSecond: 1e9, decodeTokensPerSecond: 1e6,
                jitter: 0, scenarios: scenarios)
            persona.models = ["model-m", "model-s"]
            return persona
        }

        /// The beginning of two sessions: the calls of the main agent, and of its sub-agents for a small model.
        private func library() throws -> SessionLibrary {
            let path = Repository.root.appending(path: "profiles/workloads/samples/swarm.jsonl")
            var library = try SessionFile.read(Array(try Data(contentsOf: path)))
            library.sessions = library.sessions.prefix(2).map { session in
                var session = session
                session.calls = Array(session.calls.prefix(20))
                return session
            }
            return library
        }

        private static let settings = "rounds: 1\nsessions_per_round: 2\nlive_sessions: 1"

        @Test func `small calls reach the small model, and are billed, cached and proved as its own`() throws {
            let stage = try Stage(
                [persona("a"), persona("b")], settings: Self.settings, sessions: library(), timeScale: "0",
                smallModel: "s")
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            #expect(file.attempts.count == 2 * 2 * 20)
            let truths = Dictionary(uniqueKeysWithValues: stage.fleet.truths.map { ($0.requestIdentifier, $0) })
            let prices = stage.plan.documents.prices
            var (smallCount, beginnings, difference) = (0, 0, 0)
            for row in file.attempts {
                let key = CallKey(row.place)
                let call = stage.plan.session(key.session).calls[key.call]
                let truth = try #require(truths[RunDriver.requestIdentifier(key)])
                let name = call.role == "small" ? "s" : "m"
                smallCount += call.role == "small" ? 1 : 0
                #expect(row.outcome == .ok && row.routeMismatch == nil, "\(row.errorText ?? row.routeMismatch ?? "")")
                #expect(truth.model == "model-\(name)" && row.model == name && row.servedModel == "model-\(name)")
                // The bill, reckoned here from the list and the fleet's tokens.
                let price = try #require(
                    prices.first { $0.provider.rawValue == truth.persona && $0.model == name })
                let fresh = truth.inputTokens - truth.cachedTokens
                let bill =
                    fresh * price.input + truth.cachedTokens * (price.cacheRead ?? price.input)
                    + truth.outputTokens * price.output + (price.perRequest ?? .zero)
                #expect(truth.bill == bill && row.listCost == bill, "\(row.place)")
                #expect(bill <= stage.plan.worstCost(key), "\(row.place)")
                let (cached, planned) = (truth.cachedTokens.value, row.plannedCached.value)
                if stage.plan.graph(key.session).entries[key.call].kept.isEmpty {
                    beginnings += 1
                    difference += cached - planned
                } else {
                    #expect(abs(cached - planned) <= max(32, planned / 100), "\(row.place): \(cached), \(planned)")
                }
            }
            #expect(smallCount > 40 && smallCount < file.attempts.count, "\(smallCount)")
            #expect(abs(difference) <= 24 * beginnings, "\(difference) more in \(beginnings) beginnings")
            let analysis = try RunAnalysis([file])
            for endpoint in analysis.endpoints {
                let own = stage.fleet.truths.filter { $0.persona == endpoint.identifier.rawValue }
                #expect(endpoint.cost.list == own.reduce(Money.zero) { $0 + $1.bill })
                #expect(endpoint.sessionSuccess.hitCount == 2)
            }
        }

        @Test(arguments: ["recorded", "pinned"])
        func `an agent that changes its model within one context is served by both, each with its own cache`(
            history: String
        ) throws {
            var calls: [Call] = []
            for (index, role) in ["main", "small", "main", "small", "small"].enumerated() {
                let added = Call.AddedItem(role: "user", tokens: 300)
                let carry: TokenCount = index == 0 ? .zero : 40
                calls.append(
                    Call(
                        identifier: CallIdentifier("\(index)"),
                        after: index == 0 ? [] : [CallIdentifier("\(index - 1)")],
                        waitKind: .human, context: index == 0 ? .new : .continuing, carry: carry, added: [added],
                        input: TokenCount(2000 + 300 * (index + 1) + 40 * index), output: 40, role: role))
            }
            let session = Session(identifier: "one", toolsTokens: 1200, systemTokens: 800, calls: calls)
            let library = SessionLibrary(header: SessionFile.header(name: "x"), sessions: [session])
            let stage = try Stage(
                [persona("a")], settings: "rounds: 1\nsessions_per_round: 1\nhistory: \(history)", sessions: library,
                timeScale: "0", smallModel: "s")
            defer { stage.close() }
            let (file, _) = try stage.run()
            let truths = stage.fleet.truths
            #expect(file.attempts.allSatisfy { $0.outcome == .ok && $0.routeMismatch == nil })
            #expect(truths.map(\.model) == ["model-m", "model-s", "model-m", "model-s", "model-s"])
            #expect(file.attempts.map(\.plannedCached.value) == [0, 0, 2300, 2640, 3320])
            for (truth, row) in zip(truths, file.attempts) {
                #expect(
                    abs(truth.cachedTokens.value - row.plannedCached.value) <= max(32, row.plannedCached.value / 100),
                    "\(row.place): \(truth.cachedTokens), \(row.plannedCached) planned")
            }
        }

        @Test func `without a small model all calls go to the main one`() throws {
            let stage = try Stage([persona("a")], settings: Self.settings, sessions: library(), timeScale: "0")
            defer { stage.close() }
            let (file, _) = try stage.run()
            #expect(Set(stage.fleet.truths.map(\.model)) == ["model-m"])
            #expect(Set(file.attempts.map(\.model)) == ["m"])
            #expect(stage.plan.notices.contains { $0.contains("meant for a small model and run on 'm'") })
        }

        @Test func `an answer of the wrong model is found in calls to either`() throws {
            let stage = try Stage(
                [persona("a", scenarios: [.otherModel: 1])], settings: Self.settings, sessions: library(),
                timeScale: "0", smallModel: "s")
            defer { stage.close() }
            let (file, _) = try stage.run()
            let wanted = Dictionary(grouping: file.attempts, by: \.model).mapValues { Set($0.map(\.routeMismatch)) }
            #expect(
                wanted == [
                    "m": ["answered by rehearsal-other-model, model-m wanted"],
                    "s": ["answered by rehearsal-other-model, model-s wanted"],
                ])
        }

        @Test func `both models are tried out, and the one that is not there is named`() throws {
            var missing = persona("b")
            missing.models = ["model-m"]
            let stage = try Stage(
                [persona("a"), missing], settings: Self.settings, sessions: library(), smallModel: "s")
            defer { stage.close() }
            let findings = ConnectionCheck(
                stage.plan, loop: try NetworkLoop(), authorizers: stage.plan.endpoints.map { _ in .success(.none) }
            ).run()
            #expect(findings.map(\.endpoint) == [0, 0, 1, 1] && findings.map(\.model) == ["m", "s", "m", "s"])
            #expect(findings.map(\.text?.outcome) == [.ok, .ok, .ok, .notFound])
            #expect(findings.map(\.text?.servedModel) == ["model-m", "model-s", "model-m", nil])
            #expect(findings.map { $0.tool == nil } == [false, false, false, true])
        }
    }
}
