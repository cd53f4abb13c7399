import Encodings
import Quantities
import Testing

@testable import Workloads

/// What the times, sub-agents and models of a Weka trace become.
@Suite struct WekaTests {
    /// A request; its blocks are the first of its agent's.
    static func request(
        _ time: Double, _ model: String, in input: Int, out: Int = 10, block: Int = 1, took: Double? = 2,
        think: Double? = nil, types: String = "tool_result"
    ) -> String {
        let ends = [("api_time", took), ("think_time", think)].compactMap { name, value in
            value.map { #","\#(name)":\#($0)"# }
        }
        return #"{"t":\#(time),"type":"n","model":"\#(model)","in":\#(input),"out":\#(out),"#
            + #""h":[[\#(block),\#(input / 64)]],"input_types":["\#(types)"],"stop":"tool_use"\#(ends.joined())}"#
    }

    static func agent(
        _ name: String, at time: Double, duration: Double?, status: String = "completed", _ requests: String...
    ) -> String {
        #"{"t":\#(time),"type":"subagent","agent_id":"\#(name)","duration_ms":\#(duration.map { "\($0)" } ?? "null"),"#
            + #""status":"\#(status)","tool_tokens":50,"system_tokens":50,"requests":[\#(requests.joined(separator: ","))]}"#
    }

    static func session(_ requests: String...) throws -> Session {
        let line =
            #"{"id":"w","block_size":64,"tool_tokens":64,"system_tokens":64,"requests":[\#(requests.joined(separator: ","))]}"#
        let library = try TextTraces.library(WekaImporter.self, line)
        #expect(try TextTraces.faults(library) == [])
        return try #require(library.sessions.first)
    }

    private static let opus = "claude-opus-4-5-20251101"
    private static let haiku = "claude-haiku-4-5-20251001"

    private static func joined(offset: Double) throws -> Session {
        try session(
            request(0, opus, in: 640, took: 8.212, types: "text"),
            agent(
                "a", at: 134.227, duration: 125_015, request(offset, haiku, in: 256, block: 90, types: "text"),
                request(offset + 110, haiku, in: 384, block: 90, took: 5, think: 108)),
            request(153, opus, in: 900, took: nil, think: 145),
            request(170, opus, in: 1000, think: 15))
    }

    @Test(arguments: [0, 9.212])
    func `a sub-agent begins before the time of its entry, and the call after it keeps its wait`(offset: Double) throws
    {
        let session = try Self.joined(offset: offset)
        #expect(session.calls.map(\.identifier) == ["0", "a.0", "a.1", "2", "3"])
        #expect(session.calls.map(\.after) == [[], ["0"], ["a.0"], ["0", "a.1"], ["2"]])
        let starts = session.calls.compactMap(\.recorded.start?.nanoseconds).map { $0 / 1_000_000 }
        #expect(starts == [0, 9212, 119_212, 153_000, 170_000])
        #expect(session.calls.map(\.wait.nanoseconds).map { $0 / 1_000_000 } == [0, 1000, 108_000, 28_788, 15_000])
        #expect(session.calls.map(\.waitKind) == [.start, .start, .tool, .tool, .tool])
        #expect(
            session.calls.map(\.recorded.duration) == [
                .milliseconds(8212), .seconds(2), .seconds(5), nil, .seconds(2),
            ])
    }

    @Test func `nothing waits for what was launched in the background or is still at work`() throws {
        let session = try Self.session(
            Self.request(0, Self.opus, in: 640, types: "text"),
            Self.agent(
                "b", at: 3, duration: nil, status: "async_launched", Self.request(0, Self.opus, in: 256, took: 290)),
            Self.agent("c", at: 60, duration: 57_000, Self.request(0, Self.haiku, in: 256, block: 70, took: 50)),
            Self.request(19, Self.opus, in: 900, think: 17), Self.request(60, Self.haiku, in: 1000, think: 39),
            Self.request(400, Self.opus, in: 1100, think: 338))
        #expect(session.calls.map(\.after) == [[], ["0"], ["0"], ["0"], ["3", "c.0"], ["4"]])
        let waits = session.calls.map(\.wait.seconds)
        #expect(waits == [0, 1, 1, 17, 7, 338])
        #expect(session.calls.map(\.role) == ["main", "main", "small", "main", "main", "main"])
    }

    private static let roles: [(model: String?, main: String?, role: String)] = [
        ("claude-haiku-4-5-20251001", "claude-opus-4-5-20251101", "small"),
        ("claude-opus-4-5-20251101", "claude-haiku-4-5-20251001", "main"),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001", "main"),
        ("claude-sonnet-4-20250514", "claude-opus-4-1-20250805", "small"),
        ("claude-opus-4-6", "claude-opus-4-5-20251101", "main"),
        ("us.anthropic.claude-3-5-haiku-20241022-v1:0", "claude-sonnet-4-5", "small"),
        ("gpt-5-mini", "gpt-5", "small"), ("gpt-5-nano", "gpt-5-mini", "small"), ("gpt-5", "claude-opus-4-6", "main"),
        ("gpt-5-mini", "claude-opus-4-6", "main"), (nil, "gpt-5", "main"), ("gpt-5-mini", nil, "main"),
    ]

