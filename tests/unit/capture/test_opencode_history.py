"""OpenCode's store, its older files and its exports tell the same."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from agent_memory.capture.histories import opencode
from agent_memory.capture.histories.opencode import OpenCodeHistory, storage_files, storage_records
from agent_memory.capture.histories.port import Place, Record
from agent_memory.capture.model import Agent, Outcome, Told
from tests.unit.capture.history_reading import OPENCODE, captured, drafts, of_files, place, read


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
