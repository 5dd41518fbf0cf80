"""Reads of the log that agents go by: several events at once, and what stands around one."""

from __future__ import annotations

from typing import Any

import pytest

from agent_memory import reading
from agent_memory.annotation import MemoryType
from agent_memory.annotation.types import types_of
from agent_memory.errors import InvalidQuery, UnknownEvent
from agent_memory.events import Event
from agent_memory.indexes import admission
from agent_memory.log import RowEventLog
from agent_memory.memory import Filter
from agent_memory.reading import Reader
from agent_memory.storage import InMemoryRows
from agent_memory.testing.events import NOON_MS, event

HOUR_MS = 3_600_000


def nothing() -> Any:
    raise AssertionError("only the log is read")


def reader_of(*events: Event) -> Reader:
    log = RowEventLog(InMemoryRows())
    log.append(list(events))
    return Reader(log, contents=nothing, catalog=nothing, time_zone="Europe/Oslo")


def texts(timeline: Any) -> list[str]:
    return [recorded.event.text for recorded in timeline.events]


def line(number: int, **fields: Any) -> Event:
    """The events of a session stand an hour apart: 1, 2, 3 …"""
    text = fields.pop("text", f"{fields.get('session', 's')}{number}")
    return event(text, time_ms=NOON_MS + number * HOUR_MS, **fields)


SESSION = [line(number) for number in range(1, 8)]


def test_several_events_come_in_the_order_of_their_ids() -> None:
    reader = reader_of(*SESSION)
    asked = [SESSION[4].id, SESSION[0].id, SESSION[4].id]

    assert asked == [recorded.event.id for recorded in reader.get_events(asked)]


def test_one_event_that_is_not_there_is_named_and_nothing_is_given() -> None:
    with pytest.raises(UnknownEvent) as unknown:
        reader_of(SESSION[0]).get_events([SESSION[0].id, SESSION[1].id])

    assert SESSION[1].id == unknown.value.id


@pytest.mark.parametrize(
    ("ids", "field"), [([], "ids"), ([SESSION[0].id] * 1001, "ids"), ([SESSION[0].id, "x"], "ids[1]")]
)
def test_ids_that_make_no_sense_are_refused_by_their_field(ids: list[str], field: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        reader_of(SESSION[0]).get_events(ids)

    assert field == refused.value.field


def test_texts_that_no_answer_holds_are_refused_with_how_many_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE_TEXT_MAX", 5)
    reader = reader_of(*SESSION)
    ids = [said.id for said in SESSION]
    with pytest.raises(InvalidQuery, match="more than 5 characters") as refused:
        reader.get_events(ids)

    assert "first 2 at once" in refused.value.hint
    assert 2 == len(reader.get_events(ids[:2]))


def test_one_text_is_given_however_long() -> None:
    whole = event("x" * (9 << 20))

    assert [whole] == [recorded.event for recorded in reader_of(whole).get_events([whole.id])]


@pytest.mark.parametrize(
    ("middle", "before", "after", "expected", "more"),
    [
        (4, 1, 2, ["s3", "s4", "s5", "s6"], (True, True)),
        (4, 0, 0, ["s4"], (True, True)),
        (4, 3, 3, ["s1", "s2", "s3", "s4", "s5", "s6", "s7"], (False, False)),
        (1, 5, 1, ["s1", "s2"], (False, True)),
        (7, 1, 5, ["s6", "s7"], (True, False)),
    ],
)
def test_a_timeline_has_the_neighbours_and_says_whether_there_are_more(
    middle: int, before: int, after: int, expected: list[str], more: tuple[bool, bool]
) -> None:
    # Another session between any two events of this one.
    others = [event(f"o{n}", session="o", time_ms=NOON_MS + n * HOUR_MS + 1) for n in range(8)]
    timeline = reader_of(*SESSION, *others).timeline(SESSION[middle - 1].id, before=before, after=after)

    assert (expected, more) == (texts(timeline), (timeline.more_before, timeline.more_after))


def test_a_timeline_across_sessions_has_the_neighbours_of_all() -> None:
    others = [event(f"o{n}", session="o", time_ms=NOON_MS + n * HOUR_MS + 1) for n in range(8)]
    timeline = reader_of(*SESSION, *others).timeline(SESSION[3].id, before=2, after=2, across_sessions=True)

    assert ["s3", "o3", "s4", "o4", "s5"] == texts(timeline)


def test_a_timeline_of_long_texts_has_the_nearest_that_an_answer_holds() -> None:
    long = [event(f"{n}" + "x" * (5 << 20), time_ms=NOON_MS + n * HOUR_MS) for n in range(1, 6)]
    timeline = reader_of(*long).timeline(long[2].id, before=2, after=2)

    assert ["3", "4"] == [text[0] for text in texts(timeline)]
    assert (True, True) == (timeline.more_before, timeline.more_after)


@pytest.mark.parametrize(("before", "after", "field"), [(-1, 0, "before"), (0, 101, "after")])
def test_a_timeline_beyond_its_bounds_is_refused(before: int, after: int, field: str) -> None:
    with pytest.raises(InvalidQuery) as refused:
        reader_of(*SESSION).timeline(SESSION[0].id, before=before, after=after)

    assert field == refused.value.field


@pytest.mark.parametrize("id", ["", "x", SESSION[0].id.lower()])
def test_a_timeline_of_what_is_no_id_is_refused(id: str) -> None:
    with pytest.raises(InvalidQuery, match="is no ULID"):
        reader_of(*SESSION).timeline(id)


def test_a_timeline_of_an_unknown_event_names_it() -> None:
    with pytest.raises(UnknownEvent):
        reader_of(SESSION[0]).timeline(SESSION[1].id)


# -- listings by type ------------------------------------------------------------------------------

STATED = [
    line(n, text="We decided to wait." if n % 50 == 0 else "Nothing of note.", session="t") for n in range(1, 401)
]
DECISIONS = Filter(types=(MemoryType.DECISION,))


def pages_of(reader: Reader, **asked: Any) -> list[list[str]]:
    """The ids on each page of a listing, to its end."""
    pages, token = [], ""
    while True:
        page = reader.events(token=token, **asked)
        pages.append([recorded.event.id for recorded in page.items])
        token = page.next_token
        if not token:
            return pages


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_listing_by_type_holds_all_that_are_of_it_and_nothing_else(newest_first: bool) -> None:
    reader = reader_of(*STATED)
    pages = pages_of(reader, where=DECISIONS, newest_first=newest_first, limit=3)
    expected = [said.id for said in STATED if said.text.startswith("We")]

    assert (expected[::-1] if newest_first else expected) == [id for page in pages for id in page]
    assert [3, 3, 2] == [len(page) for page in pages]


def test_a_page_by_type_reads_no_more_text_than_its_bound_and_goes_on_from_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However few are of the type: a page ends, maybe empty, and names the next."""
    monkeypatch.setattr(reading, "_TYPED_TEXT_MAX", 3_000)
    monkeypatch.setattr(reading, "_SCAN_PAGE", 20)
    read: list[str] = []

    def told(said: Event) -> frozenset[MemoryType]:
        read.append(said.text)
        return types_of(said)

    monkeypatch.setattr(admission, "types_of", told)
    reader = reader_of(*STATED)
    first = reader.events(where=DECISIONS, limit=100)

    assert first.next_token
    assert 3_000 <= sum(map(len, read)) < 3_000 + 20 * 20
    assert 8 == sum(map(len, pages_of(reader, where=DECISIONS, limit=100)))


def test_a_listing_without_types_tells_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "types_of", nothing)

    assert 400 == len(reader_of(*STATED).events(limit=1000).items)
