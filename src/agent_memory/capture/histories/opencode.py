"""OpenCode's history: a SQLite store, the tree of small files before it, and what `opencode export` gives.

    opencode.db   session(id, parent_id, directory, title, version, time_created, …)
                  message(id, session_id, time_created, data)       data: JSON of the message's info
                  part(id, message_id, session_id, time_created, data)
    storage/      session/<project>/<session>.json, message/<session>/<message>.json, part/<message>/<part>.json
    export        {"info": session, "messages": [{"info": message, "parts": [part, …]}, …]}

All three become records of one shape, a session before its messages and a message before its parts:

    {"table": "session" | "message" | "part", "parents": [session, …], "data": {…, "id", "sessionID", "messageID"}}

A part that is a tool's is its call and its result.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agent_memory.capture.agents.common import Frame
from agent_memory.capture.agents.opencode import UNTOLD, created_ms, frame_of, started, told_by_part
from agent_memory.capture.histories.port import Place, Record
from agent_memory.capture.histories.snapshots import NoStore, snapshot, tables_of
from agent_memory.capture.model import Outcome, Told
from agent_memory.capture.payloads import as_name, text_at

_DEPTH_MAX = 16

# A reply without an end may still be growing when the store was written so soon after it began.
_WRITING_MS_MAX = 10 * 60_000

# Columns of a session's row and the fields of its info that they hold.
_SESSION_COLUMNS = {
    "id": "id",
    "parent_id": "parentID",
    "directory": "directory",
    "title": "title",
    "version": "version",
}


class OpenCodeHistory:
    """A `HistoryReader` of OpenCode's records, in whichever form they were kept."""

    def __init__(self, place: Place) -> None:
        self._modified_ms = place.modified_ms
        self._sessions: dict[str, Frame] = {}
        self._messages: dict[str, Mapping[str, Any]] = {}
        self._session = ""

    def read(self, line: int, value: Any) -> Iterable[Told]:
        """What a row, a small file or an exported session tells."""
        if isinstance(value, Mapping) and "table" in value:
            return [self._told(line, value)]
        if isinstance(value, Mapping) and isinstance(value.get("messages"), list):
            return [self._told(at, row) for at, row in enumerate(_rows_of_export(value), line)]
        return [_malformed(line, "is neither a record of OpenCode nor an exported session")]

    def end(self) -> Iterable[Told]:
        """Nothing is held back."""
        return []

    def _told(self, line: int, row: Mapping[str, Any]) -> Told:
        data = row.get("data")
        if not isinstance(data, Mapping):
            return _malformed(line, f"{row.get('table')} without data")
        match row.get("table"):
            case "session":
                return self._told_by_session(line, row, data)
            case "message":
                return self._told_by_message(line, data)
            case "part":
                return self._told_by_part(line, data)
        return Told(line=line, outcome=Outcome.SKIPPED, reason="a table that holds no conversation")

    def _told_by_session(self, line: int, row: Mapping[str, Any], info: Mapping[str, Any]) -> Told:
        session = as_name(text_at(info, "id"))
        if not session:
            return _malformed(line, "session without an id")
        found = row.get("parents")
        parents = [as_name(name) for name in found if isinstance(name, str)] if isinstance(found, list) else []
        frame = frame_of(session, parents, time_ms=self._modified_ms, folder=text_at(info, "directory"))
        self._sessions[session] = frame
        return Told(line=line, outcome=Outcome.EVENT, captured=(started(info, frame),))

    def _told_by_message(self, line: int, info: Mapping[str, Any]) -> Told:
        message, session = text_at(info, "id"), text_at(info, "sessionID")
        if not message or not session:
            return _malformed(line, "message without an id or session")
        if session != self._session:
            # Messages of one session come together, so those of the one before are done with.
            self._session, self._messages = session, {}
        self._messages[message] = info
        return Told(line=line, outcome=Outcome.MERGED, reason="a message, told by its parts")

    def _told_by_part(self, line: int, part: Mapping[str, Any]) -> Told:
        session = as_name(text_at(part, "sessionID"))
        if not session:
            return _malformed(line, "part without a session")
        message = self._messages.get(text_at(part, "messageID"))
        if message is None:
            return _malformed(line, "part of a message that is missing")
        if self._is_growing(part, message):
            return Told(line=line, outcome=Outcome.SKIPPED, reason="a reply that is still being written")
        frame = self._sessions.get(session) or Frame(session=session, time_ms=self._modified_ms)
        told = told_by_part(part, message, frame)
        if told:
            return Told(line=line, outcome=Outcome.EVENT, captured=tuple(told))
        return Told(line=line, outcome=Outcome.SKIPPED, reason=_why_untold(part))

    def _is_growing(self, part: Mapping[str, Any], message: Mapping[str, Any]) -> bool:
        """Whether a text of it now would be another than it will have at its end."""
        times, created = message.get("time"), created_ms(message)
        if part.get("type") != "text" or message.get("role") == "user" or created is None:
            return False
        own = part.get("time")
        ended = (isinstance(own, Mapping) and own.get("end")) or (isinstance(times, Mapping) and times.get("completed"))
        return not ended and 0 <= self._modified_ms - created < _WRITING_MS_MAX


