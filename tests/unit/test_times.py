"""From the words that name an event to when it was: `before the release`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from agent_memory.events import Event, Kind, Role
from agent_memory.events.ulids import derived_ulid
from agent_memory.retrieval.times import definite
from agent_memory.temporal import TimeReading, describe_span, read_query
from agent_memory.testing.searchable import ZONE, SearchableStore
from agent_memory.toc import Calendar

CALENDAR = Calendar(ZONE)


def ms(local: str) -> int:
    return int(datetime.fromisoformat(f"{local}+01:00").timestamp() * 1000)


NOW = "2026-01-18T12:00"


def said(local: str, text: str, kind: Kind = Kind.USER_MESSAGE, project: str = "mill") -> Event:
    at_ms = ms(local)
    return Event(
        id=derived_ulid(at_ms, text), kind=kind, role=Role.USER, session=f"s-{project}", project=project, text=text
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SearchableStore]:
    with SearchableStore(tmp_path) as opened:
        yield opened


def made(store: SearchableStore, query: str, now: str = NOW) -> TimeReading:
    now_ms = ms(now)
    reading = read_query(query, now_ms=now_ms, calendar=CALENDAR)
    return definite(query, reading, now_ms=now_ms, calendar=CALENDAR, lexical=store.lease("lexical"), log=store.log)


def told(reading: TimeReading) -> list[str]:
    return [describe_span(span, CALENDAR) for span in reading.spans]


RELEASE = said("2025-12-17T09:00", "Noted. Release on Thursday 15 January 2026, at ten. Ada brings the cake.")


def test_the_day_that_the_sentence_names_is_when_it_was(store: SearchableStore) -> None:
    store.add([RELEASE])
    reading = made(store, "what did we decide in the two weeks before the release")

    assert ["Thu 1 Jan 2026 – Wed 14 Jan 2026"] == told(reading)
    assert RELEASE.id == reading.anchor_event_id
    assert "Release on Thursday 15 January 2026, at ten." == reading.anchor_sentence


def test_what_came_after_a_day_begins_with_it(store: SearchableStore) -> None:
    store.add([RELEASE])

    assert ["from Thu 15 Jan 2026"] == told(made(store, "what broke after the release"))
    assert ["Thu 15 Jan 2026 – Sat 17 Jan 2026"] == told(made(store, "what broke the day after the release"))


def test_without_a_day_it_was_when_it_was_said(store: SearchableStore) -> None:
    store.add([said("2026-01-10T14:30", "The outage is over, the disk was full.")])

    assert ["from Sat 10 Jan 2026 14:30"] == told(made(store, "what did we change after the outage"))


def test_what_was_said_after_now_is_not_known_yet(store: SearchableStore) -> None:
    store.add([said("2026-02-01T10:00", "The release went well.")])
    reading = made(store, "what did we decide before the release")

    assert ((), "", "release") == (reading.spans, reading.anchor_event_id, reading.anchor)


def test_messages_come_before_what_tools_were_told_and_printed(store: SearchableStore) -> None:
    call = said("2026-01-12T10:00", "release release release", Kind.TOOL_CALL)
    printed = said("2026-01-12T10:01", "release", Kind.TOOL_RESULT)
    message = said("2026-01-11T10:00", "After some talk with Ben about this and that the release of the mill is out.")
    store.add([message, call, printed])

    assert message.id == made(store, "what broke after the release").anchor_event_id


def test_a_tool_tells_where_no_message_does(store: SearchableStore) -> None:
    call = said("2026-01-12T10:00", "cross build --release", Kind.TOOL_CALL)
    store.add([call, said("2026-01-11T10:00", "Something else.")])

    assert call.id == made(store, "what broke after the release").anchor_event_id


def test_a_question_tells_less_than_an_answer(store: SearchableStore) -> None:
    asked = said("2026-01-14T10:00", "The migration?")
    answer = said("2026-01-09T10:00", "We ran the migration of all the tables of the booking service, and it held.")
    store.add([answer, asked])

    assert answer.id == made(store, "what failed after the migration").anchor_event_id


def test_of_several_days_the_one_beside_the_words_counts(store: SearchableStore) -> None:
    store.add([said("2025-12-17T09:00", "Restore drill on Wednesday 7 January, and then the release on 15 January.")])

    assert ["until Tue 6 Jan 2026"] == told(made(store, "what did we fix before the restore drill"))
    assert ["until Wed 14 Jan 2026"] == told(made(store, "what did we fix before the release"))


def test_the_project_of_what_is_told_counts_as_said(store: SearchableStore) -> None:
    mill = said("2026-01-08T10:00", "The release is out, at last.", project="mill")
    shop = said("2026-01-09T10:00", "The release is out, at last!", project="shop")
    store.add([mill, shop])

    assert mill.id == made(store, "what broke after the mill release").anchor_event_id
    assert shop.id == made(store, "what broke after the shop release").anchor_event_id


def test_a_sentence_with_less_than_half_of_the_words_tells_nothing(store: SearchableStore) -> None:
    store.add([said("2026-01-08T10:00", "We talked about the weather, and a launch.")])
    reading = made(store, "two weeks after the launch of the telescope observatory")

    assert ((), "") == (reading.spans, reading.anchor_event_id)


def test_the_interval_stands_where_the_query_names_the_event(store: SearchableStore) -> None:
    """And is no word that says when: what came before the release may speak of it."""
    store.add([RELEASE])
    query = "what did release notes say in the two weeks before the release"
    reading = made(store, query)
    (span,) = reading.spans

    assert (len(query) - len("release"), len(query)) == (span.start, span.end)
    assert ["in the two weeks before"] == [query[start:end] for start, end in reading.words]


def test_a_sentence_is_shown_in_part_where_it_is_long(store: SearchableStore) -> None:
    store.add([said("2026-01-08T10:00", "word " * 300 + "the release " + "and so on " * 300)])
    reading = made(store, "what broke after the release")

    assert 240 >= len(reading.anchor_sentence)
    assert "the release" in reading.anchor_sentence


@pytest.mark.parametrize("unit", ["release ", "release. ", "release on 5 May. ", "release\n", "release 15 January "])
def test_long_texts_are_weighed_quickly(store: SearchableStore, unit: str) -> None:
    text = (unit * 40_000)[:200_000]
    store.add([said(f"2026-01-0{day}T10:00", f"{day} {text}") for day in range(1, 9)])
    start = time.process_time()
    made(store, "what broke after the release")

    assert time.process_time() - start < 0.5
