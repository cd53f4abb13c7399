import Encodings
import Glibc
import Quantities
import Testing

@testable import Dialects

/// The resident memory of this process, in MiB.
private func residentMebibytes() -> Int {
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    guard fgets(&line, 256, file) != nil else { return 0 }
    let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
        separator: " ")
    return (Int(fields[1]) ?? 0) * 4096 >> 20
}

/// Streams that never end well: a decoder gives up and keeps no more than its limits.
@Suite(.serialized) struct HostileStreamTests {
    /// Feeds one piece after another until 256 MiB have come or the decoder has given up.
    private func feed(_ dialect: DialectName, opening: String = "", _ piece: (Int) -> String) -> (DecodedResponse, Int)
    {
        let decoder = Dialects.decoder(
            dialect, head: ResponseHead(status: 200, contentType: ""), parser: JSONParser(),
            options: DecodingOptions(keepsText: true))
        let before = residentMebibytes()
        decoder.consume(Array(opening.utf8).span) { _ in }
        var (fed, index, highest) = (0, 0, before)
        while fed < 256 << 20 {
            let bytes = Array(piece(index).utf8)
            decoder.consume(bytes.span) { _ in }
            fed += bytes.count
            index += 1
            if index % 64 == 0 { highest = max(highest, residentMebibytes()) }
        }
        return (decoder.finish(.complete) { _ in }, highest - before)
    }

    private static let eventDialects: [DialectName] = [
        .openAIChat, .openAIResponses, .anthropicMessages, .gemini, .tgi, .dashScope,
    ]

    @Test(arguments: eventDialects)
    func `an endless line is given up`(dialect: DialectName) {
        let line = String(repeating: "x", count: 1 << 20)
        let (response, growth) = feed(dialect, opening: "data: \"") { _ in line }
        #expect(response.outcome == .malformed)
        #expect(growth < 64, "\(growth) MiB more")
    }

    @Test func `an endless event, and an endless body that is no stream, are given up`() {
        let line = "data: " + String(repeating: "x", count: 1 << 16) + "\n"
        let (event, growth) = feed(.openAIChat) { _ in line }
        #expect(event.outcome == .malformed && growth < 64, "\(growth) MiB more")
        let (plain, plainGrowth) = feed(.anthropicMessages, opening: "{") { _ in line }
        #expect(plain.outcome == .malformed && plainGrowth < 96, "\(plainGrowth) MiB more")
    }

    @Test(arguments: eventDialects)
    func `JSON of any depth is refused, not followed`(dialect: DialectName) {
        let deep = "data: " + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + "\n\n"
        let decoder = Dialects.decoder(
            dialect, head: ResponseHead(status: 200, contentType: "text/event-stream"), parser: JSONParser())
        decoder.consume(Array(deep.utf8).span) { _ in }
        #expect(decoder.finish(.complete) { _ in }.outcome == .malformed)
    }

    @Test func `a million tool calls are too many`() {
        let calls: [(DialectName, (Int) -> String)] = [
            (
                .openAIChat,
                { "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":\($0),\"id\":\"c\($0)\"}]}}]}\n\n" }
            ),
            (
                .anthropicMessages,
                {
                    "data: {\"type\":\"content_block_start\",\"index\":\($0),\"content_block\":{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"n\"}}\n\n"
                }
            ),
            (
                .openAIResponses,
                {
                    "data: {\"type\":\"response.output_item.added\",\"output_index\":\($0),\"item\":{\"type\":\"function_call\",\"name\":\"n\"}}\n\n"
                }
            ),
            (
                .gemini,
                { _ in
                    "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"n\",\"args\":{}}}]}}]}\n\n"
                }
            ),
            (
                .dashScope,
                { "data: {\"output\":{\"choices\":[{\"message\":{\"tool_calls\":[{\"index\":\($0)}]}}]}}\n\n" }
            ),
        ]
        for (dialect, call) in calls {
            let decoder = Dialects.decoder(
                dialect, head: ResponseHead(status: 200, contentType: "text/event-stream"), parser: JSONParser())
            for index in 0..<1_000_000 {
                decoder.consume(Array(call(index).utf8).span) { _ in }
                if index == 1000 { break }
            }
            let response = decoder.finish(.complete) { _ in }
            #expect(response.outcome == .malformed, "\(dialect)")
            #expect(response.toolCalls.count <= 256, "\(dialect)")
        }
    }

    @Test func `text without end is counted and not kept beyond its limit`() {
        let piece = "data: {\"choices\":[{\"delta\":{\"content\":\"\(String(repeating: "x", count: 1 << 18))\"}}]}\n\n"
        let (response, growth) = feed(.openAIChat) { _ in piece }
        #expect(response.text.utf8.count <= 4 << 20)
        #expect(response.textByteCount > 200 << 20)
        #expect(growth < 64, "\(growth) MiB more")
    }

    @Test func `frames of the event stream have their limits`() {
        func number(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        for (total, headers) in [(UInt32.max, UInt32(0)), (16, 1), (15, 0), (30 << 20, 0), (200_000, 150_000)] {
            let prelude = number(total) + number(headers)
            let decoder = Dialects.decoder(
                .bedrockConverse,
                head: ResponseHead(status: 200, contentType: "application/vnd.amazon.eventstream"), parser: JSONParser()
            )
            decoder.consume((prelude + number(CRC32(prelude).value)).span) { _ in }
            #expect(decoder.finish(.complete) { _ in }.outcome == .malformed, "\(total) \(headers)")
        }
    }
}