# -- where the records come from -----------------------------------------------------------------


def records(store: Path) -> Iterator[Record]:
    """The rows of opencode.db: each session, its messages, their parts. The store is not written.

    Errors: `OSError` where it cannot be read. What is no store, or damaged, is a record with a problem.
    """
    line = 0
    try:
        with snapshot(store) as connection:
            for row, size in _rows(connection):
                line += 1
                yield _record(line, row, size)
    except (NoStore, sqlite3.DatabaseError) as error:
        yield Record(line=line + 1, problem=str(error))


def storage_records(session: Path) -> Iterator[Record]:
    """The same of a session's file in the old tree, with those of its messages and their parts."""
    line = 1
    info, problem = _loaded(session)
    if info is None:
        yield Record(line=line, problem=problem)
        return
    named = text_at(info, "id") or session.stem
    info = {"id": named, **info}
    row = {"table": "session", "parents": _parents_in_files(info, session.parent), "data": info}
    yield Record(line=line, value=row, size=session.stat().st_size)
    storage = session.parent.parent.parent
    for message in _in_time(_files(storage / "message" / named)):
        path, data, problem = message
        line += 1
        if data is None:
            yield Record(line=line, problem=problem)
            continue
        data = {"id": path.stem, **data, "sessionID": named}
        yield Record(line=line, value={"table": "message", "data": data}, size=path.stat().st_size)
        for part in _files(storage / "part" / str(data["id"])):
            line += 1
            found, problem = _loaded(part)
            if found is None:
                yield Record(line=line, problem=problem)
                continue
            found = {"id": part.stem, **found, "sessionID": named, "messageID": data["id"]}
            yield Record(line=line, value={"table": "part", "data": found}, size=part.stat().st_size)


def storage_files(session: Path) -> list[Path]:
    """All files that `storage_records` reads for a session, so that one can tell whether any has changed."""
    found = [session]
    info, _ = _loaded(session)
    named = text_at(info or {}, "id") or session.stem
    storage = session.parent.parent.parent
    for message in _files(storage / "message" / named):
        found.append(message)
        data, _ = _loaded(message)
        found += _files(storage / "part" / (text_at(data or {}, "id") or message.stem))
    return found


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[dict[str, Any], int]]:
    tables = tables_of(connection)
    missing = {"session", "message", "part"} - tables.keys()
    if missing:
        raise NoStore(f"is no store of OpenCode's conversations: it has no table {', '.join(sorted(missing))}")
    sessions = list(_sessions(connection, tables["session"]))
    parents = {info["id"]: info.get("parentID") or "" for info, _ in sessions}
    for info, size in sessions:
        above = _chain(info["id"], parents)
        yield {"table": "session", "parents": above, "data": info}, size
        yield from _conversation(connection, info["id"])
    yield from _orphans(connection)


def _sessions(connection: sqlite3.Connection, columns: tuple[str, ...]) -> Iterator[tuple[dict[str, Any], int]]:
    names = [name for name in (*_SESSION_COLUMNS, "time_created") if name in columns]
    order = "time_created, id" if "time_created" in names else "id"
    for row in connection.execute(f"SELECT {', '.join(names)} FROM session ORDER BY {order}").fetchall():
        found = dict(zip(names, row, strict=True))
        info = {field: found.get(name) for name, field in _SESSION_COLUMNS.items() if found.get(name) is not None}
        info["time"] = {"created": found.get("time_created")}
        yield {**info, "id": str(info.get("id", ""))}, 200


def _conversation(connection: sqlite3.Connection, session: str) -> Iterator[tuple[dict[str, Any], int]]:
    messages = connection.execute(
        "SELECT id, time_created, data FROM message WHERE session_id = ? ORDER BY time_created, id", (session,)
    )
    for message, created, data in messages:
        info = {"id": message, "sessionID": session, "time": {"created": created}}
        yield _row("message", data, info)
        parts = connection.execute(
            "SELECT id, time_created, data FROM part WHERE message_id = ? ORDER BY id", (message,)
        )
        for part, _, found in parts:
            yield _row("part", found, {"id": part, "sessionID": session, "messageID": message})


