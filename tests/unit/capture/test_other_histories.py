"""The histories of Gemini, Copilot, OpenCode and Cursor: each line accounted for, the same events as from hooks."""

from __future__ import annotations

import copy
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agent_memory.capture.agents import captured_of
from agent_memory.capture.histories import cursor, opencode
from agent_memory.capture.histories.copilot import CopilotHistory
from agent_memory.capture.histories.cursor import CursorHistory
from agent_memory.capture.histories.gemini import GeminiHistory, folder_of
from agent_memory.capture.histories.opencode import OpenCodeHistory, storage_files, storage_records
from agent_memory.capture.histories.port import HistoryReader, Place, Record
from agent_memory.capture.identity import CountedRepetitions, to_draft
from agent_memory.capture.model import Agent, Captured, Outcome, Told
from agent_memory.capture.payloads import decoded
from agent_memory.capture.turns import with_turn
from agent_memory.events import Draft, Kind

DATA = Path(__file__).parents[2] / "data"
HISTORIES = DATA / "histories"
GEMINI = next((HISTORIES / "gemini").rglob("session-2026*.jsonl"))
COPILOT = next((HISTORIES / "copilot").rglob("events.jsonl"))
CURSOR = next((HISTORIES / "cursor").rglob("c5e0*.jsonl"))
OPENCODE = HISTORIES / "opencode" / "storage" / "session" / "p"
MODIFIED_MS = 1_790_000_000_000
SAID = {Kind.USER_MESSAGE, Kind.ASSISTANT_MESSAGE, Kind.TOOL_CALL, Kind.TOOL_RESULT, Kind.COMPACTION}


def lines(path: Path) -> list[Record]:
    texts = path.read_text().splitlines()
    return [Record(line=number, value=json.loads(text)) for number, text in enumerate(texts, 1)]


def read(reader: HistoryReader, records: Iterable[Record]) -> list[Told]:
    told = [one for record in records for one in reader.read(record.line, record.value)]
    return sorted([*told, *reader.end()], key=lambda one: one.line)


def place(path: Path) -> Place:
    return Place(path=path, modified_ms=MODIFIED_MS)


def captured(told: Iterable[Told]) -> list[Captured]:
    return [one for line in told for one in line.captured]


def drafts(agent: Agent, found: Iterable[Captured]) -> list[Draft]:
    repetitions = CountedRepetitions()
    return [to_draft(one, agent, repetitions) for one in found]


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


def accounts(told: Iterable[Told]) -> list[tuple[int, str, str]]:
    return [
        (one.line, one.outcome.value, one.reason or " ".join(captured.kind.value for captured in one.captured))
        for one in told
    ]


# -- Gemini --------------------------------------------------------------------------------------


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


# -- Copilot -------------------------------------------------------------------------------------


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


# -- OpenCode ------------------------------------------------------------------------------------


