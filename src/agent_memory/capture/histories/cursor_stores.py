"""The SQLite stores of Cursor, which are documented nowhere: what is known of them was found by looking.

    ~/.cursor/chats/<md5 of the folder>/<session>/store.db       the command line
        meta(key, value)   key "0": JSON in hex {agentId, latestRootBlobId, name, createdAt, lastUsedModel, …}
        blobs(id, data)    JSON = a message; else protobuf = links: field 1, 32 bytes, the id of another blob
    …/Cursor/User/globalStorage/state.vscdb                      the editor
        cursorDiskKV(key, value)   composerData:<session> = {fullConversationHeadersOnly: [{bubbleId, type}, …], …}
                                   bubbleId:<session>:<bubble> = {type: 1 user | 2 assistant, text, toolFormerData?, …}
    …/Cursor/User/workspaceStorage/<id>/state.vscdb              the editor's older chats
        ItemTable(key, value)      workbench.panel.aichat.view.aichat.chatdata = {tabs: [{tabId, bubbles: […]}]}

Blobs are named by their content: the same message twice is one blob with two links to it. So the root's
links give the order, and what none leads to any more (summarised, edited) stands where it was written.
Keys with credentials lie beside the conversations: nothing but the keys above is ever read, others are counted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent_memory.capture.histories.port import Record
from agent_memory.capture.histories.snapshots import NoStore, snapshot, tables_of

Row = tuple[dict[str, Any], int]

_LINKS_MAX = 1_000_000
_DEPTH_MAX = 32
_CHATS = "workbench.panel.aichat.view.aichat.chatdata"

# What is read of a bubble: it can hold megabytes of files and diffs besides.
_OF_BUBBLE = ("bubbleId", "type", "text", "rawText", "createdAt", "timingInfo", "toolFormerData", "modelInfo", "id")
_OF_COMPOSER = (
    "composerId",
    "name",
    "createdAt",
    "lastUpdatedAt",
    "modelConfig",
    "subagentInfo",
    "workspaceIdentifier",
)


def records(store: Path) -> Iterator[Record]:
    """What one of Cursor's stores holds, in the order of its conversations. The store is not written.

        {"table": "meta" | "blob" | "composer" | "bubble" | "chat", "session", "data"}
        {"table": "links" | "other", "rows"}         what is no conversation, counted

    Errors: `OSError` where it cannot be read. What is no store, or damaged, is a record with a problem.
    """
    line = 0
    try:
        with snapshot(store) as connection:
            tables = tables_of(connection)
            if {"blobs", "meta"} <= tables.keys():
                rows = _rows_of_chat(connection)
            elif tables.keys() & {"cursorDiskKV", "ItemTable"}:
                rows = _rows_of_editor(connection, tables)
            else:
                raise NoStore("is no store of Cursor's conversations: it has neither blobs nor cursorDiskKV")
            for row, size in rows:
                line += 1
                if row.get("data", row) is None:
                    yield Record(line=line, problem=f"{row['table']} whose value is no JSON object", size=size)
                else:
                    yield Record(line=line, value=row, size=size)
    except (NoStore, sqlite3.DatabaseError) as error:
        yield Record(line=line + 1, problem=str(error))


# -- the command line ----------------------------------------------------------------------------


def _rows_of_chat(connection: sqlite3.Connection) -> Iterator[Row]:
    metas = [(key, value) for key, value in connection.execute("SELECT key, value FROM meta ORDER BY rowid")]
    root = ""
    for key, value in metas:
        meta = _meta(value)
        root = root or str((meta or {}).get("latestRootBlobId") or "")
        if str(key) == "0" or (meta or {}).get("agentId"):
            yield {"table": "meta", "data": meta}, len(value or "")
        else:
            yield {"table": "other", "rows": 1}, len(value or "")
    places = {name: place for place, name in connection.execute("SELECT rowid, id FROM blobs")}
    messages = {
        name for (name,) in connection.execute("SELECT id FROM blobs WHERE substr(CAST(data AS BLOB), 1, 1) = x'7B'")
    }
    linked = [name for name in _linked(connection, root) if name in messages]
    for name in _in_order(linked, messages, places):
        (data,) = connection.execute("SELECT data FROM blobs WHERE id = ?", (name,)).fetchone()
        yield {"table": "blob", "id": name, "data": _object(data)}, len(data)
    if links := len(places) - len(messages):
        yield {"table": "links", "rows": links}, links * 34


def _meta(value: Any) -> dict[str, Any] | None:
    try:
        return _object(bytes.fromhex(_text(value)))
    except ValueError:
        return _object(value)


def _linked(connection: sqlite3.Connection, root: str) -> list[str]:
    """The blobs that the root leads to, in order, each as often as it is linked."""
    found: list[str] = []
    waiting = [(root, 0)]
    while waiting and len(found) < _LINKS_MAX:
        name, depth = waiting.pop()
        row = connection.execute("SELECT data FROM blobs WHERE id = ?", (name,)).fetchone() if name else None
        if row is None:
            continue
        data = row[0].encode() if isinstance(row[0], str) else bytes(row[0] or b"")
        if data[:1] == b"{":
            found.append(name)
        elif depth < _DEPTH_MAX:
            waiting += [(link, depth + 1) for link in reversed(_links_in(data))]
    return found


def _links_in(data: bytes) -> list[str]:
    """The ids in fields number 1 of a protobuf message; what cannot be read ends it."""
    links: list[str] = []
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                _, at = _varint(data, at)
            case 1:
                at += 8
            case 5:
                at += 4
            case 2:
                size, at = _varint(data, at)
                if tag >> 3 == 1 and size == 32 and at + size <= len(data):
                    links.append(data[at : at + size].hex())
                at += size
            case _:
                break
    return links


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
    return 7, len(data)


def _in_order(linked: list[str], messages: set[str], places: Mapping[str, int]) -> list[str]:
    """The linked in their order, and those that no link leads to among them, where they were written."""
    left = sorted(messages.difference(linked), key=places.__getitem__)
    ordered: list[str] = []
    at = latest = 0
    for name in linked:
        latest = max(latest, places[name])
        while at < len(left) and places[left[at]] < latest:
            ordered.append(left[at])
            at += 1
        ordered.append(name)
    return ordered + left[at:]


# -- the editor ----------------------------------------------------------------------------------


def _rows_of_editor(connection: sqlite3.Connection, tables: Mapping[str, tuple[str, ...]]) -> Iterator[Row]:
    if "cursorDiskKV" in tables:
        composers = [
            key.partition(":")[2]
            for (key,) in connection.execute(
                "SELECT key FROM cursorDiskKV WHERE key >= 'composerData:' AND key < 'composerData;' ORDER BY rowid"
            )
        ]
        for composer in composers:
            yield from _composer(connection, composer)
        yield from _strays(connection, set(composers))
        (others,) = connection.execute(
            "SELECT count(*) FROM cursorDiskKV WHERE key NOT GLOB 'composerData:*' AND key NOT GLOB 'bubbleId:*'"
        ).fetchone()
        if others:
            yield {"table": "other", "rows": others}, 0
    if "ItemTable" in tables:
        yield from _chats(connection)


def _composer(connection: sqlite3.Connection, composer: str) -> Iterator[Row]:
    value = _value(connection, "cursorDiskKV", f"composerData:{composer}")
    data = _object(value)
    kept = None if data is None else {name: data[name] for name in _OF_COMPOSER if name in data}
    yield {"table": "composer", "session": composer, "data": kept}, len(value)
    headers = (data or {}).get("fullConversationHeadersOnly")
    order = (
        [str(item.get("bubbleId")) for item in headers if isinstance(item, dict)] if isinstance(headers, list) else []
    )
    stored = _bubbles(connection, composer)
    for bubble in [*dict.fromkeys(name for name in order if name in stored), *_rest(stored, order)]:
        value = _value(connection, "cursorDiskKV", f"bubbleId:{composer}:{bubble}")
        yield _bubble(composer, _object(value)), len(value)
    inline = (data or {}).get("conversation")
    for item in inline if isinstance(inline, list) else []:
        if isinstance(item, dict) and str(item.get("bubbleId")) not in stored:
            yield _bubble(composer, item), 200


def _bubbles(connection: sqlite3.Connection, composer: str) -> list[str]:
    begins = f"bubbleId:{composer}:"
    # A semicolon follows the colon, so this is every key that begins so, by the index.
    keys = connection.execute(
        "SELECT key FROM cursorDiskKV WHERE key >= ? AND key < ? ORDER BY rowid", (begins, begins[:-1] + ";")
    )
    return [key[len(begins) :] for (key,) in keys]


def _rest(stored: list[str], order: list[str]) -> list[str]:
    listed = set(order)
    return [name for name in stored if name not in listed]


def _strays(connection: sqlite3.Connection, composers: set[str]) -> Iterator[Row]:
    """Bubbles of conversations that are gone."""
    keys = connection.execute(
        "SELECT key FROM cursorDiskKV WHERE key >= 'bubbleId:' AND key < 'bubbleId;' ORDER BY rowid"
    ).fetchall()
    for (key,) in keys:
        composer = key.split(":")[1]
        if composer not in composers:
            value = _value(connection, "cursorDiskKV", key)
            yield _bubble(composer, _object(value)), len(value)


def _bubble(composer: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
    kept = None if data is None else {name: data[name] for name in _OF_BUBBLE if name in data}
    return {"table": "bubble", "session": composer, "data": kept}


def _chats(connection: sqlite3.Connection) -> Iterator[Row]:
    value = _value(connection, "ItemTable", _CHATS)
    tabs = (_object(value) or {}).get("tabs")
    for tab in tabs if isinstance(tabs, list) else []:
        if not isinstance(tab, dict):
            continue
        session = str(tab.get("tabId") or "")
        about = {"composerId": session, "name": tab.get("chatTitle"), "createdAt": tab.get("lastSendTime")}
        yield {"table": "composer", "session": session, "data": about}, 200
        bubbles = tab.get("bubbles")
        for item in bubbles if isinstance(bubbles, list) else []:
            yield _bubble(session, item if isinstance(item, dict) else None), 200
    (others,) = connection.execute("SELECT count(*) FROM ItemTable WHERE key <> ?", (_CHATS,)).fetchone()
    if others:
        yield {"table": "other", "rows": others}, 0


def _value(connection: sqlite3.Connection, table: str, key: str) -> bytes:
    row = connection.execute(f"SELECT value FROM {table} WHERE key = ?", (key,)).fetchone()
    value = row[0] if row else None
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value or b"")


def _object(value: Any) -> dict[str, Any] | None:
    try:
        found = json.loads(_text(value))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else bytes(value or b"").decode("utf-8", "replace")
