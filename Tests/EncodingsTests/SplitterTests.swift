import Testing

@testable import Encodings

/// What a splitter found: event name, data, or a comment.
private enum Found: Equatable {
    case event(String, String)
    case comment
}

private func split(_ pieces: [[UInt8]], line: Int = 1 << 20, event: Int = 1 << 20) throws -> [Found] {
    var splitter = ServerSentEventSplitter(maximumLineBytes: line, maximumEventBytes: event)
    var found: [Found] = []
    let handle: (ServerSentEventItem, Span<UInt8>) -> Void = { item, data in
        switch item {
        case .event(let name): found.append(.event(name, String(copying: data)))
        case .comment: found.append(.comment)
        }
    }
    for piece in pieces { try splitter.consume(piece.span, handle) }
    try splitter.finish(handle)
    return found
}

@Suite struct SplitterTests {
    static let streams: [(String, [String])] = [
        ("data: a\n\ndata: b\n\n", ["|a", "|b"]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", ["|a", "|b"]),
        ("data: a\r\rdata: b\r\r", ["|a", "|b"]),
        ("\u{FEFF}data: a\n\n", ["|a"]),
        ("data:a\n\ndata\n\n", ["|a", "|"]),
        ("data: a\ndata: b\ndata:\n\n", ["|a\nb\n"]),
        ("event: x\ndata: a\n\ndata: b\n\n", ["x|a", "|b"]),
        ("data: a\nevent: x\n\n", ["x|a"]),
        (": ping\n\ndata: a\n: inside\nid: 7\nretry: 5\n\n", ["#", "#", "|a"]),
        ("id:1\nevent:result\n:HTTP_STATUS/200\ndata:{}\n\n", ["#", "result|{}"]),
        ("data: é€𝄞\n\n\n\ndata: z", ["|é€𝄞", "|z"]),
        ("event: x\n\ndata: a\n\n", ["|a"]),
        ("data:  two spaces\ndatax: no\n\n", ["| two spaces"]),
    ]

    private func text(_ found: [Found]) -> [String] {
        found.map { if case .event(let name, let data) = $0 { "\(name)|\(data)" } else { "#" } }
    }

    @Test(arguments: streams)
    func `events are the same whole, byte by byte and split at every point`(stream: String, expected: [String]) throws {
        let bytes = Array(stream.utf8)
        // The order of a comment and the event around it is the order of their dispatch.
        #expect(try text(split([bytes])).sorted() == expected.sorted())
        #expect(try text(split(bytes.map { [$0] })).sorted() == expected.sorted())
        for point in 0...bytes.count {
            let pieces = [Array(bytes[..<point]), [], Array(bytes[point...])]
            #expect(try text(split(pieces)).sorted() == expected.sorted(), "split at \(point)")
        }
    }

    @Test func `an endless line and an endless event are refused`() {
        #expect(throws: ServerSentEventError.lineTooLong(limitBytes: 64)) {
            try split([[UInt8](repeating: 0x61, count: 65)], line: 64)
        }
        #expect(throws: ServerSentEventError.eventTooLong(limitBytes: 64)) {
            try split(Array(repeating: Array("data: abcdefgh\n".utf8), count: 20), event: 64)
        }
    }
}