def opencode_store(path: Path) -> None:
    """A store as OpenCode makes it, of the same conversation as the fixture's files."""
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("PRAGMA journal_mode = wal")
        store.execute(
            "CREATE TABLE session (id TEXT PRIMARY KEY, project_id TEXT, parent_id TEXT, slug TEXT, directory TEXT, "
            "title TEXT, version TEXT, time_created INTEGER, time_updated INTEGER)"
        )
        store.execute("CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, data TEXT)")
        store.execute(
            "CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT, session_id TEXT, time_created INTEGER, data TEXT)"
        )
        for session in OPENCODE.glob("*.json"):
            for record in storage_records(session):
                table, data = record.value["table"], dict(record.value["data"])
                at = data.get("time", {}).get("created", 0)
                if table == "session":
                    row = (
                        data["id"],
                        "p",
                        data.get("parentID"),
                        "s",
                        data["directory"],
                        data["title"],
                        data["version"],
                    )
                    store.execute("INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, at, at))
                    continue
                ids = [data.pop(name) for name in ("id", "messageID", "sessionID") if name in data]
                marks = ", ".join("?" * (len(ids) + 2))
                store.execute(f"INSERT INTO {table} VALUES ({marks})", (*ids, at, json.dumps(data)))


def opencode_export(session: str) -> dict[str, Any]:
    records = list(storage_records(OPENCODE / f"{session}.json"))
    messages: list[dict[str, Any]] = []
    for record in records[1:]:
        if record.value["table"] == "message":
            messages.append({"info": record.value["data"], "parts": []})
        else:
            messages[-1]["parts"].append(record.value["data"])
    return {"info": records[0].value["data"], "messages": messages}


def of_files() -> list[Told]:
    return [
        one
        for session in sorted(OPENCODE.glob("*.json"))
        for one in read(OpenCodeHistory(place(session)), storage_records(session))
    ]


def of_store(path: Path) -> list[Told]:
    opencode_store(path)
    return read(OpenCodeHistory(place(path)), opencode.records(path))


def of_exports() -> list[Told]:
    return [
        one
        for session in ("ses_4a7b", "ses_5c8d")
        for one in read(OpenCodeHistory(place(Path("e.json"))), [Record(line=1, value=opencode_export(session))])
    ]


def test_opencodes_three_forms_tell_the_same(tmp_path: Path) -> None:
    """Files, store and exports of one conversation are the same events."""
    store, files = drafts(Agent.OPENCODE, captured(of_store(tmp_path / "opencode.db"))), captured(of_files())

    assert sorted(store, key=repr) == sorted(drafts(Agent.OPENCODE, files), key=repr)
    assert sorted(store, key=repr) == sorted(drafts(Agent.OPENCODE, captured(of_exports())), key=repr)


def test_opencodes_rows_are_accounted_for(tmp_path: Path) -> None:
    """Each row once, parts that are no one's words with their reason."""
    told = of_store(tmp_path / "opencode.db")

    assert list(range(1, 22)) == [one.line for one in told]
    assert {
        "a message, told by its parts": 5,
        "text that the harness added": 1,
        "an attachment": 1,
        "bookkeeping of a step": 2,
        "reasoning": 1,
        "a tool's call that is still being written": 1,
    } == Counter(one.reason for one in told if one.reason)
    assert 10 == sum(one.outcome is Outcome.EVENT for one in told)


def test_a_reply_that_is_still_being_written_waits(tmp_path: Path) -> None:
    """Half of it now would be another event than all of it later; long after, what there is is told."""

    def told(modified_ms: int) -> list[str]:
        message = {"id": "m", "sessionID": "s", "role": "assistant", "time": {"created": 1_700_000_000_000}}
        part = {"id": "p", "sessionID": "s", "messageID": "m", "type": "text", "text": "Low wa"}
        rows = [{"table": "message", "data": message}, {"table": "part", "data": part}]
        reader = OpenCodeHistory(Place(path=tmp_path / "opencode.db", modified_ms=modified_ms))
        return [one.outcome.value for one in read(reader, (Record(line=n, value=row) for n, row in enumerate(rows, 1)))]

    assert ["merged", "skipped"] == told(1_700_000_030_000)
    assert ["merged", "event"] == told(1_700_009_000_000)


def test_rows_that_are_broken_or_without_a_message_are_malformed(tmp_path: Path) -> None:
    """And cost no other row."""
    path = tmp_path / "opencode.db"
    opencode_store(path)
    with closing(sqlite3.connect(path)) as store, store:
        store.execute(
            "INSERT INTO part VALUES ('prt_99', 'msg_gone', 'ses_4a7b', 1, '{\"type\": \"text\", \"text\": \"lost\"}')"
        )
        store.execute("INSERT INTO part VALUES ('prt_98', 'msg_01', 'ses_4a7b', 1, '{\"type\": ')")
        store.execute("INSERT INTO message VALUES ('msg_98', 'ses_4a7b', 1, '[]')")
    records = list(opencode.records(path))
    told = read(OpenCodeHistory(place(path)), [record for record in records if not record.problem])

    assert ["message whose data is no JSON object", "part whose data is no JSON object"] == [
        record.problem for record in records if record.problem
    ]
    assert ["part of a message that is missing"] == [one.reason for one in told if one.outcome is Outcome.MALFORMED]
    assert list(range(1, 25)) == [record.line for record in records]


def test_what_is_no_store_of_opencode_is_a_problem(tmp_path: Path) -> None:
    """Told, not raised."""
    (tmp_path / "text.db").write_text("no store")
    sqlite3.connect(tmp_path / "empty.db").close()
    problems = [[record.problem for record in opencode.records(tmp_path / name)] for name in ("text.db", "empty.db")]

    assert ["is no SQLite store"] == problems[0]
    assert ["is no store of OpenCode's conversations: it has no table message, part, session"] == problems[1]


def test_all_files_of_a_session_are_known() -> None:
    """So that the engine can tell that one has changed."""
    files = storage_files(OPENCODE / "ses_4a7b.json")

    assert 16 == len(files)
    assert files == [path for path in files if path.is_file()]
    assert {"session", "message", "part"} == {path.relative_to(OPENCODE.parents[1]).parts[0] for path in files}


# -- Cursor --------------------------------------------------------------------------------------


def test_cursors_transcript_is_accounted_for() -> None:
    """It has neither times nor results; the user's words stand in a tag."""
    told = read(CursorHistory(place(CURSOR)), lines(CURSOR))

    assert [
        (1, "event", "other"),
        (2, "event", "user_message"),
        (3, "event", "assistant_message tool_call"),
        (4, "event", "tool_call"),
        (5, "event", "assistant_message"),
        (6, "skipped", "bookkeeping of a turn"),
        (7, "skipped", "a line of an unknown type (fog)"),
    ] == accounts(told)
    assert {None} == {one.time_ms for one in captured(told)}
    assert {"/home/ada/tides"} == {one.folder for one in captured(told)}


def link(*names: str) -> bytes:
    return b"".join(b"\x0a\x20" + bytes.fromhex(name) for name in names) + b"\x10\x07"


def cursor_chat(path: Path) -> None:
    """A store of the command line: the prompt `Go on.` is one blob with two links, another is linked no more."""

    def put(data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        store.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (name, data))
        return name

    def message(role: str, content: Any, **more: Any) -> str:
        return put(json.dumps({"role": role, "content": content, **more}).encode())

    with closing(sqlite3.connect(path)) as store, store:
        store.execute("CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB)")
        store.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
        system = message("system", "You are a coding assistant.")
        asked = message(
            "user",
            "<user_info>\nWorkspace Path: /home/ada/tides\n</user_info>\n<user_query>\nSort them.\n</user_query>",
        )
        message("assistant", [{"type": "text", "text": "An answer that was edited away."}], id="1")
        call = {"type": "tool-call", "toolCallId": "toolu_1", "toolName": "Shell", "args": {"command": "sort"}}
        called = message(
            "assistant", [{"type": "reasoning", "text": "Hm."}, {"type": "text", "text": "I sort."}, call], id="1"
        )
        given = {"type": "tool-result", "toolCallId": "toolu_1", "toolName": "Shell", "result": "deal\ndover\n"}
        result = message("tool", [given], id="toolu_1")
        go_on = message("user", "<user_query>\nGo on.\n</user_query>")
        done = message("assistant", [{"type": "text", "text": "Done."}], id="1")
        first = put(link(system, asked, called, result))
        root = put(link(first, go_on, done, go_on))
        about = {"agentId": "chat-1", "latestRootBlobId": root, "name": "Sorting", "createdAt": 1_772_600_000_000}
        store.execute("INSERT INTO meta VALUES ('0', ?)", (json.dumps(about).encode().hex(),))


def test_cursors_chat_store_is_read_by_its_links(tmp_path: Path) -> None:
    """In their order, as often as they are linked; what nothing links to any more was said all the same."""
    path = tmp_path / "chat-1" / "store.db"
    path.parent.mkdir()
    cursor_chat(path)
    told = read(CursorHistory(place(path)), cursor.records(path))

    assert [
        ("session_start", ""),
        ("user_message", "Sort them."),
        ("assistant_message", "An answer that was edited away."),
        ("assistant_message", "I sort."),
        ("tool_call", "sort"),
        ("tool_result", "deal\ndover\n"),
        ("user_message", "Go on."),
        ("assistant_message", "Done."),
        ("user_message", "Go on."),
    ] == [(one.kind.value, one.text) for one in captured(told)]
    assert ["the program's instructions to the model", "links between messages"] == [t.reason for t in told if t.reason]
    assert {"chat-1"} == {one.session for one in captured(told)}


def cursor_editor(path: Path) -> None:
    composer = {
        "composerId": "comp-1",
        "name": "Ports",
        "createdAt": 1_772_600_000_000,
        "modelConfig": {"modelName": "composer-2"},
        "fullConversationHeadersOnly": [{"bubbleId": f"b{n}", "type": 1} for n in (1, 2, 3, 4)],
    }
    former = {
        "name": "run_terminal_cmd",
        "toolCallId": "toolu_7",
        "rawArgs": '{"command": "ls"}',
        "result": '{"output": "deal.csv"}',
        "status": "completed",
    }
    bubbles: dict[str, Any] = {
        "b3": {"type": 2, "text": "", "toolFormerData": former, "createdAt": "2026-03-04T05:00:02.000Z"},
        "b1": {"type": 1, "text": "Which ports?", "createdAt": "2026-03-04T05:00:00.000Z"},
        "b2": {"type": 2, "text": "", "thinking": {"text": "Hm."}, "createdAt": "2026-03-04T05:00:01.000Z"},
        "b4": {"type": 2, "text": "Deal.", "codebase": "x" * 100_000},
        "b9": {"type": 1, "text": "A prompt that was edited."},
    }
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
        store.execute("CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
        rows = {
            "composerData:comp-1": json.dumps(composer),
            **{f"bubbleId:comp-1:{name}": json.dumps(value) for name, value in bubbles.items()},
            "bubbleId:gone:b1": json.dumps({"type": 1, "text": "Of a conversation that is gone."}),
            "composerData:null": "null",
            "checkpointId:comp-1:x": "{}",
        }
        store.executemany("INSERT INTO cursorDiskKV VALUES (?, ?)", rows.items())
        store.execute("INSERT INTO ItemTable VALUES ('cursorAuth/accessToken', 'a-secret-token')")
        tabs = [
            {
                "tabId": "tab-1",
                "chatTitle": "Old",
                "bubbles": [{"type": "user", "text": "Hi"}, {"type": "ai", "rawText": "Ho"}],
            }
        ]
        chats = json.dumps({"tabs": tabs})
        store.execute("INSERT INTO ItemTable VALUES ('workbench.panel.aichat.view.aichat.chatdata', ?)", (chats,))


def test_cursors_editor_store_is_read_in_the_order_of_its_headers(tmp_path: Path) -> None:
    """Then what they leave out; nothing but conversations is ever read of it."""
    path = tmp_path / "state.vscdb"
    cursor_editor(path)
    records = list(cursor.records(path))
    told = read(CursorHistory(place(path)), [record for record in records if not record.problem])

    assert [
        ("comp-1", "session_start", ""),
        ("comp-1", "user_message", "Which ports?"),
        ("comp-1", "tool_call", "ls"),
        ("comp-1", "tool_result", "deal.csv"),
        ("comp-1", "assistant_message", "Deal."),
        ("comp-1", "user_message", "A prompt that was edited."),
        ("gone", "user_message", "Of a conversation that is gone."),
        ("tab-1", "session_start", ""),
        ("tab-1", "user_message", "Hi"),
        ("tab-1", "assistant_message", "Ho"),
    ] == [(one.session, one.kind.value, one.text) for one in captured(told)]
    assert ["composer whose value is no JSON object"] == [record.problem for record in records if record.problem]
    assert 2 == sum(one.reason == "the program's own state" for one in told)
    assert "a-secret-token" not in repr(records)
    assert "xxxx" not in repr(records)


def test_times_of_bubbles_only_go_forward(tmp_path: Path) -> None:
    """One without a time comes right after the one before it."""
    path = tmp_path / "state.vscdb"
    cursor_editor(path)
    found = captured(read(CursorHistory(place(path)), [r for r in cursor.records(path) if not r.problem]))
    times = [one.time_ms or 0 for one in found if one.session == "comp-1"]

    assert sorted(set(times)) == times
    assert 1_772_600_402_003 == next(one.time_ms for one in found if one.text == "Deal.")


# -- hook and history ----------------------------------------------------------------------------


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
