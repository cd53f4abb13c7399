import Encodings
import Quantities
import Testing
import Workloads

@testable import Dialects

/// One conversation in every dialect, written by hand after protocols.md: a user, a tool call, its result.
private let accepted: [(dialect: DialectName, target: String, body: String)] = [
    (
        .openAIChat, "/v1/chat/completions",
        """
        {"model":"M","stream":true,"stream_options":{"include_usage":true,"include_obfuscation":false},
         "messages":[
          {"role":"system","content":"be good"},
          {"role":"user","content":"read a.txt"},
          {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"read","arguments":"{\\"p\\":\\"a.txt\\"}"}}]},
          {"role":"tool","tool_call_id":"call_1","content":"hello"}],
         "tools":[{"type":"function","function":{"name":"read","description":"d","parameters":{"type":"object"},"strict":false}}],
         "tool_choice":"auto","parallel_tool_calls":true,
         "max_completion_tokens":256,"temperature":0,"seed":1,"reasoning_effort":"low"}
        """
    ),
    (
        .openAIChat, "/openai/deployments/M/chat/completions?api-version=2024-10-21",
        """
        {"stream":true,"stream_options":{"include_usage":true},"max_tokens":256,
         "messages":[{"role":"system","content":[{"type":"text","text":"be good"}]},{"role":"user","content":"read a.txt"},
          {"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"read","arguments":"{\\"p\\":\\"a.txt\\"}"}}]},
          {"role":"tool","tool_call_id":"c","content":"hello"}],
         "tools":[{"type":"function","function":{"name":"read","description":"d","parameters":{"type":"object"}}}]}
        """
    ),
    (
        .openAIResponses, "/v1/responses",
        """
        {"model":"M","stream":true,"store":false,"instructions":"be good","max_output_tokens":256,
         "input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"read a.txt"}]},
          {"type":"function_call","call_id":"call_1","name":"read","arguments":"{\\"p\\":\\"a.txt\\"}"},
          {"type":"function_call_output","call_id":"call_1","output":"hello"}],
         "tools":[{"type":"function","name":"read","description":"d","parameters":{"type":"object"}}]}
        """
    ),
    (
        .anthropicMessages, "/v1/messages",
        """
        {"model":"M","max_tokens":256,"stream":true,
         "system":[{"type":"text","text":"be good","cache_control":{"type":"ephemeral","ttl":"5m"}}],
         "messages":[{"role":"user","content":"read a.txt"},
          {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"read","input":{"p":"a.txt"}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"hello","is_error":false,"cache_control":{"type":"ephemeral"}}]}],
         "tools":[{"name":"read","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto"}}
        """
    ),
    (
        .bedrockConverse, "/model/M/converse-stream",
        """
        {"messages":[
          {"role":"user","content":[{"text":"read a.txt"}]},
          {"role":"assistant","content":[{"toolUse":{"toolUseId":"tooluse_1","name":"read","input":{"p":"a.txt"}}}]},
          {"role":"user","content":[{"toolResult":{"toolUseId":"tooluse_1","content":[{"text":"hello"}],"status":"success"}},{"cachePoint":{"type":"default","ttl":"5m"}}]}],
         "system":[{"text":"be good"},{"cachePoint":{"type":"default"}}],
         "inferenceConfig":{"maxTokens":256,"temperature":0},
         "toolConfig":{"tools":[{"toolSpec":{"name":"read","description":"d","inputSchema":{"json":{"type":"object"}}}}],"toolChoice":{"auto":{}}}}
        """
    ),
    (
        .bedrockInvoke, "/model/M/invoke-with-response-stream",
        """
        {"anthropic_version":"bedrock-2023-05-31","max_tokens":256,"system":"be good",
         "messages":[{"role":"user","content":"read a.txt"},
          {"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"read","input":{"p":"a.txt"}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"hello"}]}]}],
         "tools":[{"name":"read","description":"d","input_schema":{"type":"object"}}]}
        """
    ),
    (
        .gemini, "/v1beta/models/M:streamGenerateContent?alt=sse",
        """
        {"systemInstruction":{"parts":[{"text":"be good"}]},
         "contents":[{"role":"user","parts":[{"text":"read a.txt"}]},
          {"role":"model","parts":[{"functionCall":{"name":"read","args":{"p":"a.txt"},"id":"c1"},"thoughtSignature":"base64"}]},
          {"role":"user","parts":[{"functionResponse":{"name":"read","id":"c1","response":{"output":"hello"}}}]}],
         "tools":[{"functionDeclarations":[{"name":"read","description":"d","parameters":{"type":"OBJECT"}}]}],
         "toolConfig":{"functionCallingConfig":{"mode":"AUTO"}},"generationConfig":{"maxOutputTokens":256,"temperature":0}}
        """
    ),
    (
        .dashScope, "/api/v1/services/aigc/text-generation/generation",
        """
        {"model":"M","input":{"messages":[{"role":"system","content":"be good"},{"role":"user","content":"read a.txt"},
          {"role":"assistant","content":"","tool_calls":[{"id":"c","type":"function","function":{"name":"read","arguments":"{\\"p\\":\\"a.txt\\"}"}}]},
          {"role":"tool","tool_call_id":"c","content":"hello"}]},
         "parameters":{"result_format":"message","incremental_output":true,"max_tokens":256,
          "tools":[{"type":"function","function":{"name":"read","description":"d","parameters":{"type":"object"}}}]}}
        """
    ),
]

