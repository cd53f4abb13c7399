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

        private func replay(_ type: any TraceImporter.Type, _ lines: [String]) throws -> [Replayed] {
            let bytes = Array(lines.joined(separator: "\n").utf8)
            let library = try TraceImport.library(type, [("trace", bytes)])
            let stage = try Stage(
                [persona], settings: "rounds: 1\nsessions_per_round: \(library.sessions.count)", sessions: library)
            defer { stage.close() }
            let (file, reason) = try stage.run()
            #expect(reason == .complete)
            #expect(file.attempts.count == library.sessions.reduce(0) { $0 + $1.calls.count })
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
