"""A live hook and the import of the same conversation are the same events."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.agents import captured_of
from agent_memory.capture.histories.claude_code import ClaudeCodeHistory
from agent_memory.capture.histories.codex import CodexHistory
from agent_memory.capture.histories.port import HistoryReader, Place
from agent_memory.capture.identity import CountedRepetitions, to_draft
from agent_memory.capture.model import Agent, Captured
from agent_memory.capture.payloads import decoded
from agent_memory.events import Draft, Kind

DATA = Path(__file__).parents[2] / "data"
READERS: dict[Agent, Callable[[Place], HistoryReader]] = {
    Agent.CLAUDE_CODE: ClaudeCodeHistory,
    Agent.CODEX: CodexHistory,
}
SAID = {Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT, Kind.COMPACTION}

# Payloads of the session that the histories tell of, too.
SAME = {Agent.CLAUDE_CODE: ["claude-code"], Agent.CODEX: ["codex", "codex-notify"]}


class Delivered:
    """Repetitions as the daemon counts them: the same delivery has the number that it had."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._counts = CountedRepetitions()

    def number(self, words: str, delivery: str) -> int:
        if not delivery:
            return self._counts.number(words, delivery)
        if (words, delivery) not in self._numbers:
            self._numbers[words, delivery] = self._counts.number(words, delivery)
        return self._numbers[words, delivery]


def hooked(agent: Agent, *names: str) -> list[Draft]:
    repetitions = Delivered()
    return [
        to_draft(captured, agent, repetitions)
        for name in names
        for payload in decoded((DATA / "hooks" / f"{name}.jsonl").read_bytes())
        for captured in captured_of(agent, payload, received_ms=1_772_452_800_000)
    ]


def imported(agent: Agent) -> list[Draft]:
    return [
        draft
        for path in sorted((DATA / "histories" / agent.value).rglob("*.jsonl"))
        for draft in drafts(agent, path, path.read_text().splitlines())
    ]


def drafts(agent: Agent, path: Path, lines: Iterable[str]) -> list[Draft]:
    reader, repetitions = READERS[agent](Place(path=path, modified_ms=1_000)), CountedRepetitions()
    told = [one for number, line in enumerate(lines, 1) for one in reader.read(number, json.loads(line))]
    found = [captured for one in [*told, *reader.end()] for captured in one.captured]
    return [to_draft(captured, agent, repetitions) for captured in found]


def words(drafts: Iterable[Draft]) -> dict[str, tuple[str, str, str, str]]:
    """Of what was said and done: identity → what a reader sees."""
    return {
        draft.source_id: (draft.kind.value, draft.session, draft.tool_call_id, " ".join(draft.text.split()))
        for draft in drafts
        if draft.kind in SAID
    }


@pytest.mark.parametrize("agent", READERS)
def test_what_a_hook_told_the_history_tells_again_by_the_same_id(agent: Agent) -> None:
    """Prompt, reply, call, result, compaction; nothing of it is recorded twice."""
    live, read = words(hooked(agent, *SAME[agent])), words(imported(agent))

    assert set() == set(live) - set(read)


@pytest.mark.parametrize("agent", READERS)
def test_what_both_tell_reads_the_same(agent: Agent) -> None:
    """Whichever way it came in first; but that Codex's items name a call's folder, which its hooks do not."""
    live, read = words(hooked(agent, *SAME[agent])), words(imported(agent))
    differing = {live[key][3]: read[key][3] for key in set(live) & set(read) if live[key] != read[key]}
    folder = {"sed -n 1,40p src/report.py": "sed -n 1,40p src/report.py workdir: /home/ada/kelpie"}

    assert (folder if agent is Agent.CODEX else {}) == differing


def test_what_was_said_twice_is_two_both_ways() -> None:
    """And each of the two is the other's."""

    def repeated(found: list[Draft]) -> list[str]:
        return [draft.source_id for draft in found if draft.text in ("Go on.", "Done.")]

    live = repeated(hooked(Agent.CLAUDE_CODE, "claude-code"))

    assert 4 == len(set(live))
    assert live == repeated(imported(Agent.CLAUDE_CODE))


