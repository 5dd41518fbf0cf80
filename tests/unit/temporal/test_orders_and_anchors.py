"""Questions after the first or the last of something, and times told from an event."""

from __future__ import annotations

import msgspec
import pytest

from agent_memory.temporal import TimeOrder, TimeReading, read_query
from agent_memory.toc import Calendar

NOW_MS = 1_752_672_600_000  # Wednesday, 16 July 2025, 15:30 in Berlin
BERLIN = Calendar("Europe/Berlin")
HOUR = 3_600_000
DAY = 24 * HOUR


def read(query: str) -> TimeReading:
    """What is understood; by which words is told in test_words."""
    return msgspec.structs.replace(read_query(query, now_ms=NOW_MS, calendar=BERLIN), cues=())


@pytest.mark.parametrize(
    "query",
    [
        "what happened last",
        "What did we try last?",
        "when did we last deploy",
        "When was the database last restored?",
        "the last time we talked about caching",
        "the most recent decision about the schema",
        "what is our latest plan for retries",
        "my last meeting with Anna",
        "Anna's last visit",
        "what have I read recently",
        "Who joined last?",
        "what was the last decision about Redis",
        "the last thing we decided",
        "the last error",
        "the last decision",
        "the last thing Mara asked for",
        "latest decision about DuckDB",
        "what was the last commit hash",
        "what is the last migration",
        "newest entry about the mill",
        "what happened last, the move or the wedding",
    ],
)
def test_a_question_after_the_last_asks_for_the_latest(query: str) -> None:
    assert TimeReading(order=TimeOrder.LATEST) == read(query)


@pytest.mark.parametrize(
    "query",
    [
        "what happened first",
        "What did we try first?",
        "when did we first use Redis",
        "the first time I met Anna",
        "our first meeting",
        "the earliest mention of the bug",
        "why did we initially choose SQLite",
        "Who was hired first?",
        "what was the first bug we fixed",
        "who was the first person that we asked",
        "the first test that failed",
        "oldest event",
        "which came first",
        "which came first, the outage or the move",
    ],
)
def test_a_question_after_the_first_asks_for_the_earliest(query: str) -> None:
    assert TimeReading(order=TimeOrder.EARLIEST) == read(query)


@pytest.mark.parametrize(
    "query",
    [
        "what was the first argument",
        "what did the last line of the file say",
        "what was her last name",
        "which class was in the first column",
        "in the first place",
        "what was the last resort",
        "did we copy the first byte or the last byte",
        "what was in the last row of the table",
        "the first three of them were red",
        "which was the latest version",
    ],
)
def test_a_place_in_a_thing_is_no_order(query: str) -> None:
    assert TimeOrder.ANY is read(query).order


@pytest.mark.parametrize(
    "query",
    [
        "where did the comma before the bracket go",
        "what was the line after the header",
        "what did we put after the colon",
        "what should I do after the restore drill",
        "what comes after the restore drill",
    ],
)
def test_what_stands_beside_a_thing_or_is_done_each_time_is_told_from_no_event(query: str) -> None:
    assert "" == read(query).anchor


def test_an_order_and_an_interval_are_both_understood() -> None:
    reading = read("what happened first last week")

    assert TimeOrder.EARLIEST is reading.order
    assert 1 == len(reading.spans)


def test_the_last_of_an_interval_is_no_order() -> None:
    for query in ("last week", "the last Friday in May", "in the last 3 days", "last night"):
        assert TimeOrder.ANY is read(query).order


@pytest.mark.parametrize(
    ("query", "anchor", "from_ms", "until_ms"),
    [
        ("what did we do after the migration", "migration", 0, None),
        ("What broke before the database migration?", "database migration", None, 0),
        ("since the outage", "outage", 0, None),
        ("what did we change after the restore drill", "restore drill", 0, None),
        ("who was on call before the audit log fix?", "audit log fix", None, 0),
        ("what broke since the new pricing model", "new pricing model", 0, None),
        ("what did we know until the launch of version 2", "launch of version 2", None, 0),
        ("two weeks before the release", "release", -int(18 * DAY), -int(10 * DAY)),
        ("a month after the wedding", "wedding", int(14.71875 * DAY), int(46.15625 * DAY)),
        ("the day after the outage", "outage", 0, 2 * DAY),
        ("the day before my interview", "interview", -2 * DAY, 0),
        ("the week after the kickoff", "kickoff", 0, 11 * DAY),
        ("3 hours after the deploy", "deploy", 2.25 * HOUR, 3.75 * HOUR),
        ("within two days after the incident", "incident", 0, 2 * DAY),
        ("in the two weeks before the launch", "launch", -14 * DAY, 0),
        ("right after the call with Bob we had what problem? no: right after the merger", "merger", 0, DAY),
        ("shortly before the election", "election", -7 * DAY, 0),
        ("within two weeks of the launch", "launch", -14 * DAY, 14 * DAY),
        ("What broke on the day of the launch?", "launch", -DAY, DAY),
        ("the night before the wedding", "wedding", -2 * DAY, 0),
        ("the weekend after the conference", "conference", 0, 11 * DAY),
        ("around the conference", "conference", -DAY, DAY),
        ("what did she say during the workshop", "workshop", -DAY, DAY),
        ("After the upgrade to Postgres 16, what failed?", "upgrade to Postgres 16", 0, None),
        ("after the accident did she quit", "accident", 0, None),
        ("what did we buy after we moved to Berlin", "moved to Berlin", 0, None),
        ("before Anna's birthday", "birthday", None, 0),
        ("two weeks before we shipped", "shipped", -int(18 * DAY), -int(10 * DAY)),
    ],
)
def test_a_time_told_from_an_event_names_it_and_the_way_from_it(
    query: str, anchor: str, from_ms: int | None, until_ms: int | None
) -> None:
    expected = TimeReading(anchor=anchor, anchor_from_ms=from_ms, anchor_until_ms=until_ms)
    reading = read(query)

    assert expected == reading


def test_what_comes_last_before_an_event_is_an_order_and_an_anchor() -> None:
    reading = read("what did we try last before the release")

    assert TimeOrder.LATEST is reading.order
    assert "release" == reading.anchor
    assert (None, 0) == (reading.anchor_from_ms, reading.anchor_until_ms)


def test_a_date_is_no_event() -> None:
    for query in ("two weeks before May 5", "after Christmas", "since Monday", "before 2024"):
        assert "" == read(query).anchor
