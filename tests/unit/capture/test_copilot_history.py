"""Copilot's event files, with their sub-agents."""

from __future__ import annotations

from collections import Counter

from agent_memory.capture.histories.copilot import CopilotHistory
from agent_memory.events import Kind
from tests.unit.capture.history_reading import COPILOT, captured, lines, place, read


def test_copilots_lines_are_accounted_for() -> None:
    """A call is told when its tool is done, on its own line."""
    told = read(CopilotHistory(place(COPILOT)), lines(COPILOT))

    assert list(range(1, 26)) == [one.line for one in told]
    assert {
        "the program's instructions to the model": 1,
        "bookkeeping of a turn": 2,
        "reasoning": 1,
        "a hook that ran": 1,
        "bookkeeping of the session": 1,
        "an event of an unknown type (moon.rise)": 1,
        "calls of tools, told when they begin": 1,
    } == Counter(one.reason for one in told if one.reason)
    assert {"skipped": 7, "merged": 1, "event": 17} == Counter(one.outcome.value for one in told)


def test_copilots_sub_agent_is_attributed() -> None:
    """Its start, what it says and does, and its end are of one session."""
    found = [one for one in captured(read(CopilotHistory(place(COPILOT)), lines(COPILOT))) if "/" in one.session]

    assert {("7d1c3a90-1111-4222-8333-944455556666/call_3", "reviewer")} == {
        (one.session, one.speaker) for one in found
    }
    assert ["subagent_start", "assistant_message", "tool_call", "tool_result", "subagent_stop"] == [
        one.kind.value for one in found
    ]


def test_a_call_that_never_ended_is_told_at_the_end() -> None:
    """As of when it began."""
    records = [record for record in lines(COPILOT) if record.value["type"] != "tool.execution_complete"]
    found = [one for one in captured(read(CopilotHistory(place(COPILOT)), records)) if one.kind is Kind.TOOL_CALL]

    assert ["python plot.py dover\ndescription: Plot", "/home/ada/tides/dover.png", "axis"] == [
        one.text for one in found
    ]
