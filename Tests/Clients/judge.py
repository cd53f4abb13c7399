"""Official clients as judges of the embedded fleet; see Scripts/test-clients.

Each client streams a conversation of two turns: it offers a tool and gets it called with arguments that fit the schema, sends
the result back, and gets words. Then its errors: wrong key, unknown model, too many requests, a broken or overloaded
server, an error inside the stream.
"""

import json
import os
import sys

KEY = os.environ["CLIENTS_KEY"]
MODEL = "model-m"
SCHEMA = {
    "type": "object",
    "properties": {"path": {"type": "string"}, "line": {"type": "integer", "minimum": 1, "maximum": 500}},
    "required": ["path", "line"],
}
ASK = "Read a.txt at line 7."
passed = failed = 0
addresses = {}
for line in open(sys.argv[1]):
    name, url = line.split()
    addresses[name] = "/".join(url.split("/")[:3])


def check(condition, text):
    global passed, failed
    if condition:
        passed += 1
        print(f"ok: {text}")
    else:
        failed += 1
        print(f"FAILED: {text}")


def fits(arguments):
    value = json.loads(arguments) if isinstance(arguments, str) else arguments
    return isinstance(value.get("path"), str) and isinstance(value.get("line"), (int, float)) and 1 <= value["line"] <= 500


def raises(kind, call, text):
    try:
        call()
    except kind as error:
        check(True, f"{text}: {type(error).__name__}")
    except Exception as error:  # what came instead is the finding
        check(False, f"{text}: wanted {kind}, got {type(error).__name__}: {error}")
    else:
        check(False, f"{text}: nothing was raised")


def judge_openai():
    import openai

    def client(name, key=KEY):
        return openai.OpenAI(api_key=key, base_url=addresses[name] + "/v1", max_retries=0)

    tools = [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": SCHEMA}}]
    messages = [{"role": "system", "content": "Be good."}, {"role": "user", "content": ASK}]

    def turn(offered):
        more = {"tools": tools} if offered else {}
        calls, text, finish, usage = {}, "", None, None
        stream = client("openai").chat.completions.create(
            model=MODEL, messages=messages, stream=True, stream_options={"include_usage": True}, max_completion_tokens=200, **more
        )
        for chunk in stream:
            usage = chunk.usage or usage
            for choice in chunk.choices:
                finish = choice.finish_reason or finish
                text += choice.delta.content or ""
                for piece in choice.delta.tool_calls or []:
                    call = calls.setdefault(piece.index, {"id": "", "name": "", "arguments": ""})
                    call["id"] += piece.id or ""
                    call["name"] += piece.function.name or ""
                    call["arguments"] += piece.function.arguments or ""
        return list(calls.values()), text, finish, usage

    calls, text, finish, usage = turn(True)
    check(finish == "tool_calls" and calls and calls[0]["name"] == "read" and fits(calls[0]["arguments"]), "openai: chat calls the tool")
    check(usage and usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, "openai: chat tells its usage")
    messages.append(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": c["arguments"]}} for c in calls
            ],
        }
    )
    messages.extend({"role": "tool", "tool_call_id": c["id"], "content": "hello"} for c in calls)
    calls, text, finish, usage = turn(False)
    check(finish == "stop" and text and not calls, "openai: chat answers with words after the result")
    whole = client("openai").chat.completions.create(model=MODEL, messages=messages, max_completion_tokens=50)
    check(whole.choices[0].message.content and whole.usage.completion_tokens > 0, "openai: chat answers without a stream")

    def ask(name, key=KEY, model=MODEL):
        return lambda: list(client(name, key).chat.completions.create(model=model, messages=messages, stream=True))

    raises(openai.AuthenticationError, ask("openai", key="wrong"), "openai: wrong key")
    raises(openai.NotFoundError, ask("openai", model="nobody"), "openai: unknown model")
    raises(openai.RateLimitError, ask("openai-limited"), "openai: too many requests")
    raises(openai.InternalServerError, ask("openai-broken"), "openai: broken server")
    raises(openai.APIError, ask("openai-stream"), "openai: error inside the stream")
    broken = [{"role": "tool", "tool_call_id": "nobody", "content": "x"}]
    raises(
        openai.BadRequestError,
        lambda: client("openai").chat.completions.create(model=MODEL, messages=broken),
        "openai: a result without its call",
    )

    tools = [{"type": "function", "name": "read", "description": "Reads.", "parameters": SCHEMA, "strict": False}]
    items = [{"role": "user", "content": ASK}]
    with client("responses").responses.stream(model=MODEL, input=items, tools=tools, store=False) as stream:
        kinds = [event.type for event in stream]
        response = stream.get_final_response()
    calls = [item for item in response.output if item.type == "function_call"]
    check(calls and calls[0].name == "read" and fits(calls[0].arguments), "openai: responses call the tool")
    check("response.function_call_arguments.delta" in kinds and kinds[-1] == "response.completed", "openai: responses stream in order")
    check(response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens, "openai: responses tell their usage")
    for call in calls:
        items.append({"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments})
        items.append({"type": "function_call_output", "call_id": call.call_id, "output": "hello"})
    with client("responses").responses.stream(model=MODEL, input=items, store=False) as stream:
        response = stream.get_final_response()
    check(response.output_text, "openai: responses answer with words after the result")
    raises(openai.AuthenticationError, lambda: client("responses", "wrong").responses.create(model=MODEL, input="x"), "openai: responses, wrong key")


def judge_anthropic():
    import anthropic

    def client(name, key=KEY):
        return anthropic.Anthropic(api_key=key, base_url=addresses[name], max_retries=0)

    tools = [{"name": "read", "description": "Reads.", "input_schema": SCHEMA}]
    messages = [{"role": "user", "content": ASK}]
    with client("anthropic").messages.stream(model=MODEL, max_tokens=200, messages=messages, tools=tools, system="Be good.") as stream:
        kinds = {event.type for event in stream}
        message = stream.get_final_message()
    calls = [block for block in message.content if block.type == "tool_use"]
    check(message.stop_reason == "tool_use" and calls and fits(calls[0].input), "anthropic: calls the tool")
    check({"message_start", "content_block_delta", "message_stop"} <= kinds, "anthropic: streams in order")
    check(message.usage.input_tokens > 0 and message.usage.output_tokens > 1, "anthropic: tells its usage")
    messages.append({"role": "assistant", "content": [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.input} for c in calls]})
    messages.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": c.id, "content": "hello"} for c in calls]})
    with client("anthropic").messages.stream(model=MODEL, max_tokens=200, messages=messages) as stream:
        message = stream.get_final_message()
    check(message.stop_reason == "end_turn" and any(b.type == "text" and b.text for b in message.content), "anthropic: answers with words after the result")

    def ask(name, key=KEY, model=MODEL):
        def call():
            with client(name, key).messages.stream(model=model, max_tokens=50, messages=[{"role": "user", "content": "x"}]) as stream:
                stream.get_final_message()

        return call

    raises(anthropic.AuthenticationError, ask("anthropic", key="wrong"), "anthropic: wrong key")
    raises(anthropic.NotFoundError, ask("anthropic", model="nobody"), "anthropic: unknown model")
    raises(anthropic.RateLimitError, ask("anthropic-limited"), "anthropic: too many requests")
    raises(anthropic.InternalServerError, ask("anthropic-overloaded"), "anthropic: overloaded")
    raises(anthropic.APIStatusError, ask("anthropic-stream"), "anthropic: error inside the stream")
    odd = [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "nobody", "content": "x"}]}]
    raises(
        anthropic.BadRequestError,
        lambda: client("anthropic").messages.create(model=MODEL, max_tokens=9, messages=odd),
        "anthropic: a result without its call",
    )


