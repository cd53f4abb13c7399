import Dialects
import Encodings
import Profiles
import Quantities
import Statistics
import Testing

@testable import Rehearsal

/// Each scenario does what its name says, over a real socket.
@Suite(.serialized) struct ScenarioTests {
    private func play(
        _ scenarios: [Scenario], _ system: PersonaSystem = .generic, path: String = "/v1/chat/completions",
        body: String = Scene.chat, patienceMilliseconds: Int = 1000
    ) throws -> LoopbackReply {
        let scene = try Scene(Scene.persona(system, scenarios))
        defer { scene.fleet.stop() }
        let reply = try scene.post(
            path, ["anthropic-version": "2023-06-01"], body, patienceMilliseconds: patienceMilliseconds)
        scene.fleet.stop()
        let truth = try #require(scene.fleet.truths.first)
        #expect(truth.fault == scenarios.map(\.rawValue).sorted().joined(separator: "+") || scenarios.isEmpty)
        return reply
    }

    /// The data of a stream's events.
    private func events(_ reply: LoopbackReply) -> [String] {
        reply.text.replacing("\r\n", with: "\n").split(separator: "\n").compactMap { line in
            line.hasPrefix("data:") ? String(line.dropFirst(line.hasPrefix("data: ") ? 6 : 5)) : nil
        }
    }