    @Test(arguments: roles)
    func `only a smaller model of the same family is small`(model: String?, main: String?, role: String) {
        #expect(RecordedRole.role(of: model, besides: main) == role)
    }

    @Test func `sub-agents stand in the order in which they began`() throws {
        let session = try Self.session(
            Self.request(0, Self.opus, in: 640, types: "text"),
            Self.agent("a", at: 20, duration: 10_000, Self.request(0, Self.haiku, in: 256, took: 9)),
            Self.agent("b", at: 30, duration: 27_000, Self.request(0, Self.haiku, in: 256, took: 20)),
            Self.agent("c", at: 40, duration: 37_000, Self.request(0, Self.haiku, in: 256, took: 30)),
            Self.request(50, Self.opus, in: 900, think: 48))
        #expect(session.calls.map(\.agent) == ["main", "b", "c", "a", "main"])
        #expect(session.calls.map(\.wait) == [.zero, .seconds(1), .seconds(1), .seconds(8), .seconds(17)])
        #expect(session.calls[4].after == ["0", "b.0", "c.0", "a.0"])
    }

    @Test func `times count from the first call`() throws {
        let session = try Self.session(
            Self.request(5000, Self.opus, in: 640, types: "text"), Self.request(5009, Self.opus, in: 900, think: 7))
        #expect(session.calls.map(\.wait) == [.zero, .seconds(7)])
        #expect(session.calls.map(\.recorded.start) == [.zero, .seconds(9)])
    }

    @Test func `a call between a helper's and its own predecessor waits from the end of the latter`() throws {
        let session = try Self.session(
            Self.request(0, Self.opus, in: 640, types: "text"),
            Self.request(4, Self.haiku, in: 100, block: 500, took: 3, think: 2, types: "text"),
            Self.request(20, Self.opus, in: 800, think: 13))
        #expect(session.calls.map(\.agent) == ["main", "helper_1", "main"])
        #expect(session.calls.map(\.after) == [[], ["0"], ["0"]])
        #expect(session.calls.map(\.wait) == [.zero, .seconds(2), .seconds(18)])
    }
}

@Suite(.enabled(if: SharedData.exists, "needs ../shared/data, which only developers have"))
struct WekaTraceTests {
    private static func library() throws -> SessionLibrary {
        let bytes = try TextTraces.bytes("weka_claude_code_rle.jsonl.gz")
        return try TraceImport.library(WekaImporter.self, [("weka", bytes)], ImportOptions(licence: "Apache-2.0"))
    }

    @Test func `sub-agents of the trace begin soon after the call that launched them`() throws {
        let library = try Self.library()
        let first = library.sessions.flatMap { session in
            session.agentPrefixTokens.keys.filter { $0.hasPrefix("agent") }.compactMap { agent in
                session.calls.first { $0.agent == agent }
            }
        }
        #expect(first.count == 63)
        #expect(first.filter { $0.wait > .zero && $0.wait < .milliseconds(1100) }.count == 61)
        let session = try #require(library.sessions.first { $0.identifier == "trace_0003" })
        let joining = try #require(session.calls.first { $0.after.count > 1 })
        #expect(joining.identifier == "2" && joining.after == ["0", "agent_001.9"])
        #expect(joining.wait > .seconds(18) && joining.wait < .seconds(23), "\(joining.wait)")
        #expect(joining.recorded.start == .seconds(153))
    }

    @Test func `background agents of the trace block nobody, and their model is the main one`() throws {
        let library = try Self.library()
        let session = try #require(library.sessions.first { $0.identifier == "trace_0295" })
        let background = Set(["agent_002", "agent_003", "agent_004", "agent_005"])
        let calls = session.calls.filter { background.contains($0.agent) }
        #expect(calls.count == 37)
        #expect(calls.allSatisfy { $0.role == "main" })
        let identifiers = Set(calls.map(\.identifier))
        #expect(!session.calls.contains { $0.agent == "main" && !identifiers.isDisjoint(with: $0.after) })
        let nested = library.sessions.flatMap(\.calls).filter { $0.identifier.rawValue.hasPrefix("agent_") }
        #expect(nested.count == 676)
        #expect(nested.count { $0.role == "main" } == 85)
    }

    @Test func `the sessions of the published example have its dependencies and roles`() throws {
        let imported = try Self.library().sessions
        for wanted in try SessionFile.read(SharedData.bytes("traces/submeter_format_example.jsonl")).sessions {
            let found = try #require(imported.first { $0.identifier == wanted.identifier })
            // Ours has the agents in the order in which they began, the example in that of their ends.
            let calls = Dictionary(uniqueKeysWithValues: found.calls.map { ($0.identifier, $0) })
            #expect(found.calls.count == wanted.calls.count)
            for call in wanted.calls {
                let ours = try #require(calls[call.identifier])
                #expect(Set(ours.after) == Set(call.after) && ours.role == call.role && ours.input == call.input)
                #expect(ours.recorded.duration == call.recorded.duration && ours.context == call.context)
            }
        }
    }
}
