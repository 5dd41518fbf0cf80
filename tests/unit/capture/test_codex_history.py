"""Rollouts of Codex, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.histories.codex import CodexHistory
from agent_memory.capture.histories.port import Place
from agent_memory.capture.model import Outcome, Told

SESSIONS = Path(__file__).parents[2] / "data" / "histories" / "codex" / "sessions"
MAIN, SUB_AGENT = "019cae31-7b10-7d02-a1c4-0000000000aa", "019cae31-7b10-7d02-a1c4-0000000000bb"
ROLLOUT = f"/c/rollout-2026-03-02T10-00-00-{MAIN}.jsonl"


def read(values: Iterable[Any], path: str = ROLLOUT) -> list[Told]:
    history = CodexHistory(Place(path=Path(path), modified_ms=1_000))
    return [told for line, value in enumerate(values, 1) for told in history.read(line, value)] + [*history.end()]


def read_file(name: str) -> list[Told]:
    (path,) = SESSIONS.rglob(f"*{name}.jsonl")
    return sorted(read(map(json.loads, path.read_text().splitlines()), str(path)), key=lambda told: told.line)


def item(kind: str, **fields: Any) -> dict[str, Any]:
    return {"timestamp": "2026-03-02T09:00:00Z", "type": "response_item", "payload": {"type": kind, **fields}}


def shown(kind: str, **fields: Any) -> dict[str, Any]:
    return {"timestamp": "2026-03-02T09:00:01Z", "type": "event_msg", "payload": {"type": kind, **fields}}


def user(*texts: str) -> dict[str, Any]:
    return item("message", role="user", content=[{"type": "input_text", "text": text} for text in texts])


def kinds(told: Iterable[Told]) -> list[tuple[str, str]]:
    return [(captured.kind.value, captured.text) for one in told for captured in one.captured]


def test_each_line_of_a_rollout_is_accounted_for() -> None:
    """Once, with events or with a reason."""
    outcomes = [(one.line, one.outcome.value, one.reason or len(one.captured)) for one in read_file(MAIN)]
    item_told = "told by a response item"

    assert [
        (1, "skipped", "start of a rollout"),
        (2, "skipped", "instructions"),
        (3, "skipped", "environment and instructions"),
        (4, "skipped", "start of a turn"),
        (5, "skipped", "settings of a turn"),
        (6, "event", 1),
        (7, "merged", item_told),
        (8, "skipped", "thinking"),
        (9, "skipped", "thinking"),
        (10, "merged", item_told),
        (11, "event", 1),
        (12, "event", 1),
        (13, "merged", item_told),
        (14, "event", 1),
        (15, "event", 1),
        (16, "merged", item_told),
        (17, "event", 1),
        (18, "event", 1),
        (19, "merged", item_told),
        (20, "event", 1),
        (21, "event", 1),
        (22, "event", 1),
        (23, "event", 2),
        (24, "event", 1),
        (25, "merged", item_told),
        (26, "merged", item_told),
        (27, "skipped", "token count"),
        (28, "skipped", "end of a turn"),
        (29, "event", 1),
        (30, "merged", "told by the line `compacted`"),
        (31, "event", 1),
        (32, "event", 1),
        (33, "skipped", "turn broken off"),
    ] == outcomes


def test_a_conversation_reads_as_it_was_held() -> None:
    """What was said, what was run and what came of it."""
    assert [
        ("user_message", "Make the report cope with an empty window."),
        ("assistant_message", "I'll look at the report."),
        ("tool_call", "sed -n 1,40p src/report.py\nworkdir: /home/ada/kelpie"),
        ("tool_result", "def report(day):\n    for d in window(day):\n        yield d\n"),
    ] == kinds(read_file(MAIN))[:4]


def test_the_oldest_rollouts_have_no_payload_around_their_items() -> None:
    """They are read all the same."""
    assert [
        ("user_message", "How deep is the loch?"),
        ("tool_call", "cat depth.txt"),
        ("tool_result", "132 m\n"),
        ("assistant_message", "132 metres."),
    ] == kinds(read_file("0000000000cc"))


def test_a_sub_agents_rollout_is_a_session_under_its_parents() -> None:
    """Its role speaks; what it is asked, it did not say."""
    found = [captured for told in read_file(SUB_AGENT) for captured in told.captured]

    assert {f"{MAIN}/{SUB_AGENT}"} == {captured.session for captured in found}
    assert ["", "explorer", "explorer", "explorer"] == [captured.speaker for captured in found]


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0), (2, 0, 1)])
def test_a_message_that_is_held_twice_is_one_whichever_comes_first(order: tuple[int, ...]) -> None:
    """The item is the event, what shows it is merged."""
    lines = [
        user("How deep is the loch?"),
        shown("user_message", message="How deep is the loch?"),
        shown(
            "item_completed",
            item={"type": "UserMessage", "content": [{"type": "text", "text": "How deep is the loch?"}]},
        ),
    ]
    told = read(lines[at] for at in order)

    assert [("user_message", "How deep is the loch?")] == kinds(told)
    assert [1, 2, 3] == sorted(one.line for one in told)


def test_a_message_said_twice_is_two() -> None:
    """Each item is shown by a line of its own."""
    lines = [user("Go on."), shown("user_message", message="Go on.")] * 2

    assert [("user_message", "Go on.")] * 2 == kinds(read(lines))


def test_what_only_the_terminal_showed_is_told_once_the_file_ends_or_much_later() -> None:
    """By two lines or by one."""
    alone = shown("agent_message", message="Nine herons.")
    again = shown(
        "item_completed", item={"type": "AgentMessage", "content": [{"type": "Text", "text": "Nine herons."}]}
    )
    filler = [shown("token_count")] * 300

    assert [("assistant_message", "Nine herons.")] == kinds(read([alone, again]))
    assert [("assistant_message", "Nine herons."), ("user_message", "Seals?")] == kinds(
        read([alone, *filler, user("Seals?")])
    )


def test_a_prompt_with_the_environment_beside_it_is_the_prompt() -> None:
    """Part by part; a prompt about such tags stays."""
    environment = "<environment_context>\n  <cwd>/</cwd>\n</environment_context>"

    assert [("user_message", "Hello")] == kinds(read([user(environment, "Hello")]))
    assert [] == kinds(read([user(environment)]))
    assert [("user_message", "What is <environment_context>?")] == kinds(read([user("What is <environment_context>?")]))


def test_a_command_of_the_users_own_is_told_by_the_line_that_alone_has_it() -> None:
    """Call and result, with its exit code."""
    (told,) = read([shown("exec_command_end", call_id="u1", command=["bash", "-lc", "ls"], exit_code=3,
                          aggregated_output="a\n", stdout="a\n", source="userShell")])  # fmt: skip
    call, result = told.captured

    assert ("ls", "a\n", "3") == (call.text, result.text, result.metadata["exit_code"])
    assert ("call/u1", "result/u1") == (call.key, result.key)


def test_a_rollout_is_its_first_sessions() -> None:
    """A fork repeats the beginning of the one it was taken from."""
    metas = [{"type": "session_meta", "payload": {"id": name, "cwd": f"/{name}"}} for name in ("new", "old")]
    (found,) = [captured for told in read([*metas, user("Hello")]) for captured in told.captured]

    assert ("new", "/new") == (found.session, found.folder)


def test_without_a_beginning_the_session_is_that_of_the_files_name() -> None:
    """A file may have lost its first line."""
    (told,) = read([user("Hello")])

    assert MAIN == told.captured[0].session


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "x",
        {},
        {"type": "response_item"},
        {"type": "response_item", "payload": {}},
        item("message"),
        item("message", role="user", content=7),
        item("message", role="user", content=[None, 7, {"type": "input_image", "image_url": "data:"}]),
        item("function_call"),
        item("function_call_output", output={"content": None}),
        item("web_search_call", action=7),
        item("agent_message", content=[{"type": "encrypted_content"}]),
        item("novelty"),
        shown("novelty"),
        shown("novelty_end", call_id="c"),
        shown("item_completed"),
        shown("item_completed", item={"type": "Novelty", "id": "i"}),
        shown("item_completed", item={"type": "AgentMessage", "content": 7}),
        shown("exited_review_mode", review_output={"findings": 7}),
        shown("task_complete", error={}),
        shown("mcp_tool_call_end", call_id="c", invocation=7, result=7),
        {"type": "session_meta", "payload": {"id": 7, "source": {"subagent": 7}, "git": 7}},
        {"type": "compacted", "payload": {"message": 7}},
        {"type": "turn_context", "payload": {"cwd": 7, "model": {}}},
        {"type": "novelty", "payload": {}},
    ],
)
def test_a_line_of_any_form_is_accounted_for(value: Any) -> None:
    """With a reason, and never by an error."""
    told = read([value])

    assert [1] == [one.line for one in told]
    assert all(one.reason or one.captured for one in told)
    assert (Outcome.MALFORMED in {one.outcome for one in told}) == (not isinstance(value, dict))
