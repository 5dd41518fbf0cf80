"""The sample conversations are whole: they decode, tell one story, and touch what a store must hold."""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from datetime import datetime
from typing import Any

import pytest

from agent_memory import samples
from agent_memory.capture import BadLine, JsonLines, Line
from agent_memory.clock import SYSTEM_CLOCK, RandomIds
from agent_memory.events import Kind
from agent_memory.events.drafting import complete_all


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for path in samples.paths() for line in path.read_text("utf-8").split("\n") if line]


@pytest.fixture(scope="module")
def events() -> list[dict[str, Any]]:
    return lines()


def test_there_is_a_file_for_each_agent() -> None:
    assert ["claude-code.jsonl", "codex.jsonl"] == [path.name for path in samples.paths()]


def test_every_line_becomes_an_event() -> None:
    """By the reader that `ingest` uses, and by the checks of an append."""
    for path in samples.paths():
        reader = JsonLines()
        found = [*reader.feed(path.read_bytes()), *reader.end()]
        drafts = [line.draft for line in found if isinstance(line, Line)]

        assert [] == [line for line in found if isinstance(line, BadLine)]
        assert len(drafts) == len(complete_all(drafts, clock=SYSTEM_CLOCK, ids=RandomIds()))
        assert {"sample"} == {draft.source for draft in drafts}


def test_source_ids_are_unique(events: list[dict[str, Any]]) -> None:
    ids = [event["source_id"] for event in events]

    assert len(set(ids)) == len(ids)


def test_times_carry_their_offset_and_run_forward(events: list[dict[str, Any]]) -> None:
    """Within a file, and so within each session."""
    for path in samples.paths():
        agent = path.stem
        times = [datetime.fromisoformat(event["time"]) for event in events if event["agent"] == agent]

        assert all(time.utcoffset() is not None for time in times)
        assert sorted(times) == times


def test_they_cover_both_sides_of_the_year(events: list[dict[str, Any]]) -> None:
    days = sorted({event["time"][:10] for event in events})

    assert "2025-12-01" == days[0]
    assert "2026-01-16" == days[-1]
    assert {"2025-12-31", "2026-01-01"} <= set(days)


def test_two_agents_work_on_two_projects(events: list[dict[str, Any]]) -> None:
    pairs = {(event["agent"], event["project"]) for event in events}

    assert {(a, p) for a in ("claude-code", "codex") for p in ("hivewatch", "kelpie-bookings")} == pairs


def test_some_sessions_run_at_the_same_time(events: list[dict[str, Any]]) -> None:
    spans: dict[str, list[datetime]] = defaultdict(list)
    for event in events:
        spans[event["session"]].append(datetime.fromisoformat(event["time"]))
    overlapping = [
        (one, other)
        for one, ones in spans.items()
        for other, others in spans.items()
        if one < other and ones[0] < others[-1] and others[0] < ones[-1]
    ]

    assert len(spans) >= 20
    assert len(overlapping) >= 3


def test_every_kind_of_event_occurs(events: list[dict[str, Any]]) -> None:
    assert {kind.value for kind in Kind} == {event["kind"] for event in events}


def test_a_tool_result_names_the_call_it_answers(events: list[dict[str, Any]]) -> None:
    calls = {(event["session"], event["tool_call_id"]) for event in events if event["kind"] == "tool_call"}
    answered = [(event["session"], event["tool_call_id"]) for event in events if event["kind"] == "tool_result"]

    assert set() == set(answered) - calls
    assert len(set(answered)) == len(answered)


def test_several_scripts_and_an_emoji_occur(events: list[dict[str, Any]]) -> None:
    text = "".join(event["text"] for event in events)
    names = {unicodedata.name(c, "").split(" ")[0] for c in text if c.isalpha()}

    assert {"LATIN", "HIRAGANA", "KATAKANA", "CJK", "ARABIC", "DEVANAGARI"} <= names
    assert "🐝" in text