def _orphans(connection: sqlite3.Connection) -> Iterator[tuple[dict[str, Any], int]]:
    """Rows whose session or message is gone, so that each row is accounted for."""
    yield from (
        _row("message", data, {"id": message, "sessionID": session})
        for message, session, data in connection.execute(
            "SELECT id, session_id, data FROM message WHERE session_id NOT IN (SELECT id FROM session) ORDER BY id"
        )
    )
    yield from (
        _row("part", data, {"id": part, "sessionID": session, "messageID": message})
        for part, session, message, data in connection.execute(
            "SELECT id, session_id, message_id, data FROM part WHERE message_id NOT IN (SELECT id FROM message) "
            "OR message_id IN (SELECT id FROM message WHERE session_id NOT IN (SELECT id FROM session)) ORDER BY id"
        )
    )


def _row(table: str, data: Any, ids: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """A row's JSON with the columns that are left out of it; what is no JSON object has no data."""
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else str(data)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return {"table": table, "data": None}, len(text)
    return {"table": table, "data": {**ids, **found, **{key: ids[key] for key in ids if key != "time"}}}, len(text)


def _record(line: int, row: dict[str, Any], size: int) -> Record:
    if row["data"] is None:
        return Record(line=line, problem=f"{row['table']} whose data is no JSON object", size=size)
    return Record(line=line, value=row, size=size)


def _chain(session: str, parents: Mapping[str, str]) -> list[str]:
    above: list[str] = []
    while (session := parents.get(session, "")) and session not in above and len(above) < _DEPTH_MAX:
        above.insert(0, session)
    return above


# -- the old tree --------------------------------------------------------------------------------


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except (FileNotFoundError, NotADirectoryError):
        return []


def _loaded(path: Path) -> tuple[dict[str, Any] | None, str]:
    """A file's JSON object, or why it holds none."""
    try:
        found = json.loads(path.read_bytes().decode("utf-8", "replace").removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        found = None
    except OSError as error:
        return None, f"{path.name} cannot be read: {error.strerror}"
    return (found, "") if isinstance(found, dict) else (None, f"{path.name} holds no JSON object")


def _in_time(paths: list[Path]) -> list[tuple[Path, dict[str, Any] | None, str]]:
    loaded = [(path, *_loaded(path)) for path in paths]
    return sorted(loaded, key=lambda item: (_created(item[1]), item[0].name))


def _created(info: Mapping[str, Any] | None) -> int:
    return created_ms(info or {}) or 0


def _parents_in_files(info: Mapping[str, Any], folder: Path) -> list[str]:
    above: list[str] = []
    parent = text_at(info, "parentID")
    while parent and parent not in above and len(above) < _DEPTH_MAX:
        above.insert(0, parent)
        found, _ = _loaded(folder / f"{Path(parent).name}.json")
        parent = text_at(found or {}, "parentID")
    return above


# -- an export -----------------------------------------------------------------------------------


def _rows_of_export(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    info = document.get("info")
    info = info if isinstance(info, Mapping) else {}
    session, parent = text_at(info, "id"), text_at(info, "parentID")
    yield {"table": "session", "parents": [parent] if parent else [], "data": info}
    for message in document["messages"]:
        message = message if isinstance(message, Mapping) else {}
        about, parts = message.get("info"), message.get("parts")
        about = about if isinstance(about, Mapping) else {}
        yield {"table": "message", "data": {"sessionID": session, **about}}
        for part in parts if isinstance(parts, list) else []:
            ids = {"sessionID": session, "messageID": about.get("id")}
            yield {"table": "part", "data": {**ids, **part} if isinstance(part, Mapping) else None}


def _why_untold(part: Mapping[str, Any]) -> str:
    kind = part.get("type")
    if kind == "tool":
        return "a tool's call that is still being written"
    if kind == "text":
        added = part.get("synthetic") or part.get("ignored")
        return "text that the harness added" if added else "a text without words"
    known = UNTOLD.get(kind) if isinstance(kind, str) else None
    return known or f"a part of an unknown type ({as_name(str(kind))[:40]})"


def _malformed(line: int, reason: str) -> Told:
    return Told(line=line, outcome=Outcome.MALFORMED, reason=reason)
