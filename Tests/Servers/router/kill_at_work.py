"""Kills a llama.cpp server while it writes an answer, and prints the nanoseconds of the monotonic clock at which it did.

kill_at_work.py PROCESS URL TOKENS   waits until the server has written so many tokens more, then for an answer to cut
"""

import json
import os
import signal
import sys
import time
import urllib.request

process, url, tokens = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])


def get(path):
    return urllib.request.urlopen(url + path, timeout=5).read().decode()


def written():
    return next(float(line.split()[1]) for line in get("/metrics").splitlines() if line.startswith("llamacpp:tokens_predicted_total "))


def is_writing(slot):
    """What has its first tokens has been sent in part, so that nobody between can send the request again unseen."""
    return slot["is_processing"] and 20 <= slot["next_token"][0]["n_decoded"] <= 150


before = written()
end = time.monotonic() + 60
while time.monotonic() < end:
    if written() - before >= tokens and any(is_writing(slot) for slot in json.loads(get("/slots"))):
        os.kill(process, signal.SIGKILL)
        print(time.monotonic_ns())
        sys.exit(0)
    time.sleep(0.01)
sys.exit(f"{url} was at no work in 60 s")
