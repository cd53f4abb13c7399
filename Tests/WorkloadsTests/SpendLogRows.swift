import Encodings
import Quantities

@testable import Workloads

/// A row of a LiteLLM proxy's spend log as its version 1.108 writes it with `store_prompts_in_spend_logs: true`.
///
/// Each column for texts is JSON inside a text; `messages` is always `{}`; the request's body stands in
/// `proxy_server_request` among what the proxy adds; and answers have the form of chat completions whatever the request has.
struct SpendLogRow {
    var session: String? = "a"
    var user = ""
    var model = "openai/big"
    var callType = "acompletion"
    /// When it began, its first token came and it ended, in seconds.
    var times = (start: 0.0, first: 0.5, end: 1.0)
    /// The tokens of the prompt, the answer, those from a cache, and the reasoning.
    var usage = (input: 60, output: 20, cached: 0, reasoning: 0)
    /// The request's body; nil if the columns for texts are empty.
    var body: JSONObject?
    /// What the proxy adds to the body; nothing, if it keeps only latest turns, as from version 1.110 on it may.
    var additions = SpendLogRow.added
    var response: JSONValue = [:]
    var messages: JSONValue = [:]

    /// The columns in their order.
    static let columns = [
        "request_id", "call_type", "prompt_tokens", "completion_tokens", "startTime", "completionStartTime", "endTime",
        "model", "cache_hit", "end_user", "session_id", "status", "metadata", "messages", "response",
        "proxy_server_request",
    ]

    /// A date as an export of the database has it.
    private static func date(_ seconds: Double) -> String {
        let thousandths = Int((seconds * 1000).rounded())
        func digits(_ value: Int, _ count: Int) -> String { String(String(value + 10_000).suffix(count)) }
        let (minute, second) = (thousandths / 60_000, thousandths / 1000 % 60)
        return "2026-11-26 22:\(digits(minute, 2)):\(digits(second, 2)).\(digits(thousandths % 1000, 3))000+00:00"
    }

    /// The values of the columns.
    var values: [String: JSONValue] {
        let usage: JSONValue = [
            "prompt_tokens": .integer(usage.input), "completion_tokens": .integer(usage.output),
            "completion_tokens_details": ["reasoning_tokens": .integer(usage.reasoning)],
            "prompt_tokens_details": ["cached_tokens": .integer(usage.cached)],
        ]
        var stored = body
        for (key, value) in additions where stored != nil { stored?[key] = value }
        return [
            "request_id": "chatcmpl-1", "call_type": .string(callType), "status": "success", "cache_hit": "None",
            "prompt_tokens": usage["prompt_tokens"] ?? 0, "completion_tokens": usage["completion_tokens"] ?? 0,
            "startTime": .string(Self.date(times.start)), "completionStartTime": .string(Self.date(times.first)),
            "endTime": .string(Self.date(times.end)), "model": .string(model), "end_user": .string(user),
            "session_id": .optional(session),
            "metadata": .string((["usage_object": usage, "user_api_key": "x"] as JSONValue).text()),
            "messages": .string(messages.text()), "response": .string(response.text()),
            "proxy_server_request": .string(JSONValue.object(stored ?? JSONObject()).text()),
        ]
    }

    /// What the proxy adds to a body.
    private static let added: [(String, JSONValue)] = [
        ("metadata", ["headers": ["host": "127.0.0.1"], "user_api_key_hash": "REDACTED_BY_LITELM"]), ("stream", true),
    ]

    /// The row as a line of JSON.
    var line: String { JSONValue.object(JSONObject(Self.columns.map { ($0, values[$0] ?? .null) })).text() }

    /// The row as a line of comma-separated values.
    var cells: String {
        Self.columns.map { name in
            let value = values[name] ?? .null
            let text = value == .null ? "" : value.stringValue ?? value.text()
            return "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
        }.joined(separator: ",")
    }

    /// The same row without any text.
    var withoutTexts: SpendLogRow {
        var row = self
        (row.body, row.response, row.messages) = (nil, [:], [:])
        return row
    }
}

extension SpendLogRow {
    /// What was imported, and what was left out.
    static func imported(_ lines: [String]) throws -> (library: SessionLibrary, leftOut: [String]) {
        var library = SessionLibrary(
            header: TraceImport.header(LiteLLMImporter.self, ImportOptions(licence: "none")), sessions: [])
        var work = TraceImport(LiteLLMImporter.self)
        work.begin("log")
        func keep(_ piece: ImportedPiece) {
            switch piece {
            case .asset(let asset): library.assets[asset.identifier] = asset
            case .session(let session): library.sessions.append(session)
            }
        }
        try work.take(lines.joined(separator: "\n").utf8, keep)
        try work.end(keep)
        try work.finish(keep)
        return (library, work.leftOut.entries.map { "\($0.count) \($0.what)" })
    }

    /// The same of rows as lines of JSON.
    static func imported(_ rows: [SpendLogRow]) throws -> (library: SessionLibrary, leftOut: [String]) {
        try imported(rows.map(\.line))
    }

    /// JSON that stands in a test.
    static func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    /// The body of a chat completion.
    static func chat(_ messages: [JSONValue], _ more: [(String, JSONValue)] = []) -> JSONObject {
        JSONObject([("model", "big"), ("messages", .array(messages))] + more)
    }

    /// An answer in the form of chat completions.
    static func answered(_ messages: JSONValue..., stop: String = "stop") -> JSONValue {
        let choices = messages.enumerated().map { index, message in
            ["finish_reason": .string(stop), "index": .integer(index), "message": message] as JSONValue
        }
        return [
            "id": "chatcmpl-1", "object": "chat.completion", "choices": .array(choices), "usage": ["total_tokens": 9],
        ]
    }

    /// An answer of text.
    static func says(_ text: String) -> JSONValue {
        ["content": .string(text), "role": "assistant", "tool_calls": nil, "function_call": nil]
    }

    /// An answer that calls a tool.
    static func calls(_ identifier: String, _ arguments: String) -> JSONValue {
        [
            "content": nil, "role": "assistant", "function_call": nil,
            "tool_calls": [
                [
                    "function": ["arguments": .string(arguments), "name": "ls"], "id": .string(identifier),
                    "type": "function",
                ]
            ],
        ]
    }

    /// A message.
    static func message(_ role: String, _ text: String) -> JSONValue {
        ["role": .string(role), "content": .string(text)]
    }
}
