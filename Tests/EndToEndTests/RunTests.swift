import Driving
import Foundation
import Planning
import Profiles
import Quantities
import Records
import Rehearsal
import Scheduling
import Statistics
import Testing
import Workloads
import Transport

/// A plan whose endpoints are the given personas, played by a fleet on free ports, and gateways to the first of them.
struct Stage {
    let fleet: Fleet
    let plan: Plan
    let path = FileManager.default.temporaryDirectory.appending(path: "run-\(UUID().uuidString).sqlite").path

    init(
        _ personas: [Persona], settings: String = "rounds: 2\nsessions_per_round: 2", calls: Int = 4, seed: UInt64 = 1,
        sessions: SessionLibrary? = nil, request: String = "{}", timeScale: String = "0.001",
        smallModel: String? = nil, gateways: [String] = []
    ) throws {
        let providers = personas.map(\.name) + gateways
        let prices =
            "submeter: prices\nversion: 1\nrows:\n"
            + providers.map {
                "  - {provider: \($0), model: m, input_per_million: 1 USD, cache_read_per_million: 0.1 USD, output_per_million: 4 USD, source: s, date: d}\n"
            }.joined()
            + (smallModel == nil ? [] : personas).map {
                "  - {provider: \($0.name), model: s, input_per_million: 0.3 USD, cache_read_per_million: 0.02 USD, output_per_million: 1.1 USD, per_request: 0.000001 USD, source: s, date: d}\n"
            }.joined()
        guard case .prices(let rows) = try Document(Array(prices.utf8), file: "prices.yaml") else {
            throw CancellationError()
        }
        let members = zip(personas, rows).map { persona, price in
            var member = Fleet.Member(persona: persona, price: price)
            for row in rows where smallModel != nil && row.provider == price.provider {
                member.modelPrices["model-\(row.model)"] = row
            }
            return member
        }
        let fleet = try Fleet(members, seed: Seed(seed))
        self.fleet = fleet
        var files = [
            "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\nmaximum_calls: \(calls)",
            "prices.yaml": prices,
        ]
        if let sessions {
            files["w.yaml"] = "submeter: workload\nversion: 1\nname: w\nsessions_file: s.jsonl"
            files["s.jsonl"] = String(decoding: SessionFile.write(sessions), as: UTF8.self)
        }
        let models =
            smallModel == nil
            ? "[{name: m, id: model-m}]"
            : "[{name: m, id: model-m, served_model: [model-m]}, {name: s, id: model-s, served_model: [model-s]}]"
        // A gateway is a further way to the first persona's server.
        for (name, port) in zip(providers, fleet.ports + gateways.map { _ in fleet.ports[0] }) {
            files["\(name).yaml"] = """
                submeter: provider
                version: 1
                name: \(name)
                delivery_path: self-hosted
                dialect: openai-chat
                base_url: http://127.0.0.1:\(port)/v1
                request: \(request)
                models: \(models)
                """
        }
        files["p.yaml"] = """
            submeter: plan
            version: 1
            name: p
            seed: \(seed)
            model: m
            \(smallModel.map { "small_model: \($0)" } ?? "")
            providers: [\(providers.map { "\($0).yaml" }.joined(separator: ", "))]
            prices: [prices.yaml]
            workload: w.yaml
            endpoints: [\(providers.map { "{provider: \($0)}" }.joined(separator: ", "))]
            \(["load:", "live_sessions:"].contains(where: settings.contains) ? "" : "live_sessions: 2")
            time_scale: \(timeScale)
            \(settings)
            """
        let texts = files
        plan = try Plan(try DocumentSet(planFile: "p.yaml") { texts[$0].map { Array($0.utf8) } })
    }

    func run(
        salt: String = "0123456789ab", to path: String? = nil, interruption: Interruption = Interruption(),
        report: (RunProgress) -> Void = { _ in }
    ) throws -> (RunFile, StopReason) {
        let target = path ?? self.path
        let writer = try RunFileWriter(
            creating: target, documents: plan.documents, facts: [FactRow(name: "run_salt", value: salt)])
        let driver = RunDriver(
            plan, writer: writer, loop: try NetworkLoop(), authorizers: plan.endpoints.map { _ in .none },
            runSalt: salt,
            interruption: interruption)
        let reason = try driver.run(report)
        try writer.close()
        return (try RunFile(path: target), reason)
    }

