import Encodings
import Quantities
import Testing
import Workloads

@testable import Dialects

private let tool = ToolDefinition(
    name: "read", description: "reads \"it\"",
    parameters: [
        "type": "object", "additionalProperties": false,
        "properties": ["p": ["type": "string"], "additionalProperties": ["type": "integer"]],
    ])

private let prompt = PromptPrefix(tools: [tool], system: "be good", key: "k")

/// A task, an answer with two calls, both results and a remark, an answer in words, a question.
private let conversation: [[ConversationItem]] = [
    [.user("read a\n")],
    [
        .assistant(
            AssistantMessage(
                text: "Well", reasoning: "Hm",
                toolCalls: [
                    ToolCall(identifier: "c1", name: "read", arguments: "{\"p\":\"a\"}"),
                    ToolCall(identifier: "c2", name: "read", arguments: ""),
                ])),
        .toolResult(ToolResult(callIdentifier: "c1", name: "read", text: "A")),
        .toolResult(ToolResult(callIdentifier: "c2", name: "read", text: "B")), .user("and?"),
    ],
    [.user("more")],
    [.assistant(AssistantMessage(text: "Done")), .user("why?")],
]

/// The body of the conversation, its parts encoded each on its own as a live session does.
private func body(_ dialect: DialectName, _ target: RequestTarget, prompt: PromptPrefix = prompt) throws -> JSONValue {
    let encoder = Dialects.encoder(dialect)
    var bytes = encoder.prefix(prompt, target: target)
    var previous: MessageRole? = prompt.system.isEmpty ? nil : .system
    for items in conversation {
        bytes += encoder.items(items, after: previous, target: target)
        previous = items.last?.role
    }
    let options = CallOptions(outputLimit: 77, temperature: 0.5, seed: 3, sessionKey: "session")
    bytes += encoder.suffix(options, prefix: prompt, target: target)
    let whole = encoder.body(prompt, conversation.flatMap { $0 }, options, target: target)
    // With marks OpenAI's chat writes the last message of each part as a list, so that a mark can follow.
    let marksParts = target.marksCache && [.openAIChat, .bedrockInvoke].contains(dialect)
    #expect(marksParts || bytes == whole, "encoded in parts and in one piece")
    if marksParts { _ = try JSONValue(parsing: whole) }
    return try JSONValue(parsing: bytes)
}

private func target(_ change: (inout RequestTarget) -> Void = { _ in }) -> RequestTarget {
    var target = RequestTarget(model: "org/m:1", extra: JSONObject([("extra", ["x": 1])]))
    change(&target)
    return target
}

@Suite struct RequestEncoderTests {
    @Test func `Anthropic's messages alternate, system and tools stand apart, and the cache is marked`() throws {
        let value = try body(.anthropicMessages, target { $0.marksCache = true })
        #expect(value["model"] == "org/m:1" && value["stream"] == true && value["max_tokens"] == 77)
        #expect(value["extra"]?["x"] == 1 && value["temperature"] == 0.5)
        #expect(value["system"]?.arrayValue?[0]["text"] == "be good")
        #expect(value["system"]?.arrayValue?[0]["cache_control"]?["type"] == "ephemeral")
        #expect(value["tools"]?.arrayValue?[0]["input_schema"] == tool.parameters)
        let messages = try #require(value["messages"]?.arrayValue)
        #expect(messages.compactMap { $0["role"]?.stringValue } == ["user", "assistant", "user", "assistant", "user"])
        let results = try #require(messages[2]["content"]?.arrayValue)
        #expect(results.compactMap { $0["type"]?.stringValue } == ["tool_result", "tool_result", "text", "text"])
        #expect(results.compactMap { $0["tool_use_id"]?.stringValue } == ["c1", "c2"])
        let answer = try #require(messages[1]["content"]?.arrayValue)
        #expect(answer.compactMap { $0["type"]?.stringValue } == ["text", "tool_use", "tool_use"])
        #expect(answer[1]["input"] == ["p": "a"] && answer[2]["input"] == .object(JSONObject()))
        // Two marks in all: behind the system prompt, and behind the last block.
        #expect(messages.last?["content"]?.arrayValue?.last?["cache_control"] != nil)
        #expect(value.text().split(separator: "cache_control").count - 1 == 2)
        let plain = try body(.anthropicMessages, target())
        #expect(!plain.text().contains("cache_control"))
    }

