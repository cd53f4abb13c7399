import Encodings
import Foundation
import Quantities
import Testing
import Workloads

@testable import Dialects

private func decode(
    _ pieces: [[UInt8]], status: Int = 200, type: String = "text/event-stream", end: TransportEnd = .complete
) -> (DecodedResponse, [DecodedEvent]) {
    let decoder = Dialects.decoder(
        .openAIChat, head: ResponseHead(status: status, contentType: type), parser: JSONParser(),
        options: DecodingOptions(keepsText: true))
    var events: [DecodedEvent] = []
    for piece in pieces { decoder.consume(piece.span) { events.append($0) } }
    let response = decoder.finish(end) { events.append($0) }
    return (response, events)
}

private func decode(_ text: String, end: TransportEnd = .complete) -> DecodedResponse {
    decode([Array(text.utf8)], end: end).0
}

private func chunk(_ delta: String, finish: String = "null", more: String = "") -> String {
    "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\(delta)},\"finish_reason\":\(finish)}]\(more)}\n\n"
}

private let stop = chunk("", finish: "\"stop\"") + "data: [DONE]\n\n"

@Suite struct ChatDecoderTests {
    static let toolStream =
        ": OPENROUTER PROCESSING\n\n" + chunk("\"role\":\"assistant\",\"content\":\"\"")
        + chunk("\"reasoning\":\"Hm é\"") + chunk("\"content\":\"Hi\"")
        + chunk(
            "\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"type\":\"function\",\"function\":{\"name\":\"read\",\"arguments\":\"\"}}]"
        )
        + chunk(
            "\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"run\"}},{\"index\":0,\"function\":{\"arguments\":\"{\\\"p\\\":\"}}]"
        )
        + chunk("\"tool_calls\":[{\"index\":0,\"id\":\"\",\"function\":{\"name\":null,\"arguments\":\"1}\"}}]")
        + chunk("\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":{\"q\":2}}}]")
        + chunk("", finish: "\"tool_calls\"")
        + "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5,\"total_tokens\":14,\"cost\":0.25,\"prompt_tokens_details\":{\"cached_tokens\":4},\"completion_tokens_details\":{\"reasoning_tokens\":2}}}\n\n"
        + "data: [DONE]\n\n"

    @Test func `a stream with reasoning, text and parallel tools decodes the same however it is cut`() {
        let bytes = Array(Self.toolStream.utf8)
        let (whole, events) = decode([bytes])
        #expect(whole.outcome == .ok)
        #expect(whole.text == "Hi")
        #expect(whole.reasoning == "Hm é")
        #expect(
            whole.toolCalls == [
                ToolCall(identifier: "a", name: "read", arguments: "{\"p\":1}"),
                ToolCall(identifier: "b", name: "run", arguments: "{\"q\":2}"),
            ])
        #expect(whole.finishReasonRaw == "tool_calls")
        #expect(
            whole.usage
                == TokenUsage(inputTotal: 9, inputCacheRead: 4, outputTotal: 5, outputReasoning: 2))
        #expect(whole.reportedCost == Money(dollars: 0.25))
        #expect(whole.contentEventCount == 7)
        #expect(decode(bytes.map { [$0] }) == (whole, events))
        for point in 0...bytes.count {
            #expect(decode([Array(bytes[..<point]), Array(bytes[point...])]) == (whole, events), "split at \(point)")
        }
        let carriage = Self.toolStream.replacingOccurrences(of: "\n", with: "\r\n")
        let tight = Self.toolStream.replacingOccurrences(of: "data: ", with: "data:")
        for variant in [carriage, tight, "\u{FEFF}" + Self.toolStream] { #expect(decode(variant) == whole) }
    }

