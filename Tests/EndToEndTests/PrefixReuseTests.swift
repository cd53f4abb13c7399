import Driving
import Encodings
import Foundation
import Planning
import Quantities
import Records
import Rehearsal
import Testing
import Workloads

/// A workload small enough for a debug build, and what of it must be new.
private struct ReuseCase: CustomTestStringConvertible {
    let name: String
    /// The calls of a session that are kept, from its beginning.
    let calls: Int
    var salts = "{}"

    var testDescription: String { "\(name), salts \(salts)" }
}

private let bare = "{run: false, tenant: false, session: false}"
private let cases = [
    ReuseCase(name: "coding-autonomous", calls: 12), ReuseCase(name: "coding-autonomous", calls: 6, salts: bare),
    // The second wave of sub-agents has joined after 40 calls.
    ReuseCase(name: "swarm", calls: 60), ReuseCase(name: "swarm", calls: 20, salts: bare),
    ReuseCase(name: "customer-service", calls: 24),
    ReuseCase(name: "customer-service", calls: 8, salts: "{session: false}"),
    ReuseCase(name: "rag", calls: 7), ReuseCase(name: "rag", calls: 7, salts: bare),
    ReuseCase(name: "api-average", calls: 3), ReuseCase(name: "swe-mini", calls: 12),
]

extension EndToEnd {
    /// The embedded fleet remembers prompts by their bytes, block by block: what it counts is what was really sent again.
    @Suite(.serialized) struct PrefixReuseTests {
        private let persona = Persona(
            name: "a", network: .milliseconds(1), prefillTokensPerSecond: 1e9, decodeTokensPerSecond: 1e6, jitter: 0)

