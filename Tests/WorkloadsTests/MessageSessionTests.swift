import Encodings
import Quantities
import Testing

@testable import Workloads

@Suite struct MessageSessionTests {
    private let source = TraceSource(name: "test", line: 1)
    private let tool = ToolDefinition(name: "ls", description: "Lists.", parameters: ["type": "object"])
    private let asking = AssistantMessage(
        text: "I look.", reasoning: "hm", toolCalls: [ToolCall(identifier: "a", name: "ls", arguments: "{}")])

    private func library(_ session: MessageSession, _ assets: MessageAssets) -> SessionLibrary {
        var library = SessionLibrary(
            header: SessionFile.header(name: "test", source: ["licence": "none"]), sessions: [session.session])
        var assets = assets
        assets.emit { if case .asset(let asset) = $0 { library.assets[asset.identifier] = asset } }
        return library
    }

    private func result(_ identifier: String, _ text: String) -> ConversationItem {
        .toolResult(ToolResult(callIdentifier: identifier, name: "", text: text))
    }

    @Test func `requests are continued, forked and begun anew by their messages`() throws {
        var assets = MessageAssets()
        var session = MessageSession(identifier: "s", profile: "", source)
        let begin: [ConversationItem] = [.system("You list."), .user("What is here?")]
        try session.take(MessageRequest(items: begin, tools: [tool], answer: asking), &assets)
        let second = begin + [.assistant(asking), result("a", "x y")]
        try session.take(
            MessageRequest(items: second, tools: [tool], answer: AssistantMessage(text: "x and y")), &assets)
        let again = begin + [.assistant(asking), result("a", "none")]
        try session.take(MessageRequest(items: again, tools: [tool], answer: AssistantMessage(text: "None")), &assets)
        try session.take(MessageRequest(items: [.user("Hello")], answer: AssistantMessage(text: "Hi")), &assets)
        let library = library(session, assets)
        #expect(library.sessions[0].calls.map(\.context) == [.new, .continuing, .fork("0"), .new])
        #expect(library.sessions[0].calls.map(\.agent) == ["main", "main", "main", "agent"])
        #expect(try TextTraces.faults(library) == [])
        for (index, items) in [begin, second, again, [.user("Hello")]].enumerated() {
            #expect(TextTraces.texts(library, call: index) == TextTraces.texts(items))
        }
    }

