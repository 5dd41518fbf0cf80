"""Transcripts of Claude Code, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.histories.claude_code import ClaudeCodeHistory
from agent_memory.capture.histories.port import Place
from agent_memory.capture.model import Outcome, Told
from agent_memory.events import Kind

PROJECT = Path(__file__).parents[2] / "data" / "histories" / "claude-code" / "projects" / "-home-ada-kelpie"
SESSION = "5f0c1e7a-3b52-4c0e-9d1f-2a6b7c8d9e01"
OLD = "5f0c1e7a-3b52-4c0e-9d1f-2a6b7c8d9e02"


def read(values: Iterable[Any], path: str = "/p/s1.jsonl", modified_ms: int = 1_000) -> list[Told]:
    history = ClaudeCodeHistory(Place(path=Path(path), modified_ms=modified_ms))
    return [told for line, value in enumerate(values, 1) for told in history.read(line, value)] + [*history.end()]


def read_file(path: Path) -> list[Told]:
    return read(map(json.loads, path.read_text().splitlines()), str(path))


def line(kind: str, content: Any, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "sessionId": "s1", "timestamp": "2026-03-02T09:00:00Z",
            "message": {"role": kind, "content": content}, **fields}  # fmt: skip


def kinds(told: Iterable[Told]) -> list[tuple[str, str]]:
    return [(captured.kind.value, captured.text) for one in told for captured in one.captured]


def test_each_line_of_a_transcript_is_accounted_for() -> None:
    """Once, in order, with events or with a reason."""
    told = read_file(PROJECT / f"{SESSION}.jsonl")
    outcomes = [(one.line, one.outcome.value, one.reason or len(one.captured)) for one in told]

    assert [
        (1, "skipped", "title of another conversation"),
        (2, "skipped", "permission mode"),
        (3, "skipped", "snapshot of files"),
        (4, "skipped", "meta: put there by the program"),
        (5, "event", 1),
        (6, "skipped", "attachment skill_listing"),
        (7, "skipped", "thinking"),
        *[(number, "event", 1) for number in range(8, 20)],
        (20, "skipped", "queue of prompts"),
        (21, "event", 1),
        (22, "event", 1),
        (23, "skipped", "duration of a turn"),
        (24, "skipped", "what hooks did"),
        (25, "event", 1),
        (26, "skipped", "meta: put there by the program"),
        *[(number, "event", 1) for number in range(27, 41)],
        (41, "skipped", "title"),
        (42, "event", 1),
    ] == outcomes


def test_a_conversation_reads_as_it_was_held() -> None:
    """What was said, in the words that were said."""
    said = [pair for pair in kinds(read_file(PROJECT / f"{SESSION}.jsonl")) if pair[0].endswith("_message")]

    assert [
        ("user_message", "Why does the booking test fail on Mondays only?"),
        ("assistant_message", "I'll run the test first."),
        (
            "assistant_message",
            "The test builds its dates with `weekday() == 0`, so on Mondays the window is empty. I moved the bound and "
            "the test passes.",
        ),
        ("user_message", "/review src/report.py"),
        ("assistant_message", "Looks good."),
        ("user_message", "Go on."),
        ("assistant_message", "Done."),
        ("user_message", "Go on."),
        ("assistant_message", "Done."),
        ("user_message", "And look at the report, too."),
        ("user_message", "[image image/png]"),
    ] == said


def test_what_the_program_says_in_its_users_name_is_kept_as_other() -> None:
    """Notices, errors of the provider, output of its own commands."""
    others = [text for kind, text in kinds(read_file(PROJECT / f"{SESSION}.jsonl")) if kind == "other"]

    assert [
        "<local-command-stdout>Compacted</local-command-stdout>",
        "<task-notification>\n<task-id>b1</task-id>\n<status>completed</status>\n</task-notification>",
        "API Error: Rate limit reached",
        "[Request interrupted by user]",
        "Booking test on Mondays",
        "kelpie/bookings#12 https://git.example/kelpie/bookings/pull/12",
    ] == others


def test_a_sub_agents_file_is_a_session_under_its_parents() -> None:
    """By its lines, and where those say nothing by its path."""
    path = PROJECT / SESSION / "subagents" / "agent-a7c31f0e5.jsonl"
    by_lines = {captured.session for told in read_file(path) for captured in told.captured}
    by_path = {
        captured.session
        for told in read([{"type": "user", "message": {"content": "x"}}], f"/p/{SESSION}/subagents/wf_1/agent-b2.jsonl")
        for captured in told.captured
    }

    assert {f"{SESSION}/a7c31f0e5"} == by_lines
    assert {f"{SESSION}/b2"} == by_path


def test_old_sub_agents_are_told_apart_among_the_lines_of_their_session() -> None:
    """By the line that each chain begins with; what only warms up is none of it."""
    told = read_file(PROJECT / f"{OLD}.jsonl")
    sessions = [(captured.session, captured.text) for one in told for captured in one.captured]

    assert [
        (OLD, "What lives in the loch?"),
        (OLD, "I'll ask two agents."),
        (f"{OLD}/s1", "Count the seals."),
        (f"{OLD}/t1", "Count the herons."),
        (f"{OLD}/s1", "Four seals."),
        (f"{OLD}/t1", "Nine herons."),
        (OLD, "Four seals and nine herons."),
    ] == sessions
    assert ["warm-up of an agent"] * 2 == [one.reason for one in told if one.outcome is Outcome.SKIPPED]


def test_a_fork_tells_again_of_the_conversation_it_was_copied_from() -> None:
    """So what was copied is not recorded twice."""
    (told,) = read([line("user", "x", sessionId="s2", forkedFrom={"sessionId": "s1", "messageUuid": "u"})])

    assert "s1" == told.captured[0].session


def test_parts_of_text_that_follow_each_other_are_one_message() -> None:
    """As the hook at the end of a turn has them; a call between them parts them."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    call = {"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}

    assert [("assistant_message", "a\nb")] == kinds(read([line("assistant", parts)]))
    assert [("assistant_message", "a"), ("tool_call", "ls"), ("assistant_message", "b")] == kinds(
        read([line("assistant", [parts[0], call, parts[1]])])
    )