    /// protocols.md §0.1: usage in each placement, and reasoning inside or outside the completion tokens.
    @Test(arguments: [
        (
            "{\"prompt_tokens\":27,\"completion_tokens\":45,\"total_tokens\":576,\"completion_tokens_details\":{\"reasoning_tokens\":504}}",
            27, 549, false
        ),
        (
            "{\"prompt_tokens\":9,\"completion_tokens\":104,\"total_tokens\":113,\"completion_tokens_details\":{\"reasoning_tokens\":64}}",
            9, 104, false
        ),
        (
            "{\"prompt_tokens\":9,\"completion_tokens\":10,\"total_tokens\":19,\"completion_tokens_details\":{\"reasoning_tokens\":11}}",
            9, 10, true
        ),
        ("{\"prompt_tokens\":9,\"completion_tokens\":10,\"total_tokens\":40}", 9, 10, true),
        (
            "{\"prompt_tokens\":9,\"completion_tokens\":10,\"total_tokens\":19,\"prompt_tokens_details\":{\"cached_tokens\":10}}",
            9, 10, true
        ),
        ("{\"prompt_tokens\":9,\"completion_tokens\":10,\"reasoning_tokens\":4,\"total_tokens\":19}", 9, 10, false),
    ])
    func `usage is normalised and contradictions are flagged`(usage: String, input: Int, output: Int, isAmbiguous: Bool)
    {
        let placements = [
            chunk("\"content\":\"x\"")
                + stop.replacingOccurrences(
                    of: "data: [DONE]", with: "data: {\"choices\":[],\"usage\":\(usage)}\n\ndata: [DONE]"),
            chunk("\"content\":\"x\"", more: ",\"usage\":null")
                + chunk("", finish: "\"stop\"", more: ",\"usage\":\(usage)"),
            chunk("\"content\":\"x\"")
                + "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\",\"usage\":\(usage)}]}\n\ndata: [DONE]\n\n",
            chunk("\"content\":\"x\"", more: ",\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}")
                + chunk("", finish: "\"stop\"", more: ",\"usage\":\(usage)"),
        ]
        for stream in placements {
            let response = decode(stream)
            #expect(response.outcome == .ok)
            #expect(response.usage.inputTotal?.value == input)
            #expect(response.usage.outputTotal?.value == output)
            #expect(response.usage.isAmbiguous == isAmbiguous)
        }
    }

    static let endings: [(String, TransportEnd, OutcomeClass)] = [
        (chunk("\"content\":\"x\"") + stop, .complete, .ok),
        (chunk("\"content\":\"x\"") + chunk("", finish: "\"stop\""), .complete, .ok),
        (chunk("\"content\":\"x\"") + chunk("", finish: "\"stop\""), .cut, .connectionLost),
        (chunk("\"content\":\"x\"") + stop, .cut, .ok),
        (chunk("\"content\":\"x\""), .complete, .truncated),
        (chunk("\"content\":\"x\""), .cut, .connectionLost),
        (chunk("\"content\":\"x\"") + "data: {\"choices\":[{\"del", .complete, .truncated),
        (chunk("\"content\":\"x\"") + String(chunk("", finish: "\"stop\"").dropLast(2)), .complete, .ok),
        (chunk("\"role\":\"assistant\",\"content\":\"\"") + stop, .complete, .empty),
        ("", .complete, .truncated), ("data: [DONE]\n\n", .complete, .empty),
        (
            chunk("\"content\":\"x\"") + "data: {\"error\":{\"code\":502,\"message\":\"gone\"}}\n\ndata: [DONE]\n\n",
            .complete, .streamError
        ),
        ("event: error\ndata: {\"message\":\"gone\"}\n\n", .complete, .streamError),
        (chunk("\"content\":\"x\"", more: ",\"error\":null") + stop, .complete, .ok),
        ("data: {nonsense\n\n" + stop, .complete, .malformed),
        (
            chunk("\"content\":\"x\"") + chunk("", finish: "\"content_filter\"") + "data: [DONE]\n\n", .complete,
            .contentFilter
        ),
        (chunk("\"content\":\"x\"") + chunk("", finish: "\"eos\"") + "data: [DONE]\n\n", .complete, .ok),
    ]

    @Test(arguments: endings)
    func `every ending has its class`(stream: String, end: TransportEnd, outcome: OutcomeClass) {
        #expect(decode(stream, end: end).outcome == outcome)
    }