    @Test(arguments: [
        (#"{"at": "/", "n": 1}"#, #"{"at":"/","n":1}"#), ("", "{}"), (#""\u00e9""#, #""é""#), ("no", "no"),
    ])
    func `arguments that are equal as JSON are one answer`(logged: String, sent: String) throws {
        func asking(_ arguments: String) -> AssistantMessage {
            AssistantMessage(text: nil, toolCalls: [ToolCall(identifier: "a", name: "ls", arguments: arguments)])
        }
        var assets = MessageAssets()
        var session = MessageSession(identifier: "s", profile: "", source)
        try session.take(MessageRequest(items: [.user("go")], answer: asking(logged)), &assets)
        for arguments in [sent, #"{"other":1}"#] {
            try session.take(
                MessageRequest(items: [.user("go"), .assistant(asking(arguments)), result("a", "x")]), &assets)
        }
        #expect(session.session.calls.map(\.context) == [.new, .continuing, .new])
        #expect(session.session.calls[0].answer.toolCalls.map(\.arguments) == [logged])
    }

    @Test func `an agent is sent its own tools and nothing made up beside them`() throws {
        var assets = MessageAssets()
        var session = MessageSession(identifier: "s", profile: "", source)
        let answer = AssistantMessage(text: "yes")
        try session.take(MessageRequest(items: [.user("a")], answer: answer), &assets)
        try session.take(MessageRequest(items: [.user("b")], tools: [tool], answer: answer), &assets)
        try session.take(MessageRequest(items: [.system("S"), .user("c")], answer: answer), &assets)
        let library = library(session, assets)
        let transcript = TextTraces.transcript(session.session, library)
        let prefixes = session.session.calls.map { transcript.prefix(agent: $0.agent, runSalt: "") }
        #expect(prefixes.map(\.tools) == [[], [tool], []])
        #expect(prefixes.map(\.system) == ["", "", "S"])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test func `an answer that was not logged is taken from the request that repeats it`() throws {
        var assets = MessageAssets()
        var session = MessageSession(identifier: "s", profile: "", source)
        try session.take(MessageRequest(items: [.user("a")]), &assets)
        let items: [ConversationItem] = [.user("a"), .assistant(asking), result("a", "b")]
        try session.take(MessageRequest(items: items), &assets)
        let library = library(session, assets)
        #expect(library.sessions[0].calls[0].answer.text == "I look.")
        #expect(library.sessions[0].calls[0].output > .zero)
        #expect(TextTraces.texts(library, call: 1) == TextTraces.texts(items))
        #expect(try TextTraces.faults(library) == [])
    }

    @Test func `results follow the order of their calls, and calls without a result are not sent`() throws {
        var assets = MessageAssets()
        var session = MessageSession(identifier: "s", profile: "", source)
        let calls = ["a", "b", "c"].map { ToolCall(identifier: $0, name: "ls", arguments: "{\"of\":\"\($0)\"}") }
        let transcript: [ConversationItem] = [
            .user("go"), .assistant(AssistantMessage(text: nil, toolCalls: calls)), result("c", "in c"),
            result("a", "in a"), result("x", "in x"), result("y", "in y"), .user("and"),
            .assistant(AssistantMessage(text: nil, toolCalls: calls)), .user("stop"),
            .assistant(AssistantMessage(text: "Stopped")),
        ]
        try session.take(transcript: transcript.map { RecordedMessage(item: $0) }, tools: [tool], &assets)
        let library = library(session, assets)
        #expect(try TextTraces.faults(library) == [])
        let added = library.sessions[0].calls[1].added
        #expect(added.map(\.text) == ["in a", "in x", "in c", "in y", "and"])
        #expect(added.map(\.role) == ["tool", "tool", "tool", "user", "user"])
        #expect(TextTraces.texts(library, call: 2).suffix(1) == ["user: stop"])
    }

    @Test func `odd transcripts do not crash`() throws {
        let answer = ConversationItem.assistant(AssistantMessage(text: "Hello"))
        let cases: [([ConversationItem], Int)] = [
            ([], 0), ([answer], 0), ([.system("s")], 0), ([answer, answer, .user("u"), answer, answer], 1),
            ([result("a", "r"), answer, .system("s"), answer], 2),
            ([.user(""), .assistant(AssistantMessage(text: nil)), .user(""), answer], 2),
        ]
        for (items, count) in cases {
            var assets = MessageAssets()
            var session = MessageSession(identifier: "s", profile: "", source)
            try session.take(transcript: items.map { RecordedMessage(item: $0) }, tools: [], &assets)
            #expect(session.session.calls.count == count)
            if count > 0 { #expect(try TextTraces.faults(library(session, assets)) == []) }
        }
    }

    @Test func `a schema too deep for the format is left out, and a session too large is refused`() throws {
        var assets = MessageAssets()
        var deep: JSONValue = 1
        for _ in 0..<100 { deep = ["a": deep] }
        let tool = ToolDefinition(name: "deep", description: "", parameters: deep)
        _ = try assets.prefix(tools: [tool], system: "", source)
        assets.emit { #expect($0 != .asset(Asset(identifier: "", tokens: 0, content: .tools([tool])))) }
        var session = MessageSession(identifier: "s", profile: "", source)
        let text = ConversationItem.user(String(repeating: "\u{1}", count: 5 << 20))
        let message = RecordedMessage(item: .assistant(AssistantMessage(text: "a")))
        #expect(throws: SessionFileError.self) {
            try session.take(
                transcript: [RecordedMessage(item: text), message, RecordedMessage(item: text), message], tools: [],
                &assets)
        }
    }

    @Test(
        arguments: [
            (JSONValue.integer(1_700_000_000), 1_700_000_000), (1_700_000_000_000, 1_700_000_000),
            ("1700000000000000000", 1_700_000_000), ("1970-01-02T00:00:00Z", 86400),
            ("2000-03-01T00:00:00", 951_868_800),
            ("2026-02-25T11:00:00.500+01:00", 1_772_013_600.5), ("no date", nil), (-1, nil), (.number(1e300), nil),
        ] as [(JSONValue, Double?)])
    func `points in time are read`(value: JSONValue, expected: Double?) {
        #expect(TraceTime.seconds(value) == expected)
    }
}
