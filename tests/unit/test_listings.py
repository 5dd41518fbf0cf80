"""Listings of events: bounded work for each page, and every event in the end."""

from __future__ import annotations

from typing import Any

import pytest

from agent_memory import reading
from agent_memory.events import Event, Recorded
from agent_memory.log import RowEventLog
from agent_memory.memory import Filter
from agent_memory.reading import Reader
from agent_memory.storage import InMemoryRows
from agent_memory.testing.events import NOON_MS, event


def reader_of(log: RowEventLog) -> Reader:
    def nothing() -> Any:
        raise AssertionError("only the log is read")

    return Reader(log, contents=nothing, catalog=nothing, time_zone="UTC")


def log_of(*events: Event) -> RowEventLog:
    log = RowEventLog(InMemoryRows())
    log.append(events)
    return log


def pages_of(reader: Reader, **listing: Any) -> list[list[Event]]:
    pages, token = [], ""
    while True:
        page = reader.events(token=token, **listing)
        pages.append([recorded.event for recorded in page.items])
        token = page.next_token
        if not token:
            return pages


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_listing_of_long_events_reads_no_more_than_an_answer_or_two_of_them(newest_first: bool) -> None:
    class MeasuredLog(RowEventLog):
        characters = 0

        def scan(self, **bounds: Any) -> list[Recorded]:
            found = super().scan(**bounds)
            self.characters += sum(len(recorded.event.text) for recorded in found)
            return found

    long = [event(f"{n}" + "x" * (1 << 20), time_ms=NOON_MS + n) for n in range(30)]
    log = MeasuredLog(InMemoryRows())
    log.append(long)
    reader = reader_of(log)
    reader.events(newest_first=newest_first)
    read = log.characters
    pages = pages_of(reader, newest_first=newest_first)

    assert 8 << 20 >= read / 2
    assert (long[::-1] if newest_first else long) == [one for page in pages for one in page]


def test_a_listing_that_finds_nothing_among_long_events_goes_on_with_the_next_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "_SCAN_BYTES", 4_000)
    monkeypatch.setattr(reading, "_SCANNED_TEXT_MAX", 20_000)
    wanted = event(time_ms=NOON_MS + 60, agent="wanted")
    reader = reader_of(log_of(*(event("x" * 1_000, time_ms=NOON_MS + n) for n in range(60)), wanted))
    pages = pages_of(reader, where=Filter(agents=("wanted",)))

    assert [wanted] == [one for page in pages for one in page]
    assert len(pages) >= 3


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_listing_ends_at_the_very_first_id(newest_first: bool) -> None:
    first = event("the first", id="0" * 26, time_ms=0)
    reader = reader_of(log_of(first, event()))

    assert 2 == sum(map(len, pages_of(reader, newest_first=newest_first, limit=1)))
    assert not reader.timeline(first.id).more_before