    @Test(arguments: [
        (
            401, "{\"error\":{\"message\":\"no key\",\"code\":\"invalid_api_key\"}}", OutcomeClass.authentication,
            "no key"
        ),
        (429, "{\"error\":{\"message\":\"slow down\",\"code\":\"429\"}}", .rateLimited, "slow down"),
        (429, "{\"error\":{\"message\":\"pay\",\"code\":\"insufficient_quota\"}}", .quota, "pay"),
        (402, "{\"error\":\"Insufficient Balance\"}", .quota, "Insufficient Balance"),
        (404, "{\"detail\":\"Not Found\"}", .notFound, "Not Found"),
        (422, "{\"detail\":[{\"msg\":\"x\"}]}", .badRequest, "[{\"msg\":\"x\"}]"),
        (
            400, "{\"object\":\"error\",\"message\":\"too much\",\"type\":\"exceed_context_size_error\"}",
            .contextLength, "too much"
        ),
        (500, "Internal Server Error", .server, "Internal Server Error"), (503, "", .overloaded, ""),
        (
            529, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}", .overloaded,
            "busy"
        ),
        (302, "", .redirect, ""),
        (408, "", .overloaded, ""), (429, "", .rateLimited, ""),
    ])
    func `every shape of an error is read`(status: Int, body: String, outcome: OutcomeClass, message: String) {
        let (response, _) = decode([Array(body.utf8)], status: status, type: "application/json")
        #expect(response.outcome == outcome)
        #expect(response.error?.message == message)
    }

    /// As vLLM 0.32.0 and LiteLLM 1.108.7 word it; LiteLLM's status is 400 whatever it is.
    @Test(arguments: [
        (
            404, "The model `nope` does not exist. Valid aliases: tiny-scripted.", "NotFoundError",
            OutcomeClass.notFound
        ),
        (
            400,
            "This model's maximum context length is 32768 tokens. However, your prompt contains at least 32769 input tokens",
            "BadRequestError", .contextLength
        ),
        (
            400, "max_tokens=100000 cannot be greater than max_model_len=32768. Please request fewer output tokens.",
            "BadRequestError", .badRequest
        ),
        (
            400,
            "/chat/completions: Invalid model name passed in model=nope. Call `/v1/models` to view available models",
            "invalid_request_error", .notFound
        ),
        (
            400,
            "litellm.ContextWindowExceededError: request (60014 tokens) exceeds the available context size (8192 tokens)",
            "invalid_request_error", .contextLength
        ),
        (400, "No connected db.", "no_db_connection", .authentication),
        (429, "litellm.RateLimitError: this is a mock rate limit error", "throttling_error", .rateLimited),
        (500, "litellm.InternalServerError: Cannot connect to host", "internal_server_error", .server),
    ])
    func `errors of vLLM and LiteLLM have their class`(
        status: Int, message: String, type: String, outcome: OutcomeClass
    ) {
        let body = "{\"error\":{\"message\":\"\(message)\",\"type\":\"\(type)\",\"param\":null,\"code\":\"\(status)\"}}"
        let (response, _) = decode([Array(body.utf8)], status: status, type: "application/json")
        #expect(response.outcome == outcome)
        #expect(response.error?.message == message)
    }

    @Test(arguments: [
        " \n {\"choices\":[{\"message\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}",
        "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\ndata: {\"cho\n\ndata: {\"choices\":[]}\n\n: late\n\n",
    ])
    func `what fuzzing found decodes the same however it is cut`(text: String) {
        let bytes = Array(text.utf8)
        let whole = decode([bytes], type: "")
        for size in 1...bytes.count {
            let pieces = stride(from: 0, to: bytes.count, by: size).map {
                Array(bytes[$0..<min($0 + size, bytes.count)])
            }
            let cut = decode(pieces, type: "")
            #expect(cut.0 == whole.0 && cut.1 == whole.1, "in pieces of \(size)")
        }
    }

    @Test func `plain JSON in place of a stream is read as one answer`() {
        let body =
            "{\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}"
        for type in ["application/json", ""] {
            let (response, _) = decode([Array(body.utf8)], type: type)
            #expect(response.outcome == .ok)
            #expect(response.text == "Hi")
            #expect(response.usage.inputTotal == 3)
        }
    }

    @Test func `a hostile stream is bounded`() {
        let calls = (0..<1000).map { "{\"index\":\($0),\"function\":{\"arguments\":\"x\"}}" }.joined(separator: ",")
        #expect(decode(chunk("\"tool_calls\":[\(calls)]") + stop).outcome == .malformed)
        let endless = [UInt8](repeating: 0x61, count: 1 << 20)
        #expect(decode(Array(repeating: endless, count: 6)).0.outcome == .malformed)
        let deep = "data: " + String(repeating: "[", count: 5000) + "\n\n"
        #expect(decode(deep).outcome == .malformed)
    }

    @Test func `what the fleet writes is what the decoder reads`() {
        var context = ResponseContext(identifier: "x", model: "m", provider: "p")
        context.request.wantsUsage = true
        var writer = ResponseWriters.writer(.openAIChat, context)
        let usage = TokenUsage(inputTotal: 100, inputCacheRead: 64, outputTotal: 5, outputReasoning: 1)
        let report = ServedReport(tokens: usage, cost: Money(dollars: 0.5))
        let pieces: [ServedPiece] = [
            .reasoning("r"), .text("\"t\"\n"), .toolCall(0, identifier: "i", name: "n"), .arguments(0, "{\"a\":"),
            .arguments(0, "1}"),
        ]
        var bytes = writer.opening(report)
        for piece in pieces { bytes += writer.write(piece, report) }
        bytes += writer.closing(.toolCalls, report, tellsUsage: true) + writer.endMark
        let (response, _) = decode([bytes])
        #expect(response.outcome == .ok)
        #expect(response.text == "\"t\"\n")
        #expect(response.toolCalls == [ToolCall(identifier: "i", name: "n", arguments: "{\"a\":1}")])
        #expect(response.usage == usage)
        #expect(response.provider == "p")
        #expect(response.reportedCost == Money(dollars: 0.5))
    }
}

