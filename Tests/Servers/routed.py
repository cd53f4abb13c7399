"""Judges what a router did to the calls that went through it."""

from judging import check, read

SECOND = 1_000_000_000


def judge_killed(instant, file):
    killed = int(instant)
    attempts = read(file)
    calls = {(a["round"], a["session"], a["call"]) for a in attempts}
    good = [a for a in attempts if a["outcome"] == "ok"]
    failed = [a for a in attempts if a["outcome"] not in ("ok", "skipped")]
    after = [a for a in good if a["sent_ns"] > killed]
    check(any(a["ended_ns"] < killed for a in good) and len(after) >= 16, f"router: a worker was killed in mid-run; {len(after)} calls were sent later")
    check(len(calls) == 96 and len(good) == 96, "router: 96 of 96 calls of 24 sessions succeeded in the end")
    check(len({(a["round"], a["session"], a["call"]) for a in good}) == 96, "router: no call succeeded twice")
    cut = all(a["sent_ns"] < killed < a["ended_ns"] < killed + 5 * SECOND for a in failed)
    check(failed and cut, f"router: {len(failed)} attempts failed, all under way when it happened")
    classes = {(a["status"], a["outcome"], a["content_events"] > 0) for a in failed}
    known = {(200, "connection-lost", True), (500, "server", False)}
    check(classes <= known, f"router: each is a stream that broke in the middle, or a 500 to one that had not begun: {sorted(map(str, classes))}")
    check(all(a["output_total"] is None for a in failed), "router: what was cut has no usage")


def judge_refused(endpoint, status, outcome, file):
    attempts = [a for a in read(file) if a["endpoint"] == endpoint and a["outcome"] != "skipped"]
    good = [a for a in attempts if a["outcome"] == "ok"]
    refused = [a for a in attempts if a["status"] == int(status)]
    check(good and refused, f"{endpoint}: {len(good)} calls were answered, {len(refused)} got {status}")
    check(len(good) + len(refused) == len(attempts), f"{endpoint}: and nothing else happened")
    check(all(a["outcome"] == outcome and a["received_bytes"] == 0 for a in refused), f"{endpoint}: {status} with an empty body is {outcome}")
    check(all(a["output_total"] is None and not a["counted_cost_usd"] for a in refused), f"{endpoint}: what was refused costs nothing")


def judge_outcome(endpoint, status, outcome, file):
    attempts = [a for a in read(file) if a["endpoint"] == endpoint and a["outcome"] != "skipped"]
    ends = {(a["status"], a["outcome"]) for a in attempts}
    check(ends == {(int(status), outcome)}, f"{endpoint}: all {len(attempts)} calls got {status}, {outcome}: {sorted(map(str, ends))}")
