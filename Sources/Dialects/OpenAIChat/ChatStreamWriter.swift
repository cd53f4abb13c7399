public import Encodings
public import Quantities

/// Writes the responses of an OpenAI-compatible server: what the embedded fleet sends.
public struct ChatStreamWriter: Sendable {
    private let opening: [UInt8]
    private let model: String
    private let identifier: String

    /// Makes a writer for one response.
    ///
    /// - Parameters:
    ///   - identifier: the response's id.
    ///   - model: the model that answers.
    ///   - provider: the upstream that an aggregator names; nil for none.
    public init(identifier: String, model: String, provider: String? = nil) {
        self.model = model
        self.identifier = identifier
        var object = JSONObject([
            ("id", .string(identifier)), ("object", "chat.completion.chunk"), ("created", 1_760_000_000),
            ("model", .string(model)),
        ])
        if let provider { object["provider"] = .string(provider) }
        opening = Array("data: ".utf8) + JSONValue.object(object).serialized().dropLast()
    }

    /// The first event: a role without content.
    public func role() -> [UInt8] { chunk(delta: ["role": "assistant", "content": ""]) }

    /// A piece of visible text.
    public func text(_ text: String) -> [UInt8] { chunk(delta: ["content": .string(text)]) }

    /// A piece of reasoning.
    public func reasoning(_ text: String) -> [UInt8] { chunk(delta: ["reasoning_content": .string(text)]) }

    /// The opening of a tool call.
    public func toolCall(_ index: Int, identifier: String, name: String) -> [UInt8] {
        chunk(delta: [
            "tool_calls": [
                [
                    "index": .integer(index), "id": .string(identifier), "type": "function",
                    "function": ["name": .string(name), "arguments": ""],
                ]
            ]
        ])
    }

    /// A piece of a tool call's arguments.
    public func arguments(_ index: Int, _ piece: String) -> [UInt8] {
        chunk(delta: ["tool_calls": [["index": .integer(index), "function": ["arguments": .string(piece)]]]])
    }

    /// The event that says why the answer ended, with the usage where a provider puts it there.
    public func finish(_ reason: String, usage: JSONValue? = nil) -> [UInt8] {
        chunk(delta: .object(JSONObject()), finish: .string(reason), usage: usage)
    }

    /// The usage in an event of its own, without choices.
    public func usage(_ usage: JSONValue) -> [UInt8] {
        opening + Array(",\"choices\":[],\"usage\":".utf8) + usage.serialized() + Array("}\n\n".utf8)
    }

    /// The mark at the end.
    public static let done = Array("data: [DONE]\n\n".utf8)

    /// A comment that keeps the connection alive.
    public static let keepAlive = Array(": keep-alive\n\n".utf8)

    /// An error inside a stream that began with HTTP 200.
    public static func errorEvent(message: String, code: String) -> [UInt8] {
        Array("data: ".utf8) + errorBody(message: message, type: "server_error", code: code) + Array("\n\n".utf8)
    }

    /// The body of a response with an error status.
    public static func errorBody(message: String, type: String, code: String) -> [UInt8] {
        let error: JSONValue = [
            "message": .string(message), "type": .string(type), "param": nil, "code": .string(code),
        ]
        return (["error": error] as JSONValue).serialized()
    }

    /// A usage object; reasoning is inside the completion tokens.
    public static func usage(_ usage: TokenUsage, cost: Money? = nil) -> JSONValue {
        let input = usage.inputTotal?.value ?? 0
        let output = usage.outputTotal?.value ?? 0
        var object = JSONObject([
            ("prompt_tokens", .integer(input)), ("completion_tokens", .integer(output)),
            ("total_tokens", .integer(input + output)),
            ("prompt_tokens_details", ["cached_tokens": .integer(usage.inputCacheRead?.value ?? 0)]),
            ("completion_tokens_details", ["reasoning_tokens": .integer(usage.outputReasoning?.value ?? 0)]),
        ])
        if let cost { object["cost"] = .number(cost.dollars) }
        return .object(object)
    }

    private func chunk(delta: JSONValue, finish: JSONValue = .null, usage: JSONValue? = nil) -> [UInt8] {
        let choice: JSONValue = ["index": 0, "delta": delta, "finish_reason": finish]
        var bytes = opening + Array(",\"choices\":[".utf8)
        choice.append(to: &bytes)
        bytes.append(0x5D)
        if let usage {
            bytes += ",\"usage\":".utf8
            usage.append(to: &bytes)
        }
        return bytes + Array("}\n\n".utf8)
    }
}
