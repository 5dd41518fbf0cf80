"""What a hook told and what the history tells are the same events; a history that is cut is a part of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.agents import captured_of
from agent_memory.capture.histories.copilot import CopilotHistory
from agent_memory.capture.histories.cursor import CursorHistory
from agent_memory.capture.histories.gemini import GeminiHistory
from agent_memory.capture.histories.opencode import OpenCodeHistory, storage_records
from agent_memory.capture.histories.port import HistoryReader, Place
from agent_memory.capture.model import Agent, Captured, Outcome
from agent_memory.capture.payloads import decoded
from agent_memory.capture.turns import with_turn
from agent_memory.events import Draft, Kind
from tests.unit.capture.history_reading import (
    COPILOT,
    CURSOR,
    DATA,
    GEMINI,
    MODIFIED_MS,
    OPENCODE,
    captured,
    drafts,
    lines,
    of_files,
    place,
    read,
)

SAID = {Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT, Kind.COMPACTION}


def hooked(agent: Agent, *names: str, transcript: Path | None = None) -> list[Draft]:
    """What the fixture's hooks tell, their turns read from *transcript*."""
    found: list[Captured] = []
    for name in names:
        for payload in decoded((DATA / "hooks" / f"{name}.jsonl").read_bytes()):
            if transcript is not None:
                payload = {**payload, "transcript_path": str(transcript), "transcriptPath": str(transcript)}
                payload = dict(with_turn(agent, payload, redact=lambda value: (value, {})))
            found += captured_of(agent, payload, received_ms=MODIFIED_MS)
    deliveries: set[tuple[str, ...]] = set()
    once: list[Captured] = []
    for one in found:
        # As the daemon's ledger has it: the same words by the same delivery are one.
        delivery = (one.kind.value, one.session, one.text, one.delivery or str(len(once)))
        if delivery not in deliveries:
            once.append(one)
        deliveries.add(delivery)
    return drafts(agent, once)


def words(found: Iterable[Draft]) -> dict[str, tuple[str, str, str, str]]:
    """Of what was said and done: identity → what a reader sees."""
    return {
        draft.source_id: (draft.kind.value, draft.session, draft.tool_call_id, " ".join(draft.text.split()))
        for draft in found
        if draft.kind in SAID and draft.text
    }


def of_gemini() -> tuple[list[Draft], list[Draft]]:
    found = captured(read(GeminiHistory(place(GEMINI)), lines(GEMINI)))
    return hooked(Agent.GEMINI, "gemini", transcript=GEMINI), drafts(Agent.GEMINI, found)


def of_copilot(dialect: str) -> tuple[list[Draft], list[Draft]]:
    found = captured(read(CopilotHistory(place(COPILOT)), lines(COPILOT)))
    return hooked(Agent.COPILOT, dialect, transcript=COPILOT), drafts(Agent.COPILOT, found)


def of_opencode() -> tuple[list[Draft], list[Draft]]:
    return hooked(Agent.OPENCODE, "opencode"), drafts(Agent.OPENCODE, captured(of_files()))


BOTH: dict[str, Callable[[], tuple[list[Draft], list[Draft]]]] = {
    "gemini": of_gemini,
    "copilot": lambda: of_copilot("copilot"),
    "copilot-pascal": lambda: of_copilot("copilot-pascal"),
    "opencode": of_opencode,
}


@pytest.mark.parametrize("name", BOTH)
def test_what_a_hook_told_the_history_tells_again_by_the_same_id(name: str) -> None:
    """Prompts, replies, calls and results, and they read the same; none is recorded twice."""
    live, later = (words(found) for found in BOTH[name]())

    assert {} == {key: live[key] for key in live if live[key] != later.get(key)}
    assert 5 <= len(live)


@pytest.mark.parametrize("name", BOTH)
def test_what_both_tell_was_at_about_the_same_time(name: str) -> None:
    """Words at times far apart are taken for two."""
    live, later = ({draft.source_id: draft.time_ms or 0 for draft in found} for found in BOTH[name]())

    assert {} == {key: later[key] - live[key] for key in live if key in later and abs(later[key] - live[key]) > 2_000}


def test_cursors_hooks_and_its_transcript_tell_the_same_words() -> None:
    """All but results and what a sub-agent found, which its transcript has elsewhere or not at all."""
    live = words(hooked(Agent.CURSOR, "cursor"))
    read_later = words(drafts(Agent.CURSOR, captured(read(CursorHistory(place(CURSOR)), lines(CURSOR)))))
    path = CURSOR.parent / "subagents" / "sub-9.jsonl"
    read_later |= words(drafts(Agent.CURSOR, captured(read(CursorHistory(place(path)), lines(path)))))

    assert {} == {key: seen for key, seen in live.items() if seen[0] != "tool_result" and seen != read_later.get(key)}


def cuts(path: Path, make: Callable[[Place], HistoryReader]) -> Iterator[tuple[int, dict[str, Any]]]:
    records = lines(path)
    for end in range(len(records) + 1):
        yield end, words(drafts(Agent.GEMINI, captured(read(make(place(path)), records[:end]))))


@pytest.mark.parametrize(
    ("path", "make"), [(GEMINI, GeminiHistory), (COPILOT, CopilotHistory), (CURSOR, CursorHistory)], ids=lambda p: ""
)
def test_a_history_that_is_cut_at_any_line_is_a_part_of_the_whole(
    path: Path, make: Callable[[Place], HistoryReader]
) -> None:
    """So importing it again once it has grown adds the rest and changes nothing."""
    *parts, (_, whole) = cuts(path, make)

    assert [] == [end for end, part in parts if not part.items() <= whole.items()]
    assert {} == parts[0][1]


@pytest.mark.parametrize("make", [GeminiHistory, CopilotHistory, OpenCodeHistory, CursorHistory])
def test_nothing_that_can_be_decoded_makes_a_reader_fail(make: Callable[[Place], HistoryReader]) -> None:
    """Each field of each fixture's record in turn is something else; one record is one line told, or more."""
    records = [
        record.value for path in (GEMINI, COPILOT, CURSOR) for record in lines(path) if type(record.value) is dict
    ] + [record.value for session in OPENCODE.glob("*.json") for record in storage_records(session)]
    broken: list[Any] = [
        7,
        None,
        [],
        "x",
        {},
        [[]],
        {"messages": [7]},
        {"id": [], "type": {}},
        {"type": "x", "data": 3},
    ]
    for value in records:
        for field in value:
            broken += [{**value, field: other} for other in (7, None, ["x", {}], {"y": [1]}, "")]
    reader = make(place(Path("x/chats/y.jsonl")))
    told = [one for number, value in enumerate(broken, 1) for one in reader.read(number, value)]
    told += reader.end()

    assert len(broken) <= len({one.line for one in told}) + 400
    assert all(one.reason for one in told if one.outcome is not Outcome.EVENT)
    assert all(one.captured for one in told if one.outcome is Outcome.EVENT)
