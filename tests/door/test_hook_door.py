"""What agents tell their hooks is found by search: recorded payloads → hook processes → daemon → gRPC and CLI."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import agent_memory
from agent_memory import Event, Filter, Kind, SyncMemory
from agent_memory.testing.daemon import DaemonProcess
from agent_memory.testing.waiting import eventually

pytestmark = pytest.mark.usefixtures("without_model")

DATA = Path(__file__).parents[1] / "data"
# Transcripts are where the recordings do not say, and both dialects tell of one session.
MOVED = {
    "/home/ada/.copilot": str(DATA / "histories" / "copilot"),
    '"session_id": "7d1c3a90-1111-4222-8333-944455556666"': '"session_id": "7d1c3a90-in-the-other-dialect"',
}
COMMAND = (sys.executable, "-m", "agent_memory.cli", "hook")


class Recording(msgspec.Struct, kw_only=True):
    """A file of payloads, the hook it is for, and what has to be found afterwards: a query → words of the event."""

    hook: str
    agent: str
    file: str
    session: str
    prompt: tuple[str, str]
    reply: tuple[str, str]
    tool_output: tuple[str, str] | None = None
    subagent: str = ""
    inline: bool = False


RECORDINGS = [
    Recording(
        hook="claude",
        agent="claude-code",
        file="claude-code.jsonl",
        session="5f0c1e7a-3b52-4c0e-9d1f-2a6b7c8d9e01",
        prompt=("why does the booking test fail", "Why does the booking test fail on Mondays only?"),
        reply=("weekday window Mondays", "The test builds its dates with `weekday() == 0`"),
        tool_output=("windows are inclusive since January", "KB-12: windows are inclusive since January"),
        subagent="Explore",
    ),
    Recording(
        hook="codex",
        agent="codex",
        file="codex.jsonl",
        session="019cae31-7b10-7d02-a1c4-0000000000aa",
        prompt=("report cope with empty window", "Make the report cope with an empty window."),
        reply=("falls back to the day itself", "The report now falls back to the day itself"),
        tool_output=("for d in window yield", "def report(day):"),
        subagent="explorer",
    ),
    Recording(
        hook="codex",
        agent="codex",
        file="codex-notify.jsonl",
        session="019cae31-7b10-7d02-a1c4-0000000000aa",
        prompt=("report cope with empty window", "Make the report cope with an empty window."),
        reply=("falls back to the day itself", "The report now falls back to the day itself"),
        inline=True,
    ),
    Recording(
        hook="gemini",
        agent="gemini",
        file="gemini.jsonl",
        session="3b0f4d52-8c1e-4f6e-9a55-0d6c2b7e1f10",
        prompt=("which tide tables", "Which tide tables do we have?"),
        reply=("dover file gone", "Dover and Margate, but Dover's file is gone."),
        tool_output=("margate.csv", "margate.csv"),
    ),
    Recording(
        hook="copilot",
        agent="copilot",
        file="copilot.jsonl",
        session="7d1c3a90-1111-4222-8333-944455556666",
        prompt=("plot the tides", "Plot the tides of Dover."),
        # The hook does not say it: it is read from the transcript.
        reply=("the axis wants a unit", "Done; the axis wants a unit."),
        tool_output=("wrote dover.png", "wrote dover.png"),
        subagent="reviewer",
    ),
    Recording(
        hook="copilot",
        agent="copilot",
        file="copilot-pascal.jsonl",
        session="7d1c3a90-in-the-other-dialect",
        prompt=("plot the tides", "Plot the tides of Dover."),
        # The hook does not say it: it is read from the transcript.
        reply=("the axis wants a unit", "Done; the axis wants a unit."),
        tool_output=("wrote dover.png", "wrote dover.png"),
        subagent="reviewer",
    ),
    Recording(
        hook="opencode",
        agent="opencode",
        file="opencode.jsonl",
        session="ses_4a7b",
        prompt=("when is low water", "When is low water at Deal?"),
        reply=("low water at Deal", "Low water at Deal is at 06:12."),
        tool_output=("06:12 0.4", "06:12,0.4"),
        subagent="general",
    ),
    Recording(
        hook="cursor",
        agent="cursor",
        file="cursor.jsonl",
        session="c5e0a1b2-0000-4aaa-8bbb-1234567890ab",
        prompt=("sort the tables", "Sort the tables by port."),
        reply=("Deal comes first", "Sorted: Deal comes first."),
        tool_output=("deal dover", "deal"),
        subagent="explore",
    ),
]


def recorded_lines(recording: Recording) -> list[str]:
    text = (DATA / "hooks" / recording.file).read_text(encoding="utf-8")
    for told, real in MOVED.items():
        text = text.replace(told, real)
    return text.splitlines()


LINES = {recording.file: recorded_lines(recording) for recording in RECORDINGS}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SyncMemory]:
    """Every recording through hooks of its own; half of each while there is no daemon at all."""
    store = tmp_path_factory.mktemp("hooks") / "store"
    for recording in RECORDINGS:
        lines = LINES[recording.file]
        run_hooks(store.parent / "spool", recording, lines[: len(lines) // 2])
    with DaemonProcess(store) as daemon, agent_memory.connect(daemon.address, timeout_s=60) as memory:
        for recording in RECORDINGS:
            lines = LINES[recording.file]
            run_hooks(store.parent / "spool", recording, lines[len(lines) // 2 :])
        eventually(lambda: sum(map(len, LINES.values())) == taken(memory), timeout_s=60)
        memory.wait_for(["lexical"], memory.status().position)
        yield memory


def run_hooks(folder: Path, recording: Recording, lines: list[str]) -> None:
    environ = {**os.environ, "AGENT_MEMORY_SPOOL": str(folder)}
    environ.pop("AGENT_MEMORY_INTERNAL", None)
    for line in lines:
        argv = [*COMMAND, recording.hook, *([line] if recording.inline else [])]
        stdin = "" if recording.inline else line
        done = subprocess.run(argv, input=stdin, text=True, capture_output=True, env=environ, timeout=60)

        assert 0 == done.returncode, done.stderr


def taken(memory: SyncMemory) -> int:
    status = memory.status().spool
    return status.drained + status.skipped + status.refused


def told_of(memory: SyncMemory, recording: Recording) -> list[Event]:
    """What is in the log of the recording's session and of its sub-agents, in order of time."""
    events = [item.event for item in memory.events(where=Filter(agents=(recording.agent,)), limit=1000).items]
    return [e for e in events if e.session == recording.session or e.session.startswith(f"{recording.session}/")]