    func resume(report: (RunProgress) -> Void = { _ in }) throws -> (RunFile, StopReason) {
        let writer = try RunFileWriter(resuming: path)
        let earlier = try RunFile(path: path)
        let driver = RunDriver(
            plan, writer: writer, loop: try NetworkLoop(), authorizers: plan.endpoints.map { _ in .none },
            runSalt: earlier.facts["run_salt"] ?? "", earlier: earlier)
        let reason = try driver.run(report)
        try writer.close()
        return (try RunFile(path: path), reason)
    }

    func close() {
        fleet.stop()
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) }
    }
}

private func fast(_ name: String) -> Persona {
    Persona(
        name: name, network: .milliseconds(2), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 50_000, jitter: 0)
}

/// Everything over real sockets, one test at a time, so that tests do not disturb each other's times.
@Suite(.serialized) enum EndToEnd {}

extension EndToEnd {
    @Suite(.serialized) struct RunTests {
        @Test func `a run over real sockets agrees with the fleet's own account, call by call`() throws {
            let stage = try Stage([fast("a"), fast("b")])
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            #expect(file.attempts.count == 2 * 2 * 2 * 4)
            #expect(file.sessions.count == 8 && file.sessions.allSatisfy(\.isSuccess))
            #expect(file.rounds.count == 2 && file.rounds.allSatisfy { $0.ended != nil })
            #expect(!file.health.isEmpty)
            let truths = Dictionary(uniqueKeysWithValues: stage.fleet.truths.map { ($0.requestIdentifier, $0) })
            for row in file.attempts {
                let truth = try #require(truths[RunDriver.requestIdentifier(CallKey(row.place))])
                #expect(row.outcome == .ok, "\(row.errorText ?? "")")
                #expect(row.usage.inputTotal == truth.inputTokens)
                #expect(row.usage.inputCacheRead == truth.cachedTokens)
                #expect(row.usage.outputTotal == truth.outputTokens)
                #expect(row.listCost == truth.bill)
                #expect(row.servedModel == "model-m")
                // The fleet counts what the plan meant, within two per cent.
                #expect(abs(Double(truth.inputTokens.value) / Double(row.plannedInput.value) - 1) < 0.02)
                // Nothing can be received before it was sent, nor sent before it was due.
                let (first, sent, due) = try (#require(row.events.first), #require(row.sent), #require(row.due))
                #expect(first.at >= (try #require(truth.firstContent)))
                #expect(sent <= truth.received && sent >= due)
                #expect(row.events.map(\.at) == row.events.map(\.at).sorted())
            }
            let cached = file.attempts.filter { $0.place.call > 0 }
            let share =
                Double(cached.reduce(0) { $0 + ($1.usage.inputCacheRead?.value ?? 0) })
                / Double(cached.reduce(0) { $0 + $1.plannedCached.value })
            #expect(share > 0.97 && share <= 1.01, "the fleet's cache held \(share) of what an ideal one would")
        }

        @Test func `two runs of one plan send the same bytes, and another salt changes them`() throws {
            var hashes: [[UInt64]] = []
            for salt in ["0123456789ab", "0123456789ab", "ba9876543210"] {
                let stage = try Stage([fast("a")])
                defer { stage.close() }
                _ = try stage.run(salt: salt)
                hashes.append(stage.fleet.truths.sorted { $0.requestIdentifier < $1.requestIdentifier }.map(\.bodyHash))
            }
            #expect(hashes[0] == hashes[1])
            #expect(zip(hashes[0], hashes[2]).allSatisfy { $0 != $1 })
        }

        @Test func `every fault ends in its class, and the rest of its session is skipped and said to be`() throws {
            let faults: [(Scenario, OutcomeClass)] = [
                (.rateLimit, .rateLimited), (.serverError, .server), (.overload, .overloaded),
                (.streamError, .streamError), (.cut, .connectionLost), (.stall, .timeoutIdle),
            ]
            let personas = faults.enumerated().map { index, fault in
                var persona = fast("f\(index)")
                persona.scenarios = [fault.0: 1]
                return persona
            }
            let settings = "rounds: 1\nsessions_per_round: 1\norder: side-by-side\ntimeouts: {idle: 300ms}"
            let stage = try Stage(personas, settings: settings)
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            for (index, fault) in faults.enumerated() {
                let rows = file.attempts.filter { $0.place.endpoint == index }
                #expect(rows.map(\.outcome) == [fault.1, .skipped, .skipped, .skipped])
                #expect(rows.dropFirst().allSatisfy { $0.skipReason == "session-failed" })
            }
            #expect(file.attempts.first { $0.outcome == .rateLimited }?.retryAfter == .seconds(1))
            #expect(file.sessions.allSatisfy { !$0.isSuccess })
        }

        @Test func `events that come in one write share its time and are counted all the same`() throws {
            var persona = fast("a")
            persona.scenarios = [.coalesce: 1]
            let stage = try Stage([persona], settings: "rounds: 1\nsessions_per_round: 1")
            defer { stage.close() }
            let (file, _) = try stage.run()
            let truths = Dictionary(uniqueKeysWithValues: stage.fleet.truths.map { ($0.requestIdentifier, $0) })
            for row in file.attempts {
                let truth = try #require(truths[RunDriver.requestIdentifier(CallKey(row.place))])
                #expect(row.outcome == .ok && truth.fault == "coalesce")
                #expect(row.usage.outputTotal == truth.outputTokens)
                #expect(Set(row.events.map(\.at)).count <= (row.events.count + 7) / 8)
            }
            #expect(file.attempts.contains { $0.events.count > 8 })
        }

        @Test func `an endpoint that is not there fails every session at once`() throws {
            let stage = try Stage([fast("a")], settings: "rounds: 1\nsessions_per_round: 2")
            defer { stage.close() }
            stage.fleet.stop()
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            #expect(file.attempts.filter { $0.outcome == .connectRefused }.count == 2)
            #expect(file.attempts.count == 8)
        }

        @Test func `an interrupted run is whole, and resuming sends only what is missing`() throws {
            let stage = try Stage([fast("a")], settings: "rounds: 6\nsessions_per_round: 3", calls: 6)
            defer { stage.close() }
            let interruption = Interruption()
            var failed: [Int] = []
            let (first, reason) = try stage.run(interruption: interruption) { progress in
                failed = progress.failedCalls
                if progress.endedCalls[0] > 0 { interruption.interrupt() }
            }
            #expect(reason == .interrupted)
            let done = first.attempts.filter { $0.outcome == .ok }
            #expect(!done.isEmpty && done.count < 108)
            #expect(failed == [0], "the user's own abortions are no failures")
            var counts: [Int] = []
            let (second, end) = try stage.resume { counts.append($0.endedCalls[0]) }
            #expect(counts.first ?? 0 >= done.count && counts.last == 108, "what was done before does not count")
            #expect(end == .complete)
            #expect(second.attempts.filter { $0.outcome == .ok }.count == 108)
            #expect(done.allSatisfy { second.attempts.contains($0) })
            let sent = stage.fleet.truths.filter { $0.lastContent != nil && $0.bill > .zero }.map(\.requestIdentifier)
            #expect(Set(sent).count == 108)
            // Gone on with once more, though nothing is left: what was measured stays as it was.
            let (third, _) = try stage.resume()
            #expect(third.attempts == second.attempts)
            #expect(third.sessions.count == 18)
            #expect(Set(third.sessions) == Set(second.sessions) && Set(third.rounds) == Set(second.rounds))
            #expect(
                done.allSatisfy { row in sent.count { $0 == RunDriver.requestIdentifier(CallKey(row.place)) } == 1 })
        }
    }
}
