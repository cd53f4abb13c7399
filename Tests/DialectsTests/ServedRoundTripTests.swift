import Encodings
import Quantities
import Testing
import Workloads

@testable import Dialects

/// Both sides of every dialect against each other.
@Suite struct ServedRoundTripTests {
    @Test(arguments: DialectName.allCases)
    func `what the client writes the server reads, and the other way round`(dialect: DialectName) throws {
        let encoder = Dialects.encoder(dialect)
        let tool = ToolDefinition(name: "read", description: "d", parameters: ["type": "object"])
        let items: [ConversationItem] = [
            .user("u"),
            .assistant(
                AssistantMessage(
                    text: "t", toolCalls: [ToolCall(identifier: "c1", name: "read", arguments: #"{"p":1}"#)])),
            .toolResult(ToolResult(callIdentifier: "c1", name: "read", text: "out")), .user("v"),
        ]
        let body = encoder.body(
            PromptPrefix(tools: dialect == .tgi ? [] : [tool], system: "s", key: ""),
            dialect == .tgi ? [.user("u")] : items, CallOptions(outputLimit: 9), target: RequestTarget(model: "m:0"))
        let head = ServedHead(
            method: "POST", target: encoder.path(template: nil, model: "m:0"),
            headers: Dictionary(
                encoder.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $0 + "," + $1 }))
        let request = try RequestReader.read(dialect, head: head, body: body, parser: JSONParser())
        #expect(request.isStreamed && request.outputLimit == 9 && (request.model == "m:0" || dialect == .tgi))
        if dialect != .tgi {
            #expect(request.tools == [tool])
            #expect(String(decoding: request.prompt, as: UTF8.self).hasSuffix(#"sutread{"p":1}outv"#))
        }
        for isStreamed in [true, false] { try answer(dialect, request, isStreamed: isStreamed) }
    }

    private func answer(_ dialect: DialectName, _ request: ServedRequest, isStreamed: Bool) throws {
        var context = ResponseContext(identifier: "1", model: "M", request: request)
        context.framing.usesCarriageReturn = dialect == .gemini
        var writer = ResponseWriters.writer(dialect, context)
        let usage = TokenUsage(inputTotal: 100, inputCacheRead: 64, outputTotal: 20, outputReasoning: 5)
        let report = ServedReport(tokens: usage)
        var pieces: [ServedPiece] = [.reasoning("Hm"), .text("Hi"), .text(" you")]
        if dialect == .tgi { pieces.removeFirst() }
        if dialect != .tgi {
            pieces += [.toolCall(0, identifier: "a", name: "read"), .arguments(0, #"{"p":1}"#)]
        }
        let finish: ServedFinish = dialect == .tgi ? .stop : .toolCalls
        var bytes: [UInt8] = []
        if isStreamed {
            bytes = writer.opening(report)
            for piece in pieces { bytes += writer.write(piece, report) }
            bytes += writer.closing(finish, report, tellsUsage: true) + writer.endMark
        } else {
            bytes = writer.whole(ServedAnswer(pieces), finish, report, tellsUsage: true)
        }
        let decoder = Dialects.decoder(
            dialect,
            head: ResponseHead(status: 200, contentType: isStreamed ? writer.contentType : "application/json"),
            parser: JSONParser(),
            options: DecodingOptions(
                keepsText: true, accumulation: request.isCumulative ? .cumulative : .incremental))
        for byte in bytes { decoder.consume([byte].span) { _ in } }
        let response = decoder.finish(.complete) { _ in }
        #expect(response.outcome == .ok, "\(dialect) \(isStreamed): \(response)")
        #expect(response.text == "Hi you")
        guard dialect != .tgi else { return }
        #expect(response.reasoning == "Hm")
        #expect(response.toolCalls == [ToolCall(identifier: "a", name: "read", arguments: #"{"p":1}"#)])
        #expect(response.usage.inputTotal == 100 && response.usage.inputCacheRead == 64)
        #expect(response.usage.outputTotal == 20)
    }
}