def test_hooks_that_are_registered_twice_tell_the_same_deliveries() -> None:
    """In a project's settings and in the user's."""
    once, twice = hooked(Agent.CLAUDE_CODE, "claude-code"), hooked(Agent.CLAUDE_CODE, "claude-code", "claude-code")

    assert set(words(once)) == set(words(twice))


@pytest.mark.parametrize("agent", READERS)
def test_a_history_that_is_cut_at_any_line_is_a_part_of_the_whole(agent: Agent) -> None:
    """So importing it again once it has grown adds the rest and changes nothing."""
    for path in (DATA / "histories" / agent.value).rglob("*.jsonl"):
        lines = path.read_text().splitlines()
        whole = {draft.source_id: draft for draft in drafts(agent, path, lines)}
        assert len(whole) == len(drafts(agent, path, lines))
        for end in range(len(lines)):
            for draft in drafts(agent, path, lines[:end]):
                assert draft.text == whole[draft.source_id].text


def pair(agent: Agent, payload: dict[str, Any], line: dict[str, Any]) -> tuple[list[Captured], list[Captured]]:
    reader = READERS[agent](Place(path=Path("/h/s1.jsonl"), modified_ms=1_000))
    live = captured_of(agent, {"session_id": "s1", "cwd": "/", **payload}, received_ms=2_000)
    return live, [captured for told in [*reader.read(1, line), *reader.end()] for captured in told.captured]


@pytest.mark.parametrize(
    ("response", "content"),
    [
        ({"stdout": "out", "stderr": "err", "interrupted": False}, "out\nerr"),
        ({"stdout": "", "stderr": ""}, ""),
        ({"type": "text", "file": {"filePath": "a", "content": "x\n", "numLines": 1}}, "     1\tx"),
        ({"filePath": "a", "structuredPatch": [{"lines": ["-a", "+b"]}], "originalFile": "a"}, "The file was updated."),
        ([{"type": "text", "text": "from a server"}], [{"type": "text", "text": "from a server"}]),
        ({"mode": "files_with_matches", "filenames": ["a"], "numFiles": 1}, "Found 1 file\na"),
        ({"status": "completed", "content": [{"type": "text", "text": "seen"}]}, [{"type": "text", "text": "seen"}]),
        ({"bytes": 9, "code": 200, "result": "a page", "url": "https://a"}, "a page"),
        ({"oldTodos": [], "newTodos": [{"content": "One"}]}, "Todos have been modified"),
    ],
)
def test_each_form_of_a_structured_result_reads_the_same_both_ways(response: Any, content: Any) -> None:
    """The transcript keeps what the hook was given beside what the model was told."""
    part = {"type": "tool_result", "tool_use_id": "t1", "content": content}
    line = {
        "type": "user",
        "sessionId": "s1",
        "toolUseResult": response,
        "message": {"role": "user", "content": [part]},
    }
    payload = {"hook_event_name": "PostToolUse", "tool_name": "T", "tool_input": {}, "tool_use_id": "t1"}
    (_, live), (read,) = pair(Agent.CLAUDE_CODE, {**payload, "tool_response": response}, line)

    assert (live.session, live.key, live.text) == (read.session, read.key, read.text)


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        ("One.", ["One."]),
        ("One.\nTwo.", ["One.", "Two."]),
        ("One.\n\nTwo.", ["One.\n", "\nTwo.\n"]),
        ("é 😀 \ud800", ["é 😀 \ud800"]),
        ("x" * (3 << 20), ["x" * (3 << 20)]),
    ],
)
def test_a_reply_has_the_same_identity_both_ways(reply: str, parts: list[str]) -> None:
    """Trimmed or not, in one part or in several, and cut at the limit alike."""
    content = [{"type": "text", "text": part} for part in parts]
    line = {"type": "assistant", "sessionId": "s1", "message": {"role": "assistant", "content": content}}
    payload = {"hook_event_name": "Stop", "last_assistant_message": reply}
    (live,), (read,) = pair(Agent.CLAUDE_CODE, payload, line)
    identities = {to_draft(one, Agent.CLAUDE_CODE, CountedRepetitions()).source_id for one in (live, read)}

    assert 1 == len(identities)
