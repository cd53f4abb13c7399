import Encodings
import Quantities
import Testing

@testable import Dialects

private let report = ServedReport(
    tokens: TokenUsage(inputTotal: 100, inputCacheRead: 64, outputTotal: 20, outputReasoning: 5),
    cost: Money(dollars: 0.5), firstToken: .milliseconds(20), elapsed: .milliseconds(100))

private func events(
    _ habits: ChatHabits, _ pieces: [ServedPiece] = [.reasoning("Hm"), .text("Hi")],
    _ change: (inout ResponseContext) -> Void = { _ in }
) throws -> [JSONValue] {
    var context = ResponseContext(identifier: "1", model: "M", habits: habits)
    context.request.wantsUsage = true
    change(&context)
    var writer = ResponseWriters.writer(.openAIChat, context)
    var bytes = writer.opening(report)
    for piece in pieces { bytes += writer.write(piece, report) }
    bytes += writer.closing(.stop, report, tellsUsage: true)
    return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("data: ") }
        .map { try JSONValue(parsing: Array($0.dropFirst(6).utf8)) }
}

private func choice(_ event: JSONValue?) -> JSONValue? { event?["choices"]?.arrayValue?.first }

/// Each test names the section of protocols.md whose sample it follows.
@Suite struct ServedHabitTests {
    @Test func `OpenRouter §2`() throws {
        let found = try events(.openRouter) { $0.provider = "Fireworks" }
        #expect(choice(found[0])?["delta"]?["reasoning"] == "Hm" && choice(found[0])?["delta"]?["role"] == "assistant")
        #expect(choice(found[0])?["delta"]?["reasoning_details"]?.arrayValue?[0]["type"] == "reasoning.text")
        #expect(found.allSatisfy { $0["provider"] == "Fireworks" && choice($0) != nil })
        #expect(choice(found[found.count - 2])?["native_finish_reason"] == "completed")
        #expect(found.last?["usage"]?["cost"] == 0.5 && choice(found.last)?["finish_reason"] == .null)
        #expect(found.last?["openrouter_metadata"]?["strategy"] == "direct")
        var context = ResponseContext(identifier: "1", model: "M", habits: .openRouter)
        var writer = ResponseWriters.writer(.openAIChat, context)
        #expect(writer.opening(report) == Array(": OPENROUTER PROCESSING\n\n".utf8))
        let failure = String(decoding: writer.failure(ServedRefusal(.unavailable, "gone")), as: UTF8.self)
        #expect(failure.contains(#""finish_reason":"error""#) && failure.hasSuffix("data: [DONE]\n\n"))
        context.habits = .deepSeek
        #expect(!ResponseWriters.writer(.openAIChat, context).failure(ServedRefusal(.server, "x")).isEmpty)
    }

    @Test func `Fireworks and Together §3`() throws {
        let fireworks = try events(.fireworks) { $0.request.wantsMetrics = true }
        #expect(fireworks.last?["perf_metrics"]?["prompt-tokens"] == "100")
        #expect(choice(fireworks.last)?["finish_reason"] == "stop" && fireworks.last?["usage"] != nil)
        #expect(try events(.fireworks).last?["perf_metrics"] == nil)
        let together = try events(.together)
        #expect(choice(together[2])?["text"] == "Hi" && together[2]["usage"] == .null)
        #expect(choice(together[1])?["delta"]?["reasoning"] == choice(together[1])?["delta"]?["reasoning_content"])
        #expect(together.last?["usage"]?["cached_tokens"] == 64 && choice(together.last)?["finish_reason"] == "stop")
    }

