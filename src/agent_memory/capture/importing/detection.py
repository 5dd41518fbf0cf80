"""What a file is whose path somebody named: told from its content, not from its name.

    PK…                  an archive as ChatGPT and Claude.ai offer it for download: its `conversations*.json`
    SQLite format 3…     a store of OpenCode or Cursor, by its tables
    {…                   JSON, by the fields of the first records that say whose they are
    [{…                  an export, by the fields of its first conversations

A folder is searched for files that are called as such files are.
"""

from __future__ import annotations

import itertools
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from agent_memory.capture.histories import Record
from agent_memory.capture.histories.snapshots import NoStore, snapshot, tables_of
from agent_memory.capture.importing.decoding import Lines
from agent_memory.capture.importing.formats import Form, History, records_of
from agent_memory.capture.model import Agent, Told

_RECORDS_LOOKED_AT = 200
_HEAD_BYTES = 64 << 10
_MEMBER = re.compile(r"(?:.*/)?conversations[^/]*\.json")
# Of the files in a folder: others are not even opened, stores of other programs above all.
_CANDIDATE = re.compile(r".*\.(?:json|jsonl|ndjson|zip)|opencode[^/]*\.db|store\.db|state\.vscdb")
_SQLITE = b"SQLite format 3\0"
_ZIP = b"PK\x03\x04"


class Unknown(ValueError):
    """A path that holds no history that is known, and why."""


def histories_at(path: Path) -> list[History]:
    """The histories in the file or folder at *path*. Errors: `Unknown`, `OSError`."""
    if not path.is_dir():
        return _in_file(path)
    found: list[History] = []
    for file in sorted(path.rglob("*")):
        if _CANDIDATE.fullmatch(file.name) and file.is_file():
            try:
                found += _in_file(file)
            except (Unknown, OSError):
                # A folder holds other things, too.
                continue
    if not found:
        raise Unknown("holds no history that is known")
    return found


def _in_file(path: Path) -> list[History]:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(_ZIP):
        return _in_archive(path)
    if head.startswith(_SQLITE):
        return [History(agent=_owner_of_store(path), form=Form.DATABASE, path=path)]
    if not head.strip():
        raise Unknown("is empty")
    if b"\0" in head.lstrip(b"\0"):
        raise Unknown("is neither text nor an archive nor a store that is known")
    return [_of_json(path, head)]


def _in_archive(path: Path) -> list[History]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted(name for name in archive.namelist() if _MEMBER.fullmatch(name))
    except zipfile.BadZipFile as error:
        raise Unknown(f"is a damaged archive: {error}") from None
    found: list[History] = []
    for member in members:
        history = History(agent=Agent.CHATGPT, form=Form.DOCUMENT, path=path, member=member)
        # An account without conversations has an empty list, which is anyone's.
        agent = _owner_of(records_of(history)) or Agent.CHATGPT
        found.append(History(agent=agent, form=Form.DOCUMENT, path=path, member=member))
    if not found:
        raise Unknown("is an archive without a conversations.json")
    return found


def _owner_of_store(path: Path) -> Agent:
    try:
        with snapshot(path) as store:
            tables = set(tables_of(store))
    except NoStore as error:
        raise Unknown(str(error)) from None
    if {"message", "part"} <= tables:
        return Agent.OPENCODE
    if "blobs" in tables or tables & {"ItemTable", "cursorDiskKV"}:
        return Agent.CURSOR
    raise Unknown("is a store with none of the tables that are known")


def _of_json(path: Path, head: bytes) -> History:
    if _is_lines(head):
        with path.open("rb") as file:
            lines = Lines()
            agent = _owner_of(itertools.chain(lines.read(file), lines.last()))
        if agent:
            return History(agent=agent, form=Form.LINES, path=path)
    elif agent := _owner_of(records_of(History(agent=Agent.CHATGPT, form=Form.DOCUMENT, path=path))):
        if agent is Agent.OPENCODE and _is_storage(path):
            return History(agent=agent, form=Form.FOLDER, path=path)
        return History(agent=agent, form=Form.DOCUMENT, path=path)
    raise Unknown("is no history of an agent that is known; `agent-memory ingest` reads plain events")


def _is_lines(head: bytes) -> bool:
    """Whether the first line that is no blank is a whole object; of a document it is the first of several."""
    text = head.decode("utf-8-sig", "replace").lstrip("\0 \t\r\n")
    if not text.startswith("{"):
        # A line that was cut off, before those that were not.
        return not text.startswith("[") and "\n{" in text
    first, line_break, rest = text.partition("\n")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        # Broken, or longer than the head, or the first line of a document that is laid out.
        return not line_break or rest.lstrip().startswith("{")
    return bool(rest.strip()) or not _is_one_document(json.loads(first))


def _is_one_document(value: Mapping[str, Any]) -> bool:
    return any(name in value for name in ("messages", "mapping", "chat_messages")) or "projectID" in value


def _is_storage(path: Path) -> bool:
    """Whether the file is a session of OpenCode's older form, in `storage/session/<project>/`."""
    return path.parent.parent.name == "session" and (path.parents[2] / "message").is_dir()


def _owner_of(records: Iterable[Record | Told]) -> Agent | None:
    for record in itertools.islice(records, _RECORDS_LOOKED_AT):
        if isinstance(record, Record) and isinstance(record.value, dict) and (agent := _owner(record.value)):
            return agent
    return None


def _owner(value: Mapping[str, Any]) -> Agent | None:
    """Whose history has records like this one; None if it could be several's."""
    return next((agent for agent, is_its in _SIGNS if is_its(value)), None)


def _has(value: Mapping[str, Any], *names: str) -> bool:
    return all(name in value for name in names)


def _is_claude_code(value: Mapping[str, Any]) -> bool:
    if _has(value, "sessionId", "message") or _has(value, "parentUuid", "uuid"):
        return True
    if _has(value, "type", "leafUuid"):
        return True
    return _has(value, "sessionId", "type") and not any(name in value for name in ("data", "kind"))


def _is_codex(value: Mapping[str, Any]) -> bool:
    if _has(value, "timestamp", "type", "payload"):
        return True
    return _has(value, "id", "timestamp", "instructions") or value.get("record_type") == "state"


def _is_gemini(value: Mapping[str, Any]) -> bool:
    return _has(value, "sessionId", "projectHash") or ("type" in value and value["type"] == "gemini")


def _is_copilot(value: Mapping[str, Any]) -> bool:
    return _has(value, "type", "data", "id") and isinstance(value["data"], dict)


def _is_opencode(value: Mapping[str, Any]) -> bool:
    return _has(value, "info", "messages") or _has(value, "id", "projectID", "time")


def _is_cursor(value: Mapping[str, Any]) -> bool:
    return (_has(value, "role", "message") and "uuid" not in value) or value.get("type") == "turn_ended"


_SIGNS = (
    (Agent.CHATGPT, lambda value: isinstance(value.get("mapping"), dict)),
    (Agent.CLAUDE_AI, lambda value: isinstance(value.get("chat_messages"), list)),
    (Agent.GEMINI, _is_gemini),
    (Agent.CODEX, _is_codex),
    (Agent.COPILOT, _is_copilot),
    (Agent.OPENCODE, _is_opencode),
    (Agent.CLAUDE_CODE, _is_claude_code),
    (Agent.CURSOR, _is_cursor),
)