    @Test func `Converse merges, and a cache point is a block`() throws {
        let value = try body(.bedrockConverse, target { $0.marksCache = true })
        #expect(value["model"] == nil && value["inferenceConfig"]?["maxTokens"] == 77)
        let messages = try #require(value["messages"]?.arrayValue)
        #expect(messages.compactMap { $0["role"]?.stringValue } == ["user", "assistant", "user", "assistant", "user"])
        let results = try #require(messages[2]["content"]?.arrayValue)
        #expect(results[0]["toolResult"]?["toolUseId"] == "c1" && results[1]["toolResult"]?["status"] == "success")
        #expect(results[2]["text"] == "and?" && results[3]["text"] == "more")
        #expect(messages[1]["content"]?.arrayValue?[2]["toolUse"]?["input"] == .object(JSONObject()))
        #expect(messages[4]["content"]?.arrayValue?.last?["cachePoint"]?["type"] == "default")
        #expect(value["toolConfig"]?["tools"]?.arrayValue?[0]["toolSpec"]?["inputSchema"]?["json"] == tool.parameters)
        let encoder = Dialects.encoder(.bedrockConverse)
        #expect(
            encoder.path(template: nil, model: "us.deepseek.r1-v1:0") == "/model/us.deepseek.r1-v1%3A0/converse-stream")
    }

    @Test func `Gemini has contents of user and model, and a schema without what it refuses`() throws {
        let value = try body(
            .gemini,
            target { $0.extra = JSONObject([("generationConfig", ["thinkingConfig": ["includeThoughts": true]])]) })
        #expect(value["systemInstruction"]?["parts"]?.arrayValue?[0]["text"] == "be good")
        let contents = try #require(value["contents"]?.arrayValue)
        #expect(contents.compactMap { $0["role"]?.stringValue } == ["user", "model", "user", "model", "user"])
        #expect(contents[2]["parts"]?.arrayValue?[0]["functionResponse"]?["response"]?["output"] == "A")
        #expect(contents[1]["parts"]?.arrayValue?[1]["functionCall"]?["args"] == ["p": "a"])
        #expect(value["generationConfig"]?["maxOutputTokens"] == 77)
        #expect(value["generationConfig"]?["thinkingConfig"]?["includeThoughts"] == true)
        let schema = value["tools"]?.arrayValue?[0]["functionDeclarations"]?.arrayValue?[0]["parameters"]
        #expect(schema?["additionalProperties"] == nil)
        #expect(schema?["properties"]?["additionalProperties"]?["type"] == "integer", "a property may have that name")
    }

    @Test func `Responses has an item for each message, call and result`() throws {
        let value = try body(.openAIResponses, target { $0.sessionField = "prompt_cache_key" })
        #expect(value["instructions"] == "be good" && value["store"] == false && value["max_output_tokens"] == 77)
        #expect(value["prompt_cache_key"] == "session")
        let input = try #require(value["input"]?.arrayValue)
        let kinds = input.map { $0["type"]?.stringValue ?? $0["role"]?.stringValue ?? "" }
        let wanted = [
            "user", "message", "function_call", "function_call", "function_call_output", "function_call_output",
            "user", "user", "message", "user",
        ]
        #expect(kinds == wanted)
        // Whole output items, with identifiers of their own: llama.cpp and vLLM take nothing less.
        let answers = input.filter { $0["type"] == "message" }
        #expect(answers.allSatisfy { $0["role"] == "assistant" && $0["status"] == "completed" })
        #expect(answers.allSatisfy { $0["content"]?.arrayValue?[0]["type"] == "output_text" })
        #expect(answers.allSatisfy { $0["id"]?.stringValue?.hasPrefix("msg_") == true })
        #expect(answers[0]["id"] != answers[1]["id"])
        #expect(value["tools"]?.arrayValue?[0]["name"] == "read")
    }

    @Test func `OpenAI's chat leaves out what the provider refuses and sends reasoning back where it is wanted`() throws
    {
        let value = try body(
            .openAIChat,
            target {
                $0.omitted = ["temperature", "seed", "tool_choice"]
                $0.reasoningField = "reasoning_content"
                $0.sessionField = "prompt_cache_key"
            })
        #expect(value["temperature"] == nil && value["seed"] == nil && value["tool_choice"] == nil)
        #expect(value["prompt_cache_key"] == "session" && value["max_tokens"] == 77)
        let messages = try #require(value["messages"]?.arrayValue)
        let roles = messages.compactMap { $0["role"]?.stringValue }
        #expect(roles == ["system", "user", "assistant", "tool", "tool", "user", "user", "assistant", "user"])
        #expect(messages[2]["reasoning_content"] == "Hm" && messages[7]["reasoning_content"] == nil)
        let plain = try body(.openAIChat, target())
        #expect(plain["messages"]?.arrayValue?[2]["reasoning_content"] == nil)
        #expect(plain["temperature"] == 0.5 && plain["tool_choice"] == "auto")
    }

    @Test func `OpenAI's chat marks the system prompt and the last message where caches want it`() throws {
        let value = try body(.openAIChat, target { $0.marksCache = true })
        let messages = try #require(value["messages"]?.arrayValue)
        #expect(messages.compactMap { $0["role"]?.stringValue }.count == 9)
        #expect(messages[0]["content"]?.arrayValue?[0]["cache_control"]?["type"] == "ephemeral")
        #expect(messages[8]["content"]?.arrayValue?[0]["cache_control"]?["type"] == "ephemeral")
        #expect(messages[8]["content"]?.arrayValue?[0]["text"] == "why?")
        #expect(messages[5]["content"]?.arrayValue?[0]["text"] == "and?")
        #expect(value.text().split(separator: "cache_control").count - 1 == 2)
    }

    @Test func `members of a provider's document go before our own, and omitted ones are not sent`() throws {
        let own = try body(
            .openAIChat, target { $0.extra = JSONObject([("stream_options", ["chunk_include_usage": true])]) })
        #expect(own.text().split(separator: "stream_options").count == 2)
        #expect(own["stream_options"]?["chunk_include_usage"] == true)
        let bare = try body(.openAIChat, target { $0.omitted = ["stream_options", "max_tokens"] })
        #expect(bare["stream_options"] == nil && bare["max_tokens"] == nil)
    }

    @Test func `of parallel calls that are recorded for Gemini the first carries the document's signature`() throws {
        let value = try body(.gemini, target { $0.toolCallSignature = "word" })
        let parts = try #require(value["contents"]?.arrayValue?[1]["parts"]?.arrayValue)
        #expect(parts.map { $0["thoughtSignature"]?.stringValue } == [nil, "word", nil])
    }

    @Test func `InvokeModel's body is the other dialect's without model and stream`() throws {
        let chat = try body(.bedrockInvoke, target())
        #expect(chat["model"] == nil && chat["stream"] == nil && chat["messages"]?.arrayValue?.count == 9)
        let anthropic = try body(.bedrockInvoke, target { $0.innerDialect = .anthropicMessages })
        #expect(anthropic["anthropic_version"] == "bedrock-2023-05-31" && anthropic["stream"] == nil)
        #expect(anthropic["messages"]?.arrayValue?.count == 5)
        let bare = try body(
            .bedrockInvoke, RequestTarget(model: "m"), prompt: PromptPrefix(tools: [], system: "", key: ""))
        #expect(bare.objectValue?.members.first?.key == "messages")
    }

    @Test func `Alibaba's native form has the tools under parameters`() throws {
        let value = try body(.dashScope, target())
        #expect(value["input"]?["messages"]?.arrayValue?.count == 9)
        #expect(value["parameters"]?["incremental_output"] == true && value["parameters"]?["max_tokens"] == 77)
        #expect(value["parameters"]?["tools"]?.arrayValue?[0]["function"]?["name"] == "read")
        #expect(value["parameters"]?["extra"]?["x"] == 1)
    }

    @Test func `TGI's native form is one text`() throws {
        let value = try body(.tgi, target())
        let text = try #require(value["inputs"]?.stringValue)
        #expect(text.hasPrefix("System: be good\nTool: {") && text.hasSuffix("User: why?\nAssistant:"))
        #expect(text.contains("Call: read {\"p\":\"a\"}\n") && text.contains("Result: A\n"))
        #expect(value["parameters"]?["max_new_tokens"] == 77 && value["parameters"]?["details"] == true)
    }

    @Test(arguments: DialectName.allCases)
    func `every dialect writes JSON for every shape of prompt`(dialect: DialectName) throws {
        for system in ["", "s"] {
            for tools in [[], [tool]] {
                for marks in [false, true] {
                    let prompt = PromptPrefix(tools: tools, system: system, key: "")
                    for extra in [JSONObject(), JSONObject([("a", 1)])] {
                        _ = try body(
                            dialect,
                            target {
                                $0.marksCache = marks
                                $0.extra = extra
                            }, prompt: prompt)
                    }
                }
            }
        }
    }

    @Test(arguments: DialectName.allCases, ["reasoning_content", nil])
    func `what an encoder says of sending reasoning is what it does`(dialect: DialectName, field: String?) {
        let encoder = Dialects.encoder(dialect)
        for inner in [DialectName.openAIChat, .anthropicMessages] {
            let target = RequestTarget(model: "m", reasoningField: field, innerDialect: inner)
            let answer = AssistantMessage(text: "text", reasoning: "what was thought")
            let body = encoder.body(
                PromptPrefix(tools: [], system: "", key: ""), [.user("u"), .assistant(answer), .user("v")],
                CallOptions(), target: target)
            let isSent = String(decoding: body, as: UTF8.self).contains("what was thought")
            #expect(encoder.sendsReasoning(target) == isSent)
        }
    }
}
