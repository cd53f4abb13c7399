import Encodings
import Foundation
import Quantities
import Testing
import Workloads

@testable import Dialects

/// Bytes written as hexadecimal digits.
func bytes(hexadecimal text: String) -> [UInt8] {
    let digits = Array(text.utf8).map { UInt8(String(UnicodeScalar($0)), radix: 16) ?? 0 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}

/// One message of Amazon's event stream with headers of type text, as the specification has it.
func frame(_ headers: [(String, String)], _ payload: String) -> [UInt8] {
    func number(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    var head: [UInt8] = []
    for (name, value) in headers {
        head += [UInt8(name.utf8.count)] + Array(name.utf8) + [7]
        head += [UInt8(value.utf8.count >> 8), UInt8(value.utf8.count & 255)] + Array(value.utf8)
    }
    let prelude = number(head.count + payload.utf8.count + 16) + number(head.count)
    let message = prelude + number(Int(CRC32(prelude).value)) + head + Array(payload.utf8)
    return message + number(Int(CRC32(message).value))
}

func event(_ type: String, _ payload: String) -> [UInt8] {
    frame([(":event-type", type), (":content-type", "application/json"), (":message-type", "event")], payload)
}

/// A recorded shape of a dialect's stream, and what it says.
struct StreamCase: CustomTestStringConvertible, Sendable {
    var testDescription: String { name }
    let name: String
    let dialect: DialectName
    let body: [UInt8]
    var outcome = OutcomeClass.ok
    var text = "Hi"
    var reasoning = ""
    var toolCalls: [ToolCall] = []
    var finish: String?
    var usage = TokenUsage()
    var accumulation = StreamAccumulation.incremental

    func decode(_ pieces: [[UInt8]], end: TransportEnd = .complete) -> (DecodedResponse, [DecodedEvent]) {
        let decoder = Dialects.decoder(
            dialect, head: ResponseHead(status: 200, contentType: ""), parser: JSONParser(),
            options: DecodingOptions(keepsText: true, accumulation: accumulation))
        var events: [DecodedEvent] = []
        for piece in pieces { decoder.consume(piece.span) { events.append($0) } }
        let response = decoder.finish(end) { events.append($0) }
        return (response, events)
    }
}

private let readCall = ToolCall(identifier: "c1", name: "read", arguments: "{\"p\":\"a.txt\"}")

private func lines(_ events: [(String, String)]) -> [UInt8] {
    Array(events.map { "event: \($0.0)\ndata: \($0.1)\n\n" }.joined().utf8)
}

private let anthropicStream = lines([
    (
        "message_start",
        #"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"M","content":[],"stop_reason":null,"usage":{"input_tokens":25,"cache_creation_input_tokens":4,"cache_read_input_tokens":100,"output_tokens":1}}}"#
    ),
    (
        "content_block_start",
        #"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#
    ),
    ("ping", #"{"type": "ping"}"#),
    (
        "content_block_delta",
        #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm"}}"#
    ),
    (
        "content_block_delta",
        #"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"x"}}"#
    ),
    ("content_block_stop", #"{"type":"content_block_stop","index":0}"#),
    ("content_block_start", #"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#),
    ("content_block_delta", #"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi"}}"#),
    (
        "content_block_start",
        #"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"c1","name":"read","input":{}}}"#
    ),
    (
        "content_block_delta",
        #"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}"#
    ),
    (
        "content_block_delta",
        #"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"p\":\"a"}}"#
    ),
    (
        "content_block_delta",
        #"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":".txt\"}"}}"#
    ),
    (
        "content_block_start",
        #"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"c2","name":"now","input":{}}}"#
    ),
    (
        "message_delta",
        #"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":15}}"#
    ),
    ("message_stop", #"{"type":"message_stop"}"#),
])

private let responsesStream = lines([
    ("response.created", #"{"type":"response.created","response":{"id":"resp_1","model":"M"},"sequence_number":0}"#),
    (
        "response.output_item.added",
        #"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"r"}}"#
    ),
    (
        "response.reasoning_summary_text.delta",
        #"{"type":"response.reasoning_summary_text.delta","output_index":0,"delta":"Hm"}"#
    ),
    ("response.content_part.added", #"{"type":"response.content_part.added","output_index":1,"part":{"text":""}}"#),
    ("response.output_text.delta", #"{"type":"response.output_text.delta","output_index":1,"delta":"Hi"}"#),
    (
        "response.output_item.done",
        #"{"type":"response.output_item.done","output_index":1,"item":{"type":"message","content":[{"type":"output_text","text":"Hi"}]}}"#
    ),
    (
        "response.output_item.added",
        #"{"type":"response.output_item.added","output_index":2,"item":{"type":"function_call","id":"fc","call_id":"c1","name":"read","arguments":""}}"#
    ),
    (
        "response.function_call_arguments.delta",
        #"{"type":"response.function_call_arguments.delta","output_index":2,"delta":"{\"p\":"}"#
    ),
    (
        "response.function_call_arguments.delta",
        #"{"type":"response.function_call_arguments.delta","output_index":2,"delta":"\"a.txt\"}"}"#
    ),
    (
        "response.function_call_arguments.done",
        #"{"type":"response.function_call_arguments.done","output_index":2,"arguments":"{\"p\":\"a.txt\"}"}"#
    ),
    (
        "response.completed",
        #"{"type":"response.completed","response":{"id":"resp_1","status":"completed","output":[],"usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":8},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":3},"total_tokens":29}}}"#
    ),
])

private let converseStream: [UInt8] =
    event("messageStart", #"{"p":"ab","role":"assistant"}"#)
    + event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm"}},"p":"a"}"#)
    + event("contentBlockStop", #"{"contentBlockIndex":0}"#)
    + event("contentBlockDelta", #"{"contentBlockIndex":1,"delta":{"text":"Hi"}}"#)
    + event("contentBlockStart", #"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"c1","name":"read"}}}"#)
    + event("contentBlockDelta", #"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"p\":\"a.t"}}}"#)
    + event("contentBlockDelta", #"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"xt\"}"}}}"#)
    + event("unknownEvent", #"{}"#) + event("messageStop", #"{"stopReason":"tool_use"}"#)
    + event(
        "metadata",
        #"{"usage":{"inputTokens":2,"outputTokens":5,"totalTokens":1329,"cacheReadInputTokens":0,"cacheWriteInputTokens":1322},"metrics":{"latencyMs":234}}"#
    )

private func chunkEvent(_ inner: String) -> [UInt8] {
    event("chunk", "{\"bytes\":\"\(Data(inner.utf8).base64EncodedString())\",\"p\":\"abc\"}")
}

private let geminiStream = [
    #"{"candidates":[{"content":{"role":"model","parts":[{"text":"Hm","thought":true}]},"index":0}],"usageMetadata":{"trafficType":"ON_DEMAND"},"modelVersion":"M","responseId":"r"}"#,
    #"{"candidates":[{"content":{"role":"model","parts":[{"text":"Hi"}]}}],"usageMetadata":{"promptTokenCount":55,"totalTokenCount":55}}"#,
    #"{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"read","args":{"p":"a.txt"},"id":"c1"}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":257,"candidatesTokenCount":8,"thoughtsTokenCount":12,"cachedContentTokenCount":200,"totalTokenCount":277}}"#,
].map { "data: \($0)\r\n\r\n" }.joined()

private let geminiParts = [
    #"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"find","willContinue":true}}]}}]}"#,
    #"{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.city","stringValue":"Bos","willContinue":true}],"willContinue":true}}]}}]}"#,
    #"{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.city","stringValue":"ton"}],"willContinue":true}}]}}]}"#,
    #"{"candidates":[{"content":{"parts":[{"functionCall":{"partialArgs":[{"jsonPath":"$.days[1].n","numberValue":3}],"willContinue":true}}]}}]}"#,
    #"{"candidates":[{"content":{"parts":[{"functionCall":{}}]},"finishReason":"STOP"}]}"#,
].map { "data: \($0)\r\n\r\n" }.joined()

private let tgiStream = [
    #"{"index":1,"token":{"id":5,"text":"H","logprob":-0.5,"special":false},"generated_text":null,"details":null}"#,
    #"{"index":2,"token":{"id":6,"text":"i","logprob":-0.5,"special":false},"generated_text":null,"details":null}"#,
    #"{"index":3,"token":{"id":2,"text":"</s>","logprob":-0.5,"special":true},"generated_text":"Hi","details":{"finish_reason":"eos_token","generated_tokens":3,"seed":null,"input_length":9}}"#,
].map { "data:\($0)\n\n" }.joined()

private func dashScope(_ events: [String]) -> [UInt8] {
    Array(
        events.enumerated().map { "id:\($0.offset)\nevent:result\n:HTTP_STATUS/200\ndata:\($0.element)\n\n" }.joined()
            .utf8)
}

private let dashScopeStream = dashScope([
    #"{"output":{"choices":[{"message":{"content":"","reasoning_content":"Hm","role":"assistant"},"finish_reason":"null"}]},"usage":{"total_tokens":11,"input_tokens":10,"output_tokens":1},"request_id":"q"}"#,
    #"{"output":{"choices":[{"message":{"content":"Hi","reasoning_content":"","role":"assistant"},"finish_reason":"null"}]},"usage":{"total_tokens":12,"input_tokens":10,"output_tokens":2}}"#,
    #"{"output":{"choices":[{"message":{"content":"","tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"read","arguments":"{\"p\":"}}]},"finish_reason":"null"}]}}"#,
    #"{"output":{"choices":[{"message":{"content":"","tool_calls":[{"index":0,"id":"","type":"function","function":{"name":"","arguments":"\"a.txt\"}"}}]},"finish_reason":"tool_calls"}]},"usage":{"total_tokens":19,"input_tokens":10,"output_tokens":9,"output_tokens_details":{"reasoning_tokens":2},"prompt_tokens_details":{"cached_tokens":4}}}"#,
])

private let cumulativeStream = dashScope([
    #"{"output":{"choices":[{"message":{"content":"H","role":"assistant"},"finish_reason":"null"}]}}"#,
    #"{"output":{"choices":[{"message":{"content":"Hi","role":"assistant"},"finish_reason":"null"}]}}"#,
    #"{"output":{"choices":[{"message":{"content":"Hi","tool_calls":[{"index":0,"id":"c1","function":{"name":"read","arguments":"{\"p\":"}}]},"finish_reason":"null"}]}}"#,
    #"{"output":{"choices":[{"message":{"content":"Hi","tool_calls":[{"index":0,"id":"c1","function":{"name":"read","arguments":"{\"p\":\"a.txt\"}"}}]},"finish_reason":"tool_calls"}]},"usage":{"total_tokens":12,"input_tokens":10,"output_tokens":2}}"#,
])

private let cases: [StreamCase] = [
    StreamCase(
        name: "anthropic", dialect: .anthropicMessages, body: anthropicStream, reasoning: "Hm",
        toolCalls: [readCall, ToolCall(identifier: "c2", name: "now", arguments: "{}")], finish: "tool_use",
        usage: TokenUsage(inputTotal: 129, inputCacheRead: 100, inputCacheWrite: 4, outputTotal: 15)),
    StreamCase(
        name: "responses", dialect: .openAIResponses, body: responsesStream, reasoning: "Hm", toolCalls: [readCall],
        finish: "completed",
        usage: TokenUsage(inputTotal: 20, inputCacheRead: 8, outputTotal: 9, outputReasoning: 3)),
    StreamCase(
        name: "converse", dialect: .bedrockConverse, body: converseStream, reasoning: "Hm", toolCalls: [readCall],
        finish: "tool_use",
        usage: TokenUsage(inputTotal: 1324, inputCacheRead: 0, inputCacheWrite: 1322, outputTotal: 5)),
    StreamCase(
        name: "invoke anthropic", dialect: .bedrockInvoke,
        body: chunkEvent(
            #"{"type":"message_start","message":{"id":"m","model":"M","usage":{"input_tokens":7,"output_tokens":1}}}"#)
            + chunkEvent(
                #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#)
            + chunkEvent(#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#)
            + chunkEvent(
                #"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":7,"outputTokenCount":3,"firstByteLatency":99}}"#
            ), finish: "end_turn", usage: TokenUsage(inputTotal: 7, outputTotal: 3)),
    StreamCase(
        name: "invoke chat", dialect: .bedrockInvoke,
        body: chunkEvent(#"{"model":"M","choices":[{"index":0,"delta":{"content":"Hi"}}]}"#)
            + chunkEvent(
                #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"amazon-bedrock-invocationMetrics":{"inputTokenCount":7,"outputTokenCount":3}}"#
            ), finish: "stop", usage: TokenUsage(inputTotal: 7, outputTotal: 3)),
    StreamCase(
        name: "gemini", dialect: .gemini, body: Array(geminiStream.utf8), reasoning: "Hm", toolCalls: [readCall],
        finish: "STOP",
        usage: TokenUsage(inputTotal: 257, inputCacheRead: 200, outputTotal: 20, outputReasoning: 12)),
    StreamCase(
        name: "gemini, arguments in pieces", dialect: .gemini, body: Array(geminiParts.utf8), text: "",
        toolCalls: [
            ToolCall(identifier: "", name: "find", arguments: #"{"city":"Boston","days":[null,{"n":3}]}"#)
        ], finish: "STOP"),
    StreamCase(
        name: "tgi", dialect: .tgi, body: Array(tgiStream.utf8), finish: "eos_token",
        usage: TokenUsage(inputTotal: 9, outputTotal: 3)),
    StreamCase(
        name: "dashscope", dialect: .dashScope, body: dashScopeStream, reasoning: "Hm", toolCalls: [readCall],
        finish: "tool_calls",
        usage: TokenUsage(inputTotal: 10, inputCacheRead: 4, outputTotal: 9, outputReasoning: 2)),
    StreamCase(
        name: "dashscope, cumulative", dialect: .dashScope, body: cumulativeStream, toolCalls: [readCall],
        finish: "tool_calls", usage: TokenUsage(inputTotal: 10, outputTotal: 2), accumulation: .cumulative),
]

@Suite struct DialectStreamTests {
    @Test(arguments: cases)
    func `a stream says what it says, however it is cut`(_ sample: StreamCase) {
        let (whole, events) = sample.decode([sample.body])
        #expect(whole.outcome == sample.outcome, "\(whole.error?.message ?? "")")
        #expect(whole.text == sample.text)
        #expect(whole.reasoning == sample.reasoning)
        #expect(whole.toolCalls == sample.toolCalls)
        #expect(whole.finishReasonRaw == sample.finish)
        #expect(whole.usage == sample.usage)
        #expect(events.contains { if case .content = $0 { true } else { false } })
        #expect(sample.decode(sample.body.map { [$0] }) == (whole, events))
        for point in 0...sample.body.count {
            let cut = [Array(sample.body[..<point]), Array(sample.body[point...])]
            #expect(sample.decode(cut) == (whole, events), "split at \(point)")
        }
    }

    @Test(arguments: cases)
    func `a stream that ends early is truncated or broken, never good`(_ sample: StreamCase) {
        let (whole, _) = sample.decode([sample.body])
        for point in stride(from: 0, to: sample.body.count, by: 3) {
            let (response, _) = sample.decode([Array(sample.body[..<point])])
            guard response.outcome == .ok else {
                #expect([.truncated, .malformed].contains(response.outcome), "\(response.outcome) at \(point)")
                continue
            }
            // What follows the reason for the end is only usage and marks.
            #expect(response.finishReasonRaw == whole.finishReasonRaw && response.text == whole.text, "cut at \(point)")
        }
    }

    static let errors: [(DialectName, [UInt8], OutcomeClass)] = [
        (
            .anthropicMessages,
            lines([("error", #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#)]),
            .overloaded
        ),
        (
            .openAIResponses,
            lines([("error", #"{"type":"error","code":"rate_limit_exceeded","message":"slow down"}"#)]), .rateLimited
        ),
        (
            .openAIResponses,
            lines([
                (
                    "response.failed",
                    #"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"x"}}}"#
                )
            ]), .streamError
        ),
        (
            .openAIResponses,
            lines([
                (
                    "response.incomplete",
                    #"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}}"#
                )
            ]), .contentFilter
        ),
        (
            .bedrockConverse,
            bytes(
                hexadecimal:
                    "000000b0000000614f5086b30f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22546f6f206d616e7920746f6b656e732c20706c656173652077616974206265666f726520747279696e6720616761696e2e227df70ae57f"
            ), .rateLimited
        ),
        (
            .bedrockConverse,
            frame([(":message-type", "error"), (":error-code", "InternalError"), (":error-message", "x")], ""),
            .streamError
        ),
        (
            .gemini,
            Array("data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{}}\r\n\r\n".utf8),
            .contentFilter
        ),
        (
            .gemini,
            Array(
                "[{\"error\":{\"code\":429,\"message\":\"Resource exhausted\",\"status\":\"RESOURCE_EXHAUSTED\"}}]".utf8
            ),
            .rateLimited
        ),
        (.tgi, Array("data:{\"error\":\"no inputs\",\"error_type\":\"validation\"}\n\n".utf8), .badRequest),
        (.tgi, Array("data:{\"error\":\"busy\",\"error_type\":\"overloaded\"}\n\n".utf8), .overloaded),
        (
            .dashScope,
            Array(
                "event:error\n:HTTP_STATUS/429\ndata:{\"code\":\"Throttling.RateQuota\",\"message\":\"m\",\"request_id\":\"r\"}\n\n"
                    .utf8), .rateLimited
        ),
        (
            .openAIChat,
            Array(
                "data: {\"base_resp\":{\"status_code\":1002,\"status_msg\":\"rate limit\"},\"choices\":null}\n\n".utf8),
            .rateLimited
        ),
        (
            .openAIChat,
            Array("data: {\"base_resp\":{\"status_code\":1008,\"status_msg\":\"insufficient balance\"}}\n\n".utf8),
            .quota
        ),
    ]

    @Test(arguments: errors)
    func `an error before any content has the class of its code`(
        dialect: DialectName, body: [UInt8], outcome: OutcomeClass
    ) {
        let sample = StreamCase(name: "", dialect: dialect, body: body)
        let (response, events) = sample.decode([body])
        #expect(response.outcome == outcome, "\(response.error?.message ?? "")")
        if outcome != .contentFilter { #expect(events.contains(.error)) }
        #expect(sample.decode(body.map { [$0] }) == (response, events))
    }

    @Test func `an error after content broke the stream, whatever its code`() {
        let body =
            Array(anthropicStream.prefix(anthropicStream.count - 200))
            + lines([
                ("error", #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#)
            ])
        let decoded = StreamCase(name: "", dialect: .anthropicMessages, body: body).decode([body]).0
        #expect(decoded.outcome == .streamError || decoded.outcome == .malformed)
    }

    @Test func `an output count that is only a placeholder is not told`() {
        let start = Array(anthropicStream.prefix(700))
        let decoded = StreamCase(name: "", dialect: .anthropicMessages, body: start).decode([start]).0
        #expect(decoded.outcome == .truncated)
        #expect(decoded.usage.inputTotal == 129 && decoded.usage.outputTotal == nil)
    }

    @Test(arguments: cases)
    func `once an answer is said to be whole, nothing that follows changes it`(sample: StreamCase) {
        let whole = sample.decode([sample.body]).0
        let decoder = Dialects.decoder(
            sample.dialect, head: ResponseHead(status: 200, contentType: ""), parser: JSONParser(),
            options: DecodingOptions(keepsText: true, accumulation: sample.accumulation))
        var rest = sample.body[...]
        while !decoder.isComplete, let byte = rest.popFirst() { decoder.consume([byte].span) { _ in } }
        // Some have no mark of the end; who has one tells it with all of the usage.
        let hasMark = ![.gemini, .dashScope].contains(sample.dialect) && sample.name != "invoke chat"
        #expect(decoder.isComplete == hasMark)
        #expect(decoder.finish(.complete) { _ in } == whole)
    }

    static let wholes: [(DialectName, String)] = [
        (
            .anthropicMessages,
            #"{"id":"m","type":"message","role":"assistant","model":"M","content":[{"type":"text","text":"Hi"},{"type":"tool_use","id":"c1","name":"read","input":{"p":"a.txt"}}],"stop_reason":"tool_use","usage":{"input_tokens":10,"output_tokens":5}}"#
        ),
        (
            .openAIResponses,
            #"{"id":"r","object":"response","model":"M","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]},{"type":"function_call","call_id":"c1","name":"read","arguments":"{\"p\":\"a.txt\"}"}],"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15}}"#
        ),
        (
            .bedrockConverse,
            #"{"output":{"message":{"role":"assistant","content":[{"text":"Hi"},{"toolUse":{"toolUseId":"c1","name":"read","input":{"p":"a.txt"}}}]}},"stopReason":"tool_use","usage":{"inputTokens":10,"outputTokens":5,"totalTokens":15},"metrics":{"latencyMs":1}}"#
        ),
        (
            .gemini,
            #"[{"candidates":[{"content":{"parts":[{"text":"Hi"},{"functionCall":{"name":"read","id":"c1","args":{"p":"a.txt"}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}}]"#
        ),
        (
            .dashScope,
            #"{"output":{"choices":[{"message":{"content":"Hi","tool_calls":[{"index":0,"id":"c1","function":{"name":"read","arguments":"{\"p\":\"a.txt\"}"}}]},"finish_reason":"tool_calls"}]},"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15}}"#
        ),
    ]

    @Test(arguments: wholes)
    func `a whole document where a stream was asked for is read as well`(dialect: DialectName, body: String) {
        let sample = StreamCase(name: "", dialect: dialect, body: Array(body.utf8))
        let response = sample.decode([sample.body]).0
        #expect(response.outcome == .ok)
        #expect(response.text == "Hi" && response.toolCalls == [readCall])
        #expect(response.usage.inputTotal == 10 && response.usage.outputTotal == 5 && !response.usage.isAmbiguous)
    }

    @Test func `golden frames of the event stream are read, and broken ones are refused`() {
        let start = bytes(
            hexadecimal:
                "00000081000000526cc176930b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b2270223a2261626364222c22726f6c65223a22617373697374616e74227df512a005"
        )
        let delta = bytes(
            hexadecimal:
                "0000009d00000057b9bbf89f0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a224869227d2c2270223a226162227d8b38b268"
        )
        let empty = bytes(hexadecimal: "000000100000000005c248eb7d98c8ff")
        #expect(event("messageStart", #"{"p":"abcd","role":"assistant"}"#) == start)
        #expect(event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"Hi"},"p":"ab"}"#) == delta)
        let good = StreamCase(name: "", dialect: .bedrockConverse, body: start + empty + delta)
        #expect(good.decode([good.body]).0.text == "Hi")
        #expect(good.decode([good.body]).0.outcome == .truncated)
        for index in delta.indices {
            var broken = delta
            broken[index] ^= 0x10
            let response = good.decode([start + broken]).0
            #expect(response.outcome == .malformed || response.outcome == .truncated, "a changed byte \(index)")
            #expect(response.text.isEmpty)
        }
    }

    @Test func `reasoning between tags is told from text, however it is cut`() {
        let pieces = ["<thi", "nk>Hm", " <b>", "</think", ">Hi", " <x"]
        let body =
            pieces.map { "data: {\"choices\":[{\"delta\":{\"content\":\"\($0)\"}}]}\n\n" }.joined()
            + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
        let decoder = Dialects.decoder(
            .openAIChat, head: ResponseHead(status: 200, contentType: "text/event-stream"), parser: JSONParser(),
            options: DecodingOptions(keepsText: true, reasoningTag: "think"))
        decoder.consume(Array(body.utf8).span) { _ in }
        let response = decoder.finish(.complete) { _ in }
        #expect(response.reasoning == "Hm <b>" && response.text == "Hi <x")
    }

    @Test(arguments: [(["H", "Hi", "Hi you"], "Hi you"), (["H", "i", " H", "Hi"], "Hi HHi")])
    func `text that turns out to be cumulative is not counted twice`(pieces: [String], text: String) {
        let body = pieces.map { "data: {\"choices\":[{\"delta\":{\"content\":\"\($0)\"}}]}\n\n" }.joined()
        let sample = StreamCase(
            name: "", dialect: .openAIChat, body: Array(body.utf8), accumulation: .automatic)
        #expect(sample.decode([sample.body]).0.text == text)
    }
}
