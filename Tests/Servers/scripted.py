"""Judges answers against what the scripted model says.

The model is a chain of tokens. When the user spoke last it thinks twelve tokens and calls read_file; when a tool did it thinks
twelve others and answers in 46 words. Every piece below is one token, so that texts and counts are known beforehand.
"""

import json

from judging import by_endpoint, check, is_growing, place, read

WORDS = (
    "the service reads each page of the log and finds where a request waits then it notes how long the queue was and which "
    "worker took it so that a later step can compare two runs of equal load without guessing at causes nobody measured"
).split()
ANSWER = [f" {word}" if WORDS.index(word) == i else f" {word}-{i}" for i, word in enumerate(WORDS)] + [" done."]
THOUGHT_BEFORE_CALL = [f" step{i}" for i in range(12, 24)]
THOUGHT_BEFORE_ANSWER = [f" step{i}" for i in range(12)]
ARGUMENTS = {"path": "src/main.swift", "line": 120}
# The call's seven pieces between its two marks, and the end of the message.
CALL_TOKENS = 10
# The end of the thought, and that of the message.
ANSWER_TOKENS = len(ANSWER) + 2
# What each engine's copy of the model writes between a thought and a call: vLLM's nothing, llama.cpp's "</think>" in two
# tokens and an empty line of which a byte counts as thought. vLLM's cache holds whole blocks.
ENGINES = {"vllm": {"closing": 0, "slack": 0, "block": 128}, "llamacpp": {"closing": 2, "slack": 1, "block": 1}}

# LiteLLM's translations keep silent about some things.
HIDES_CACHE = {"litellm-gemini"}
HIDES_THOUGHT = {"vllm": {"litellm-gemini"}, "llamacpp": {"litellm-gemini", "litellm-messages"}}
TELLS_COST = {"litellm-chat", "litellm-azure"}
# Dialects, and servers of them, that do not say how many tokens were reasoning.
COUNTS_NO_REASONING = {"litellm-gemini", "litellm-messages", "vllm-messages", "vllm-interval-messages"}


def size(pieces):
    return len("".join(pieces).encode())


def content(file):
    """The bytes of each kind that each attempt got."""
    found = {}
    for event in read(file):
        bytes_of_kind = found.setdefault(place(event), {})
        bytes_of_kind[event["kind"]] = bytes_of_kind.get(event["kind"], 0) + event["bytes"]
    return found


def judge_answers(engine, file, events_file):
    found = content(events_file)
    for name, attempts in by_endpoint(read(file)).items():
        good = [a for a in attempts if a["outcome"] == "ok"]
        check(len(attempts) == 16 and len(good) == 16, f"{name}: 16 of 16 calls of 4 sessions succeeded")
        calls = [a for a in good if a["call"] == 0 or name == "vllm-required"]
        answers = [a for a in good if a not in calls]
        judge_calls(name, calls, found, engine)
        if answers:
            judge_texts(name, answers, found)
        judge_thoughts(name, good, found, engine)
        judge_usage(name, calls, answers, engine)
        judge_cache(name, good, ENGINES[engine]["block"])


def judge_calls(name, calls, found, engine):
    allowed = {size([json.dumps(ARGUMENTS, separators=pair)]) for pair in ((", ", ": "), (",", ":"))}
    check(calls and all(a["tool_calls"] == 1 and a["text_bytes"] == 0 for a in calls), f"{name}: {len(calls)} calls of a tool where they must be")
    check(all(found.get(place(a), {}).get("tool_name") == len("read_file") for a in calls), f"{name}: the tool's name is whole")
    check(all(found.get(place(a), {}).get("tool_arguments") in allowed for a in calls), f"{name}: the tool's arguments are whole")
    reasons = {a["finish_reason_raw"] for a in calls}
    check(reasons <= {"tool_calls", "tool_use", "completed", "STOP"}, f"{name}: such an answer ends with {sorted(reasons)}")


