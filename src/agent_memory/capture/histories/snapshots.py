"""A SQLite store that another program is using, read without a trace.

SQLite's own read-only mode is not enough: a reader of a store in WAL mode takes its place in the
`-shm` file, and makes `-shm` and `-wal` where they are missing. So the store is copied, with its log, to a
folder of our own, and the copy is opened. Nothing but plain reads touches the original.

    store          copied first
    store-wal      what was committed and is not in the store yet; copied second
    store-journal  what takes back a change that was broken off; a change in progress, if its owner lives

A copy is of one moment if nothing was moved from the log into the store meanwhile. In WAL mode the store
is only written by a checkpoint, and what a checkpoint wrote is in the log, too, until the log is begun
anew, which gives it another salt. Pages that were copied half old, half new are thus covered by the log as
long as its salt is the same before, between and after. Without a log, the store's own header counts changes.
Where a writer was quicker, the copy is made again.

Source: https://www.sqlite.org/walformat.html, https://www.sqlite.org/fileformat2.html
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ATTEMPTS_MAX = 8

_STORE_HEADER_BYTES = 100
_WAL_HEADER_BYTES = 32
_MAGIC = b"SQLite format 3\x00"


class NoMoment(OSError):
    """A store was changed each time that it was copied; try again later."""


class NoStore(ValueError):
    """A file that is no SQLite store, or none that can be read."""


@contextmanager
def snapshot(store: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the store as it was at one moment; it can be queried, not written.

    Text comes as `str`, what is no UTF-8 in it replaced.
    Errors: `OSError` where it cannot be read or copied; `NoMoment`, one of them, where its writer
    never paused; `NoStore`. What is found damaged later is a `sqlite3.DatabaseError`.
    """
    store = store.resolve()  # SQLite keeps the log beside the file that a link leads to.
    with tempfile.TemporaryDirectory(prefix="agent-memory-") as folder:
        copy = Path(folder, "store.db")
        _copy_of_one_moment(store, copy)
        with closing(sqlite3.connect(copy)) as connection:
            connection.text_factory = _text
            try:
                connection.execute("PRAGMA temp_store = memory")
                # Takes what the log holds, or takes back what a journal does.
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                connection.execute("PRAGMA query_only = on")
            except sqlite3.DatabaseError as error:
                raise NoStore(f"is no SQLite store: {error}") from None
            yield connection


def tables_of(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """The names of the store's tables, each with those of its columns."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {
        table: tuple(row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (table,)))
        for table in tables
    }


def _copy_of_one_moment(store: Path, copy: Path) -> None:
    wal, journal = _beside(store, "-wal"), _beside(store, "-journal")
    copied_wal, copied_journal = _beside(copy, "-wal"), _beside(copy, "-journal")
    for _ in range(ATTEMPTS_MAX):
        copied_wal.unlink(missing_ok=True)
        copied_journal.unlink(missing_ok=True)
        before = _state(store, wal, journal)
        shutil.copyfile(store, copy)
        _copy_if_there(wal, copied_wal)
        _copy_if_there(journal, copied_journal)
        if before == _state(store, wal, journal) and _header(copied_wal, _WAL_HEADER_BYTES) == before[0]:
            break
    else:
        raise NoMoment(f"{store} was changed each of the {ATTEMPTS_MAX} times that it was copied")
    with copy.open("rb") as file:
        if (begins := file.read(len(_MAGIC))) and begins != _MAGIC:
            raise NoStore("is no SQLite store")


def _state(store: Path, wal: Path, journal: Path) -> tuple[bytes, object, object]:
    """Equal at two times only if what was copied between them is of one moment."""
    header = _header(wal, _WAL_HEADER_BYTES)
    if len(header) == _WAL_HEADER_BYTES:
        # Commits only append to the log, and what is half appended is left out by its checksum.
        return header, None, None
    stat = store.stat()
    written = (stat.st_size, stat.st_mtime_ns, _header(store, _STORE_HEADER_BYTES))
    try:
        begun = journal.stat()
    except FileNotFoundError:
        return header, written, None
    return header, written, (begun.st_size, begun.st_mtime_ns)


def _header(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except FileNotFoundError:
        return b""


def _copy_if_there(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:
        target.unlink(missing_ok=True)


def _beside(store: Path, suffix: str) -> Path:
    return store.with_name(store.name + suffix)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
