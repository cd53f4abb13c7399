import Dialects
import Encodings
import Quantities
import Statistics
import Testing
import Workloads

@testable import Rehearsal

@Suite struct RehearsalTests {
    @Test func `the cache knows what began alike, until its lifetime is over`() {
        var cache = PrefixCache(lifetime: .seconds(10))
        let prompt = (0..<1000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        #expect(cache.use(prompt, at: Instant(nanoseconds: 0)) == 0)
        #expect(cache.use(prompt + [1, 2], at: Instant(nanoseconds: 1)) == 16 * PrefixCache.blockBytes)
        var other = prompt
        other[500] ^= 1
        #expect(cache.use(other, at: Instant(nanoseconds: 2)) == 8 * PrefixCache.blockBytes)
        #expect(cache.use(prompt, at: Instant(nanoseconds: 0) + .seconds(20)) == 0)
        var two = PrefixCache(lifetime: .seconds(10))
        #expect(
            ["m", "s", "m"].map { two.use(prompt, of: $0, at: Instant(nanoseconds: 0)) > 0 } == [false, false, true])
        var none = PrefixCache(lifetime: .zero)
        #expect(
            none.use(prompt, at: Instant(nanoseconds: 0)) == 0 && none.use(prompt, at: Instant(nanoseconds: 1)) == 0)
    }

    @Test func `slots are taken, queued for and handed on in order`() {
        var engine = EngineModel(Persona(name: "x", slotCount: 2), seed: Seed(1))
        #expect([engine.admit(1), engine.admit(2), engine.admit(3), engine.admit(4)] == [true, true, false, false])
        #expect(engine.release(3, wasActive: false) == nil)
        #expect(engine.release(1, wasActive: true) == 4)
        #expect(engine.activeCount == 2)
        #expect(engine.release(4, wasActive: true) == nil)
        #expect(engine.activeCount == 1)
    }

    @Test func `load slows a stream down and faults come at their shares`() {
        var persona = Persona(name: "x", slowdownPerStream: 0.5, jitter: 0)
        persona.scenarios = [.cut: 0.25]
        var engine = EngineModel(persona, seed: Seed(1))
        _ = engine.admit(1)
        let alone = engine.pieceDelay(tokens: 4)
        _ = engine.admit(2)
        #expect(abs(engine.pieceDelay(tokens: 4).seconds / alone.seconds - 1.5) < 1e-6)
        #expect(alone == .milliseconds(10))
        let cuts = (0..<4000).count { _ in engine.drawFault() == .cut }
        #expect((900...1100).contains(cuts))
    }

    @Test func `an answer is the same for the same request, and its tool call fits the schema`() throws {
        let tools = WorkloadGenerator.generate(.codingSmall, count: 1, seed: Seed(1)).sessions.map { session in
            Transcript(session: session, seed: Seed(2), librarySeed: Seed(3), tokenizer: ApproximateTokenizer())
                .prefix(agent: "main", runSalt: "").tools
        }[0]
        let prefix = PromptPrefix(tools: tools, system: "s", key: "")
        let target = RequestTarget(model: "m")
        let encoder = ChatRequestEncoder()
        for size in 1...20 {
            let items = [ConversationItem.user(String(repeating: "u", count: size * 100))]
            let body = encoder.body(prefix, items, CallOptions(outputLimit: 300), target: target)
            let head = ServedHead(method: "POST", target: "/v1/chat/completions")
            let request = try RequestReader.read(.openAIChat, head: head, body: body, parser: JSONParser())
            var writer = ResponseWriters.writer(.openAIChat, ResponseContext(identifier: "i", model: "m"))
            let answers = (0..<2).map { _ in
                Answer(
                    to: request, form: AnswerForm(tokensPerEvent: 4), tokenizer: ApproximateTokenizer(), seed: Seed(4))
            }
            #expect(answers[0].pieces.map(\.content) == answers[1].pieces.map(\.content))
            #expect((40...200).contains(answers[0].outputTokens.value))
            let decoder = Dialects.decoder(
                .openAIChat, head: ResponseHead(status: 200, contentType: "text/event-stream"), parser: JSONParser(),
                options: DecodingOptions(keepsText: true))
            for piece in answers[0].pieces {
                decoder.consume(writer.write(piece.content, ServedReport()).span) { _ in }
            }
            for call in decoder.finish(.complete, { _ in }).toolCalls {
                let tool = try #require(tools.first { $0.name == call.name })
                #expect(JSONSchema.problems(in: Array(call.arguments.utf8), schema: tool.parameters.serialized()) == [])
            }
        }
    }

    @Test func `a fleet starts on free ports, refuses a taken one, and stops`() throws {
        let fleet = try Fleet([.init(persona: Persona(name: "a")), .init(persona: Persona(name: "b"))], seed: Seed(1))
        #expect(fleet.ports.count == 2 && fleet.ports.allSatisfy { $0 > 0 })
        #expect(throws: FleetError.self) {
            try Fleet([.init(persona: Persona(name: "c"), port: fleet.ports[0])], seed: Seed(1))
        }
        fleet.stop()
        #expect(fleet.truths.isEmpty)
    }
}