    @Test func `Azure §5`() throws {
        let azure = try events(.azure)
        #expect(azure[0]["choices"] == [] && azure[0]["prompt_filter_results"] != nil && azure[0]["id"] == "")
        #expect(azure.last?["choices"] == [] && azure.last?["usage"] != nil)
        let others = try events(.azureModels)
        #expect(choice(others[2])?["matched_stop"] == .null && choice(others[2])?["delta"]?["tool_calls"] == .null)
        #expect(
            others.last?["usage"]?["prompt_tokens_details"] == .null && others.last?["usage"]?["reasoning_tokens"] == 5)
    }

    @Test func `Vertex §6·1 counts reasoning apart`() throws {
        let usage = try events(.vertex).last?["usage"]
        #expect(usage?["completion_tokens"] == 15 && usage?["total_tokens"] == 120)
        #expect(usage?["extra_properties"]?["google"]?["traffic_type"] == "ON_DEMAND")
    }

    @Test func `vLLM, SGLang, TGI and llama·cpp §7`() throws {
        let vllm = try events(.vLLM)
        #expect(choice(vllm[1])?["delta"] == ["reasoning": "Hm"])
        #expect(vllm.last?["usage"]?["prompt_tokens_details"]?["created_cache_tokens"] == 0)
        #expect(choice(vllm[3])?["stop_reason"] == .null)
        let every = try events(.vLLM) { $0.request.wantsContinuousUsage = true }
        #expect(every.allSatisfy { $0["usage"]?["prompt_tokens"] == 100 })
        let sgLang = try events(.sgLang)
        #expect(choice(sgLang[2])?["delta"]?["reasoning_content"] == .null)
        #expect(sgLang.last?["usage"]?["reasoning_tokens"] == 5)
        #expect(try events(.tgi)[0]["id"] == "")
        let llama = try events(.llamaCpp).last
        #expect(llama?["timings"]?["cache_n"] == 64 && llama?["timings"]?["prompt_n"] == 36)
        #expect(llama?["timings"]?["predicted_n"] == 20 && llama?["timings"]?["prompt_ms"] == 20.0)
    }

    @Test func `DeepSeek and Alibaba §8·1, §8·2`() throws {
        let deepSeek = try events(.deepSeek)
        #expect(choice(deepSeek[0])?["delta"] == ["role": "assistant", "content": nil, "reasoning_content": ""])
        #expect(choice(deepSeek[1])?["delta"] == ["reasoning_content": "Hm", "content": nil])
        #expect(choice(deepSeek[2])?["delta"] == ["content": "Hi", "reasoning_content": nil])
        let usage = deepSeek.last?["usage"]
        #expect(usage?["prompt_cache_hit_tokens"] == 64 && usage?["prompt_cache_miss_tokens"] == 36)
        #expect(deepSeek.dropLast().allSatisfy { $0["usage"] == .null })
        let qwen = try events(.qwen, [.toolCall(0, identifier: "i", name: "n"), .arguments(0, "{}")])
        #expect(choice(qwen[2])?["delta"]?["tool_calls"]?.arrayValue?[0]["id"] == "")
    }

    @Test func `Kimi, GLM and MiniMax §8·3 to §8·5`() throws {
        let kimi = try events(.kimi).last
        #expect(kimi?["usage"] == nil && choice(kimi)?["usage"]?["cached_tokens"] == 64)
        let glm = try events(.glm, [.text("Hi"), .toolCall(0, identifier: "i", name: "n"), .arguments(0, #"{"a":1}"#)])
        #expect(glm.allSatisfy { choice($0)?["delta"]?["role"] == "assistant" })
        #expect(glm.dropLast().allSatisfy { choice($0)?["finish_reason"] == nil } && glm.last?["usage"] != nil)
        #expect(
            choice(glm[1])?["delta"]?["tool_calls"]?.arrayValue?[0]["function"] == [
                "name": "n", "arguments": #"{"a":1}"#,
            ])
        let tagged = try events(.miniMax)
        let text = tagged.compactMap { choice($0)?["delta"]?["content"]?.stringValue }.joined()
        #expect(text == "<think>Hm</think>Hi" && tagged.allSatisfy { $0["base_resp"]?["status_code"] == 0 })
        let split = try events(.miniMax) { $0.request.splitsReasoning = true }
        #expect(
            choice(split[0])?["delta"]?["reasoning_content"] == "Hm" && choice(split[1])?["delta"]?["content"] == "Hi")
    }

    @Test func `a whole body holds what the stream would`() throws {
        let answer = ServedAnswer([
            .reasoning("Hm"), .text("Hi"), .toolCall(0, identifier: "i", name: "n"), .arguments(0, #"{"a":"#),
            .arguments(0, "1}"),
        ])
        for dialect in DialectName.allCases {
            var context = ResponseContext(identifier: "1", model: "M", habits: .deepSeek)
            context.request.wantsUsage = true
            let writer = ResponseWriters.writer(dialect, context)
            let text = String(
                decoding: writer.whole(answer, .toolCalls, report, tellsUsage: true), as: UTF8.self)
            let value = try JSONValue(parsing: Array(text.utf8))
            #expect(value.objectValue != nil && text.contains("Hm") && text.contains("Hi"))
            #expect(dialect == .tgi || text.contains(#""n""#), "\(dialect)")
        }
    }

    @Test func `every kind of error has a code and a body in every shape`() throws {
        for shape in ErrorShape.allCases {
            for kind in ServedRefusal.Kind.allCases {
                let refusal = ServedRefusal(kind, "why")
                #expect(shape.code(kind) != "error", "\(shape) \(kind)")
                #expect((400...599).contains(shape.status(refusal)))
                let body = String(decoding: shape.body(refusal, identifier: "1"), as: UTF8.self)
                #expect(body.contains("why"))
                _ = try JSONValue(parsing: Array(body.utf8))
            }
        }
    }
}