def test_a_tool_that_ran_at_the_provider_has_its_call_and_its_result() -> None:
    """Both stand in one message of the assistant."""
    found = {
        "type": "web_search_tool_result",
        "tool_use_id": "w",
        "content": [{"type": "x", "url": "https://a", "title": "A"}],
    }
    asked = {"type": "server_tool_use", "id": "w", "name": "web_search", "input": {"query": "otters"}}
    (told,) = read([line("assistant", [asked, found])])

    assert ["call/w", "result/w"] == [captured.key for captured in told.captured]
    assert ["web_search", "web_search"] == [captured.tool_name for captured in told.captured]


def test_words_beside_a_result_are_kept_unless_the_program_put_them_there() -> None:
    """A user who interrupts a tool may say why."""
    result = {"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": True}
    words = {"type": "text", "text": "Use make."}

    assert [("tool_result", "no"), ("user_message", "Use make.")] == kinds(read([line("user", [result, words])]))
    assert [("tool_result", "no")] == kinds(read([line("user", [result, words], isMeta=True)]))


def test_of_several_results_on_a_line_each_has_its_own_content() -> None:
    """The structured result belongs to one, nobody says to which."""
    results = [{"type": "tool_result", "tool_use_id": name, "content": name} for name in ("t1", "t2")]

    assert [("tool_result", "t1"), ("tool_result", "t2")] == kinds(
        read([line("user", results, toolUseResult={"stdout": "whose?"})])
    )


def test_a_line_without_a_time_has_that_of_the_line_before() -> None:
    """If there is none, the import decides."""
    times = [
        captured.time_ms
        for told in read([line("user", "a", timestamp=None), line("user", "b"), line("user", "c", timestamp="x")])
        for captured in told.captured
    ]

    assert [None, 1_772_442_000_000, 1_772_442_000_000] == times


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "text",
        [],
        [{}],
        {},
        {"type": None},
        {"type": "user"},
        {"type": "user", "message": "x"},
        {"type": "user", "message": {"content": [None, 7, {"type": None}, {"type": "tool_result"}]}},
        {"type": "assistant", "message": {"content": {"type": "text"}}},
        {"type": "assistant", "message": {"content": [{"type": "tool_use"}]}},
        {"type": "system", "content": 7},
        {"type": "system", "subtype": "compact_boundary", "compactMetadata": 7},
        {"type": "attachment"},
        {"type": "attachment", "attachment": {"type": "queued_command", "prompt": 7}},
        {"type": "result", "result": None},
        {"type": "pr-link"},
        {"type": "novelty", "x": 1},
    ],
)
def test_a_line_of_any_form_is_accounted_for(value: Any) -> None:
    """With a reason, and never by an error."""
    told = read([value])

    assert [1] == [one.line for one in told]
    assert all(one.reason or one.captured for one in told)
    assert (Outcome.MALFORMED in {one.outcome for one in told}) == (not isinstance(value, dict))


def test_a_compaction_leaves_its_summary_without_what_stands_around_it() -> None:
    """The words to the model that reads on are the program's."""
    texts = [text for kind, text in kinds(read_file(PROJECT / f"{SESSION}.jsonl")) if kind == Kind.COMPACTION.value]

    assert [
        "",
        "1. The booking test failed on Mondays because the bound was exclusive.\n"
        "2. src/booking.py was changed, src/report.py still has to be.",
    ] == texts
