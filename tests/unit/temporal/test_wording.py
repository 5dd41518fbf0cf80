"""What was understood, as a person reads it."""

from __future__ import annotations

import pytest

from agent_memory.temporal import TIMELESS, TimeReading, TimeSpan, describe, describe_span, read_query
from agent_memory.toc import Calendar

NOW_MS = 1_752_672_600_000  # Wednesday, 16 July 2025, 15:30 in Berlin
BERLIN = Calendar("Europe/Berlin")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("yesterday", "Tue 15 Jul 2025"),
        ("the week of May 5 2025", "Mon 5 May 2025 – Sun 11 May 2025"),
        ("since Monday", "from Mon 14 Jul 2025"),
        ("until March 5", "until Wed 5 Mar 2025"),
        ("yesterday at 3pm", "Tue 15 Jul 2025 15:00 – 15:59"),
        ("last night", "Tue 15 Jul 2025 18:00 – Wed 16 Jul 2025 05:59"),
        ("in the last 3 days", "Sun 13 Jul 2025 00:00 – Wed 16 Jul 2025 15:30"),
        ("on 5 May and 7 May", "Mon 5 May 2025; Wed 7 May 2025"),
        ("when did we last deploy", "the latest first"),
        ("what happened first last week", "Mon 7 Jul 2025 – Sun 13 Jul 2025; the earliest first"),
        ("after the migration", "after “migration”"),
        ("before the migration", "before “migration”"),
        ("two weeks before the release", "10 to 18 days before “release”"),
        ("3 hours after the deploy", "135 to 225 minutes after “deploy”"),
        ("the day after the outage", "within 2 days after “outage”"),
        ("the day before the outage", "within 2 days before “outage”"),
        ("around the launch", "within 1 day of “launch”"),
        ("how do I configure it", ""),
    ],
)
def test_a_reading_is_told_in_one_line(query: str, expected: str) -> None:
    assert expected == describe(read_query(query, now_ms=NOW_MS, calendar=BERLIN), BERLIN)


def test_what_is_timeless_is_told_as_nothing() -> None:
    assert "" == describe(TIMELESS, BERLIN)


def test_a_stretch_beyond_the_calendar_is_told_in_milliseconds() -> None:
    span = TimeSpan(start=0, end=1, from_ms=-(10**17), until_ms=10**17)

    assert "-100000000000000000 ms – 100000000000000000 ms" == describe_span(span, BERLIN)


def test_days_are_told_in_the_zone_of_the_store() -> None:
    reading = read_query("today", now_ms=NOW_MS, calendar=Calendar("Pacific/Kiritimati"))

    assert "Thu 17 Jul 2025" == describe(reading, Calendar("Pacific/Kiritimati"))
    assert TimeReading() == TIMELESS