@Suite struct ChatRequestTests {
    @Test func `a request reads back as it was meant`() throws {
        let encoder = ChatRequestEncoder()
        let target = RequestTarget(model: "m\"x", extra: JSONObject([("top_k", 5)]))
        let tool = ToolDefinition(name: "read", description: "d", parameters: ["type": "object"])
        let items: [ConversationItem] = [
            .user("hé\n"),
            .assistant(
                AssistantMessage(text: nil, toolCalls: [ToolCall(identifier: "c", name: "read", arguments: "{}")])),
            .toolResult(ToolResult(callIdentifier: "c", name: "read", text: "out")),
        ]
        for system in ["be good", ""] {
            let prefix = PromptPrefix(tools: [tool], system: system, key: "")
            let body =
                encoder.body(prefix, items, CallOptions(outputLimit: 7, temperature: 0, seed: 3), target: target)
            let value = try JSONValue(parsing: body)
            #expect(value["model"] == "m\"x")
            #expect(value["top_k"] == 5)
            #expect(value["max_tokens"] == 7)
            #expect(value["stream_options"]?["include_usage"] == true)
            #expect(value["messages"]?.arrayValue?.count == (system.isEmpty ? 3 : 4))
            let head = ServedHead(method: "POST", target: "/v1/chat/completions")
            let request = try RequestReader.read(.openAIChat, head: head, body: body, parser: JSONParser())
            #expect(request.tools == [tool])
            #expect(request.lastRole == "tool")
            #expect(request.isStreamed && request.wantsUsage)
            #expect(String(decoding: request.prompt, as: UTF8.self).hasSuffix(system + "hé\nread{}out"))
        }
    }
}

private enum Recordings {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/data/recordings")
    static let chats: [String] = {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        return folders.flatMap { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)) ?? []
            return names.filter { $0.contains("chat-stream") && $0.hasSuffix(".body") }.map { "\(folder)/\($0)" }
        }.sorted()
    }()
}

@Suite(.enabled(if: !Recordings.chats.isEmpty, "needs ../shared/data/recordings, which only developers have"))
struct RecordingTests {
    @Test(arguments: Recordings.chats)
    func `a recorded stream decodes to what its request and usage say`(name: String) throws {
        let body = Array(try Data(contentsOf: Recordings.root.appending(path: name)))
        let (response, events) = decode([body], type: "")
        #expect(decode(body.map { [$0] }, type: "") == (response, events))
        if name.contains("aborted") {
            #expect(response.outcome == .truncated)
            return
        }
        guard body.starts(with: Array("data".utf8)) else { return }
        #expect(response.outcome == .ok)
        if name.contains("length") { #expect(response.finishReasonRaw == "length") }
        if name.contains("auto-tool") {
            #expect(response.finishReasonRaw == "tool_calls" && !response.toolCalls.isEmpty)
        }
        for call in response.toolCalls where response.finishReasonRaw == "tool_calls" {
            #expect((try? JSONValue(parsing: Array(call.arguments.utf8)))?.objectValue != nil)
        }
        if !name.contains("no-usage") {
            let output = try #require(response.usage.outputTotal?.value)
            let kinds = events.filter { if case .content = $0 { true } else { false } }.count
            #expect(output >= 1 && kinds >= 1)
            if response.finishReasonRaw == "length", !name.contains("n2") {
                let request = try JSONValue(
                    parsing: Array(
                        Data(
                            contentsOf: Recordings.root.appending(
                                path: name.replacingOccurrences(of: ".body", with: ".request.json")))))
                let limit = (request["body"] ?? request)["max_tokens"]?.integerValue
                if let limit { #expect(output == limit) }
            }
        }
    }
}

@Suite struct ToolCallKeyTests {
    @Test func `parallel calls without an index are told apart by their identifiers`() {
        let deltas = [
            #"[{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]"#,
            #"[{"id":"a","function":{"arguments":"1}"}}]"#,
            #"[{"id":"b","function":{"name":"g","arguments":"{}"}}]"#,
        ]
        let body = deltas.map { "data: {\"choices\":[{\"delta\":{\"tool_calls\":\($0)}}]}\n\n" }.joined()
        let response = decode(body + stop)
        #expect(response.toolCalls.map(\.identifier) == ["a", "b"])
        #expect(response.toolCalls.map(\.arguments) == ["{\"x\":1}", "{}"])
    }
}