def judge_boto3():
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError, EventStreamError

    def client(name, secret=os.environ["AWS_SECRET_ACCESS_KEY"]):
        return boto3.client(
            "bedrock-runtime",
            endpoint_url=addresses[name],
            region_name="us-east-1",
            aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )

    tool = {"tools": [{"toolSpec": {"name": "read", "description": "Reads.", "inputSchema": {"json": SCHEMA}}}]}
    messages = [{"role": "user", "content": [{"text": ASK}]}]

    def turn():
        # Bedrock wants the tools as long as the conversation speaks of them.
        response = client("bedrock").converse_stream(
            modelId=MODEL, messages=messages, system=[{"text": "Be good."}], inferenceConfig={"maxTokens": 200}, toolConfig=tool
        )
        calls, text, stop, usage = {}, "", None, None
        for event in response["stream"]:
            if "contentBlockStart" in event:
                start = event["contentBlockStart"]
                if "toolUse" in start["start"]:
                    calls[start["contentBlockIndex"]] = dict(start["start"]["toolUse"], input="")
            if "contentBlockDelta" in event:
                delta = event["contentBlockDelta"]["delta"]
                text += delta.get("text", "")
                if "toolUse" in delta:
                    calls[event["contentBlockDelta"]["contentBlockIndex"]]["input"] += delta["toolUse"]["input"]
            if "messageStop" in event:
                stop = event["messageStop"]["stopReason"]
            if "metadata" in event:
                usage = event["metadata"]["usage"]
        return list(calls.values()), text, stop, usage

    calls, text, stop, usage = turn()
    check(stop == "tool_use" and calls and calls[0]["name"] == "read" and fits(calls[0]["input"]), "boto3: calls the tool, signed for real")
    check(usage["totalTokens"] >= usage["inputTokens"] + usage["outputTokens"] > 1, "boto3: tells its usage")
    uses = [{"toolUse": {"toolUseId": c["toolUseId"], "name": c["name"], "input": json.loads(c["input"])}} for c in calls]
    results = [{"toolResult": {"toolUseId": c["toolUseId"], "content": [{"text": "hello"}]}} for c in calls]
    messages.extend([{"role": "assistant", "content": uses}, {"role": "user", "content": results}])
    calls, text, stop, usage = turn()
    check((stop == "end_turn" and text) or (stop == "tool_use" and calls), "boto3: goes on after the result")

    def ask(name, secret=os.environ["AWS_SECRET_ACCESS_KEY"], model=MODEL):
        def call():
            for _ in client(name, secret).converse_stream(modelId=model, messages=[{"role": "user", "content": [{"text": "x"}]}])["stream"]:
                pass

        return call

    def code(call, wanted, text):
        try:
            call()
        except ClientError as error:
            check(error.response["Error"]["Code"] in wanted, f"{text}: {error.response['Error']['Code']}")
        else:
            check(False, f"{text}: nothing was raised")

    code(ask("bedrock", secret="wrong"), ("InvalidSignatureException", "SignatureDoesNotMatch"), "boto3: wrong secret")
    code(ask("bedrock", model="nobody"), ("ValidationException", "ResourceNotFoundException"), "boto3: unknown model")
    code(ask("bedrock-limited"), ("ThrottlingException",), "boto3: too many requests")
    raises(EventStreamError, ask("bedrock-stream"), "boto3: exception inside the stream")


