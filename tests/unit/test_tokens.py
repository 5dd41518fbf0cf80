"""What a text costs a model to read."""

from __future__ import annotations

import subprocess
import sys
import time
from random import Random
from string import ascii_lowercase

import pytest
from hypothesis import given

from agent_memory.inference import tokens as module
from agent_memory.inference.tokens import SplintrTokenCounter
from agent_memory.testing.strategies import texts

COUNTER = SplintrTokenCounter()

# Counted by tiktoken 0.14 with the published ranks of o200k_base.
KNOWN = {
    "": 0,
    "hello world": 2,
    "def parse_line(text: str) -> list[int]:\n    return [int(part) for part in text.split()]\n": 23,
    "Wir treffen uns am 15. Januar um 9:30 Uhr.": 15,
    "日本語のテキスト": 6,
    "<|endoftext|>": 7,
    "👩\u200d👩\u200d👧": 8,
}


@pytest.mark.parametrize(("text", "count"), KNOWN.items(), ids=lambda value: ascii(value)[:20])
def test_counts_are_those_of_the_vocabulary(text: str, count: int) -> None:
    assert (count, "o200k_base") == (COUNTER.count(text), COUNTER.name)


@given(texts(), texts())
def test_any_text_is_counted_and_lines_add_up(first: str, second: str) -> None:
    """Half of a character counts as U+FFFD; a line's end is never joined with a label behind it."""
    line = f"[1] {first}.\n"

    assert COUNTER.count(line) + COUNTER.count(f"[2] {second}") == COUNTER.count(f"{line}[2] {second}")
    assert COUNTER.count(first) == COUNTER.count(first.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


@pytest.mark.parametrize(
    "text",
    ["a", " ", "\n", "😀", "!", "1", "e\u0301", "\x00", "ن", " \n", "aB", "日本語"],
    ids=ascii,
)
def test_a_hundred_thousand_of_one_sort_are_counted_in_linear_time(text: str) -> None:
    started = time.process_time()
    counted = COUNTER.count(text * 100_000)

    assert 0 < counted <= len(text.encode()) * 100_000
    assert time.process_time() - started < 2.0


def test_what_was_counted_is_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED_CHARACTERS_MAX", 10_000)
    counter = SplintrTokenCounter()
    held = []
    random = Random(5)
    for _ in range(2_000):
        counter.count("".join(random.choices(ascii_lowercase, k=20)))
        held.append(counter._loaded().cache_len)

    # One more was remembered when the library was loaded.
    assert 100 < max(held) <= 10_000 / 20 + 1


def test_the_vocabulary_is_loaded_by_the_first_count_and_from_this_machine() -> None:
    """Importing the counter, making it and asking its name load no engine; counting opens no socket."""
    program = """
import socket, sys
def refuse(*_): raise AssertionError("a connection was made")
socket.socket.connect = refuse
from agent_memory.inference.tokens import SplintrTokenCounter
counter = SplintrTokenCounter()
assert counter.name == "o200k_base"
assert "splintr" not in sys.modules
print(counter.count("hello world"))
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ("2\n", "") == (ran.stdout, ran.stderr)


def test_a_count_does_not_depend_on_what_was_counted_before() -> None:
    fresh = SplintrTokenCounter()

    assert [fresh.count(text) for text in reversed(KNOWN)] == [COUNTER.count(text) for text in reversed(KNOWN)]
