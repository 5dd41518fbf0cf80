"""Texts are cut where a reader would pause, and never within a character."""

from __future__ import annotations

import time
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_memory.indexes.chunks import CHUNK_MAX, Chunk, chunks_of

LONG = st.lists(st.text(st.characters(exclude_categories=()), min_size=1, max_size=40), min_size=1, max_size=8).flatmap(
    lambda parts: st.integers(1, 120).map(lambda n: " ".join(parts * n))
)


def test_a_short_text_stays_whole() -> None:
    assert [Chunk(0, 5)] == chunks_of("hello")
    assert [] == chunks_of("")


@settings(max_examples=150)
@given(text=LONG)
def test_chunks_cover_the_text_in_order_and_are_bounded(text: str) -> None:
    chunks = chunks_of(text)

    assert (0, len(text)) == (chunks[0].start, chunks[-1].end)
    assert all(a.start < b.start <= a.end < b.end for a, b in pairwise(chunks))
    assert CHUNK_MAX >= max(c.end - c.start for c in chunks)


@settings(max_examples=150)
@given(text=LONG)
def test_no_chunk_begins_with_what_belongs_to_the_character_before(text: str) -> None:
    cuts = {c.start for c in chunks_of(text)} | {c.end for c in chunks_of(text)}
    inner = [at for at in cuts if 0 < at < len(text)]
    marks = {at for at in inner if unicodedata.combining(text[at]) and not _in_a_long_run(text, at)}

    assert set() == marks


def _in_a_long_run(text: str, at: int) -> bool:
    return all(unicodedata.category(c)[0] == "M" for c in text[max(0, at - 31) : at])


@pytest.mark.parametrize("unit", ["👍🏽", "👩‍👩‍👧 ", "🇳🇴 ", "é", "\ud83d\ude00", "\r\n"])
def test_what_a_reader_sees_as_one_character_is_not_cut(unit: str) -> None:
    text = unit * 3000
    size = len(unit)
    cuts = {c.start for c in chunks_of(text)} | {c.end for c in chunks_of(text)}

    # A space or a line end may be cut off from what stands before it.
    assert {0} >= {cut % size for cut in cuts} - ({size - 1} if unit.endswith(" ") else set())


def test_a_text_is_cut_at_paragraphs_before_sentences_before_words() -> None:
    paragraphs = ("A sentence of some length stands here. " * 20).strip()
    text = f"{paragraphs}\n\n{paragraphs}"

    assert text.index("\n\n") + 2 == chunks_of(text)[0].end


@pytest.mark.parametrize(
    "text", ["a" * (1 << 20), "é" * (1 << 19), "\n" * (1 << 20), "\u0301" * (1 << 19), ". " * (1 << 19)]
)
def test_a_mebibyte_is_cut_in_a_moment(text: str) -> None:
    started = time.process_time()
    chunks = chunks_of(text)

    assert len(text) == chunks[-1].end
    assert time.process_time() - started < 2
