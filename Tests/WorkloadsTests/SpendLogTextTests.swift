import Encodings
import Quantities
import Testing

@testable import Workloads

/// Spend logs of proxies that store prompts and answers.
@Suite struct SpendLogTextTests {
    private typealias Row = SpendLogRow

    private static let tools: [(String, JSONValue)] = [
        (
            "tools",
            [
                [
                    "type": "function",
                    "function": [
                        "name": "ls", "description": "Lists files.",
                        "parameters": ["type": "object", "properties": ["at": ["type": "string"]]],
                    ],
                ]
            ]
        )
    ]

    /// A session of an agent that calls a tool, with a helper's call of another model between.
    private static func agent(_ name: String, at begin: Double) -> [SpendLogRow] {
        let call = Row.calls("call_1", #"{"at": "/\#(name)"}"#)
        let first = [Row.message("system", "You are an agent."), Row.message("user", "go \(name)")]
        let second = first + [call, ["role": "tool", "tool_call_id": "call_1", "content": .string("bin \(name)")]]
        let third = second + [Row.message("assistant", "All done."), Row.message("user", "thanks, and now?")]
        let title = [Row.message("system", "Make a title."), Row.message("user", "go \(name)")]
        var rows: [SpendLogRow] = []
        func add(
            _ at: Double, _ body: JSONObject, _ response: JSONValue, _ usage: (Int, Int, Int, Int),
            model: String = "openai/big"
        ) {
            var row = Row(session: name, model: model, body: body, response: response)
            row.times = (begin + at, begin + at + 0.25, begin + at + 1)
            row.usage = usage
            rows.append(row)
        }
        add(0, Row.chat(first, tools), Row.answered(call, stop: "tool_calls"), (60, 30, 0, 8))
        add(2, Row.chat(title), Row.answered(Row.says("Title of \(name)")), (20, 5, 0, 0), model: "openai/small")
        add(4, Row.chat(second, tools), Row.answered(Row.says("All done.")), (100, 12, 60, 0))
        add(6, Row.chat(third, tools), Row.answered(Row.says("Nothing.")), (130, 4, 96, 0))
        return rows
    }

    @Test func `sessions whose rows store messages have their texts, whatever is interleaved`() throws {
        let rows = (Self.agent("a", at: 0) + Self.agent("b", at: 0.5)).sorted { $0.times.start < $1.times.start }
        let (library, leftOut) = try Row.imported(rows.reversed())
        #expect(leftOut == [])
        #expect(try TextTraces.faults(library) == [])
        #expect(SessionLint.findings(library) == [])
        #expect(library.header["content"] == "mixed")
        #expect(library.sessions.map(\.identifier) == ["a", "b"])
        #expect(library.sessions.map(\.start) == [.zero, .milliseconds(500)])
        for (index, name) in ["a", "b"].enumerated() {
            let calls = library.sessions[index].calls
            #expect(calls.map(\.agent) == ["main", "openai/small", "main", "main"])
            #expect(calls.map(\.context) == [.new, .new, .continuing, .continuing])
            #expect(calls.map(\.after) == [[], ["0"], ["1"], ["2"]])
            #expect(calls.map(\.wait) == [.zero, .seconds(1), .seconds(1), .seconds(1)])
            #expect(calls.map(\.waitKind) == [.start, .human, .tool, .human])
            #expect(calls.map(\.output) == [30, 5, 12, 4])
            #expect(calls.map(\.reasoning) == [8, 0, 0, 0])
            #expect(calls.map(\.recorded.cached) == [0, 0, 60, 96])
            #expect(calls.map(\.recorded.start) == [.zero, .seconds(2), .seconds(4), .seconds(6)])
            #expect(calls.allSatisfy { $0.recorded.duration == .seconds(1) })
            #expect(calls.allSatisfy { $0.recorded.timeToFirstToken == .milliseconds(250) })
            #expect(calls.map(\.stop) == ["tool_calls", "stop", "stop", "stop"])
            #expect(
                calls.map { $0.other["recorded_model"] } == [
                    "openai/big", "openai/small", "openai/big", "openai/big",
                ])
            #expect(calls.map { $0.other["recorded_in"] } == [60, 20, 100, 130])
            #expect(library.sessions[index].finalCall == 3)
            let begin = ["system: You are an agent.", "user: go \(name)"]
            let middle = [#"assistant: () ls {"at": "/\#(name)"}"#, "tool: bin \(name)"]
            let end = ["assistant: () All done.", "user: thanks, and now?"]
            let title = ["system: Make a title.", "user: go \(name)"]
            for (call, texts) in [begin, title, begin + middle, begin + middle + end].enumerated() {
                #expect(TextTraces.texts(library, session: index, call: call) == texts)
            }
            #expect(calls[1].answer.text == "Title of \(name)" && calls[3].answer.text == "Nothing.")
            let prefix = TextTraces.transcript(library.sessions[index], library).prefix(agent: "main", runSalt: "")
            #expect(prefix.tools == MessageReader.tools(Self.tools[0].1))
        }
    }

    @Test func `a table of comma-separated values gives the same`() throws {
        let rows = Self.agent("a", at: 0) + Self.agent("b", at: 0.5)
        let table = [Row.columns.joined(separator: ",")] + rows.map(\.cells)
        #expect(try Row.imported(table).library == Row.imported(rows).library)
        #expect(try Row.imported(table).library.sessions[0].calls[0].answer.toolCalls.count == 1)
    }

    @Test func `columns may hold JSON instead of texts of it, text of a text, and the messages in their own column`()
        throws
    {
        let rows = Self.agent("a", at: 0)
        let expected = try Row.imported(rows).library
        let names = ["messages", "response", "proxy_server_request", "metadata"]
        let changed: [[String]] = try rows.map { row in
            var (plain, doubled, moved) = (row.values, row.values, row.values)
            for name in names {
                let text = try #require(row.values[name]?.stringValue)
                plain[name] = try Row.json(text)
                doubled[name] = .string(JSONValue.string(text).text())
            }
            var body = try #require(row.body)
            moved["messages"] = .string((body["messages"] ?? .null).text())
            body["messages"] = nil
            moved["proxy_server_request"] = .string(JSONValue.object(body).text())
            doubled["metadata"] = row.values["metadata"]
            return [plain, doubled, moved].map { JSONValue.object(JSONObject($0.map { ($0.key, $0.value) })).text() }
        }
        for form in 0..<3 { #expect(try Row.imported(changed.map { $0[form] }).library == expected) }
    }

    @Test func `requests in Anthropic's form go on from answers that the proxy stores in the other`() throws {
        let go = try Row.json(#"{"role":"user","content":[{"type":"text","text":"go"}]}"#)
        let content =
            #"[{"type":"thinking","thinking":"hm","signature":"x"},{"type":"text","text":"I look."},"#
            + #"{"type":"tool_use","id":"toolu_1","name":"ls","input":{"at":"/é","deep":true}}]"#
        let result =
            #"{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":"no"}]}"#
        let more: [(String, JSONValue)] = [
            ("max_tokens", 100), ("system", try Row.json(#"[{"type":"text","text":"You are an agent."}]"#)),
            ("tools", try Row.json(#"[{"name":"ls","description":"Lists.","input_schema":{"type":"object"}}]"#)),
        ]
        let answer = try Row.json(
            #"{"content":"I look.","role":"assistant","reasoning_content":"hm","function_call":null,"tool_calls":[{"index":1,"#
                + #""function":{"arguments":"{\"at\": \"/\\u00e9\", \"deep\": true}","name":"ls"},"id":"toolu_1","#
                + #""type":"function"}],"provider_specific_fields":{"citations":null}}"#)
        let later = [go, ["role": "assistant", "content": try Row.json(content)], try Row.json(result)]
        var rows = [
            Row(callType: "anthropic_messages", body: Row.chat([go], more), response: Row.answered(answer)),
            Row(callType: "anthropic_messages", body: Row.chat(later, more)),
        ]
        rows[1].times = (2, 2.5, 3)
        rows[1].response = try Row.json(
            #"{"type":"message","content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn"}"#)
        let (library, leftOut) = try Row.imported(rows)
        #expect(leftOut == [])
        #expect(try TextTraces.faults(library) == [])
        let calls = library.sessions[0].calls
        #expect(calls.map(\.context) == [.new, .continuing])
        #expect(calls[1].added.map(\.isError) == [true])
        #expect(calls[1].answer.text == "ok" && calls[1].stop == "end_turn")
        #expect(
            TextTraces.texts(library, call: 1) == [
                "system: You are an agent.", "user: go",
                #"assistant: (hm) I look."# + "\n" + #"ls {"at": "/\u00e9", "deep": true}"#, "tool: no",
            ])
    }

    @Test func `an answer that is not stored is taken from the next row, and of several the first is counted`() throws {
        var rows = Self.agent("a", at: 0)
        let expected = try Row.imported(rows).library.sessions[0]
        rows[0].response = [:]
        rows[3].response = Row.answered(Row.says("Nothing."), Row.says("Or all of this and more."))
        let (library, leftOut) = try Row.imported(rows)
        #expect(leftOut == [])
        #expect(try TextTraces.faults(library) == [])
        let calls = library.sessions[0].calls
        #expect(calls[0].answer == expected.calls[0].answer && calls[0].output == 30)
        #expect(TextTraces.texts(library, call: 3).contains("tool: bin a"))
        #expect(calls[3].output == MessageSession.tokens(of: "Nothing.") && calls[3].answer.text == "Nothing.")
    }

    @Test func `a row goes on from one whose end was written down after its start`() throws {
        var rows = Self.agent("a", at: 0)
        rows.remove(at: 1)
        rows[0].times.end = rows[1].times.start + 0.004
        let (library, _) = try Row.imported(rows)
        #expect(try TextTraces.faults(library) == [])
        #expect(library.sessions[0].calls.map(\.context) == [.new, .continuing, .continuing])
        #expect(library.sessions[0].calls.map(\.after) == [[], ["0"], ["0", "1"]])
        #expect(library.sessions[0].calls.map(\.wait) == [.zero, .zero, .seconds(1)])
    }

    @Test func `rows side by side are agents of their own, and the row after them waits for both`()
        throws
    {
        var rows = Self.agent("a", at: 0)
        rows[1].times = (0.5, 0.75, 3)
        let (library, _) = try Row.imported(rows)
        #expect(try TextTraces.faults(library) == [])
        let calls = library.sessions[0].calls
        #expect(calls.map(\.after) == [[], [], ["0", "1"], ["2"]])
        #expect(calls.map(\.agent) == ["main", "openai/small", "main", "main"])
        #expect(calls[2].wait == .seconds(1) && calls[2].context == .continuing)
    }
}

/// Spend logs whose texts cannot be used.
extension SpendLogTextTests {
    private static let note = "Truncation is a DB storage safeguard."

    /// Changes of a session's rows, and why they make it one by sizes.
    private static let spoilers: [(change: @Sendable (inout [SpendLogRow]) -> Void, reason: String)] = [
        ({ $0[0].edit("You are an agent.", "You are... (litellm_truncated skipped 9 chars. \(note)) ...agent.") }, cut),
        ({ $0[2].edit("bin a", "bin... (litellm_truncated skipped 7000 chars) ...a") }, cut),
        ({ $0[2].edit("bin a", "bin a... (truncated 900 chars)") }, cut),
        ({ $0[3].edit("Lists files.", "Lists... (litellm_truncated skipped 12 chars. \(note)) ...s.") }, cut),
        ({ $0[1].editResponse("Title of a", "Title... (litellm_truncated skipped 1 chars. \(note)) ...a") }, cut),
        ({ $0[0].editResponse("/a", "/... (litellm_truncated skipped 100 chars. \(note)) ...a") }, cut),
        ({ $0[1].edit("go a", "redacted-by-litellm") }, "a text that the proxy made unreadable"),
        ({ $0[3].editResponse("Nothing.", "redacted-by-litellm") }, "a text that the proxy made unreadable"),
        ({ $0[2].body = nil }, missing), ({ $0[0] = $0[0].withoutTexts }, missing),
        ({ $0[3] = $0[3].withoutTexts }, missing), ({ $0[1].body = SpendLogRow.chat([]) }, missing),
        ({ $0[1].body = JSONObject([("model", "big"), ("input", "go a")]) }, missing),
        ({ $0[1].body?["messages"] = [["role": "user", "content": [["type": "image_url"]]]] }, unread),
        ({ $0[1].body?["messages"] = [["role": "critic", "content": "no"]] }, unread),
        ({ $0[1].response = ["output": [["type": "message"]]] }, unread), ({ $0[1].response = "out" }, unread),
        ({ $0[1].response = ["choices": []] }, unread), ({ $0[1].response = ["choices": [["text": "x"]]] }, unread),
        ({ $0[1].body?["tools"] = [["type": "web_search"]] }, unread),
        ({ $0[3].usage.input = 700 }, "less text than prompt_tokens tells"),
    ]
    private static let cut = "a text that the proxy shortened"
    private static let missing = "rows without messages"
    private static let unread = "an image or something else that is not read"

    @Test(arguments: spoilers.indices)
    func `a single row that is not whole makes its session one by sizes, and no other`(index: Int) throws {
        var rows = Self.agent("a", at: 0)
        Self.spoilers[index].change(&rows)
        let others = Self.agent("b", at: 0.5)
        let (library, leftOut) = try SpendLogRow.imported(rows + others)
        #expect(try TextTraces.faults(library) == [])
        #expect(leftOut == ["1 texts of sessions with \(Self.spoilers[index].reason)"])
        let sizes = try SpendLogRow.imported(rows.map(\.withoutTexts) + others).library
        #expect(library == sizes)
        #expect(
            library.sessions[0].calls.allSatisfy {
                $0.answer == Call.Answer() && $0.added.allSatisfy { $0.text == nil }
            })
        #expect(library.sessions[1].calls[0].answer.toolCalls.count == 1)
        let alone = try SpendLogRow.imported(rows.reversed()).library
        #expect(alone.assets.isEmpty && alone.sessions == [library.sessions[0]])
    }

    @Test(arguments: ["{}", "[]", "null", #""""#, #""{}""#, #""[]""#, #""null""#])
    func `columns that hold nothing give what no columns give, and nothing is left out`(value: String) throws {
        let rows = Self.agent("a", at: 0).map(\.withoutTexts)
        func lines(_ texts: JSONValue?) -> [String] {
            rows.map { row in
                var values = JSONObject(row.values.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
                for name in ["messages", "response", "proxy_server_request"] { values[name] = texts }
                return JSONValue.object(values).text()
            }
        }
        let (library, leftOut) = try SpendLogRow.imported(lines(try SpendLogRow.json(value)))
        #expect(leftOut == [])
        #expect(try library == SpendLogRow.imported(lines(nil)).library)
        #expect(library.sessions[0].calls.map(\.input) == [60, 20, 100, 130])
    }

    @Test func `a proxy that keeps only latest turns stores no whole prompts`() throws {
        var rows = ["go", "and now?", "thanks"].enumerated().map { index, text in
            var row = SpendLogRow(response: SpendLogRow.answered(SpendLogRow.says("yes")))
            let at = Double(index * 5)
            row.times = (at, at + 0.5, at + 1)
            row.usage.input = 20 + index * 30
            (row.body, row.additions) = (SpendLogRow.chat([SpendLogRow.message("user", text)]), [])
            return row
        }
        let (library, leftOut) = try SpendLogRow.imported(rows)
        #expect(leftOut == ["1 texts of sessions with less text than prompt_tokens tells"])
        #expect(library.sessions[0].calls.map(\.input) == [20, 50, 80])
        #expect(try SpendLogRow.imported([rows[0]]).library.sessions[0].calls[0].added.map(\.text) == [nil])
        #expect(try library == SpendLogRow.imported(rows.map(\.withoutTexts)).library)
        for index in rows.indices { rows[index].additions = SpendLogRow().additions }
        let whole = try SpendLogRow.imported(rows)
        #expect(whole.leftOut == [] && whole.library.sessions[0].calls.map(\.context) == [.new, .new, .new])
    }

    @Test func `no more than so many bytes are held, and those of a session that is not of text are let go`() {
        var texts = SpendLogTexts(maximumBytes: 100)
        func take(_ key: String, _ text: String) -> SpendLogTexts.Row {
            let messages: JSONValue = [SpendLogRow.message("user", text)]
            return texts.take(body: nil, messages: messages, response: nil, key: key, mayPart: false)
        }
        func isStored(_ row: SpendLogTexts.Row) -> Bool { if case .stored = row { true } else { false } }
        let text = String(repeating: "x", count: 60)
        #expect((0..<3).allSatisfy { _ in isStored(take("a", text)) }, "it is held once")
        #expect(isStored(take("b", text)))
        #expect(!isStored(take("c", text)), "there is no room")
        #expect(!isStored(take("b", "redacted-by-litellm")), "nor is there now, but b's text is let go")
        #expect(isStored(take("d", text)))
    }

    @Test func `of a user's sessions each is of text or by sizes`() throws {
        var rows = Self.agent("a", at: 0) + Self.agent("b", at: 3000)
        for index in rows.indices { (rows[index].session, rows[index].user) = (nil, "u") }
        rows[2].body = nil
        let (library, leftOut) = try SpendLogRow.imported(rows)
        #expect(try TextTraces.faults(library) == [])
        #expect(leftOut == ["1 texts of sessions with rows without messages"])
        #expect(library.sessions.map(\.identifier) == ["u-1", "u-2"])
        #expect(library.sessions[0].calls.allSatisfy { $0.added.allSatisfy { $0.text == nil } })
        #expect(TextTraces.texts(library, session: 1, call: 2).last == "tool: bin b")
    }

    @Test func `a session of too many calls for its texts goes by sizes and leaves no asset`() throws {
        let lines = (0...MessageSession.maximumCalls).map { index in
            #"{"session_id":"a","prompt_tokens":20,"completion_tokens":5,"startTime":\#(1_700_000_000 + 2 * index),"#
                + #""endTime":\#(1_700_000_001 + 2 * index),"#
                + #""messages":[{"role":"system","content":"S"},{"role":"user","content":"go"}]}"#
        }
        let (library, leftOut) = try SpendLogRow.imported(lines)
        #expect(leftOut == ["1 texts of sessions with too much text"])
        #expect(library.sessions[0].calls.count == lines.count)
        #expect(library.sessions[0].calls.allSatisfy { $0.input == 20 })
        #expect(library.assets.isEmpty)
    }
}

extension SpendLogRow {
    /// Puts another text in the place of one in the body.
    fileprivate mutating func edit(_ old: String, _ new: String) {
        let edited = body.map { Self.edited(.object($0), old, new) }
        precondition(edited?.objectValue != body, "there is no \(old)")
        body = edited?.objectValue
    }

    /// The same in the answer.
    fileprivate mutating func editResponse(_ old: String, _ new: String) {
        let edited = Self.edited(response, old, new)
        precondition(edited != response, "there is no \(old)")
        response = edited
    }

    private static func edited(_ value: JSONValue, _ old: String, _ new: String) -> JSONValue {
        switch value {
        case .string(let text):
            .string(text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new))
        case .array(let elements): .array(elements.map { edited($0, old, new) })
        case .object(let object): .object(JSONObject(object.members.map { ($0.key, edited($0.value, old, new)) }))
        default: value
        }
    }
}