def judge_texts(name, answers, found):
    check(all(a["tool_calls"] == 0 for a in answers), f"{name}: {len(answers)} answers after a tool call none")
    whole = all(found.get(place(a), {}).get("text", 0) == a["text_bytes"] == size(ANSWER) for a in answers)
    check(whole, f"{name}: each has the {size(ANSWER)} bytes of the model's answer")
    reasons = {a["finish_reason_raw"] for a in answers}
    check(reasons <= {"stop", "end_turn", "completed", "STOP"}, f"{name}: such an answer ends with {sorted(reasons)}")


def judge_thoughts(name, good, found, engine):
    if name in HIDES_THOUGHT[engine]:
        print(f"note: {name}: this form hides the thoughts")
        return
    slack = ENGINES[engine]["slack"]

    def is_whole(attempt):
        wanted = size(THOUGHT_BEFORE_CALL if attempt["call"] == 0 else THOUGHT_BEFORE_ANSWER)
        return wanted <= found.get(place(attempt), {}).get("reasoning", 0) <= wanted + slack

    check(all(is_whole(a) for a in good), f"{name}: every thought came whole")


def judge_usage(name, calls, answers, engine):
    thought = len(THOUGHT_BEFORE_CALL)

    def is_right(attempt):
        # The end of the thought is a token of its own where the model did not go on to a call by itself.
        closing = ENGINES[engine]["closing"] if attempt["call"] == 0 else 1
        return attempt["output_total"] == thought + closing + CALL_TOKENS

    check(all(is_right(a) for a in calls), f"{name}: the usage of a call is that of the script")
    if answers:
        check(all(a["output_total"] == thought + ANSWER_TOKENS for a in answers), f"{name}: so is that of an answer, {thought + ANSWER_TOKENS} tokens")
    check(not any(a["usage_is_ambiguous"] for a in calls + answers), f"{name}: no usage contradicts itself")
    if name in COUNTS_NO_REASONING or engine != "vllm":
        # LiteLLM makes up a count where the engine tells none.
        return
    check(all(a["output_reasoning"] == thought for a in calls + answers), f"{name}: {thought} of them are reasoning")


def judge_cache(name, good, block):
    check(all(a["input_total"] > 0 for a in good) and is_growing(good), f"{name}: every turn is longer than the one before")
    if name in HIDES_CACHE:
        check(all(a["input_cache_read"] is None for a in good), f"{name}: this form hides the cache, and nothing is made up")
        return
    later = [a for a in good if a["call"] > 0]
    check(all(a["input_cache_read"] > 0 for a in later), f"{name}: every later turn finds its history in the server's cache")
    check(all(a["input_cache_read"] % block == 0 for a in good), f"{name}: what is cached comes in blocks of {block}")
    check(all(a["input_cache_read"] + (a["input_cache_write"] or 0) <= a["input_total"] for a in good), f"{name}: no more is cached than was sent")


def judge_interval(file):
    for name, attempts in by_endpoint(read(file)).items():
        chunks = sum(a["content_events"] for a in attempts)
        tokens = sum(a["output_total"] for a in attempts)
        check(all(0 < 2 * a["content_events"] < a["output_total"] for a in attempts), f"{name}: {chunks} chunks for {tokens} tokens")


def judge_cost(file):
    for name, attempts in by_endpoint(read(file)).items():
        if name not in TELLS_COST:
            check(all(a["reported_cost_usd"] is None for a in attempts), f"{name}: no cost is told, and none is made up")
            continue
        for a in attempts:
            cached = a["input_cache_read"] or 0
            price = ((a["input_total"] - cached) * 1.0 + cached * 0.1 + a["output_total"] * 4.0) / 1e6
            told = a["reported_cost_usd"]
            if told is None or abs(told - price) > 1e-12 or abs(told - a["list_cost_usd"]) > 1e-12:
                print(f"{name}: session {a['session']} call {a['call']}: told {told}, priced {price}, counted {a['list_cost_usd']}")
                check(False, f"{name}: the cost that is told is the price of the usage")
        total = sum(a["reported_cost_usd"] for a in attempts)
        check(total > 0, f"{name}: 16 costs are told, each that of the usage at the gateway's prices and ours: {total:.7f} USD")