    @Test func `refusals have their status and their word on when to come back`() throws {
        let table: [(Scenario, Int, String?)] = [
            (.rateLimit, 429, "retry-after"), (.rateLimitDate, 429, "retry-after"),
            (.rateLimitMilliseconds, 429, "retry-after-ms"), (.rateLimitBare, 429, nil), (.serverError, 500, nil),
            (.overload, 503, "retry-after"), (.overloaded, 529, nil), (.paymentRequired, 402, nil),
            (.tokenExpiry, 401, nil), (.clockSkew, 403, nil),
        ]
        for (scenario, status, header) in table {
            let reply = try play([scenario])
            #expect(reply.status == status, "\(scenario)")
            #expect(reply.text.contains("\"error\""))
            #expect(
                ["retry-after", "retry-after-ms"].filter { reply.headers[$0] != nil } == [header].compactMap(\.self))
            if scenario == .rateLimit { #expect(reply.headers["retry-after"] == "1") }
            if scenario == .rateLimitDate { #expect(reply.headers["retry-after"]?.hasSuffix(" GMT") == true) }
            if scenario == .rateLimitMilliseconds { #expect(reply.headers["retry-after-ms"] == "1000") }
        }
        let base = try play([.baseResponse], .miniMaxOpenAI)
        #expect(base.status == 200 && base.text.contains("\"status_code\":1002"))
    }

    @Test func `a plain stream ends in a finish reason, its usage and the end mark`() throws {
        let reply = try play([])
        #expect(reply.status == 200 && reply.isWhole)
        #expect(reply.headers["content-type"]?.hasPrefix("text/event-stream") == true)
        let found = events(reply)
        #expect(found.first?.contains(#""role":"assistant","content":"""#) == true)
        #expect(found.last == "[DONE]")
        #expect(found.dropLast().last?.contains(#""choices":[],"usage":{"prompt_tokens":"#) == true)
        #expect(found.dropLast(2).last?.contains(#""finish_reason":""#) == true)
    }

    @Test func `faults in the middle leave no finish reason`() throws {
        for scenario in [Scenario.cut, .reset, .noFinish, .stall, .streamError, .badChecksum, .truncatedFrame] {
            let reply = try play([scenario], patienceMilliseconds: 300)
            #expect(reply.status == 200 && !reply.body.isEmpty)
            #expect(!reply.text.contains(#""finish_reason":""#), "\(scenario)")
            #expect(!reply.text.contains("[DONE]"), "\(scenario)")
            switch scenario {
            case .cut: #expect(!reply.isWhole && !reply.isReset && !reply.isSilent)
            case .reset: #expect(!reply.isWhole && reply.isReset)
            case .stall: #expect(reply.isSilent)
            case .streamError: #expect(events(reply).last?.contains(#"{"error":"#) == true)
            case .badChecksum: #expect(events(reply).last == #"{"rehearsal":"#)
            case .truncatedFrame: #expect(reply.isWhole && !reply.text.hasSuffix("\n\n"))
            default: #expect(reply.isWhole)
            }
        }
        let first = try play([.errorFirst])
        #expect(first.status == 200 && events(first).count == 2 && events(first)[1].contains(#"{"error":"#))
    }

    @Test func `a stall that resumes brings the rest`() throws {
        var persona = Scene.persona(.generic, [.stallResume])
        persona.stallDuration = .milliseconds(300)
        let scene = try Scene(persona)
        defer { scene.fleet.stop() }
        let start = ContinuousClock.now
        #expect(try scene.post().text.hasSuffix("[DONE]\n\n"))
        #expect(ContinuousClock.now - start >= .milliseconds(300))
    }

    @Test func `usage stands where it is asked to`() throws {
        try #expect(!play([.missingUsage]).text.contains("prompt_tokens"))
        let table: [(Scenario, String)] = [
            (.usageOwnEvent, #""choices":[],"usage":{"#),
            (.usageWithChoice, #""finish_reason":null}],"usage":{"#),
            (.usageInsideChoice, #","usage":{"prompt_tokens""#),
        ]
        for (scenario, text) in table { #expect(try play([scenario]).text.contains(text), "\(scenario)") }
        let finish = events(try play([.usageAtFinish])).dropLast().last ?? ""
        #expect(finish.contains(#""finish_reason":""#) && finish.contains(#"}],"usage":{"#))
        #expect(events(try play([.usageEverywhere])).dropLast().allSatisfy { $0.contains("prompt_tokens") })
        let wrong = events(try play([.wrongUsage])).dropLast().last ?? ""
        let usage = try JSONValue(parsing: Array(wrong.utf8))["usage"]
        let counts = ["prompt_tokens", "completion_tokens", "total_tokens"].map { usage?[$0]?.integerValue ?? 0 }
        #expect(counts[0] + counts[1] + 7 == counts[2])
    }

    @Test func `manners of the framing`() throws {
        let comments = try play([.commentsFirst])
        #expect(comments.text.hasPrefix(": keep-alive\n\n: keep-alive\n\n") && comments.text.contains("[DONE]"))
        let returns = try play([.carriageReturns]).text
        #expect(returns.contains("\r\n\r\n") && !returns.replacing("\r\n", with: "").contains("\n"))
        try #expect(!play([.noSpace]).text.contains("data: "))
        try #expect(!play([.noEndMark]).text.contains("[DONE]"))
        #expect(events(try play([.emptyFirstEvent]))[0].contains(#""choices":[],"created":0,"id":"""#))
        #expect(try play([.unknownEvent]).text.contains("event: rehearsal.future"))
        let anthropic = try play([.dataFirst], .anthropic, path: "/v1/messages", body: Self.messages).text
        #expect(
            anthropic.hasPrefix("data: {\"type\":\"message_start\"") && anthropic.contains("\nevent: message_start\n\n")
        )
    }

    private static let messages =
        #"{"model":"m","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#

    @Test func `writes are split and joined`() throws {
        let bytes = try play([.byteByByte], patienceMilliseconds: 3000)
        #expect(bytes.chunkSizes.allSatisfy { $0 == 1 } && bytes.text.hasSuffix("[DONE]\n\n"))
        let split = try play([.splitCharacters, .textOnly], patienceMilliseconds: 3000)
        #expect(split.text.contains("\u{1F600}") && split.text.hasSuffix("[DONE]\n\n"))
        var start = 0
        let cuts = split.chunkSizes.dropLast().count { size in
            start += size
            return split.body[start] & 0xC0 == 0x80
        }
        #expect(cuts > 10)
        let plain = try play([])
        #expect(try play([.coalesce]).chunkSizes.count * 2 < plain.chunkSizes.count)
    }

    @Test func `contents are those that were asked for`() throws {
        try #expect(!play([.textOnly]).text.contains("tool_calls"))
        #expect(try play([.toolCall]).text.contains(#""finish_reason":"tool_calls""#))
        #expect(try play([.reasoning]).text.contains("reasoning_content"))
        let parallel = events(try play([.parallelToolCalls]))
        let indices = parallel.compactMap { event -> Int? in
            event.contains(#""arguments":"#)
                ? (try? JSONValue(parsing: Array(event.utf8)))?["choices"]?.arrayValue?[0]["delta"]?["tool_calls"]?
                    .arrayValue?[0]["index"]?.integerValue : nil
        }
        let turns = zip(indices, indices.dropFirst()).count { $0 != $1 }
        #expect(Set(indices) == [0, 1] && turns > 3)
        let all = try play([.allReasoning])
        #expect(all.text.contains(#""finish_reason":"length""#) && !all.text.contains(#"{"content":"#))
        let cumulative = events(try play([.cumulative, .textOnly])).compactMap { event in
            (try? JSONValue(parsing: Array(event.utf8)))?["choices"]?.arrayValue?.first?["delta"]?["content"]?
                .stringValue
        }.filter { !$0.isEmpty }
        #expect(zip(cumulative, cumulative.dropFirst()).allSatisfy { $1.hasPrefix($0) && $1.count > $0.count })
        #expect(try play([.degradedAnswer, .textOnly]).text.contains("the the "))
        #expect(try play([.otherModel]).text.contains("rehearsal-other-model"))
        #expect(
            try play([.fallback], .openRouter, path: "/api/v1/chat/completions").text.contains("rehearsal-fallback"))
        let json = try play([.plainJSON])
        #expect(
            json.headers["content-type"] == "application/json" && json.text.contains(#""object":"chat.completion""#))
    }

    @Test func `the prompt is counted as the scenario says`() throws {
        func truths(_ scenarios: [Scenario]) throws -> [GroundTruth] {
            let scene = try Scene(Scene.persona(.generic, scenarios))
            defer { scene.fleet.stop() }
            let body = Scene.chat.replacing("hello there", with: String(repeating: "hello ", count: 500))
            for _ in 0..<2 { _ = try scene.post("/v1/chat/completions", [:], body) }
            scene.fleet.stop()
            return scene.fleet.truths
        }
        let plain = try truths([])
        #expect(plain[0].cachedTokens == .zero && plain[1].cachedTokens > 500)
        #expect(try truths([.cacheMiss])[1].cachedTokens == .zero)
        let cut = try truths([.promptTruncation])
        // Half of the bytes are about half of the tokens.
        #expect(abs(cut[0].inputTokens.value * 2 - plain[0].inputTokens.value) <= plain[0].inputTokens.value / 50)
    }

    @Test func `a connection is closed between requests only where that is played`() throws {
        for (scenarios, isClosed) in [([Scenario.connectionClose], true), ([], false)] {
            let scene = try Scene(Scene.persona(.generic, scenarios))
            defer { scene.fleet.stop() }
            let client = try LoopbackClient(scene.fleet.ports[0], patienceMilliseconds: 200)
            let reply = client.exchange("POST", "/v1/chat/completions", [:], Scene.chat)
            #expect(reply.isWhole && reply.headers["connection"] == nil)
            #expect(client.isClosed() == isClosed)
        }
    }

    @Test func `a client that hangs up does the fleet no harm`() throws {
        let scene = try Scene(Scene.persona(.generic, [.byteByByte]))
        defer { scene.fleet.stop() }
        for _ in 0..<20 {
            let client = try LoopbackClient(scene.fleet.ports[0], patienceMilliseconds: 1)
            client.give("/v1/chat/completions", Scene.chat)
        }
        #expect(try scene.post(patienceMilliseconds: 3000).text.hasSuffix("[DONE]\n\n"))
    }

    @Test func `a first token waits for others only where that is played`() {
        for (fault, delay) in [(Scenario?.none, 0), (.queueing, 150), (.slowFirstToken, 2000)] {
            var engine = EngineModel(Scene.persona(.generic), seed: Seed(1))
            for number in 0..<4 { _ = engine.admit(number) }
            let plain = engine.firstTokenDelay(freshTokens: 0, fault: nil)
            #expect(engine.firstTokenDelay(freshTokens: 0, fault: fault) - plain == .milliseconds(delay))
        }
    }

    @Test func `Amazon's frames are broken as asked`() throws {
        func frames(_ scenario: Scenario) throws -> (LoopbackReply, [(headers: String, isGood: Bool)]) {
            let reply = try play(
                [scenario], .bedrockConverse, path: "/model/m%3A0/converse-stream", body: Scene.converse)
            var found: [(headers: String, isGood: Bool)] = []
            var rest = reply.body[...]
            while rest.count >= 12 {
                let start = rest.startIndex
                let number = { (at: Int) in rest[(start + at)..<(start + at + 4)].reduce(0) { $0 << 8 | Int($1) } }
                let (total, headers) = (number(0), number(4))
                guard total <= rest.count else { break }
                let stored = rest[(start + total - 4)..<(start + total)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
                let isGood = Self.checksum(rest[start..<(start + total - 4)]) == stored
                found.append((String(decoding: rest[(start + 12)..<(start + 12 + headers)], as: UTF8.self), isGood))
                rest = rest.dropFirst(total)
            }
            return (reply, found)
        }
        let (exception, exceptions) = try frames(.exceptionFrame)
        #expect(exception.headers["content-type"] == "application/vnd.amazon.eventstream")
        #expect(exceptions.last?.headers.contains("throttlingException") == true)
        #expect(exceptions.count { !$0.isGood } == 0)
        let (_, bad) = try frames(.badChecksum)
        #expect(bad.last?.isGood == false && bad.count { !$0.isGood } == 1)
        let (cut, whole) = try frames(.truncatedFrame)
        #expect(cut.isWhole && !whole.contains { !$0.isGood } && !whole.contains { $0.headers.contains("messageStop") })
        #expect(try frames(.unknownEvent).1.contains { $0.headers.contains("rehearsalFuture") })
        #expect(try frames(.unknownHeader).1.contains { $0.headers.contains(":rehearsal-flag") })
    }

    /// CRC-32 by its definition, one bit at a time.
    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { state, byte in
            (0..<8).reduce(state ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
        }
    }

    @Test func `manners come together with a fault, and at their share`() {
        var persona = Scene.persona(.generic)
        persona.scenarios = [.cut: 0.5, .carriageReturns: 1, .noSpace: 0.25]
        var engine = EngineModel(persona, seed: Seed(3))
        var counts = [0, 0]
        for _ in 0..<2000 {
            if engine.drawFault() == .cut { counts[0] += 1 }
            let manners = engine.drawManners()
            #expect(manners.contains(.carriageReturns))
            if manners.contains(.noSpace) { counts[1] += 1 }
        }
        #expect((900...1100).contains(counts[0]) && (420...580).contains(counts[1]))
    }
}
