"""Which words of a passage a hit shows."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_memory.retrieval.excerpts import EXCERPT_CHARACTERS_MAX, SENTENCE_END, around, narrow
from agent_memory.retrieval.wanted import WORDS_MAX, Wanted


def excerpt(text: str, query: str, *, start: int = 0, end: int | None = None) -> str:
    first, last = narrow(text, start, len(text) if end is None else end, Wanted(query))
    return text[first:last]


def test_the_sentence_that_answers_is_shown_alone() -> None:
    text = "Good morning! We moved the cache to RocksDB last week. Lunch was late. See you."

    assert "We moved the cache to RocksDB last week." == excerpt(text, "where did the cache move")


PLAIN_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？｡]+[」』）]*|\n+")


@given(st.text(alphabet="ab .!?…\n\r\"')]。！」", max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_sentences_end_where_a_plainer_and_slower_expression_finds_it(text: str, start: int, end: int) -> None:
    def ends(pattern: re.Pattern[str]) -> list[tuple[int, int]]:
        return [found.span() for found in pattern.finditer(text, start, end)]

    assert ends(PLAIN_SENTENCE_END) == ends(SENTENCE_END)


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


def test_a_word_is_wanted_wherever_it_stands_whole() -> None:
    places = [
        (at, word) for at, word in Wanted("parsed names").places("Parse: parseNames name_parsing, sparse, Parser")
    ]

    assert [(0, "pars"), (7, "pars"), (12, "nam"), (18, "nam"), (23, "pars")] == places


def test_words_that_every_question_has_are_not_wanted() -> None:
    assert {"oslo"} == Wanted("when did you go to Oslo").weights.keys() - {"go"}


def test_a_query_of_such_words_alone_wants_them() -> None:
    assert 0 < Wanted("what was it").fit("It was what it was.")


def test_of_a_very_long_query_a_bounded_number_of_words_is_wanted() -> None:
    assert WORDS_MAX == len(Wanted(" ".join(f"word{n}" for n in range(5_000))).weights)


@given(st.text(max_size=80), st.text(max_size=300))
def test_any_text_is_a_query_and_what_is_found_stands_there(query: str, text: str) -> None:
    wanted = Wanted(query)
    places = wanted.places(text)

    assert places == sorted(places)
    for at, word in places:
        assert word in wanted.weights
        assert text[at:].lower().startswith(word)


@given(st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1, max_size=40))
def test_a_text_holds_all_of_itself(text: str) -> None:
    wanted = Wanted(text)

    assert sum(wanted.weights.values()) >= wanted.fit(text)
    if text.isascii() and wanted.weights:
        assert 0 < wanted.fit(text)


@given(st.text(max_size=600), st.text(max_size=60), st.integers(0, 300), st.integers(0, 600))
def test_an_excerpt_is_a_short_verbatim_part_of_the_passage(text: str, query: str, start: int, length: int) -> None:
    first, last = narrow(text, start, start + length, Wanted(query))

    assert 0 <= first <= last <= max(len(text), start)
    assert last - first <= EXCERPT_CHARACTERS_MAX
    if first < last:
        assert start <= first
        assert last <= start + length
        assert text[first:last] == text[first:last].strip()
        assert not any("\ud800" <= c <= "\udfff" for c in text[first:last])


def quoted(text: str, words: str, *, within: tuple[int, int] | None = None) -> str:
    start = text.index(words)
    first, last = around(text, start, start + len(words), within=within or (0, len(text)))
    return text[first:last]


def test_quoted_words_are_shown_in_their_sentence() -> None:
    text = "Hello. We keep them all, so raw readings stay raw for ever. Bye."

    assert "We keep them all, so raw readings stay raw for ever." == quoted(text, "raw readings stay raw")


def test_quoted_words_that_are_a_sentence_are_shown_with_what_follows_or_else_precedes() -> None:
    assert "Raw stays raw. Or we could not mend them. Bye." == quoted(
        "Raw stays raw. Or we could not mend them. Bye.", "Raw stays raw"
    )
    assert "Why? We could not mend them. Raw stays raw." == quoted(
        "Why? We could not mend them. Raw stays raw.", "Raw stays raw"
    )
    assert "Raw stays raw." == quoted("Raw stays raw.", "Raw stays raw")


def test_quoted_words_that_span_sentences_are_shown_with_both() -> None:
    assert "So it ends. Bye now, then." == quoted("Hello. So it ends. Bye now, then. Hm.", "ends. Bye")


def test_nothing_is_shown_around_quoted_words_that_lies_outside() -> None:
    text = "This is the reminder, it says raw. And that is what somebody said."

    assert "it says raw." == quoted(text, "it says raw", within=(22, 35))


@pytest.mark.parametrize("filler", ["word ", "x", "🇩🇪", "e\u0301 "])
def test_in_a_line_of_a_megabyte_quoted_words_keep_their_surroundings(filler: str) -> None:
    text = filler * (1 << 17) + " the needle lies here " + filler * (1 << 17)
    shown = quoted(text, "needle lies")

    assert "the needle lies here" in shown
    assert EXCERPT_CHARACTERS_MAX - 80 <= len(shown) <= EXCERPT_CHARACTERS_MAX


@given(st.text(max_size=900), st.data())
def test_what_is_shown_around_any_words_is_short_verbatim_and_within(text: str, data: st.DataObject) -> None:
    low, start, end, high = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 4)))
    first, last = around(text, start, end, within=(low, high))

    assert low <= first <= last <= high
    assert last - first <= max(EXCERPT_CHARACTERS_MAX, end - start)
    assert not any("\ud800" <= c <= "\udfff" for c in text[first:last])
