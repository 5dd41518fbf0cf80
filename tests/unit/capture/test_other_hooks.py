"""What each event of the hooks of Gemini, Copilot, OpenCode and Cursor tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.agents import captured_of, copilot, gemini
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import agent_of, decoded
from agent_memory.events import Kind

DATA = Path(__file__).parents[2] / "data" / "hooks"
RECEIVED_MS = 1_780_000_000_000
CALLED = ["tool_call", "tool_result"]


def payloads(name: str) -> list[dict[str, Any]]:
    return decoded((DATA / f"{name}.jsonl").read_bytes())


def told(agent: Agent, payload: dict[str, Any]) -> list[Captured]:
    return captured_of(agent, payload, received_ms=RECEIVED_MS, cwd="/where/it/ran")


def kinds(agent: Agent, name: str) -> list[list[str]]:
    return [[captured.kind.value for captured in told(agent, payload)] for payload in payloads(name)]


def all_told(agent: Agent, name: str) -> list[Captured]:
    return [captured for payload in payloads(name) for captured in told(agent, payload)]


def test_geminis_events() -> None:
    """One after the other, as its fixture has them."""
    assert [
        ("SessionStart", ["session_start"]),
        ("BeforeAgent", ["user_message"]),
        ("BeforeModel", []),
        ("BeforeToolSelection", []),
        ("AfterModel", []),
        ("BeforeTool", []),
        ("AfterTool", CALLED),
        ("AfterTool", CALLED),
        ("AfterAgent", ["assistant_message"]),
        ("BeforeAgent", ["user_message"]),
        ("AfterAgent", ["assistant_message"]),
        ("BeforeAgent", ["user_message"]),
        ("AfterAgent", []),
        ("PreCompress", ["compaction"]),
        ("Notification", ["other"]),
        ("BeforeDreaming", ["other"]),
        ("SessionEnd", ["session_end"]),
    ] == [
        (payload["hook_event_name"], one)
        for payload, one in zip(payloads("gemini"), kinds(Agent.GEMINI, "gemini"), strict=True)
    ]
    assert set(gemini.EVENTS) == {payload["hook_event_name"] for payload in payloads("gemini")} - {"BeforeDreaming"}


COPILOT_KINDS = [
    ["session_start"],
    ["user_message"],
    [],
    CALLED,
    CALLED,
    ["subagent_start"],
    ["subagent_stop"],
    [],
    ["compaction"],
    ["other"],
    ["other"],
    ["other"],
    ["other"],
    ["session_end"],
]


@pytest.mark.parametrize("dialect", ["copilot", "copilot-pascal"])
def test_both_of_copilots_dialects(dialect: str) -> None:
    """Of the first the event is told from the fields, for it does not say its name."""
    assert COPILOT_KINDS == kinds(Agent.COPILOT, dialect)


def test_both_dialects_tell_the_same() -> None:
    """Words, sessions, calls and times."""

    def seen(name: str) -> list[tuple[object, ...]]:
        return [
            (c.kind, c.session, c.text, c.time_ms, c.speaker, c.tool_name, c.tool_call_id, c.folder)
            for c in all_told(Agent.COPILOT, name)
            if c.kind is not Kind.OTHER or "429" in c.text
        ]

    assert seen("copilot") == seen("copilot-pascal")


def test_every_event_of_copilot_is_known_by_its_fields() -> None:
    """What cannot be told is none."""
    names = [copilot.event_of(payload) for payload in payloads("copilot")]

    assert [*copilot.EVENTS, "permissionRequest", ""] == sorted(
        names, key=lambda name: [*copilot.EVENTS, "permissionRequest", ""].index(name)
    )


def test_opencodes_payloads_from_our_plugin() -> None:
    """A reply that is still growing tells nothing, nor does a step."""
    assert [
        ["session_start"],
        ["user_message"],
        CALLED,
        CALLED,
        ["subagent_start"],
        ["user_message"],
        ["assistant_message"],
        CALLED,
        [],
        ["assistant_message"],
        ["compaction"],
        ["other"],
        [],
    ] == kinds(Agent.OPENCODE, "opencode")


def test_cursors_events() -> None:
    """What is asked before something is done, and thoughts, tell nothing."""
    assert [
        ["session_start"],
        ["user_message"],
        [],
        ["tool_call"],
        [],
        CALLED,
        CALLED,
        ["subagent_start"],
        ["assistant_message", "subagent_stop"],
        ["assistant_message"],
        [],
        ["compaction"],
        [],
        ["other"],
        ["session_end"],
    ] == kinds(Agent.CURSOR, "cursor")
    assert [CALLED, CALLED, ["tool_call"]] == kinds(Agent.CURSOR, "cursor-before-2")


def test_cursor_can_call_the_hooks_of_claude_code() -> None:
    """Their names are its own then."""
    payload = {"conversation_id": "c", "hook_event_name": "UserPromptSubmit", "prompt": "Sort."}

    assert [(Kind.USER_MESSAGE, "Sort.")] == [(c.kind, c.text) for c in told(Agent.CURSOR, payload)]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (Agent.GEMINI, "gemini"),
        (Agent.COPILOT, "copilot"),
        (Agent.COPILOT, "copilot-pascal"),
        (Agent.OPENCODE, "opencode"),
        (Agent.CURSOR, "cursor"),
        (Agent.CURSOR, "cursor-before-2"),
    ],
)
def test_a_call_and_its_result_know_each_other(agent: Agent, name: str) -> None:
    """By an id that no other call has, and every result follows its call in time."""
    found = all_told(agent, name)
    calls = {c.tool_call_id: c for c in found if c.kind is Kind.TOOL_CALL}
    results = [c for c in found if c.kind is Kind.TOOL_RESULT]

    assert [] == [c.tool_call_id for c in results if c.tool_call_id not in calls]
    assert [] == [c.text for c in results if (calls[c.tool_call_id].time_ms or 0) >= (c.time_ms or 0)]
    assert "" not in calls


def test_what_a_tool_gave_back_is_text() -> None:
    """Not the JSON that it came in."""
    found = {c.text for name in ("gemini", "copilot", "cursor", "opencode") for c in all_told(Agent(name), name)}

    assert {
        "Output: dover.csv\nmargate.csv\nProcess Group PGID: 4711",
        "wrote dover.png\n",
        "Not a text file",
        "deal\ndover\n",
        "ENOENT: nowhere",
        "06:12,0.4\n",
        "File not found: dael.csv",
    } <= found


def test_sub_agents_have_sessions_of_their_own() -> None:
    """Below the one that called them, and what they say is said by them."""
    of_opencode = [c for c in all_told(Agent.OPENCODE, "opencode") if "/" in c.session]
    of_cursor = [c for c in all_told(Agent.CURSOR, "cursor") if "/" in c.session]
    of_copilot = [c for c in all_told(Agent.COPILOT, "copilot") if "/" in c.session]

    assert [("ses_4a7b/ses_5c8d", ""), ("ses_4a7b/ses_5c8d", ""), ("ses_4a7b/ses_5c8d", "general")] == [
        (c.session, c.speaker) for c in of_opencode
    ]
    assert {("c5e0a1b2-0000-4aaa-8bbb-1234567890ab/sub-9", "explore")} == {(c.session, c.speaker) for c in of_cursor}
    assert {("7d1c3a90-1111-4222-8333-944455556666/reviewer", "reviewer")} == {
        (c.session, c.speaker) for c in of_copilot
    }
    assert {"ses_4a7b"} == {c.metadata["parent_session"] for c in of_opencode}


def test_an_address_is_nobodys_business() -> None:
    """Cursor hands over its user's e-mail address with everything; it is kept of what we do not know only."""
    found = [c for c in all_told(Agent.CURSOR, "cursor") if c.metadata["event"] != "moonPhase"]

    assert [] == [c for c in found if "ada@example.org" in c.text + "".join(c.metadata.values())]


@pytest.mark.parametrize("name", ["gemini", "copilot", "opencode", "cursor", "cursor-before-2"])
def test_payloads_are_known_for_their_agents(name: str) -> None:
    """Without being told whose they are; but for a notice that could be anyone's."""
    known = [agent_of(payload) for payload in payloads(name) if set(payload) - {"weather"} == set(payload)]

    assert {name.partition("-")[0]} == set(known)


def test_a_field_that_is_not_what_it_should_be_costs_nothing() -> None:
    """Each field of each payload in turn is a number, a list or gone: something is told or kept, nothing fails."""
    count = 0
    for name in ("gemini", "copilot", "copilot-pascal", "opencode", "cursor"):
        agent = Agent(name.partition("-")[0])
        for payload in payloads(name):
            for field in payload:
                for value in (7, ["x", {}], {"y": [1]}, None, ""):
                    found = told(agent, {**payload, field: value})
                    count += 1
                    assert [] == [c.metadata["problem"] for c in found if "problem" in c.metadata], (name, field, value)

    assert count > 1_000
