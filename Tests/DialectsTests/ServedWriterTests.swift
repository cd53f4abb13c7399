import Encodings
import Quantities
import Testing

@testable import Dialects

/// Reasoning, text, and two tool calls, as the fleet would have them written.
private let pieces: [ServedPiece] = [
    .reasoning("Hm"), .text("Hi"), .text(" \"you\""), .toolCall(0, identifier: "a", name: "read"),
    .arguments(0, #"{"p":"#), .arguments(0, #"1}"#), .toolCall(1, identifier: "b", name: "list"), .arguments(1, "{}"),
]

private let report = ServedReport(
    tokens: TokenUsage(inputTotal: 100, inputCacheRead: 64, outputTotal: 20, outputReasoning: 5),
    firstToken: .milliseconds(20), elapsed: .milliseconds(100))

private func stream(
    _ dialect: DialectName, _ pieces: [ServedPiece] = pieces, finish: ServedFinish = .toolCalls,
    _ change: (inout ResponseContext) -> Void = { _ in }
) -> [UInt8] {
    var context = ResponseContext(identifier: "1", model: "M")
    context.request.wantsUsage = true
    change(&context)
    var writer = ResponseWriters.writer(dialect, context)
    var bytes = writer.opening(report)
    var joined = pieces
    if writer.sendsWholeArguments {
        joined = pieces.filter { $0 != .arguments(0, #"{"p":"#) }.map {
            $0 == .arguments(0, "1}") ? .arguments(0, #"{"p":1}"#) : $0
        }
    }
    for piece in joined { bytes += writer.write(piece, report) }
    return bytes + writer.closing(finish, report, tellsUsage: true) + writer.endMark
}

/// The events of a stream, each line without its end.
private func lines(_ bytes: [UInt8]) -> [String] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
}

private func data(_ bytes: [UInt8]) throws -> [JSONValue] {
    try lines(bytes).compactMap { line in
        guard line.hasPrefix("data:"), !line.hasSuffix("[DONE]") else { return nil }
        return try JSONValue(parsing: Array(line.dropFirst(line.hasPrefix("data: ") ? 6 : 5).utf8))
    }
}

/// Amazon's frames: the event's type and its payload.
private func frames(_ bytes: [UInt8]) throws -> [(type: String, payload: JSONValue)] {
    var found: [(type: String, payload: JSONValue)] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let start = rest.startIndex
        func number(_ at: Int) -> Int { rest[(start + at)..<(start + at + 4)].reduce(0) { $0 << 8 | Int($1) } }
        let (total, headerSize) = (number(0), number(4))
        try #require(total <= rest.count)
        let headers = rest[(start + 12)..<(start + 12 + headerSize)]
        // The first header is the type: one byte of length, the name, the type 7, two bytes of length, the text.
        let name = Int(headers[headers.startIndex])
        let size = Int(headers[headers.startIndex + name + 3])
        let text = headers[(headers.startIndex + name + 4)..<(headers.startIndex + name + 4 + size)]
        let payload = rest[(start + 12 + headerSize)..<(start + total - 4)]
        found.append((String(decoding: text, as: UTF8.self), try JSONValue(parsing: Array(payload))))
        rest = rest.dropFirst(total)
    }
    return found
}

@Suite struct ServedWriterTests {
    @Test func `OpenAI's chat in the order of protocols §1·1`() throws {
        let bytes = stream(.openAIChat) { $0.habits = .openAI }
        let events = try data(bytes)
        #expect(lines(bytes).last == "data: [DONE]")
        func delta(_ index: Int) -> JSONValue? { events[index]["choices"]?.arrayValue?.first?["delta"] }
        #expect(delta(0)?["role"] == "assistant" && delta(0)?["content"] == "" && delta(0)?["refusal"] == .null)
        // The reasoning is hidden; the text comes at once.
        #expect(delta(1) == ["content": "Hi"] && delta(2) == ["content": " \"you\""])
        #expect(
            delta(3)?["tool_calls"] == [
                ["index": 0, "id": "a", "type": "function", "function": ["name": "read", "arguments": ""]]
            ])
        #expect(delta(4)?["tool_calls"] == [["index": 0, "function": ["arguments": #"{"p":"#]]])
        #expect(delta(6)?["tool_calls"]?.arrayValue?[0]["index"] == 1)
        let finish = events[events.count - 2]
        #expect(finish["choices"]?.arrayValue?[0]["finish_reason"] == "tool_calls" && finish["usage"] == .null)
        let last = try #require(events.last)
        #expect(last["choices"] == [] && last["usage"]?["total_tokens"] == 120)
        #expect(last["usage"]?["prompt_tokens_details"]?["cached_tokens"] == 64)
        #expect(last["usage"]?["completion_tokens_details"]?["reasoning_tokens"] == 5)
    }

    @Test func `OpenAI's Responses in the order of protocols §1·2`() throws {
        let bytes = stream(.openAIResponses)
        let events = try data(bytes)
        let types = events.compactMap { $0["type"]?.stringValue }
        #expect(
            types == [
                "response.created", "response.in_progress", "response.output_item.added",
                "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta",
                "response.reasoning_summary_text.done", "response.reasoning_summary_part.done",
                "response.output_item.done", "response.output_item.added", "response.content_part.added",
                "response.output_text.delta", "response.output_text.delta", "response.output_text.done",
                "response.content_part.done", "response.output_item.done", "response.output_item.added",
                "response.function_call_arguments.delta", "response.function_call_arguments.delta",
                "response.output_item.added", "response.function_call_arguments.delta",
                "response.function_call_arguments.done", "response.output_item.done",
                "response.function_call_arguments.done", "response.output_item.done", "response.completed",
            ])
        #expect(events.enumerated().allSatisfy { $0.element["sequence_number"]?.integerValue == $0.offset })
        let names = lines(bytes).filter { $0.hasPrefix("event: ") }.map { String($0.dropFirst(7)) }
        #expect(names == types)
        let response = try #require(events.last?["response"])
        #expect(response["usage"]?["input_tokens_details"]?["cached_tokens"] == 64)
        #expect(
            response["output"]?.arrayValue?.map { $0["type"] } == [
                "reasoning", "message", "function_call", "function_call",
            ])
        #expect(response["output"]?.arrayValue?[2]["arguments"] == #"{"p":1}"#)
        let short = try data(stream(.openAIResponses, [.text("x")], finish: .length)).last
        #expect(short?["type"] == "response.incomplete")
        #expect(short?["response"]?["incomplete_details"]?["reason"] == "max_output_tokens")
    }

    @Test func `Anthropic's Messages in the order of protocols §9`() throws {
        let bytes = stream(.anthropicMessages)
        let events = try data(bytes)
        #expect(
            events.compactMap { $0["type"]?.stringValue } == [
                "message_start", "content_block_start", "ping", "content_block_delta", "content_block_delta",
                "content_block_stop", "content_block_start", "content_block_delta", "content_block_delta",
                "content_block_stop", "content_block_start", "content_block_delta", "content_block_delta",
                "content_block_delta", "content_block_stop", "content_block_start", "content_block_delta",
                "content_block_delta", "content_block_stop", "message_delta", "message_stop",
            ])
        #expect(events[4]["delta"]?["type"] == "signature_delta")
        #expect(events.compactMap { $0["index"]?.integerValue } == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3])
        let usage = events[0]["message"]?["usage"]
        #expect(usage?["input_tokens"] == 36 && usage?["cache_read_input_tokens"] == 64 && usage?["output_tokens"] == 1)
        let end = events[events.count - 2]
        #expect(end["delta"]?["stop_reason"] == "tool_use" && end["usage"]?["output_tokens"] == 20)
        #expect(lines(bytes).first == "event: message_start")
    }

    @Test func `Bedrock's Converse in the order of protocols §4·4`() throws {
        let found = try frames(stream(.bedrockConverse))
        #expect(
            found.map(\.type) == [
                "messageStart", "contentBlockDelta", "contentBlockDelta", "contentBlockStop", "contentBlockDelta",
                "contentBlockDelta", "contentBlockStop", "contentBlockStart", "contentBlockDelta", "contentBlockDelta",
                "contentBlockStop", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop",
                "metadata",
            ])
        #expect(found[1].payload["delta"] == ["reasoningContent": ["text": "Hm"]])
        #expect(found[7].payload["start"] == ["toolUse": ["toolUseId": "a", "name": "read"]])
        #expect(found[14].payload["stopReason"] == "tool_use")
        let usage = found[15].payload["usage"]
        #expect(usage?["inputTokens"] == 36 && usage?["cacheReadInputTokens"] == 64 && usage?["totalTokens"] == 120)
        #expect(found.allSatisfy { $0.payload["p"] != nil })
        let writer = ResponseWriters.writer(.bedrockConverse, ResponseContext(identifier: "1", model: "M"))
        let refusal = ServedRefusal(.rateLimit, "Too many tokens, please wait before trying again.")
        #expect(
            writer.failure(refusal)
                == EventStreamWriter.exception(
                    "throttlingException",
                    payload: Array(#"{"message":"Too many tokens, please wait before trying again."}"#.utf8)))
    }

    @Test func `Bedrock's InvokeModel holds the events of the other dialect`() throws {
        #expect(
            ["", "f", "fo", "foo", "foob"].map { InvokeResponseWriter.base64(Array($0.utf8)) }
                == ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="])
        for inner in [DialectName.anthropicMessages, .openAIChat] {
            let found = try frames(stream(.bedrockInvoke) { $0.request.innerDialect = inner })
            #expect(found.allSatisfy { $0.type == "chunk" && $0.payload["bytes"] != nil })
            let plain = try data(stream(inner))
            #expect(found.count == plain.count)
            #expect(found[1].payload["bytes"]?.stringValue == InvokeResponseWriter.base64(plain[1].serialized()))
        }
    }

    @Test func `Gemini in the order of protocols §6·2`() throws {
        let bytes = stream(.gemini) { $0.framing.usesCarriageReturn = true }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasSuffix("}\r\n\r\n") && !text.contains("[DONE]"))
        let events = try data(Array(text.replacing("\r\n", with: "\n").utf8))
        #expect(events.count == 6)
        func part(_ index: Int) -> JSONValue? {
            events[index]["candidates"]?.arrayValue?[0]["content"]?["parts"]?.arrayValue?[0]
        }
        #expect(part(0)?["thought"] == true && part(1)?["text"] == "Hi")
        #expect(part(3)?["functionCall"]?["args"] == ["p": 1] && part(4)?["functionCall"]?["name"] == "list")
        #expect(events.last?["candidates"]?.arrayValue?[0]["finishReason"] == "STOP")
        let usage = events.last?["usageMetadata"]
        #expect(usage?["candidatesTokenCount"] == 15 && usage?["thoughtsTokenCount"] == 5)
        #expect(usage?["promptTokenCount"] == 100 && usage?["cachedContentTokenCount"] == 64)
        #expect(usage?["totalTokenCount"] == 120)
    }

    @Test func `TGI's native form in the order of protocols §7·3`() throws {
        let events = try data(stream(.tgi, [.text("a"), .text(" b"), .text(" c")], finish: .stop))
        #expect(events.map { $0["token"]?["text"] } == ["a", " b", " c"])
        #expect(events.map { $0["index"] } == [1, 2, 3])
        #expect(events.dropLast().allSatisfy { $0["generated_text"] == .null && $0["details"] == .null })
        let last = try #require(events.last)
        #expect(last["generated_text"] == "a b c" && last["details"]?["finish_reason"] == "eos_token")
        #expect(last["details"]?["generated_tokens"] == 20 && last["details"]?["input_length"] == 100)
    }

    @Test func `Alibaba's native form in the order of protocols §8·2`() throws {
        let bytes = stream(.dashScope)
        #expect(Array(lines(bytes).prefix(3)) == ["id:1", "event:result", ":HTTP_STATUS/200"])
        #expect(lines(bytes)[3].hasPrefix(#"data:{"output":{"choices":[{"message":{"#))
        let events = try data(bytes)
        let reasons = events.map { $0["output"]?["choices"]?.arrayValue?[0]["finish_reason"] }
        #expect(reasons.dropLast().allSatisfy { $0 == "null" } && reasons.last == "tool_calls")
        let whole = try data(stream(.dashScope) { $0.request.isCumulative = true })
        let texts = whole.compactMap { $0["output"]?["choices"]?.arrayValue?[0]["message"]?["content"]?.stringValue }
        #expect(texts.last == "Hi \"you\"" && zip(texts, texts.dropFirst()).allSatisfy { $1.hasPrefix($0) })
    }
}
