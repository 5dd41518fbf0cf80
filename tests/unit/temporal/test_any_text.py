"""Any string is read: quickly, without an error, into spans that make sense."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent_memory.temporal import (
    MENTIONS_MAX,
    QUERY_CHARS_READ,
    TimeSpan,
    describe,
    describe_span,
    mentions,
    read_query,
)
from agent_memory.temporal.reading import SPANS_MAX
from agent_memory.temporal.words import VOCABULARY
from agent_memory.toc import Calendar

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns"]
CALENDARS = {zone: Calendar(zone) for zone in ZONES}

# Words that mean something in the grammar, thrown together, beside anything at all.
WORDS = [
    *sorted(VOCABULARY), "May", "March", "Sun", "5", "31", "2025", "1999", "5th", "3pm", "15:30", "2025-02-30",
    "2011-12-30", "2025-05-05", "2025-05", "0000-01-01", "9999-12-31", "5/3/2025", "2025-W53", "-", "–", ",", ".", "?",
    "release",
    "migration", "Christmas", "new year's eve", "99999", "0", "00:00", "2025-05-05T14:30:00Z", "9999-12-31T23:59-12:00",
    "0001-01-01T00:00+14:00", "the", "of", "in", "last", "before", "10000", "9999", "1000",
]  # fmt: skip
sentences = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
texts = st.one_of(st.text(max_size=200), sentences, st.lists(st.one_of(sentences, st.text(max_size=9))).map(" ".join))
instants = st.one_of(
    st.integers(0, 4_102_444_800_000), st.integers(-62_135_596_800_000, 253_402_300_799_999), st.integers()
)
zones = st.sampled_from(ZONES)


def check(spans: tuple[TimeSpan, ...], text: str) -> None:
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        assert span.from_ms is not None or span.until_ms is not None
        if span.from_ms is not None and span.until_ms is not None:
            assert span.from_ms <= span.until_ms
    for one, other in itertools.pairwise(spans):
        assert one.end <= other.start


@given(texts, instants, zones)
@example("afternoon before before sept'", 0, "UTC")
@settings(max_examples=300, deadline=None)
def test_any_query_is_read(query: str, now_ms: int, zone: str) -> None:
    reading = read_query(query, now_ms=now_ms, calendar=CALENDARS[zone])

    check(reading.spans, query)
    assert len(reading.spans) <= SPANS_MAX
    assert all(0 <= start < end <= len(query) for start, end in reading.words)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(reading.words))
    if reading.anchor:
        assert reading.anchor in query
    if reading.anchor_from_ms is not None and reading.anchor_until_ms is not None:
        assert reading.anchor_from_ms <= reading.anchor_until_ms
    assert reading.is_timeless == (describe(reading, CALENDARS[zone]) == "")


@given(texts, instants, zones)
@settings(max_examples=300, deadline=None)
def test_any_text_is_read(text: str, said_ms: int, zone: str) -> None:
    calendar = CALENDARS[zone]
    found = mentions(text, said_ms=said_ms, calendar=calendar)

    check(found, text)
    assert len(found) <= MENTIONS_MAX
    for span in found:
        assert span.from_ms is not None
        assert span.until_ms is not None
        assert calendar.day(span.from_ms).start_ms == span.from_ms
        assert calendar.day(span.until_ms).end_ms == span.until_ms + 1
        assert describe_span(span, calendar)


@given(sentences, st.integers(0, 4_102_444_800_000), zones)
@settings(max_examples=100, deadline=None)
def test_a_reading_depends_on_nothing_but_what_it_is_given(query: str, now_ms: int, zone: str) -> None:
    """Another calendar of the same zone, asked other things before, gives the same."""
    fresh = Calendar(zone)

    assert read_query(query, now_ms=now_ms, calendar=CALENDARS[zone]) == read_query(
        query, now_ms=now_ms, calendar=fresh
    )


@pytest.mark.parametrize(
    "unit",
    [
        "monday ",
        "before the ",
        "(",
        "'",
        "a ",
        "last ",
        "when did ",
        "the first ",
        "x.",
        "日",
        "between 3 and ",
        "-",
        "was ",
    ],
)
def test_a_hundred_thousand_characters_are_read_quickly(unit: str) -> None:
    query = (unit * 100_000)[:100_000]
    start = time.process_time()
    read_query(query, now_ms=1_752_672_600_000, calendar=CALENDARS["Europe/Berlin"])

    assert time.process_time() - start < 0.5


def test_what_stands_beyond_a_question_is_not_read() -> None:
    query = "word " * QUERY_CHARS_READ + "yesterday"

    assert () == read_query(query, now_ms=1_752_672_600_000, calendar=CALENDARS["UTC"]).spans
