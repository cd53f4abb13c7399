import Encodings
import Quantities
import Statistics
import Testing

@testable import Workloads

/// Importers of traces that tell which blocks prompts are made of.
@Suite struct BlockTraceTests {
    /// A line of Mooncake's format, its blocks given as ranges.
    private func line(_ time: Int, _ input: Int, _ output: Int, _ blocks: ClosedRange<Int>...) -> String {
        line(time, input, output, blocks)
    }

    private func line(_ time: Int, _ input: Int, _ output: Int, _ blocks: [ClosedRange<Int>]) -> String {
        let list = blocks.flatMap(Array.init).map(String.init).joined(separator: ", ")
        return
            #"{"timestamp": \#(time), "input_length": \#(input), "output_length": \#(output), "hash_ids": [\#(list)]}"#
    }

    /// All text of a call's prompt, without its messages' borders.
    private func prompt(_ library: SessionLibrary, session: Int, call: Int) -> String {
        let transcript = TextTraces.transcript(library.sessions[session], library)
        return TextTraces.conversation(transcript, call).map { MessageSession.text($0) }.joined()
    }

    @Test func `a request goes on from the one whose blocks it holds`() throws {
        let library = try LengthTraces.library(
            MooncakeImporter.self,
            [
                line(27_000, 6758, 500, 0...13), line(27_000, 7322, 490, 0...0, 20...33),
                line(75_000, 7833, 60, 0...0, 20...32, 50...51),
                line(90_000, 7900, 10, 0...0, 20...32, 50...50, 60...60),
            ])
        #expect(
            LengthTraces.words(library) == [
                "mooncake-1 @0.0: 0.0 start new 0+0+[user 6758]=6758>500",
                "mooncake-2 @0.0: 0.0 start new 0+0+[user 7322]=7322>490 | 48.0 human on 7322+490+[user 21]=7833>60"
                    + " | 15.0 human on 7833+60+[user 7]=7900>10",
            ])
        #expect(try TextTraces.faults(library) == [])
        #expect(SessionLint.findings(library) == [])
        #expect(library.sessions[1].calls[2].blocks == [0..<1, 20..<33, 50..<51, 60..<61])
    }

    @Test func `chains of scattered blocks and heads of one last block are told apart`() throws {
        // Of 300 requests each goes on from the one before it, and no two blocks are neighbours.
        let chain = (1...300).map { request in
            line(request * 1000, request * 1024, 5, Array((0..<(2 * request)).map { ($0 * 7)...($0 * 7) }))
        }
        #expect(try LengthTraces.library(MooncakeImporter.self, chain).sessions.map(\.calls.count) == [300])
        // Two prompts end in block 9, and both are gone on from.
        let heads = [[0...1, 9...9], [4...5, 9...9], [0...1, 9...9, 20...21], [4...5, 9...9, 30...31]]
        let lines = zip(heads, [1536, 1536, 2560, 2560]).enumerated().map { line($0 * 1000, $1.1, 5, $1.0) }
        #expect(try LengthTraces.library(MooncakeImporter.self, lines).sessions.map(\.calls.count) == [2, 2])
    }

    private static let loose: [(String, [[ClosedRange<Int>]], [Int], [Int])] = [
        (
            "only a block that all begin with", [[0...0], [0...0, 5...7], [0...0, 9...12]], [900, 2000, 2400],
            [1, 1, 1]
        ),
        ("one full block", [[0...1], [0...0, 5...7]], [900, 2000], [1, 1]),
        ("a block is missing", [[0...3], [0...1, 5...9]], [2000, 3500], [1, 1]),
        ("no room for the answer", [[0...3], [0...2, 5...5]], [2000, 2040], [1, 1]),
        ("prompts part", [[0...3], [0...2, 5...7], [0...2, 9...12]], [2000, 3000, 3500], [1, 1, 1]),
        (
            "prompts part after a chain had formed",
            [[0...3], [0...2, 5...7], [0...2, 5...6, 8...9], [0...2, 20...24]],
            [2000, 3000, 3500, 4000], [1, 2, 1]
        ),
        ("the same prompt twice", [[0...3], [0...3]], [2000, 2000], [1, 1]),
        (
            "the second head was seen in full", [[0...3], [0...3], [0...2, 5...7]], [2000, 2000, 3000], [2, 1]
        ),
        ("two chains", [[0...3], [10...13], [0...2, 5...6], [10...12, 15...16]], [2000, 2000, 2500, 2500], [2, 2]),
    ]

    @Test(arguments: loose)
    func `in doubt there is no chain`(
        name: String, blocks: [[ClosedRange<Int>]], inputs: [Int], expected: [Int]
    ) throws {
        let lines = blocks.indices.map { index in
            let list = blocks[index].flatMap(Array.init).map(String.init).joined(separator: ",")
            return
                #"{"timestamp":\#(index * 3000),"input_length":\#(inputs[index]),"output_length":100,"hash_ids":[\#(list)]}"#
        }
        let library = try LengthTraces.library(MooncakeImporter.self, lines)
        #expect(library.sessions.map(\.calls.count).sorted() == expected.sorted(), "\(name)")
        #expect(try TextTraces.faults(library) == [], "\(name)")
    }

    @Test func `a chain ends when an hour passes without it`() throws {
        let library = try LengthTraces.library(
            MooncakeImporter.self,
            [
                line(0, 2000, 100, 0...3), line(3_600_000, 2500, 100, 0...2, 5...6),
                line(7_200_001, 3000, 100, 0...2, 5...5, 7...8),
            ])
        #expect(library.sessions.map(\.calls.count) == [2, 1])
        #expect(library.sessions.map(\.start) == [.zero, .milliseconds(7_200_001)])
    }

    @Test func `equal blocks are equal text in all sessions and at every place of a chain`() throws {
        let library = try LengthTraces.library(
            MooncakeImporter.self,
            [
                line(0, 2000, 100, 0...3), line(3000, 3300, 100, 0...2, 5...8),
                line(6000, 2090, 90, 0...2, 5...5, 9...9),
                line(9000, 3000, 90, 40...42, 5...6, 10...10),
            ])
        try #require(library.sessions.map(\.calls.count) == [2, 1, 1])
        let chained = Array(prompt(library, session: 0, call: 1).utf8)
        let single = Array(prompt(library, session: 1, call: 0).utf8)
        let moved = Array(prompt(library, session: 2, call: 0).utf8)
        /// The text of some tokens, a little less at both ends: where a block begins is exact to half a token only.
        func text(_ prompt: [UInt8], _ tokens: Range<Int>) -> String {
            var meter = TokenMeter()
            let start = meter.end(of: tokens.lowerBound * 100, in: prompt[...])
            meter.add(prompt[..<start])
            let end = meter.end(of: tokens.upperBound * 100, in: prompt[start...])
            return String(decoding: prompt[start..<end].dropFirst(20).dropLast(20), as: UTF8.self)
        }
        let sizes = [chained, single, moved].map { String(decoding: $0, as: UTF8.self).centitokens }
        for (size, tokens) in zip(sizes, [3300, 2090, 3000]) { #expect(abs(size - tokens * 100) < 500, "\(size)") }
        #expect(text(chained, 0..<1536) == text(single, 0..<1536))
        // The first prompt ends inside its fourth block, which no other prompt has.
        #expect(!String(decoding: single, as: UTF8.self).contains(text(chained, 1536..<2000)))
        for (tokens, others) in [(2000..<2048, [single, moved]), (2048..<2560, [moved])] {
            for other in others {
                #expect(String(decoding: other, as: UTF8.self).contains(text(chained, tokens)), "\(tokens)")
            }
        }
        #expect(String(decoding: moved, as: UTF8.self).contains(text(single, 1536..<2048)))
        #expect(text(single, 0..<512) != text(moved, 0..<512))
    }

    @Test(arguments: [
        ("{\"timestamp\": 0", "line 2: not JSON"), ("[]", "line 2: a record must be"),
        (#"{"timestamp":2000,"output_length":1,"hash_ids":[]}"#, "line 2: input_length must be"),
        (#"{"timestamp":2000,"input_length":-5,"output_length":1,"hash_ids":[]}"#, "line 2: input_length must be"),
        (#"{"timestamp":2000,"input_length":5,"output_length":1e12,"hash_ids":[]}"#, "line 2: output_length must be"),
        (#"{"input_length":5,"output_length":1,"hash_ids":[]}"#, "line 2: timestamp must be"),
        (#"{"timestamp":-1,"input_length":5,"output_length":1,"hash_ids":[]}"#, "line 2: timestamp must be"),
        (#"{"timestamp":1e300,"input_length":5,"output_length":1,"hash_ids":[]}"#, "line 2: timestamp must be"),
        (#"{"timestamp":2000,"input_length":5,"output_length":1,"hash_ids":[-4]}"#, "line 2: hash_ids must hold"),
        (#"{"timestamp":2000,"input_length":5,"output_length":1,"hash_ids":["x"]}"#, "line 2: hash_ids must hold"),
        (#"{"timestamp":2000,"input_length":5,"output_length":1,"hash_ids":3}"#, "line 2: hash_ids must be a list"),
        (#"{"timestamp":5,"input_length":5,"output_length":1,"hash_ids":[]}"#, "line 2: its time lies 0.995 s before"),
    ])
    func `a broken line is named`(text: String, expected: String) {
        let message = LengthTraces.refusal(MooncakeImporter.self, [line(1000, 5, 1, 0...0), text])
        #expect(message?.hasPrefix(expected) == true, "\(message ?? "no error")")
    }
}

extension BlockTraceTests {
    private func chat(_ number: Int, _ parent: Int, _ time: Double, _ input: Int, _ output: Int, _ blocks: [Int])
        -> String
    {
        let list = blocks.map(String.init).joined(separator: ",")
        return #"{"chat_id":\#(number),"parent_chat_id":\#(parent),"timestamp":\#(time),"input_length":\#(input),"#
            + #""output_length":\#(output),"type":"text","turn":1,"hash_ids":[\#(list)]}"#
    }

    @Test func `chats of files of one name are apart`() throws {
        let files = [chat(1, -1, 0, 40, 30, [1, 2]), chat(1, -1, 3, 50, 30, [3, 4, 5]), chat(2, 1, 5, 90, 9, [6])]
        let named = files.map { (name: "trace", bytes: Array($0.utf8)) }
        let library = try TraceImport.library(
            BailianImporter.self, Array(named.dropLast()) + [(name: "last", bytes: named[2].bytes)],
            ImportOptions(licence: "none"))
        #expect(library.sessions.map(\.identifier) == ["trace/1", "2/trace/1", "3/last/2"])
        #expect(library.sessions.map { $0.calls[0].input } == [40, 50, 90])
    }

    @Test func `chats of Bailian are trees of requests`() throws {
        let library = try LengthTraces.library(
            BailianImporter.self,
            [
                chat(55, -1, 1.25, 40, 30, [1, 2, 3]), chat(7, -1, 2, 20, 5, [1, 9]),
                chat(159, 55, 61.25, 75, 20, [1, 2, 4, 5, 6]),
                chat(160, 55, 70.25, 50, 20, [1, 2, 8, 11]), chat(161, 159, 71, 60, 3, [1, 2, 4, 5]),
                chat(162, 160, 72, 96, 3, [1, 30, 31, 32, 33, 34]), chat(163, 999, 80, 16, 3, [50]),
            ])
        #expect(
            LengthTraces.words(library) == [
                "file0/7 @0.75: 0.0 start new 0+0+[user 20]=20>5",
                "file0/55 @0.0: 0.0 start new 0+0+[user 40]=40>30 | 60.0 human on 40+30+[user 5]=75>20"
                    + " | 69.0 human fork 0 40+10+[]=50>20 | 9.75 human new 0+0+[user 60]=60>3"
                    + " | 1.75 human new 0+0+[user 96]=96>3",
                "file0/163 @78.75: 0.0 start new 0+0+[user 16]=16>3",
            ])
        #expect(library.sessions[1].calls[1].blocks == [1..<3, 4..<6])
        #expect(library.sessions[1].profile == "text")
        #expect(library.blockTokens == 16)
        #expect(SessionLint.findings(library) == [])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test func `a chat that was closed is not gone on with, and one identifier stands for one request`() throws {
        let library = try LengthTraces.library(
            BailianImporter.self, [chat(1, -1, 0, 40, 30, [1, 2]), chat(2, 1, 3601, 75, 20, [1, 2, 4, 5])])
        #expect(library.sessions.map(\.calls.count) == [1, 1])
        let message = LengthTraces.refusal(
            BailianImporter.self, [chat(1, -1, 0, 40, 30, [1, 2]), chat(1, -1, 3, 40, 30, [1, 2])])
        #expect(message == "line 2: the chat_id 1 stands twice")
        let nameless = LengthTraces.refusal(BailianImporter.self, ["{\"timestamp\":1}"])
        #expect(nameless == "line 1: a request needs a chat_id")
    }
}

@Suite(.enabled(if: SharedData.exists, "needs ../shared/data, which only developers have"))
struct MooncakeTraceTests {
    private func requests(_ bytes: [UInt8]) throws -> [(input: Int, output: Int, blocks: [Int])] {
        try bytes.split(separator: 0x0A).map { line in
            let value = try JSONValue(parsing: Array(line))
            return (
                value["input_length"]?.integerValue ?? 0, value["output_length"]?.integerValue ?? 0,
                (value["hash_ids"]?.arrayValue ?? []).compactMap(\.integerValue)
            )
        }
    }

    @Test func `the ideal hit of the sample is that of a count over its lines but for ends of prompts`() throws {
        let bytes = try SharedData.bytes("traces/mooncake/conversation_trace.head200.jsonl")
        let lines = try requests(bytes)
        let library = try TraceImport.library(
            MooncakeImporter.self, [("head200", bytes)], ImportOptions(licence: "Apache-2.0"))
        #expect(library.sessions.reduce(0) { $0 + $1.calls.count } == lines.count)
        var (seen, hits, total): (Set<Int>, Int, Int) = ([], 0, 0)
        for line in lines {
            let known = line.blocks.prefix { seen.contains($0) }.count
            hits += min(known * 512, line.input)
            total += line.input
            seen.formUnion(line.blocks)
        }
        let description = WorkloadDescription(library)
        #expect(description.inputTokens == TokenCount(total))
        #expect(description.outputTokens == TokenCount(lines.reduce(0) { $0 + $1.output }))
        // A continued prompt holds also the last block of the one before, full or not, and blocks of a chain stand in several
        // messages, which a prompt of one message has only up to the first border.
        let share = Double(hits) / Double(total)
        #expect(abs(description.idealHitShare - share) < 0.001, "\(description.idealHitShare) and \(share)")
        #expect(hits == 164_864)
        #expect(try TextTraces.faults(library) == [])
        let messages = SessionLint.findings(library).map(\.message)
        #expect(messages.count == 1 && messages[0].contains("recorded in batches"), "\(messages)")
    }

    /// The chains that a reader of the sample finds: the later prompt is the earlier one, its answer, and 4 to 36,334 tokens.
    @Test func `the chains of the sample are believable`() throws {
        let bytes = try SharedData.bytes("traces/mooncake/conversation_trace.head200.jsonl")
        let library = try TraceImport.library(MooncakeImporter.self, [("head200", bytes)])
        let chains = library.sessions.filter { $0.calls.count > 1 }
        let sizes = chains.map { $0.calls.map(\.input.value) }.sorted { $0[0] < $1[0] }
        #expect(
            sizes == [
                [1477, 2103], [2651, 3024], [7322, 7833], [9615, 14315], [13544, 49948], [14041, 15233],
                [19694, 19878],
            ])
        for call in chains.flatMap({ $0.calls.dropFirst() }) {
            #expect(call.context == .continuing)
            #expect((24...60).contains(call.wait.seconds))
            #expect(call.carry > .zero)
        }
    }
}