def found(memory: SyncMemory, recording: Recording, told: tuple[str, str], kind: Kind) -> list[str]:
    query, words = told
    where = Filter(kinds=(kind,), sessions=(recording.session,))
    texts = [hit.recorded.event.text for hit in memory.search(query, where=where).hits]
    return [text for text in texts if words in text]


each_recording = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.file)
each_with_tools = pytest.mark.parametrize(
    "recording", [r for r in RECORDINGS if r.tool_output], ids=lambda recording: recording.file
)
each_with_subagents = pytest.mark.parametrize(
    "recording", [r for r in RECORDINGS if r.subagent], ids=lambda recording: recording.file
)


@each_recording
def test_the_prompt_and_the_reply_are_found_once(memory: SyncMemory, recording: Recording) -> None:
    assert 1 == len(found(memory, recording, recording.prompt, Kind.USER_MESSAGE))
    assert 1 == len(found(memory, recording, recording.reply, Kind.ASSISTANT_MESSAGE))


@each_with_tools
def test_the_output_of_a_tool_is_found(memory: SyncMemory, recording: Recording) -> None:
    assert found(memory, recording, recording.tool_output, Kind.TOOL_RESULT)


@each_with_tools
def test_every_result_of_a_tool_has_its_call_before_it(memory: SyncMemory, recording: Recording) -> None:
    events = told_of(memory, recording)
    calls = {(e.session, e.tool_call_id): e for e in events if e.kind is Kind.TOOL_CALL}
    results = [e for e in events if e.kind is Kind.TOOL_RESULT]

    assert results
    assert all(e.tool_call_id for e in results)
    for result in results:
        call = calls[result.session, result.tool_call_id]
        assert (result.tool_name, True) == (call.tool_name, call.id < result.id)


@each_with_subagents
def test_a_subagent_has_a_session_of_its_own_and_says_whose_it_is(memory: SyncMemory, recording: Recording) -> None:
    own = [event for event in told_of(memory, recording) if event.session != recording.session]

    assert {recording.session} == {event.metadata.get("parent_session") for event in own}
    assert recording.subagent in {event.speaker for event in own}
    assert Kind.SUBAGENT_START in {event.kind for event in own}


def test_status_accounts_for_every_payload(memory: SyncMemory) -> None:
    status = memory.status().spool

    assert (sum(map(len, LINES.values())), 0, 0, 0, "") == (
        taken(memory),
        status.waiting,
        status.refused,
        status.lost,
        status.error,
    )
