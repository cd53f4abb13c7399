import Encodings
import Quantities
import Testing

@testable import Workloads

/// Logged requests that failed, and answers of which there are several.
@Suite struct FailedRequestTests {
    private static let asked = #"{"role":"user","content":"go"}"#
    private static let answered = #"{"role":"assistant","content":"done"}"#

    /// A library of lines, and what was left out.
    private static func imported(
        _ type: any TraceImporter.Type, _ text: String
    ) throws -> (library: SessionLibrary, leftOut: [String]) {
        var work = TraceImport(type)
        work.begin("log")
        try work.take(text.utf8) { _ in }
        try work.end { _ in }
        try work.finish { _ in }
        let library = try TextTraces.library(type, text)
        if !library.sessions.isEmpty { #expect(try TextTraces.faults(library) == []) }
        return (library, work.leftOut.entries.map { "\($0.count) \($0.what)" })
    }

    private static let failures = [
        #""response":{"error":{"message":"overloaded","code":529}}"#, #""error":"timed out","response":null"#,
        #""error":{"type":"rate_limit_error"}"#, #""status":429"#, #""status_code":"500""#,
        #""response":{"status_code":503,"body":{}}"#, #""response":{"status":400,"body":"no JSON"}"#,
        #""response":{"body":{"type":"error","error":{"type":"overloaded_error"}}}"#, #""type":"error""#,
        #""status":"failure""#, #""response":"{\"error\":{\"message\":\"x\"}}""#,
    ]
    private static let successes = [
        #""error":null"#, #""error":"""#, #""error":{},"status":200"#, #""error":[],"status":"success""#,
        #""error":false,"status_code":"200""#,
    ]

    @Test(arguments: failures)
    func `a logged request that failed is left out and counted`(failure: String) throws {
        let later = #""messages":[\#(Self.asked),\#(Self.answered),\#(Self.asked)]"#
        let lines = [
            #"{"timestamp":100,"request":{"messages":[\#(Self.asked)]},\#(failure)}"#,
            #"{"timestamp":130,"duration_ms":2000,"request":{"messages":[\#(Self.asked)]},"response":"#
                + #"{"choices":[{"message":\#(Self.answered)}],"content":"done"}}"#,
            #"{"timestamp":140,"request":{\#(later)},\#(failure)}"#, #"{"timestamp":150,"request":{\#(later)}}"#,
        ]
        for type in [OpenAILogImporter.self, AnthropicLogImporter.self] as [any TraceImporter.Type] {
            let (library, leftOut) = try Self.imported(type, lines.joined(separator: "\n"))
            #expect(library.sessions.map { $0.calls.count } == [2], "\(type.format.name)")
            #expect(library.sessions[0].calls.map(\.wait) == [.zero, .seconds(18)])
            #expect(library.sessions[0].start == .zero)
            #expect(leftOut == ["2 failed requests"])
        }
    }

    @Test(arguments: successes)
    func `a member that could hold an error is none`(success: String) throws {
        let line = #"{"request":{"messages":[\#(Self.asked)]},\#(success)}"#
        let (library, leftOut) = try Self.imported(OpenAILogImporter.self, line)
        #expect(library.sessions.count == 1)
        #expect(leftOut == [])
    }

    @Test func `images and messages of unknown roles are counted, and the texts beside them stay`() throws {
        let image = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}"#
        let picture = #"{"role":"user","content":[{"type":"text","text":"what is it"},\#(image),\#(image)]}"#
        let result =
            #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[{"type":"image"},"#
            + #"{"type":"text","text":"seen"}]}]}"#
        let line = #"{"request":{"messages":[\#(picture),{"role":"critic","content":"hm"},7,\#(result)]}}"#
        for type in [OpenAILogImporter.self, AnthropicLogImporter.self] as [any TraceImporter.Type] {
            let (library, leftOut) = try Self.imported(type, line)
            #expect(leftOut == ["3 images and other parts without text", "2 messages of an unknown role"])
            #expect(library.sessions[0].calls[0].added.map(\.text) == ["what is it", "seen"])
            #expect(type.format.guesses.contains { $0.hasPrefix("Images and other parts") })
        }
        let plain = #"{"request":{"messages":[\#(Self.asked),\#(Self.answered),\#(Self.asked)]}}"#
        #expect(try Self.imported(OpenAILogImporter.self, plain).leftOut == [])
    }

