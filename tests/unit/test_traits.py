"""The traits of an event, and what was read out of events and is kept for the next view."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.annotation import newest
from agent_memory.annotation.memo import remembered
from agent_memory.annotation.newest import Newest
from agent_memory.annotation.traits import WORDS_MAX, ends_with_question, traits_of, words_in
from agent_memory.events import Event
from agent_memory.testing.events import NOON_MS, event

_WORDS = re.compile(r"[^\W\d_]{4,}|\d+")


@given(st.text(st.sampled_from("aZ09_ -.\n\x00é"), max_size=60) | st.text(max_size=60))
def test_words_of_four_letters_and_numbers_are_counted(text: str) -> None:
    counted = words_in(traits_of(event(text), types=(), names_time=False))

    assert min(len(_WORDS.findall(text)), WORDS_MAX) == counted


def test_an_event_is_read_once_however_many_ask() -> None:
    read: list[str] = []

    @remembered
    def words_of(event: Event) -> tuple[str, ...]:
        read.append(event.text)
        return tuple(event.text.split())

    first = event("one", time_ms=NOON_MS)
    other_store = event("another", id=first.id)
    answers = [words_of(first), words_of(event("one", id=first.id)), words_of(other_store), words_of(other_store)]

    assert [("one",), ("one",), ("another",), ("another",)] == answers
    assert ["one", "another"] == read


def test_the_newest_stay_and_their_number_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "KEPT_MIN", 4)
    kept: Newest[int, str] = Newest()
    for n in range(100):
        kept.put(n, str(n), 1)
        there = [old for old in range(n + 1) if kept.get(old) is not None]

        assert there[-4:] == list(range(max(0, n - 3), n + 1))
        assert len(there) <= 8


def test_the_text_behind_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "CHARACTERS_KEPT_MAX", 100)
    kept: Newest[int, str] = Newest()
    for n in range(100):
        kept.put(n, str(n), 10)

    assert 10 <= sum(kept.get(n) is not None for n in range(100)) <= 20


def test_what_a_harness_puts_behind_a_question_leaves_it_a_question() -> None:
    asked = "Why did we move the cache?"
    reminder = "\n<system-reminder>\nThe list of things to do is empty. Do not mention this.\n</system-reminder>"
    plain, wrapped = (traits_of(event(text), types=(), names_time=False) for text in (asked, asked + reminder))

    assert 1 == ends_with_question(plain)
    assert plain == wrapped
