"""Judges what runs against real servers left; see Scripts/test-servers.

judge.py sessions ATTEMPTS EVENTS  every endpoint played whole sessions with tools
judge.py status STATUS ATTEMPTS   every attempt got this status, or none of them where it begins with "!"
judge.py throttled ATTEMPTS         what was throttled was tried again until it succeeded
judge.py tls ATTEMPTS             good certificates carried every call, bad ones none
judge.py scripted ENGINE ATTEMPTS EVENTS  every answer is the scripted model's, byte for byte and token for token
judge.py interval ATTEMPTS        far fewer chunks came than tokens
judge.py cost ATTEMPTS            the gateway's cost is its price of the usage, and ours
judge.py killed INSTANT ATTEMPTS  a killed worker cost the streams that it was writing, and no session
judge.py refused ENDPOINT STATUS OUTCOME ATTEMPTS  some were refused in this way, with an empty body, all others answered
judge.py outcome ENDPOINT STATUS OUTCOME ATTEMPTS  every call of the endpoint ended in this way
"""

import sys

import routed
import scripted
from judging import by_endpoint, check, is_growing, read


def judge_sessions(file, events_file):
    events = by_endpoint(read(events_file))
    for name, attempts in by_endpoint(read(file)).items():
        good = [a for a in attempts if a["outcome"] == "ok"]
        check(len(attempts) == 16 and len(good) == 16, f"{name}: 16 of 16 calls of 4 sessions succeeded")
        check(all(a["input_total"] > 0 and a["output_total"] > 0 for a in good), f"{name}: every call tells its usage")
        later = [a for a in good if a["call"] > 0]
        check(all(a["input_cache_read"] > 0 for a in later), f"{name}: every later turn finds its history in the server's cache")
        check(all(a["input_cache_read"] <= a["input_total"] for a in good), f"{name}: no more is cached than was sent")
        check(any(a["tool_calls"] > 0 for a in good), f"{name}: the model called tools")
        check(any(a["text_bytes"] > 0 and a["tool_calls"] == 0 for a in good), f"{name}: the model answered")
        kinds = {e["kind"] for e in events[name]}
        check({"text", "tool_name", "tool_arguments"} <= kinds, f"{name}: text, tool names and arguments were seen")
        check("reasoning" in kinds, f"{name}: reasoning was seen")
        first = {(e["session"], e["round"], e["call"]): e["at_ns"] for e in reversed(events[name])}
        check(all(first[a["session"], a["round"], a["call"]] >= a["sent_ns"] for a in good), f"{name}: nothing came before it was asked for")
        check(is_growing(good), f"{name}: every turn is longer than the one before")


def judge_status(wanted, file):
    statuses = {a["status"] for a in read(file) if a["outcome"] != "skipped"}
    if wanted.startswith("!"):
        check(statuses and int(wanted[1:]) not in statuses, f"the right key is taken: {sorted(map(str, statuses))}")
    else:
        check(statuses == {int(wanted)}, f"a wrong key gets {wanted} and nothing else: {sorted(map(str, statuses))}")


def judge_throttled(file):
    attempts = read(file)
    refused = [a for a in attempts if a["outcome"] == "rate-limited"]
    check(refused and all(a["status"] == 429 for a in refused), f"throttled: {len(refused)} attempts got 429")
    good = {(a["round"], a["session"], a["call"]) for a in attempts if a["outcome"] == "ok"}
    check(len(good) == 16, "throttled: 16 of 16 calls succeeded in the end")
    check(len(attempts) == len(good) + len(refused), "throttled: every attempt is a row of its own")


def expected_to_fail(name, file):
    return name in ("tls-expired", "tls-wrong-name") or file.endswith("unknown.attempts")


def judge_tls(file):
    for name, attempts in by_endpoint(read(file)).items():
        good = [a for a in attempts if a["outcome"] == "ok"]
        for a in attempts:
            if a["outcome"] not in ("ok", "skipped") and not expected_to_fail(name, file):
                print(f"{name}: session {a['session']} call {a['call']}: {a['outcome']} {a['status']} {(a['error'] or '')[:60]!r}")
        versions = {a["http_version"] for a in good}
        if expected_to_fail(name, file):
            texts = {a["error"] for a in attempts if a["error"]}
            reason = "expired" if name == "tls-expired" else "another host name" if name == "tls-wrong-name" else "not trusted"
            check(not good and all(reason in text for text in texts), f"{name}: no call got through: {sorted(texts)}")
            continue
        check(len(good) == 16, f"{name}: 16 of 16 calls succeeded over HTTP {sorted(map(str, versions))}")
        check(len(versions) == 1, f"{name}: one version of HTTP")
        fresh = sum(not a["is_reused"] for a in good)
        check((fresh >= 4) if name == "tls-goaway" else (fresh < 16), f"{name}: {fresh} calls made a connection of their own")


JUDGES = {
    "sessions": judge_sessions,
    "status": judge_status,
    "throttled": judge_throttled,
    "tls": judge_tls,
    "scripted": scripted.judge_answers,
    "interval": scripted.judge_interval,
    "cost": scripted.judge_cost,
    "killed": routed.judge_killed,
    "refused": routed.judge_refused,
    "outcome": routed.judge_outcome,
}
kind, *rest = sys.argv[1:]
JUDGES[kind](*rest)
