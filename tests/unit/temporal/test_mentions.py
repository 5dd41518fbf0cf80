"""The days that a text speaks of."""

from __future__ import annotations

import time
import zoneinfo
from datetime import UTC, date, datetime, timedelta

import pytest

from agent_memory.temporal import MENTIONS_MAX, TimeSpan, describe_span, mentions
from agent_memory.toc import Calendar

BERLIN = Calendar("Europe/Berlin")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SAID = datetime(2025, 7, 16, 15, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))  # a Wednesday
SAID_MS = (SAID - EPOCH) // timedelta(milliseconds=1)


def spoken_of(text: str) -> tuple[TimeSpan, ...]:
    return mentions(text, said_ms=SAID_MS, calendar=BERLIN)


def midnight_ms(day: str, days_later: int = 0) -> int:
    local = datetime.fromisoformat(day).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    return (datetime.combine(local.date() + timedelta(days=days_later), local.timetz()) - EPOCH) // timedelta(
        milliseconds=1
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I went to the gym yesterday.", ["2025-07-15"]),
        ("We met last Friday and then again on Monday", ["2025-07-11", "2025-07-14"]),
        ("See you on Friday!", ["2025-07-18"]),
        ("We'll ship it in September.", ["2025-09-01/2025-09-30"]),
        ("It was so cold in December", ["2024-12-01/2024-12-31"]),
        ("The wedding is on 20 July", ["2025-07-20"]),
        ("I moved here in 2019", ["2019-01-01/2019-12-31"]),
        ("Two weeks ago we saw it; three years ago as well", ["2025-06-30/2025-07-06", "2022-01-01/2022-12-31"]),
        ("last night at 11 it rained", ["2025-07-15"]),
        ("yesterday at 3pm", ["2025-07-15"]),
        ("next month I'm having a show", ["2025-08-01/2025-08-31"]),
        ("It ran from 3 to 7 May and was fun", ["2025-05-03/2025-05-07"]),
        ("until March 5 it was fine", ["2025-03-05"]),
        ("error at 2025-07-14T10:00:00Z\nerror at 2025-07-14T11:00:00Z", ["2025-07-14"]),
        ("Pierre’s train came on Tuesday’s evening", ["2025-07-15"]),
        ("В 2025-05-05 было, 日本 on 6 May 2025", ["2025-05-05", "2025-05-06"]),
        ("the first week of June was great", ["2025-06-01/2025-06-07"]),
        ("Christmas? We stayed here over Christmas", ["2024-12-25"]),
    ],
)
def test_a_text_speaks_of_whole_days(text: str, expected: list[str]) -> None:
    intervals = []
    for written in expected:
        first, _, last = written.partition("/")
        intervals.append((midnight_ms(first), midnight_ms(last or first, 1) - 1))

    assert intervals == [(span.from_ms, span.until_ms) for span in spoken_of(text)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I may go there, March through it and sit in the sun",
        "Today is fine, and this morning was too",
        "two hours ago",
        "what a great day, every Monday, once a week, all night",
        "see backup-2025-03-05.tar.gz, release 2025.03, port 2024",
        "`2025-03-05` is the key",
        "April said so. August agreed.",
        "in a few minutes",
    ],
)
def test_a_text_without_another_day_speaks_of_none(text: str) -> None:
    assert () == spoken_of(text)


def test_the_days_are_those_of_the_time_at_which_it_was_said() -> None:
    later_ms = SAID_MS + 400 * 86_400_000
    (then,) = mentions("yesterday", said_ms=later_ms, calendar=BERLIN)

    assert "Wed 19 Aug 2026" == describe_span(then, BERLIN)


def test_a_long_text_gives_its_first_mentions() -> None:
    text = "".join(f"On {date(2020, 1, 1) + timedelta(days=n)} it rained.\n" for n in range(1_000))
    found = spoken_of(text)

    assert MENTIONS_MAX == len(found)
    assert midnight_ms("2020-01-01") == found[0].from_ms
    assert sorted(span.start for span in found) == [span.start for span in found]


def test_a_mention_far_inside_a_long_text_is_found() -> None:
    text = "word " * 100_000 + "we met on 5 May 2025. " + "word " * 100_000
    (span,) = spoken_of(text)

    assert "5 May 2025" == text[span.start : span.end]


@pytest.mark.parametrize(
    "unit",
    ["monday ", "may ", "1", "\"'`“", "2025-05-05 ", "day", "-", "May 5\n", "between 3 and ", "monday-", "last ",
     "日", "5 May. ", " the", "of the ", "\n", "a week ", "\ud800", "’s ", "1/2/", "2025-"],
)  # fmt: skip
def test_a_megabyte_of_anything_is_read_in_linear_time(unit: str) -> None:
    """Four times the text takes about four times as long: that it is not sixteen is what counts."""

    def seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        taken = []
        for _ in range(3):
            start = time.process_time()
            spoken_of(text)
            taken.append(time.process_time() - start)
        return min(taken)

    seconds(1_000)
    small, large = seconds(1 << 18), seconds(1 << 20)

    assert large <= 9 * small + 0.05
    assert large < 2.0
