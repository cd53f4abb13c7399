import Analysis
import Driving
import Planning
import Profiles
import Quantities
import Records
import Rehearsal
import Testing

extension EndToEnd {
    /// One endpoint whose answers are short by themselves, and one whose answers have no end.
    @Suite(.serialized) struct OutputLengthTests {
        private static let control = "{output_control: {minimum_field: min_tokens, ignore_end_field: ignore_eos}}"

        private struct Replay {
            let rows: [AttemptRow]
            let truths: [String: GroundTruth]
            let endpoints: [EndpointAnalysis]
            let lengths: OutputLengths

            func truth(_ row: AttemptRow) throws -> GroundTruth {
                try #require(truths[RunDriver.requestIdentifier(CallKey(row.place))])
            }

            func rows(of endpoint: Int) -> [AttemptRow] { rows.filter { $0.place.endpoint == endpoint } }
        }

        private func replay(
            _ settings: String, system: PersonaSystem = .vLLM, control: String = Self.control
        ) throws -> Replay {
            let personas = [("brief", 0.4), ("wordy", 3)].map { name, share in
                Persona(
                    name: name, system: system, network: .milliseconds(2), prefillTokensPerSecond: 1e7,
                    decodeTokensPerSecond: 50_000, jitter: 0, outputShare: share)
            }
            let stage = try Stage(
                personas, settings: "rounds: 1\nsessions_per_round: 3\n" + settings, calls: 6, request: control)
            defer { stage.close() }
            let (file, _) = try stage.run()
            #expect(file.attempts.count == 36)
            #expect(file.attempts.allSatisfy { $0.outcome == .ok }, "\(file.attempts.compactMap(\.errorText))")
            let analysis = try RunAnalysis([file])
            let replay = Replay(
                rows: file.attempts,
                truths: Dictionary(uniqueKeysWithValues: stage.fleet.truths.map { ($0.requestIdentifier, $0) }),
                endpoints: analysis.endpoints, lengths: analysis.outputLengths)
            // What was told is what was written, call by call.
            for row in replay.rows { #expect(try replay.truth(row).outputTokens == row.usage.outputTotal) }
            return replay
        }

        @Test func `natural answers are as long as each model likes`() throws {
            let replay = try replay("output_length: natural")
            #expect(replay.rows.allSatisfy { $0.wantedOutput == nil })
            for (brief, wordy) in zip(replay.rows(of: 0), replay.rows(of: 1)) {
                #expect(try replay.truth(brief).outputTokens < replay.truth(wordy).outputTokens)
            }
            #expect(replay.lengths.outliers.count == 2)
        }

        @Test func `capped answers are never longer than recorded, and those that end before tell no decode speed`()
            throws
        {
            let replay = try replay("output_length: capped")
            for row in replay.rows {
                #expect(row.wantedOutput == WantedOutput(tokens: row.plannedOutput, isForced: false))
                #expect(try replay.truth(row).outputTokens <= row.plannedOutput)
            }
            #expect(replay.rows(of: 0).allSatisfy { $0.finishReason != "length" })
            for row in replay.rows(of: 1) {
                #expect(row.finishReason == "length" && row.usage.outputTotal == row.plannedOutput)
            }
            let kept = replay.endpoints.map(\.outputAdherence)
            #expect(kept.map(\.cappedCount) == [18, 18] && kept.map(\.endedEarlyCount) == [18, 0])
            #expect(kept.map(\.missedCount) == [0, 0])
            #expect(replay.endpoints[0].summary(.decodeRate)?.count == 0)
            #expect(replay.endpoints[1].summary(.decodeRate)?.count ?? 0 > 0)
            #expect(replay.endpoints.allSatisfy { $0.summary(.turnTime)?.count == 18 })
        }

        @Test(arguments: [
            Self.control, "{output_control: {minimum_field: min_tokens}}",
            "{output_control: {ignore_end_field: ignore_eos}}",
        ])
        func `exact answers have the recorded length, call by call`(control: String) throws {
            let replay = try replay("output_length: exact", control: control)
            for row in replay.rows {
                #expect(row.wantedOutput == WantedOutput(tokens: row.plannedOutput, isForced: true))
                #expect(try replay.truth(row).outputTokens == row.plannedOutput && row.finishReason == "length")
            }
            let kept = replay.endpoints.map(\.outputAdherence)
            #expect(kept.map(\.checkedCount) == [18, 18] && kept.map(\.missedCount) == [0, 0])
            #expect(replay.lengths.outliers.isEmpty)
        }

        @Test func `calls that must call a tool end by themselves in an exact plan`() throws {
            let replay = try replay("output_length: exact\ntool_choice: recorded")
            let free = replay.rows.filter { $0.wantedOutput == nil }
            // The wordy model is cut before it comes to its tool.
            let brief = free.filter { $0.place.endpoint == 0 }
            #expect(!brief.isEmpty && brief.allSatisfy { $0.toolCallCount > 0 && $0.finishReason == "tool_calls" })
            for row in replay.rows where row.wantedOutput != nil {
                #expect(try replay.truth(row).outputTokens == row.plannedOutput)
            }
        }

        @Test func `a server that takes no notice of a least length is found out`() throws {
            let replay = try replay("output_length: exact", system: .generic)
            let kept = replay.endpoints.map(\.outputAdherence)
            #expect(kept.map(\.checkedCount) == [18, 18])
            #expect(kept[0].missedCount == 18 && kept[1].missedCount == 0, "the wordy one is cut at the limit")
        }
    }
}
