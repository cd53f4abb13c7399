"""Counts the prompts that runs really sent, with real tokenizers: judge.py CACHE FOLDER NAME...

For each NAME, FOLDER/NAME.attempts is the export of a run and FOLDER/NAME.requests holds the bodies that it sent. Counted is
what the model reads of them: tools as compact JSON, texts, names and arguments of tool calls; not the few tokens that a chat
template puts around each message, which differ from model to model. One tokenizer is trained here, on the English and the code that
lie on this machine; the others are DeepSeek's and Qwen's own, as LiteLLM and DashScope ship them. Ends with an error if a prompt
is further than 10 % from what was planned, or a small one further than 3 tokens. What the trained
one counts of recorded text is only reported: it knows 32,768 tokens, and no text but what lies on this machine.
"""

import base64
import glob
import gzip
import importlib.util
import json
import os
import sys

import tiktoken
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

TRAINING_BYTES = 20_000_000
SOURCES = {
    "English": ["/usr/share/doc/**/*", "/usr/share/common-licenses/*", "/usr/share/perl/**/*.pod"],
    "code": [os.path.dirname(os.__file__) + "/**/*.py", "/usr/include/**/*.h"],
}
NO_TEXT = (".png", ".gif", ".svg", ".ico", ".jpg", ".pdf", ".pyc")


def texts(patterns):
    """The beginnings of files, so that no long one counts too much, up to a limit."""
    size = 0
    for pattern in patterns:
        for path in sorted(glob.glob(pattern, recursive=True)):
            if size > TRAINING_BYTES:
                return
            if not os.path.isfile(path) or path.endswith(NO_TEXT):
                continue
            try:
                with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
                    text = file.read(32_000).decode("utf-8", "ignore")
            except OSError:
                continue
            size += len(text)
            yield text


def trained(cache):
    """A byte-level BPE of 32,768 tokens."""
    path = os.path.join(cache, "bpe-32k.json")
    if not os.path.exists(path):
        found = [text for patterns in SOURCES.values() for text in texts(patterns)]
        size = sum(map(len, found))
        if size < 5_000_000:
            print(f"skipped: tokens: only {size} bytes of English and code are on this machine")
            sys.exit(0)
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(
            vocab_size=32768, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        )
        tokenizer.train_from_iterator(found, trainer)
        tokenizer.save(path)
        print(f"trained on {size / 1e6:.0f} MB")
    return Tokenizer.from_file(path)


def published():
    """DeepSeek's tokenizer; nothing is imported of the package that ships it."""
    folder = importlib.util.find_spec("litellm").submodule_search_locations[0]
    found = glob.glob(folder + "/**/deepseek_tokenizer.json", recursive=True)
    return Tokenizer.from_file(found[0]) if found else None


def qwen():
    """Qwen's tokenizer, which takes every digit as a token."""
    spec = importlib.util.find_spec("dashscope")
    path = spec and os.path.join(spec.submodule_search_locations[0], "resources/qwen.tiktoken")
    if not path or not os.path.exists(path):
        return None
    ranks = {}
    for line in open(path, "rb"):
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    # https://huggingface.co/Qwen/Qwen-7B, tokenization_qwen.py
    pattern = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    return tiktoken.Encoding("qwen", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


class Counter:
    """Counts texts; what a session sends again is counted once."""

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer
        self.known = {}

    def count(self, text):
        if text not in self.known:
            if isinstance(self.tokenizer, Tokenizer):
                self.known[text] = len(self.tokenizer.encode(text, add_special_tokens=False).ids)
            else:
                self.known[text] = len(self.tokenizer.encode_ordinary(text))
        return self.known[text]

    def prompt(self, body):
        return sum(map(self.count, pieces(body)))


def pieces(body):
    for tool in body.get("tools", []):
        function = {key: tool["function"][key] for key in ("name", "description", "parameters")}
        yield json.dumps(function, separators=(",", ":"), ensure_ascii=False)
    for message in body["messages"]:
        if message.get("content"):
            yield message["content"]
        for call in message.get("tool_calls") or []:
            yield call["function"]["name"]
            yield call["function"]["arguments"]


def judge(name, folder, counter):
    """The deviations of all prompts of a run, and how many are out of bounds."""
    deviations, bad = [], 0
    for line in open(f"{folder}/{name}.attempts"):
        row = json.loads(line)
        request = f"e0-r{row['round']}-s{row['session']}-c{row['call']}"
        with open(f"{folder}/{name}.requests/{request}.json") as file:
            counted = counter.prompt(json.load(file))
        planned = row["planned_input_tokens"]
        deviations.append(counted / planned - 1)
        bad += abs(counted - planned) > max(0.1 * planned, 3)
    return deviations, bad


def main():
    cache, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    tokenizers = {"trained 32K": trained(cache), "DeepSeek": published(), "Qwen": qwen()}
    failed = False
    for label, tokenizer in tokenizers.items():
        if tokenizer is None:
            print(f"skipped: {label}: it is not where it was")
            continue
        counter = Counter(tokenizer)
        for name in names:
            deviations, bad = judge(name, folder, counter)
            if not deviations:
                sys.exit(f"FAILED: {name}: no prompt was sent")
            mean = sum(map(abs, deviations)) / len(deviations)
            worst = max(deviations, key=abs)
            is_told = label.startswith("trained") and name.startswith("file-")
            verdict = "told" if is_told else "FAILED" if bad else "ok"
            print(
                f"{verdict}: {label}: {name}: {len(deviations)} prompts, mean deviation {mean:.1%}, "
                f"worst {worst:+.1%}" + (f", {bad} out of bounds" if bad else "")
            )
            failed = failed or verdict == "FAILED"
    sys.exit(failed)


main()
