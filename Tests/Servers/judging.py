"""What all judges share: reading exports, and saying what holds."""

import json
import sys


def read(file):
    return [json.loads(line) for line in open(file)]


def check(condition, text):
    print(("ok: " if condition else "FAILED: ") + text)
    if not condition:
        sys.exit(1)


def by_endpoint(attempts):
    groups = {}
    for attempt in attempts:
        groups.setdefault(attempt["endpoint"], []).append(attempt)
    return groups


def place(row):
    """The attempt that an attempt's or an event's row belongs to."""
    return (row["endpoint"], row["round"], row["session"], row["call"], row["attempt"])


def is_growing(attempts):
    """True if every call of a session has a longer prompt than the one before it."""
    return all(
        a["input_total"] < b["input_total"]
        for a, b in zip(attempts, attempts[1:])
        if a["call"] + 1 == b["call"] and a["session"] == b["session"]
    )
