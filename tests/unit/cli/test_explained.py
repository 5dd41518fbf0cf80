"""`search --explain`: what each signal said, what was understood, and where the time went."""

from __future__ import annotations

import re

import msgspec
import pytest

from agent_memory.temporal import TimeReading, TimeSpan
from agent_memory.testing.scripted_memory import (
    EVENT,
    HIT,
    status,
)
from tests.unit.cli.door import EXPLAINED, QUERY, Door, unscripted


def test_search_explains_each_signal_the_time_the_tier_and_the_milliseconds(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    told = door.run("search", QUERY, "--explain", "--without", "entity", "--recency", "0.3", width=80)
    rows = [line.split() for line in told.out.splitlines()]

    for row in (
        ["signal", "rank", "score", "contribution"],
        ["lexical", "#1", "12.346", "+0.4000"],
        ["substance", "-", "0.250", "+0.0200"],
        ["silent:", "vector"],
        ["time", "#3", "-0.500", "-0.1000"],
        ["all", "0.5000"],
        ["without", "entity"],
        ["ranking", "recency", "0.3"],
        ["tier", "hybrid"],
        ["now", "Thu", "2026-01-15", "10:30:00", "Europe/Oslo"],
    ):
        assert row in rows
    assert "ms (lexical 1.2 · embed 3.5, some of them at the same time) · total 5.0" in told.words
    assert "“yesterday” is Wed 2026-01-14;" in told.words
    assert "up to Thu 2026-01-15 10:30:00" in told.words
    assert "within 2 weeks before “the release”; the latest of what fits gains" in told.words
    assert 80 >= max(map(len, told.out.splitlines()))


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles", "UTC"])
def test_times_beyond_all_calendars_are_shown_as_the_nearest_there_are(door: Door, zone: str) -> None:
    reading = TimeReading(spans=(TimeSpan(start=0, end=1, from_ms=-(1 << 60), until_ms=253_402_300_799_999),))
    door.memory.script = {
        "search": msgspec.structs.replace(EXPLAINED, understood=reading),
        "status": status(time_zone=zone),
    }

    assert "“s” is" in door.run("search", QUERY, "--explain").words
    (span,) = door.run("search", QUERY, "--json").data["understood"]["spans"]
    assert ("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z") == (span["from"], span["until"])


def test_an_event_that_names_a_time_is_told_once_with_the_time_it_had(door: Door) -> None:
    reading = TimeReading(
        spans=(TimeSpan(start=7, end=14, from_ms=None, until_ms=EVENT.time_ms),),
        anchor="release",
        anchor_until_ms=0,
        anchor_event_id=EVENT.id,
        anchor_sentence="We release\n tomorrow.",
    )
    door.memory.script = {"search": msgspec.structs.replace(EXPLAINED, understood=reading)}

    told = (
        "understood: before “release” is up to Thu 2026-01-15 10:30:00"
        f" (said 2026-01-15 in {EVENT.id}: “We release tomorrow.”)"
    )

    assert told in door.run("search", "before release").words


def test_columns_of_an_explanation_stand_below_each_other(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    lines = door.run("search", QUERY, "--explain").out.splitlines()
    ends = {len(line.rstrip()) for line in lines if re.search(r"contribution|[+-]0\.\d{4}", line)}

    assert 1 == len(ends)


def test_search_says_what_it_understood_what_a_hit_is_and_what_it_left_out(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    told = door.run("search", QUERY)

    assert "understood: “yesterday” is Wed 2026-01-14" in told.words
    assert "decision" in told.out
    assert "3 other events said almost the same" in told.words
    assert "contribution" not in told.out
    assert "understood" not in door.run("search", "x", "--explain").out


def test_search_as_json_tells_what_was_understood_and_how_it_was_ranked(door: Door) -> None:
    door.memory.script = {"search": EXPLAINED}
    data = door.run("search", QUERY, "--json", "--diversity", "0.5", "--brief").data

    assert {
        "spans": [
            {
                "text": "yesterday",
                "start": 5,
                "end": 14,
                "from": "2026-01-13T23:00:00.000Z",
                "until": "2026-01-14T22:59:59.999Z",
            },
            {"text": "before 10:3", "start": 18, "end": 29, "from": "", "until": "2026-01-15T09:30:00.000Z"},
        ],
        "order": "latest",
        "anchor": "the release",
        "anchor_from_ms": -14 * 86_400_000,
        "anchor_until_ms": 0,
        "anchor_event_id": "",
        "anchor_sentence": "",
        "cues": [],
    } == data["understood"]
    assert (0.5, False) == (data["options"]["diversity"], data["options"]["group_by_session"])
    assert "2026-01-15T09:30:00.000Z" == data["now"]
    assert (["decision"], 3) == (data["hits"][0]["types"], data["hits"][0]["repeat_count"])


def test_steps_are_told_in_the_order_in_which_they_run(door: Door) -> None:
    steps = ("total", "weigh", "vector", "resolve", "novel", "read", "embed", "lexical")
    result = msgspec.structs.replace(EXPLAINED, timings_ms=dict.fromkeys(steps, 1.0))
    for timings in (result.timings_ms, dict(reversed(result.timings_ms.items()))):
        door.memory.script = {"search": msgspec.structs.replace(result, timings_ms=timings)}

        expected = (
            "ms read 1.0 · (lexical 1.0 · embed 1.0 · vector 1.0, some of them at the same time)"
            " · weigh 1.0 · resolve 1.0 · novel 1.0 · total 1.0"
        )
        assert expected in door.run("search", "x", "--explain").words


def test_the_factor_of_recency_and_salience_is_told_where_there_is_one(door: Door) -> None:
    hit = msgspec.structs.replace(HIT, factor=1.25)
    door.memory.script = {"search": msgspec.structs.replace(EXPLAINED, hits=(hit,))}

    assert "recency and salience: × 1.2500, in each contribution" in door.run("search", "x", "--explain").words
    assert 1.25 == door.run("search", "x", "--json").data["hits"][0]["factor"]
    assert "×" not in Door.run(unscripted(door), "search", "x", "--explain").out


def test_the_score_of_a_hit_has_its_name(door: Door) -> None:
    assert "lexical #1 score 0.50" in door.run("search", "x").words
