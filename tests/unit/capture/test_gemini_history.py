"""Gemini's chat files, of this release and older ones, with their sub-agents."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

from agent_memory.capture.histories.gemini import GeminiHistory, folder_of
from agent_memory.capture.histories.port import Place, Record
from tests.unit.capture.history_reading import GEMINI, HISTORIES, accounts, captured, lines, place, read


def test_geminis_lines_are_accounted_for() -> None:
    """Each once, whatever is held back."""
    assert [
        (1, "event", "session_start"),
        (2, "event", "user_message"),
        (3, "skipped", "bookkeeping of the session"),
        (4, "merged", "a message that a later line has whole"),
        (5, "merged", "a message that a later line has whole"),
        (6, "event", "assistant_message"),
        (7, "skipped", "a notice of the program"),
        (8, "event", "user_message"),
        (9, "event", "assistant_message"),
        (10, "event", "assistant_message"),
        (11, "event", "tool_call tool_result tool_call tool_result"),
        (12, "event", "user_message"),
        (13, "skipped", "a rewind; what was said before it stays"),
        (14, "merged", "a tool's result, told with its call"),
        (15, "event", "compaction"),
    ] == accounts(read(GeminiHistory(place(GEMINI)), lines(GEMINI)))


def test_the_last_line_of_a_message_holds_but_a_result_stays_as_it_was() -> None:
    """What is masked later, to save room in the model's context, was there once."""
    reader = GeminiHistory(place(Path("chats/session-1.jsonl")))

    def message(text: str, *tools: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": "m",
            "type": "gemini",
            "timestamp": "2026-01-01T00:00:00Z",
            "content": text,
            "toolCalls": [*tools],
        }

    def tool(status: str, output: str | None) -> dict[str, Any]:
        result = None if output is None else [{"functionResponse": {"response": {"output": output}}}]
        return {"id": "t", "name": "ls", "args": {}, "status": status, "result": result}

    told = read(
        reader,
        [
            Record(line=1, value=message("Dra")),
            Record(line=2, value=message("Draft", tool("executing", None))),
            Record(line=3, value=message("Final", tool("success", "a.txt"))),
            Record(line=4, value=message("Final", tool("success", "[masked]"))),
        ],
    )

    assert ["Final", "ls", "a.txt"] == [one.text for one in captured(told)]


def test_geminis_older_document_tells_the_same_kinds() -> None:
    """Its messages are numbered behind what is said of the session."""
    path = next((HISTORIES / "gemini").rglob("*.json"))
    told = read(GeminiHistory(place(path)), [Record(line=1, value=json.loads(path.read_text()))])

    assert [(1, "event", "session_start"), (2, "event", "user_message"), (3, "event", "assistant_message")] == accounts(
        told
    )
    assert {"old-1"} == {one.session for one in captured(told)}


def test_geminis_sub_agents_have_sessions_below_their_callers() -> None:
    """Their files lie in a folder that is named after the session."""
    path = next((HISTORIES / "gemini").rglob("surveyor-1.jsonl"))
    found = captured(read(GeminiHistory(place(path)), lines(path)))

    assert ["subagent_start", "user_message", "assistant_message"] == [one.kind.value for one in found]
    assert {"3b0f4d52-8c1e-4f6e-9a55-0d6c2b7e1f10/surveyor-1"} == {one.session for one in found}
    assert {"/home/ada/tides"} == {one.folder for one in found}


def test_the_folder_of_a_gemini_chat_stands_beside_it(tmp_path: Path) -> None:
    """In a file of the project's, or in the list of all projects, by name or by digest."""
    digest = hashlib.sha256(b"/home/ada/old").hexdigest()
    chats = {name: tmp_path / "tmp" / name / "chats" / "session-1.jsonl" for name in ("tides", "ports", digest, "lost")}
    for chat in chats.values():
        chat.parent.mkdir(parents=True)
    (tmp_path / "tmp" / "tides" / ".project_root").write_text("/home/ada/tides\n")
    listed = {"/home/ada/ports": "ports", "/home/ada/old": "old", "/elsewhere": "tides"}
    (tmp_path / "projects.json").write_text(json.dumps({"projects": listed}))

    assert ["/home/ada/tides", "/home/ada/ports", "/home/ada/old", ""] == [folder_of(chat) for chat in chats.values()]
    assert "/home/ada/tides" == folder_of(chats["tides"].parent / "parent-session" / "sub-agent.jsonl")
    assert "" == folder_of(tmp_path / "chat.jsonl")
    assert {"/home/ada/tides"} == {
        one.folder
        for one in captured(
            read(GeminiHistory(Place(path=GEMINI, modified_ms=1, folder=folder_of(chats["tides"]))), lines(GEMINI))
        )
    }


def test_a_copied_reader_of_gemini_can_be_ended_while_the_original_goes_on() -> None:
    """Which is how a file that grows is read."""
    records = lines(GEMINI)
    reader = GeminiHistory(place(GEMINI))
    told = [one for record in records[:6] for one in reader.read(record.line, record.value)]
    early = [*told, *copy.deepcopy(reader).end()]
    late = read(reader, records[6:])

    assert accounts(read(GeminiHistory(place(GEMINI)), records)) == accounts(
        sorted([*told, *late], key=lambda t: t.line)
    )
    assert "Dover and Margate, but Dover's file is gone." in [one.text for one in captured(early)]