private func read(_ dialect: DialectName, _ target: String, _ body: String) throws -> ServedRequest {
    let head = ServedHead(method: "POST", target: target, headers: ["x-dashscope-sse": "enable"])
    return try RequestReader.read(dialect, head: head, body: Array(body.utf8), parser: JSONParser())
}

@Suite struct ServedReaderTests {
    @Test(arguments: accepted.indices)
    func `a conversation is the same whatever the dialect`(index: Int) throws {
        let (dialect, target, body) = accepted[index]
        let request = try read(dialect, target, body)
        #expect(request.model == "M" && request.isStreamed && request.wantsUsage)
        #expect(request.outputLimit == 256)
        #expect(request.tools == [ToolDefinition(name: "read", description: "d", parameters: ["type": "object"])])
        #expect(request.messageCount == 4 && request.lastRole == "tool")
        let text = String(decoding: request.prompt, as: UTF8.self)
        #expect(text.hasSuffix(#"be goodread a.txtread{"p":"a.txt"}hello"#) && text.hasPrefix("{"))
        #expect(request.prompt == (try read(accepted[0].dialect, accepted[0].target, accepted[0].body)).prompt)
        if dialect == .anthropicMessages || dialect == .bedrockConverse { #expect(request.cacheMarks.count == 2) }
    }

    @Test func `what an encoder writes is what the reader reads`() throws {
        let items: [ConversationItem] = [
            .user("u"), .assistant(AssistantMessage(text: "t", toolCalls: [])), .user("v"),
        ]
        let body = ChatRequestEncoder().body(
            PromptPrefix(tools: [], system: "s", key: ""), items, CallOptions(outputLimit: 9),
            target: RequestTarget(model: "m"))
        let request = try read(.openAIChat, "/v1/chat/completions", String(decoding: body, as: UTF8.self))
        #expect(String(decoding: request.prompt, as: UTF8.self) == "sutv" && request.outputLimit == 9)
    }

    @Test func `the native interface of TGI has a text only`() throws {
        let body = #"{"inputs":"hello","parameters":{"max_new_tokens":20,"details":true}}"#
        let request = try read(.tgi, "/generate_stream", body)
        #expect(request.isStreamed && request.outputLimit == 20 && request.prompt == Array("hello".utf8))
        #expect(try !read(.tgi, "/generate", body).isStreamed)
        #expect(throws: ServedRefusal.self) { try read(.tgi, "/generate_stream", #"{"inputs":""}"#) }
        #expect(throws: ServedRefusal.self) {
            try read(.tgi, "/generate", #"{"inputs":"x","parameters":{"max_new_tokens":0}}"#)
        }
    }

    /// What each real API refuses, as a change of the accepted request: what is replaced, and by what.
    static let broken: [(DialectName, String, String, String)] = [
        (.openAIChat, #""tool_call_id":"call_1""#, #""tool_call_id":"call_2""#, "role 'tool'"),
        (.bedrockConverse, #""status":"success""#, #""status":"error""#, ""),
        (.bedrockConverse, #","status":"success""#, "", ""),
        (.bedrockConverse, #""status":"success""#, #""status":"failed""#, "toolResult.status must be success or error"),
        (.anthropicMessages, #""is_error":false"#, #""is_error":true"#, ""),
        (.anthropicMessages, #""is_error":false"#, #""is_error":"yes""#, "is_error: Input should be a valid boolean"),
        (.openAIChat, #""role":"user""#, #""role":"boss""#, "role"),
        (.openAIChat, #""model":"M","#, "", "model"),
        (.openAIChat, #",{"role":"tool","tool_call_id":"call_1","content":"hello"}"#, "", "did not have response"),
        (.openAIChat, #""max_completion_tokens":256"#, #""max_completion_tokens":0"#, "limit"),
        (.openAIChat, #""tool_choice":"auto""#, #""tool_choice":{"function":{"name":"write"}}"#, "tool_choice"),
        (.openAIChat, #""stream":true,"#, "", "stream_options"),
        (.openAIResponses, #""call_id":"call_1","output""#, #""call_id":"x","output""#, "No tool call found"),
        (
            .openAIResponses, #",{"type":"function_call_output","call_id":"call_1","output":"hello"}"#, "",
            "No tool output"
        ),
        (.openAIResponses, #""type":"message""#, #""type":"letter""#, "letter"),
        (.anthropicMessages, #""max_tokens":256,"#, "", "max_tokens"),
        (.anthropicMessages, #""tool_use_id":"toolu_1""#, #""tool_use_id":"x""#, "unexpected `tool_use_id`"),
        (.anthropicMessages, #"{"role":"user","content":"read a.txt"},"#, "", "first message"),
        (
            .anthropicMessages, #"{"role":"user","content":"read a.txt"},"#,
            #"{"role":"user","content":"read a.txt"},{"role":"user","content":"x"},"#, "alternate"
        ),
        (.anthropicMessages, #""input":{"p":"a.txt"}"#, #""input":"{}""#, "valid dictionary"),
        (.anthropicMessages, #""text":"be good","cache_control":{"#, #""text":"be good","cache_control":0,"x":{"#, ""),
        (.bedrockConverse, #""toolUseId":"tooluse_1","content""#, #""toolUseId":"x","content""#, "exceeds the number"),
        (.bedrockConverse, #"{"role":"user","content":[{"text":"read a.txt"}]},"#, "", "start with a user"),
        (
            .bedrockConverse, #"{"role":"user","content":[{"text":"read a.txt"}]},"#,
            #"{"role":"user","content":[{"text":"a"}]},{"role":"user","content":[{"text":"b"}]},"#, "alternate"
        ),
        (.bedrockConverse, #""text":"read a.txt""#, #""text":"""#, "blank"),
        (.bedrockConverse, #""toolUseId":"tooluse_1","name""#, #""toolUseId":"tool use","name""#, "toolUseId"),
        (.bedrockConverse, "toolConfig", "toolConfiguration", "toolConfig"),
        (.bedrockInvoke, #""max_tokens":256"#, #""model":"M","max_tokens":256"#, "extraneous key [model]"),
        (.bedrockInvoke, "bedrock-2023-05-31", "2023-06-01", "anthropic_version"),
        (
            .gemini, #"{"functionResponse":{"name":"read","id":"c1","response":{"output":"hello"}}}"#, #"{"text":"x"}"#,
            "equal"
        ),
        (.gemini, #""name":"read","id":"c1""#, #""name":"write","id":"c1""#, "no function call"),
        (.gemini, #"{"role":"user","parts":[{"text":"read a.txt"}]},"#, "", "begin with a user"),
        (.gemini, #""args":{"p":"a.txt"}"#, #""args":"x""#, "object"),
        (.dashScope, #""result_format":"message","#, "", "result_format"),
        (.dashScope, #""tool_call_id":"c""#, #""tool_call_id":"d""#, "role 'tool'"),
    ]

    @Test(arguments: broken.indices)
    func `what the real API refuses is refused`(index: Int) throws {
        let (dialect, old, new, message) = Self.broken[index]
        let whole = try #require(accepted.first { $0.dialect == dialect })
        let joined = whole.body.split(separator: "\n").map { $0.drop { $0 == " " } }.joined()
        #expect(joined.contains(old))
        let body = joined.replacing(old, with: new)
        if message.isEmpty {
            #expect(throws: Never.self) { try read(dialect, whole.target, body) }
            return
        }
        let refusal = try #require(throws: ServedRefusal.self) { try read(dialect, whole.target, body) }
        #expect(refusal.kind == .badRequest && refusal.message.contains(message), "\(refusal.message)")
    }

    @Test func `no body that is cut or no JSON is accepted`() {
        for (dialect, target, body) in accepted {
            for text in ["", "[]", "null", "{", String(body.dropLast(2)), #"{"messages":{}}"#] {
                #expect(throws: ServedRefusal.self) { try read(dialect, target, text) }
            }
        }
    }

    @Test func `too many marks are refused`() {
        let block = #"{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}"#
        let body = """
            {"model":"m","max_tokens":1,"messages":[{"role":"user","content":[\(Array(repeating: block, count: 5).joined(separator: ","))]}]}
            """
        let refusal = #expect(throws: ServedRefusal.self) { try read(.anthropicMessages, "/v1/messages", body) }
        #expect(refusal?.message.contains("Found 5") == true)
    }

    @Test func `paths and forms are decoded`() {
        let head = ServedHead(method: "POST", target: "/model/us.m%3A0%2Fx/converse?a=b%20c&d")
        #expect(head.segments == ["model", "us.m:0/x", "converse"])
        #expect(head.parameter("a") == "b c" && head.parameter("d")?.isEmpty == true && head.parameter("e") == nil)
        #expect(ServedHead.form("x=1+2&y=%zz%") == ["x": "1 2", "y": "%zz%"])
    }
}

@Suite struct GoogleSchemaTests {
    @Test func `Google's types become those of JSON Schema, a property called type stays`() {
        let google: JSONValue = [
            "type": "OBJECT",
            "properties": [
                "type": ["type": "STRING", "enum": ["A"]], "line": ["type": "INTEGER", "minimum": 1],
                "names": ["type": "ARRAY", "items": ["type": "STRING"]],
                "either": ["anyOf": [["type": "NUMBER"], ["type": "string"]]],
            ],
        ]
        #expect(
            GeminiRequestReader.jsonSchema(google) == [
                "type": "object",
                "properties": [
                    "type": ["type": "string", "enum": ["A"]], "line": ["type": "integer", "minimum": 1],
                    "names": ["type": "array", "items": ["type": "string"]],
                    "either": ["anyOf": [["type": "number"], ["type": "string"]]],
                ],
            ])
        #expect(GeminiRequestReader.jsonSchema("x") == "x")
    }
}
