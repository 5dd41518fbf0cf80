"""Which words of a passage a hit shows."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.retrieval.excerpts import EXCERPT_CHARACTERS_MAX, narrow, terms


def excerpt(text: str, query: str, *, start: int = 0, end: int | None = None) -> str:
    first, last = narrow(text, start, len(text) if end is None else end, query)
    return text[first:last]


def test_the_sentence_that_answers_is_shown_alone() -> None:
    text = "Good morning! We moved the cache to RocksDB last week. Lunch was late. See you."

    assert "We moved the cache to RocksDB last week." == excerpt(text, "where did the cache move")


def test_neighbouring_sentences_that_answer_together_are_shown_together() -> None:
    text = "Hello. The flight leaves at nine. The gate is B12. Bye."

    assert "The flight leaves at nine. The gate is B12." == excerpt(text, "which gate does the flight leave from")


def test_without_a_word_in_common_the_passage_shows_how_it_begins() -> None:
    assert "First things first. Then the rest." == excerpt("First things first. Then the rest.", "quantum")


def test_nothing_outside_the_passage_is_shown() -> None:
    text = "alpha one. beta two. alpha three."

    assert "beta two." == excerpt(text, "alpha", start=11, end=20)


def test_inflection_and_case_do_not_hide_a_word() -> None:
    assert "They went Camping." == excerpt("Rain all day. They went Camping. More rain.", "camped")


@pytest.mark.parametrize("query", ["retry_budget", "RetryBudget", "retry budget"])
def test_names_in_code_are_found_by_their_words(query: str) -> None:
    text = "def open(): pass\nself.retryBudget = 3\nreturn None"

    assert "self.retryBudget = 3" == excerpt(text, query)


def test_scripts_without_spaces_are_found_by_their_characters() -> None:
    assert "会議は木曜日です。" == excerpt("おはよう。会議は木曜日です。また。", "木曜日の会議")


def test_a_sentence_that_is_too_long_is_cut_around_what_was_asked_at_words() -> None:
    text = "word " * 400 + "the needle lies here " + "word " * 400

    shown = excerpt(text, "needle")

    assert "needle" in shown
    assert len(shown) <= EXCERPT_CHARACTERS_MAX
    assert {"word", "the", "needle", "lies", "here"} >= set(shown.split())


def test_a_line_of_a_megabyte_is_cut_at_once() -> None:
    text = "x" * 500_000 + " needle " + "y" * 500_000

    assert "needle" in excerpt(text, "needle")


def test_a_passage_of_white_space_shows_nothing() -> None:
    assert "" == excerpt(" \n\t ", "x")


def test_a_letter_is_not_parted_from_its_accent_nor_a_family_from_its_members() -> None:
    family = "👨‍👩‍👧"
    for text in ("e\u0301" * 400, family * 200, "🇩🇪" * 300):
        shown = excerpt(text, "zzz")

        assert shown
        assert unicodedata.category(shown[0])[0] != "M"
        assert len(shown) <= EXCERPT_CHARACTERS_MAX
        assert text.startswith(shown)
        assert not text[len(shown) :].startswith(("\u0301", "\u200d"))
        assert not shown.endswith("\u200d")


def test_terms_know_where_they_stand() -> None:
    text = "Parse camelCaseNames, 木曜日 and snake_case"

    for term, places in terms(text).items():
        for at in places:
            assert text[at : at + 2].casefold() == term[:2]


@given(st.text(max_size=600), st.text(max_size=60), st.integers(0, 300), st.integers(0, 600))
def test_an_excerpt_is_a_short_verbatim_part_of_the_passage(text: str, query: str, start: int, length: int) -> None:
    first, last = narrow(text, start, start + length, query)

    assert 0 <= first <= last <= max(len(text), start)
    assert last - first <= EXCERPT_CHARACTERS_MAX
    if first < last:
        assert start <= first
        assert last <= start + length
        assert text[first:last] == text[first:last].strip()
        assert not any("\ud800" <= c <= "\udfff" for c in text[first:last])
