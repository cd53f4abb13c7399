import Testing

@testable import Profiles

/// The problems of a provider whose section `request` has some lines, each with its place.
private func problems(_ dialect: String, _ request: String) -> [String] {
    let text = """
        submeter: provider
        version: 1
        name: a
        delivery_path: self-hosted
        dialect: \(dialect)
        base_url: http://127.0.0.1:1
        request: {\(request)}
        models: [{name: m, id: m}]
        """
    do throws(Problems) {
        _ = try Document(Array(text.utf8), file: "a.yaml")
        return []
    } catch {
        return error.list.map(\.description)
    }
}

@Suite struct RequestMemberTests {
    static let refused: [(dialect: String, request: String, expected: String)] = [
        (
            "openai-chat", "extra: {model: n}",
            "a.yaml:7:19: request.extra.model: is set in every request: the plan's 'model' and its 'id' under 'models' "
                + "decide it; take it out here"
        ),
        ("openai-chat", "extra: {messages: []}", "request.extra.messages: is set in every request"),
        ("openai-chat", "extra: {top_k: 3, stream: false}", "a.yaml:7:29: request.extra.stream: is set"),
        ("openai-chat", "extra: {tools: []}", "request.extra.tools: is set in every request"),
        (
            "openai-chat", "extra: {temperature: 1}",
            "request.extra.temperature: is set in requests: 'temperature' of the plan, or of a call of the workload, "
                + "decides it; take it out here, or have 'temperature' under 'omit', too, so that only this one is sent"
        ),
        ("openai-chat", "extra: {tool_choice: required}", "or have 'tool_choice' under 'omit', too"),
        ("openai-chat", "extra: {parallel_tool_calls: true}", "request.extra.parallel_tool_calls: is set"),
        ("openai-chat", "extra: {max_tokens: 9}", "or have 'max_tokens' under 'omit', too"),
        ("openai-chat", "extra: {max_completion_tokens: 9}", "or have 'max_tokens' under 'omit', too"),
        (
            "openai-chat", "output_limit_field: max_completion_tokens, extra: {max_tokens: 9}",
            "or have 'max_completion_tokens' under 'omit', too"
        ),
        (
            "openai-chat", "session_field: user, extra: {user: x}",
            "request.extra.user: is set in every request: 'session_field' names it; take it out here"
        ),
        ("openai-chat", "session_field: model", "request.session_field: 'model' is set in every request, too"),
        (
            "openai-chat", "output_control: {minimum_field: messages}",
            "request.output_control: minimum_field: 'messages' is set in every request, too"
        ),
        (
            "openai-chat", "omit: [model]",
            "a.yaml:7:18: request.omit: 'model' cannot be left out (what can be: max_tokens, parallel_tool_calls, seed, "
                + "stream_options, temperature, tool_choice)"
        ),
        ("openai-chat", "omit: [seed, messages]", "a.yaml:7:24: request.omit: 'messages' cannot be left out"),
        ("openai-responses", "extra: {model: n}", "request.extra.model: is set"),
        ("openai-responses", "extra: {input: []}", "request.extra.input: is set"),
        ("openai-responses", "extra: {store: true}", "request.extra.store: is set"),
        ("openai-responses", "extra: {instructions: x}", "request.extra.instructions: is set"),
        ("openai-responses", "omit: [max_output_tokens]", "request.omit: 'max_output_tokens' cannot be left out"),
        ("anthropic-messages", "extra: {model: n}", "request.extra.model: is set"),
        ("anthropic-messages", "extra: {system: x}", "request.extra.system: is set"),
        (
            "anthropic-messages", "omit: [max_tokens], extra: {max_tokens: 5}",
            "request.extra.max_tokens: is set in every"
        ),
        ("anthropic-messages", "omit: [max_tokens]", "request.omit: 'max_tokens' cannot be left out"),
        ("bedrock-converse", "extra: {inferenceConfig: {topP: 0.5}}", "request.extra.inferenceConfig: is set"),
        ("bedrock-converse", "extra: {toolConfig: {}}", "request.extra.toolConfig: is set"),
        (
            "bedrock-converse", "session_field: key, extra: {requestMetadata: {a: b}}",
            "request.extra.requestMetadata: is set in every request: 'session_field' needs it"
        ),
        ("bedrock-invoke", "extra: {model: n}", "request.extra.model: is set"),
        (
            "bedrock-invoke", "inner_dialect: anthropic-messages, extra: {anthropic_version: x}",
            "anthropic_version: is set"
        ),
        ("gemini", "extra: {contents: []}", "request.extra.contents: is set"),
        ("gemini", "extra: {system_instruction: {}}", "request.extra.system_instruction: is set"),
        ("gemini", "extra: {toolConfig: {}}", "or have 'tool_choice' under 'omit', too"),
        (
            "gemini", "extra: {generationConfig: {maxOutputTokens: 5}}",
            "a.yaml:7:38: request.extra.generationConfig.maxOutputTokens: is set in every request"
        ),
        (
            "gemini", "extra: {generationConfig: {temperature: 1}}",
            "request.extra.generationConfig.temperature: is set in requests"
        ),
        (
            "gemini", "extra: {generation_config: {maxOutputTokens: 5}}",
            "request.extra.generation_config: must be written 'generationConfig'"
        ),
        ("gemini", "extra: {generationConfig: 5}", "request.extra.generationConfig: must be a mapping"),
        ("tgi", "extra: {max_new_tokens: 5}", "request.extra.max_new_tokens: is set"),
        ("tgi", "extra: {details: false}", "request.extra.details: is set"),
        ("dashscope", "extra: {max_tokens: 5}", "request.extra.max_tokens: is set"),
        ("dashscope", "extra: {result_format: text}", "request.extra.result_format: is set"),
        ("dashscope", "extra: {incremental_output: false}", "request.extra.incremental_output: is set"),
    ]