def judge_google():
    from google import genai
    from google.genai import errors, types

    kept = []  # a client that is let go closes its connections, even in mid-stream

    def client(name, key=KEY):
        kept.append(genai.Client(api_key=key, http_options=types.HttpOptions(base_url=addresses[name], api_version="v1beta")))
        return kept[-1]

    declaration = types.FunctionDeclaration(
        name="read",
        description="Reads.",
        parameters=types.Schema(
            type="OBJECT",
            properties={"path": types.Schema(type="STRING"), "line": types.Schema(type="INTEGER", minimum=1, maximum=500)},
            required=["path", "line"],
        ),
    )
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declaration])], max_output_tokens=200)
    contents = [types.Content(role="user", parts=[types.Part(text=ASK)])]
    calls, usage, finish, parts = [], None, None, []
    for chunk in client("gemini").models.generate_content_stream(model=MODEL, contents=contents, config=config):
        usage = chunk.usage_metadata or usage
        finish = chunk.candidates[0].finish_reason or finish
        parts.extend(chunk.candidates[0].content.parts or [] if chunk.candidates[0].content else [])
        calls.extend(chunk.function_calls or [])
    check(calls and calls[0].name == "read" and fits(dict(calls[0].args)), "google-genai: calls the tool")
    total = usage.prompt_token_count + (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    check(usage.total_token_count == total and finish.name == "STOP", "google-genai: tells its usage")
    contents.append(types.Content(role="model", parts=[p for p in parts if p.function_call]))
    answers = [types.Part(function_response=types.FunctionResponse(name=c.name, id=c.id, response={"output": "hello"})) for c in calls]
    contents.append(types.Content(role="user", parts=answers))
    text = "".join(chunk.text or "" for chunk in client("gemini").models.generate_content_stream(model=MODEL, contents=contents))
    check(text, "google-genai: answers with words after the result")

    def ask(name, key=KEY, model=MODEL):
        return lambda: list(client(name, key).models.generate_content_stream(model=model, contents="x"))

    def code(call, wanted, text):
        try:
            call()
        except errors.ClientError as error:
            check(error.code in wanted, f"{text}: {error.code} {error.status}")
        else:
            check(False, f"{text}: nothing was raised")

    code(ask("gemini", key="wrong"), (400, 401, 403), "google-genai: wrong key")
    code(ask("gemini", model="nobody"), (404,), "google-genai: unknown model")
    code(ask("gemini-limited"), (429,), "google-genai: too many requests")


def judge_azure():
    from azure.ai.inference import ChatCompletionsClient
    from azure.ai.inference.models import (
        AssistantMessage,
        ChatCompletionsToolCall,
        ChatCompletionsToolDefinition,
        FunctionCall,
        FunctionDefinition,
        ToolMessage,
        UserMessage,
    )
    from azure.core.credentials import AzureKeyCredential
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    def client(name, key=KEY):
        return ChatCompletionsClient(endpoint=addresses[name] + "/models", credential=AzureKeyCredential(key), retry_total=0)

    tools = [ChatCompletionsToolDefinition(function=FunctionDefinition(name="read", description="Reads.", parameters=SCHEMA))]
    messages = [UserMessage(ASK)]
    identifier, name, arguments, finish = "", "", "", None
    for update in client("azure").complete(model=MODEL, messages=messages, tools=tools, stream=True, max_tokens=200):
        for choice in update.choices:
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                identifier = call.id or identifier
                name += call.function.name or ""
                arguments += call.function.arguments or ""
    check(str(finish).endswith("tool_calls") or finish == "tool_calls", "azure-ai-inference: ends with a tool call")
    check(name == "read" and fits(arguments), "azure-ai-inference: calls the tool")
    messages.append(AssistantMessage(tool_calls=[ChatCompletionsToolCall(id=identifier, function=FunctionCall(name=name, arguments=arguments))]))
    messages.append(ToolMessage("hello", tool_call_id=identifier))
    text = ""
    for update in client("azure").complete(model=MODEL, messages=messages, stream=True, max_tokens=200):
        text += "".join(choice.delta.content or "" for choice in update.choices)
    check(text, "azure-ai-inference: answers with words after the result")
    raises(ClientAuthenticationError, lambda: client("azure", "wrong").complete(model=MODEL, messages=messages), "azure-ai-inference: wrong key")
    try:
        client("azure-limited").complete(model=MODEL, messages=messages)
        check(False, "azure-ai-inference: too many requests: nothing was raised")
    except HttpResponseError as error:
        check(error.status_code == 429, f"azure-ai-inference: too many requests: {error.status_code}")


def judge_huggingface():
    from huggingface_hub import InferenceClient
    from huggingface_hub.errors import HfHubHTTPError

    tools = [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": SCHEMA}}]
    client = InferenceClient(base_url=addresses["huggingface"] + "/v1", api_key=KEY)
    name, arguments, finish, identifier = "", "", None, ""
    for chunk in client.chat_completion(model=MODEL, messages=[{"role": "user", "content": ASK}], tools=tools, stream=True, max_tokens=200):
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or []:
                identifier = call.id or identifier
                name += call.function.name or ""
                arguments += call.function.arguments or ""
    check(finish == "tool_calls" and name == "read" and fits(arguments), "huggingface_hub: calls the tool")
    messages = [
        {"role": "user", "content": ASK},
        {"role": "assistant", "tool_calls": [{"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}]},
        {"role": "tool", "tool_call_id": identifier, "content": "hello"},
    ]
    text = ""
    for chunk in client.chat_completion(model=MODEL, messages=messages, stream=True, max_tokens=100):
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
    check(text, "huggingface_hub: answers with words after the result")
    wrong = InferenceClient(base_url=addresses["huggingface"] + "/v1", api_key="wrong")
    raises(HfHubHTTPError, lambda: wrong.chat_completion(model=MODEL, messages=messages), "huggingface_hub: wrong key")


def judge_litellm():
    import litellm

    litellm.suppress_debug_info = True
    tools = [{"type": "function", "function": {"name": "read", "description": "Reads.", "parameters": SCHEMA}}]
    messages = [{"role": "user", "content": ASK}]

    def turn(model, **more):
        chunks = list(litellm.completion(model=model, messages=messages, stream=True, num_retries=0, max_tokens=200, **more))
        return litellm.stream_chunk_builder(chunks, messages=messages)

    routes = {
        "openai": dict(model="openai/" + MODEL, api_base=addresses["litellm"] + "/v1", api_key=KEY),
        "anthropic": dict(model="anthropic/" + MODEL, api_base=addresses["anthropic"], api_key=KEY),
        "bedrock": dict(
            model="bedrock/converse/" + os.environ["CLIENTS_CLAUDE"],
            aws_bedrock_runtime_endpoint=addresses["claude"],
            aws_region_name="us-east-1",
            aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        ),
    }
    for name, route in routes.items():
        answer = turn(tools=tools, **route).choices[0]
        calls = answer.message.tool_calls or []
        check(bool(calls) and calls[0].function.name == "read" and fits(calls[0].function.arguments), f"litellm: {name} calls the tool")
    wrong = dict(routes["openai"], api_key="wrong")
    raises(litellm.AuthenticationError, lambda: turn(**wrong), "litellm: wrong key")
    limited = dict(routes["openai"], api_base=addresses["openai-limited"] + "/v1")
    raises(litellm.RateLimitError, lambda: turn(**limited), "litellm: too many requests")


for judge in (judge_openai, judge_anthropic, judge_boto3, judge_google, judge_azure, judge_huggingface, judge_litellm):
    try:
        judge()
    except Exception as error:  # a client that stumbles is a finding of its own
        check(False, f"{judge.__name__}: {type(error).__name__}: {error}")
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