        /// Replays a library, each session once, and compares what the fleet's cache held with what was promised.
        private func check(_ whole: SessionLibrary, salts: String, calls: Int) throws {
            var library = whole
            for index in library.sessions.indices {
                library.sessions[index].calls = Array(library.sessions[index].calls.prefix(calls))
            }
            // One after another, as it was planned.
            let settings =
                "rounds: 1\nlive_sessions: 1\nsessions_per_round: \(library.sessions.count)\nsalts: \(salts)"
            let stage = try Stage([persona], settings: settings, sessions: library, timeScale: "0")
            defer { stage.close() }
            let (file, reason) = try stage.run()
            let truths = stage.fleet.truths
            let policy = stage.plan.profile.salts
            let promised = WorkloadDescription(
                stage.plan.library, salts: ReuseSalts(tenant: policy.tenant, session: policy.session))
            #expect(reason == .complete)
            #expect(
                file.attempts.allSatisfy { $0.outcome == .ok }, "\(file.attempts.compactMap(\.errorText).prefix(3))")
            #expect(truths.count == promised.callCount)
            try compare(file, truths, stage.plan)
            let input = truths.reduce(0) { $0 + $1.inputTokens.value }
            let cached = truths.reduce(0) { $0 + $1.cachedTokens.value }
            let share = Double(cached) / Double(input)
            #expect(
                abs(share - promised.idealHitShare) < 0.01,
                "the fleet's cache held \(share), and \(promised.idealHitShare) was promised")
        }

        /// What the fleet's cache held of each call is what was planned, within a block of it.
        ///
        /// Agents that begin side by side may send their common prefix in either order: beginnings of contexts are compared
        /// together.
        private func compare(_ file: RunFile, _ truths: [GroundTruth], _ plan: Plan) throws {
            let named = Dictionary(uniqueKeysWithValues: truths.map { ($0.requestIdentifier, $0) })
            var (beginnings, difference) = (0, 0)
            for row in file.attempts {
                let truth = try #require(named[RunDriver.requestIdentifier(CallKey(row.place))])
                let (cached, planned) = (truth.cachedTokens.value, row.plannedCached.value)
                let key = CallKey(row.place)
                guard !plan.graph(key.session).entries[key.call].kept.isEmpty else {
                    beginnings += 1
                    difference += cached - planned
                    continue
                }
                #expect(
                    abs(cached - planned) <= max(32, planned / 100),
                    "\(row.place): \(cached) cached, \(planned) planned, input \(truth.inputTokens)")
            }
            #expect(abs(difference) <= 24 * beginnings, "\(difference) more in \(beginnings) beginnings")
        }

        @Test(arguments: cases)
        fileprivate func `what the fleet's cache held is what the workload's description promises`(
            item: ReuseCase
        ) throws {
            let path = Repository.root.appending(path: "profiles/workloads/samples/\(item.name).jsonl")
            let library = try SessionFile.read(Array(try Data(contentsOf: path)))
            try check(library, salts: item.salts, calls: item.calls)
        }

        @Test func `nothing of an earlier run is warm in the next one`() throws {
            let path = Repository.root.appending(path: "profiles/workloads/samples/customer-service.jsonl")
            let library = try SessionFile.read(Array(try Data(contentsOf: path)))
            let settings = "rounds: 1\nsessions_per_round: \(library.sessions.count)"
            let stage = try Stage([persona], settings: settings, sessions: library, timeScale: "0")
            defer { stage.close() }
            _ = try stage.run(salt: "0123456789ab")
            let first = stage.fleet.truths
            let other = stage.path + "-other"
            defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: other + end) } }
            _ = try stage.run(salt: "ba9876543210", to: other)
            let second = stage.fleet.truths.dropFirst(first.count)
            let cached = [first, Array(second)].map { $0.reduce(0) { $0 + $1.cachedTokens.value } }
            #expect(second.count == first.count && cached[0] > 0)
            // The digits of salts count a little more or less.
            #expect(
                abs(cached[0] - cached[1]) <= cached[0] / 1000,
                "the cache held \(cached) tokens in the first and the second run")
        }

        /// Sessions of two calls that begin with the same blocks, and go on with their own.
        private func blocks() -> SessionLibrary {
            func call(_ name: String, _ context: Call.Context, _ input: Int, add: Int, _ blocks: [Range<Int>]) -> Call {
                Call(
                    identifier: CallIdentifier(name), after: name == "0" ? [] : ["0"], waitKind: .tool,
                    context: context, carry: context == .continuing ? 60 : 0,
                    added: [.init(role: "user", tokens: TokenCount(add))], input: TokenCount(input), output: 60,
                    blocks: blocks)
            }
            let sessions = [40, 24, 40].enumerated().map { number, shared in
                let own = 1000 * (1 + number)
                return Session(
                    identifier: SessionIdentifier("s\(number)"), toolsTokens: 640, systemTokens: 320,
                    calls: [
                        call("0", .new, 3072, add: 2112, [0..<shared, own..<(own + 48 - shared)]),
                        call("1", .continuing, 4608, add: 1476, [0..<shared, own..<(own + 72 - shared)]),
                    ])
            }
            return SessionLibrary(header: SessionFile.header(name: "blocks"), sessions: sessions)
        }

        @Test(arguments: ["{}", "{tenant: false, session: false}"])
        func `two endpoints that reach one server do not warm each other's cache`(salts: String) throws {
            let library = blocks()
            let settings = "rounds: 2\nlive_sessions: 1\nsessions_per_round: 3\nsalts: \(salts)"
            let stage = try Stage(
                [persona], settings: settings, sessions: library, timeScale: "0", gateways: ["gateway"])
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete && file.attempts.count == 2 * 2 * 3 * 2)
            for endpoint in 0..<2 {
                let rows = file.attempts.filter { $0.place.endpoint == endpoint }
                for row in rows {
                    let (told, planned) = (try #require(row.usage.inputCacheRead).value, row.plannedCached.value)
                    #expect(
                        abs(told - planned) <= 64,
                        "\(row.place): \(told) cached, \(planned) planned, of \(row.plannedInput)")
                }
                #expect(rows.contains { $0.place.call == 0 && $0.plannedCached > TokenCount(1000) })
            }
        }

        @Test(.enabled(if: SharedTraces.exist, SharedTraces.skipReason))
        func `recorded sessions share what their description promises, and that is what was recorded`() throws {
            let bytes = try SharedTraces.bytes("weka_claude_code_sample12.jsonl")
            var library = try TraceImport.library(
                WekaImporter.self, [("sample", bytes)], ImportOptions(licence: "Apache-2.0"))
            let recorded = try RecordedReuse(bytes)
            let promised = WorkloadDescription(library)
            #expect(promised.inputTokens.value == recorded.input)
            #expect(abs(promised.idealHitShare - Double(recorded.known) / Double(recorded.input)) < 0.01)
            // One session without and three with sub-agents, whose first calls break contexts too.
            library.sessions = [0, 8, 9, 10].map { library.sessions[$0] }
            #expect(library.sessions.dropFirst().allSatisfy { !$0.agentPrefixTokens.isEmpty })
            try check(library, salts: "{}", calls: 20)
        }
    }
}

/// What the hashes of a recording say of its prompts: which blocks at their beginning an earlier prompt of the session had.
private struct RecordedReuse {
    private(set) var input = 0
    private(set) var known = 0

    init(_ bytes: [UInt8]) throws {
        for line in bytes.split(separator: 0x0A) {
            let session = try JSONValue(parsing: Array(line))
            var seen: Set<Int> = []
            for entry in session["requests"]?.arrayValue ?? [] {
                for request in entry["requests"]?.arrayValue ?? [entry] { take(request, &seen) }
            }
        }
    }

    private mutating func take(_ request: JSONValue, _ seen: inout Set<Int>) {
        let ranges = (request["h"]?.arrayValue ?? []).compactMap { $0.arrayValue?.compactMap(\.integerValue) }
        let blocks = ranges.flatMap { Array($0[0]..<($0[0] + $0[1])) }
        input += request["in"]?.integerValue ?? 0
        known += blocks.prefix { seen.contains($0) }.count * 64
        seen.formUnion(blocks)
    }
}
