"""Cursor's transcripts, chat stores and editor store."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from agent_memory.capture.histories import cursor
from agent_memory.capture.histories.cursor import CursorHistory
from tests.unit.capture.history_reading import CURSOR, accounts, captured, lines, place, read


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