    @Test func `of several choices the first is counted`() throws {
        let usage = #""usage":{"completion_tokens":90,"completion_tokens_details":{"reasoning_tokens":60}}"#
        let choices = #"{"message":\#(Self.answered)},{"message":{"role":"assistant","content":"or so"}}"#
        let line = { (choices: String) in
            #"{"request":{"messages":[\#(Self.asked)]},"response":{"choices":[\#(choices)],\#(usage)}}"#
        }
        let several = try Self.imported(OpenAILogImporter.self, line(choices)).library.sessions[0].calls[0]
        #expect(
            several.output == MessageSession.tokens(of: "done") && several.reasoning == 0
                && several.answer.text == "done")
        let one = try Self.imported(OpenAILogImporter.self, line(#"{"message":\#(Self.answered)}"#)).library
        #expect(one.sessions[0].calls[0].output == 90 && one.sessions[0].calls[0].reasoning == 60)
    }
}

extension FailedRequestTests {
    private static func span(_ start: Int, output: [String]?, _ more: String = "", attributes: String = "") -> String {
        let parts = (output ?? []).map { #"{"role":"assistant","parts":[{"type":"text","content":"\#($0)"}]}"# }
        let answer = output == nil ? "" : #","gen_ai.output.messages":[\#(parts.joined(separator: ","))]"#
        return #"{"traceId":"t","startTimeUnixNano":\#(start)000000000,"endTimeUnixNano":\#(start + 2)000000000,"#
            + #""attributes":{"gen_ai.usage.output_tokens":50,"gen_ai.input.messages":[{"role":"user","#
            + #""parts":[{"type":"text","content":"go"}]}]\#(answer)\#(attributes)}\#(more)}"#
    }

    @Test(arguments: [
        ("", #","error.type":"429""#, ["no"]), (#","status":{"code":2}"#, "", nil),
        (#","status":{"code":"STATUS_CODE_ERROR"}"#, "", nil), (#","status":{"status_code":"ERROR"}"#, "", nil),
    ])
    func `a span that failed is left out and counted`(status: String, attributes: String, output: [String]?) throws {
        let spans = [
            Self.span(1_700_000_000, output: output, status, attributes: attributes),
            Self.span(1_700_000_010, output: ["done"], #","status":{"code":1}"#),
        ]
        let (library, leftOut) = try Self.imported(OpenTelemetryImporter.self, "[\(spans.joined(separator: ","))]")
        #expect(library.sessions.map { $0.calls.count } == [1])
        #expect(library.sessions[0].calls[0].answer.text == "done" && library.sessions[0].calls[0].output == 50)
        #expect(library.sessions[0].calls[0].after == [])
        #expect(leftOut == ["1 failed requests"])
    }

    @Test func `a span that is marked but was answered stays, and of several outputs the first is counted`() throws {
        let span = Self.span(1_700_000_000, output: ["done", "or so"], #","status":{"code":2}"#)
        let (library, leftOut) = try Self.imported(OpenTelemetryImporter.self, span)
        #expect(library.sessions[0].calls[0].output == MessageSession.tokens(of: "done"))
        #expect(leftOut == [])
    }

    @Test func `a file in which all spans failed holds no session, but is no wrong file`() throws {
        let span = Self.span(1_700_000_000, output: nil, #","status":{"code":2}"#)
        let (library, leftOut) = try Self.imported(OpenTelemetryImporter.self, span)
        #expect(library.sessions.isEmpty)
        #expect(leftOut == ["1 failed requests"])
    }
}