    @Test(arguments: refused.indices)
    func `a member that the program sets is refused, with its place and what to do`(index: Int) {
        let (dialect, request, expected) = Self.refused[index]
        let found = problems(dialect, request)
        #expect(found.contains { $0.contains(expected) }, "\(found)")
    }

    static let allowed: [(dialect: String, request: String)] = [
        ("openai-chat", "extra: {provider: {only: [a], model: x}, usage: {include: true}}"),
        ("openai-chat", "extra: {stream_options: {include_usage: true, continuous_usage_stats: true}}"),
        ("openai-chat", "omit: [tool_choice, temperature], extra: {tool_choice: required, temperature: 1}"),
        ("openai-chat", "omit: [max_tokens], extra: {max_completion_tokens: 9}"),
        ("openai-chat", "extra: {seed: 7}"),
        ("openai-chat", "omit: [stream_options, seed, parallel_tool_calls, logprobs]"),
        ("openai-responses", "extra: {reasoning: {effort: high}}, omit: [temperature]"),
        ("anthropic-messages", "extra: {thinking: {type: enabled, budget_tokens: 9}}, omit: [tool_choice]"),
        ("bedrock-converse", "extra: {additionalModelRequestFields: {top_k: 3}, requestMetadata: {a: b}}"),
        ("bedrock-invoke", "extra: {anthropic_beta: [x]}, inner_dialect: anthropic-messages"),
        ("gemini", "extra: {generationConfig: {thinkingConfig: {includeThoughts: true}}}"),
        ("gemini", "omit: [temperature], extra: {generationConfig: {temperature: 1}}"),
        ("gemini", "omit: [tool_choice], extra: {toolConfig: {functionCallingConfig: {mode: ANY}}}"),
        ("tgi", "extra: {do_sample: true}"), ("dashscope", "extra: {enable_thinking: true}"),
    ]

    @Test(arguments: allowed.indices)
    func `what a provider adds, or replaces by leaving the other out, is allowed`(index: Int) {
        #expect(problems(Self.allowed[index].dialect, Self.allowed[index].request) == [])
    }
}
