import Driving
import Planning
import Quantities
import Records
import Rehearsal
import Testing
import Workloads

extension EndToEnd {
    /// Traces of lengths, sent to a fleet.
    @Suite(.serialized) struct LengthReplayTests {
        private let persona = Persona(
            name: "a", network: .milliseconds(2), prefillTokensPerSecond: 1e7, decodeTokensPerSecond: 50_000, jitter: 0)

        private struct Replayed {
            let row: AttemptRow
            let truth: GroundTruth
        }

        private func replay(
            _ type: any TraceImporter.Type, _ lines: [String], salts: String = "{}", passes: Int = 1
        ) throws -> [Replayed] {
            let bytes = Array(lines.joined(separator: "\n").utf8)
            let library = try TraceImport.library(type, [("trace", bytes)])
            let stage = try Stage(
                [persona],
                settings:
                    "rounds: \(passes)\nlive_sessions: 1\nsessions_per_round: \(library.sessions.count)\nsalts: \(salts)",
                sessions: library)
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            #expect(file.attempts.count == passes * library.sessions.reduce(0) { $0 + $1.calls.count })
            let truths = Dictionary(uniqueKeysWithValues: stage.fleet.truths.map { ($0.requestIdentifier, $0) })
            return try file.attempts.map { row in
                #expect(row.outcome == .ok, "\(row.errorText ?? "")")
                return Replayed(row: row, truth: try #require(truths[RunDriver.requestIdentifier(CallKey(row.place))]))
            }
        }

        private func line(_ time: Int, _ input: Int, _ blocks: [Int]) -> String {
            #"{"timestamp":\#(time),"input_length":\#(input),"output_length":50,"hash_ids":\#(blocks)}"#
        }

        @Test func `a fleet counts the tokens of Mooncake's requests and reads their shared blocks from its cache`()
            throws
        {
            let replayed = try replay(
                MooncakeImporter.self,
                [
                    line(0, 1800, [0, 1, 2, 3]), line(3, 2500, [10, 11, 12, 13, 14]),
                    line(3000, 2400, [0, 1, 2, 4, 5]),
                    line(6000, 2600, [10, 11, 20, 21, 22, 23]), line(6000, 300, [30]),
                    line(9000, 1000, [0, 1]),
                ])
            #expect(replayed.contains { $0.row.place.call == 1 })
            for call in replayed {
                let (row, truth) = (call.row, call.truth)
                #expect(
                    abs(Double(truth.inputTokens.value) / Double(row.plannedInput.value) - 1) < 0.02,
                    "\(row.place): \(truth.inputTokens.value) of \(row.plannedInput.value)")
                #expect(
                    abs(truth.cachedTokens.value - row.plannedCached.value) <= 40,
                    "\(row.place): \(truth.cachedTokens.value) cached, planned \(row.plannedCached.value)")
            }
            let planned = replayed.reduce(0) { $0 + $1.row.plannedCached.value }
            #expect(planned == 1800 + 1024 + 1000)
        }

        private func compare(_ replayed: [Replayed]) {
            for call in replayed {
                let (cached, planned) = (call.truth.cachedTokens.value, call.row.plannedCached.value)
                #expect(abs(cached - planned) <= 24, "\(call.row.place): \(cached) cached, planned \(planned)")
            }
        }

        @Test(arguments: [1, 2])
        func `what a chain shares with other prompts ends where messages do`(passes: Int) throws {
            func line(_ chat: Int, _ parent: Int, _ time: Int, _ input: Int, _ blocks: Range<Int>) -> String {
                #"{"chat_id":\#(chat),"parent_chat_id":\#(parent),"timestamp":\#(time),"input_length":\#(input),"#
                    + #""output_length":100,"type":"text","turn":1,"hash_ids":\#(Array(blocks))}"#
            }
            // The second root has all blocks of the first chat's last prompt, but in one message; the third sends it again.
            let replayed = try replay(
                BailianImporter.self,
                [
                    line(1, -1, 0, 1600, 0..<100), line(2, 1, 1, 3200, 0..<200), line(3, -1, 2, 3200, 0..<200),
                    line(4, -1, 3, 3000, 0..<187), line(5, 2, 4, 3500, 0..<218),
                ], passes: passes)
            compare(replayed)
            let planned = replayed.reduce(0) { $0 + $1.row.plannedCached.value }
            #expect(planned == passes * (0 + 1600 + 3200 + 1600 + 2992))
        }

        @Test(arguments: ["{}", "{session: false}", "{tenant: false, session: false}"])
        func `documents at the beginning are shared unless salts stand before them`(salts: String) throws {
            func request(_ session: Int, _ time: Int, _ passages: [Int]) -> String {
                #"{"timestamp":\#(time),"input_length":1100,"output_length":20,"session_id":\#(session),"#
                    + #""hash_ids":{"sys_prompt":[1],"passages_ids":\#(passages),"history":[],"web_search":[],"#
                    + #""user_input":[]}}"#
            }
            func size(_ component: Int, _ tokens: Int) -> String {
                #"{"passages_id":\#(component),"token_length":\#(tokens)}"#
            }
            let replayed = try replay(
                RAGPulseImporter.self,
                [
                    request(1, 0, [10, 11, 12]), request(1, 5, [10, 12, 11]), request(2, 9, [10, 11, 12]),
                    size(1, 100), size(10, 300), size(11, 300), size(12, 300),
                ], salts: salts, passes: 2)
            compare(replayed)
            let planned = replayed.map(\.row).sorted {
                ($0.place.round, $0.place.session, $0.place.call) < ($1.place.round, $1.place.session, $1.place.call)
            }.map(\.plannedCached.value)
            // The run's salt has ten tokens, one in front of the question as many, and both together 18.
            let expected = [
                "{}": [0, 428, 110, 110, 428, 110], "{session: false}": [0, 420, 1020, 120, 420, 1020],
                "{tenant: false, session: false}": [0, 410, 1010, 110, 410, 1010],
            ]
            #expect(planned == expected[salts])
        }

        @Test func `a fleet counts the tokens of short single requests`() throws {
            let rows = [(374, 44), (110, 27), (60, 5), (3180, 8)].enumerated().map { index, row in
                "2023-11-16 18:17:0\(index).5,\(row.0),\(row.1)"
            }
            for call in try replay(AzureImporter.self, ["TIMESTAMP,ContextTokens,GeneratedTokens"] + rows) {
                #expect(abs(Double(call.truth.inputTokens.value) / Double(call.row.plannedInput.value) - 1) < 0.02)
            }
        }
    }
}
