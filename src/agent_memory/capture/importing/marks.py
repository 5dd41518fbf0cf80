"""How far each history has been imported: `imports.sqlite3`, beside what the daemon keeps for its hooks.

    marks    name → stamp, since_ms, seen, origins   a history by its path; what its files looked like; its events
    anchor   event_id, position                      of the event that was recorded last

A history whose files look as they did is not read again. ``seen`` holds 12 bytes of a digest of each source id
that the log has taken; so of a history that has grown, or was written anew, only what is new is appended.
``origins`` keeps whose the lines are that were copied from another history, for that one may be gone the next time.

All of it could be lost without harm: the log knows every event by its source. Whether the log is still the one
that the marks are of, the anchor tells: a store that was erased or restored does not have it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

FILE = "imports.sqlite3"

READERS_VERSION = 2
"""To be raised when readers understand more than they did: every history is then read again."""

_DIGEST_BYTES = 12
_BUSY_S = 30.0
_FORM = 2
_FORGET = "DROP TABLE IF EXISTS marks; DROP TABLE IF EXISTS anchor;"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS marks (
    name TEXT PRIMARY KEY, stamp TEXT NOT NULL, since_ms INTEGER, seen BLOB NOT NULL, origins BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS anchor (
    one INTEGER PRIMARY KEY CHECK (one = 1), event_id TEXT NOT NULL, position INTEGER NOT NULL
);
"""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far one history was imported; ``since_ms`` says that what is older was left out."""

    stamp: str = ""
    since_ms: int | None = None
    seen: frozenset[bytes] = frozenset()
    origins: Mapping[bytes, str] = {}

    def holds(self, stamp: str, since_ms: int | None) -> bool:
        """Whether there is nothing new in a history that looks like *stamp*, as far back as *since_ms*."""
        reaches = self.since_ms is None or (since_ms is not None and self.since_ms <= since_ms)
        return bool(stamp) and stamp == self.stamp and reaches


class Anchor(msgspec.Struct, frozen=True):
    """An event that the log has if it is the log that the marks are of."""

    event_id: str
    position: int


NO_MARK = Mark()


class Marks:
    """The marks of one store. Without a *folder*, or where it cannot be written, they last as long as the object."""

    def __init__(self, folder: Path | None) -> None:
        self.problem = ""
        """Why marks are not kept."""
        try:
            self._rows = self._open(folder / FILE) if folder else _connected(":memory:")
        except (OSError, sqlite3.OperationalError) as error:
            self.problem = str(error)
            self._rows = _connected(":memory:")

    def get(self, name: str) -> Mark:
        """The mark of a history; `NO_MARK` for one that was never imported."""
        row = self._rows.execute("SELECT stamp, since_ms, seen, origins FROM marks WHERE name = ?", (name,)).fetchone()
        if row is None:
            return NO_MARK
        stamp, since_ms, seen, origins = row
        digests = (seen[at : at + _DIGEST_BYTES] for at in range(0, len(seen), _DIGEST_BYTES))
        return Mark(
            stamp=stamp,
            since_ms=since_ms,
            seen=frozenset(digests),
            origins=msgspec.msgpack.decode(origins, type=dict[bytes, str]),
        )

    def put(self, marks: Iterable[tuple[str, Mark]], *, anchor: Anchor | None) -> None:
        """Replace these marks, all or none; durable on return, unless there is no room: then ``problem`` says so."""
        rows = [
            (name, mark.stamp, mark.since_ms, b"".join(sorted(mark.seen)), msgspec.msgpack.encode(mark.origins))
            for name, mark in marks
        ]
        try:
            with self._rows:
                self._rows.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?, ?, ?, ?)", rows)
                if anchor is not None:
                    values = (anchor.event_id, anchor.position)
                    self._rows.execute("INSERT OR REPLACE INTO anchor VALUES (1, ?, ?)", values)
        except sqlite3.OperationalError as error:
            # The events are in the log. The next import will read more than it need.
            self.problem = str(error)

    @property
    def anchor(self) -> Anchor | None:
        row = self._rows.execute("SELECT event_id, position FROM anchor").fetchone()
        return Anchor(*row) if row else None

    def forget(self) -> None:
        """Begin anew: the log is another one."""
        with self._rows:
            self._rows.execute("DELETE FROM marks")
            self._rows.execute("DELETE FROM anchor")

    def close(self) -> None:
        self._rows.close()

    def _open(self, file: Path) -> sqlite3.Connection:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return _connected(str(file))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            # Damaged. What it said can be found out again.
            file.unlink()
            return _connected(str(file))


def digest_of(source_id: str) -> bytes:
    """What a mark keeps of an event."""
    return hashlib.blake2b(source_id.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def stamp_of(files: Iterable[Path]) -> str:
    """What *files* look like from outside; empty if the first cannot be found. Another program's are not opened."""
    parts = [str(READERS_VERSION)]
    for index, file in enumerate(files):
        try:
            about = file.stat()
        except OSError:
            if index == 0:
                return ""
            parts.append("-")
            continue
        parts.append(f"{about.st_size}:{about.st_mtime_ns}:{about.st_ino}")
    # Some histories are many small files.
    return " ".join(parts) if len(parts) < 9 else hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _connected(name: str) -> sqlite3.Connection:
    rows = sqlite3.connect(name, timeout=_BUSY_S, check_same_thread=False)
    try:
        if name != ":memory:":
            Path(name).chmod(0o600)
        rows.execute("PRAGMA synchronous = FULL")
        (form,) = rows.execute("PRAGMA user_version").fetchone()
        with rows:
            # What another release noted in another form can be found out again.
            rows.executescript(_SCHEMA if form == _FORM else f"{_FORGET}{_SCHEMA}PRAGMA user_version = {_FORM};")
    except BaseException:
        rows.close()
        raise
    return rows
