"""Rows in RocksDB, and all that is particular to it.

Why a durable write is two calls: rocksdict holds the interpreter's lock during a synced write,
so that one fsync stalls every thread; `write` without sync and then `flush_wal(True)` does not,
and gives the same guarantee before the answer.

What happens when the disk refuses (measured with rocksdict 0.3.29 on a full tmpfs): the failed
batch is not applied, every later write fails, and the engine resumes by itself some five
seconds after there is room. After a failed fsync nobody knows which bytes arrived. So a handle
that has failed once is not trusted again: the next write first opens the database anew, which
replays its write-ahead log and flushes it, and only then goes on. Reads continue meanwhile.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import rocksdict

from agent_memory.errors import AgentMemoryError, Closed, Corrupt, DiskFull, StorageUnavailable
from agent_memory.storage.batch import Op, RowBatch
from agent_memory.storage.port import Batch, Family, Range

DISK_RESERVE_BYTES = 64 << 20

_MEMTABLES_BYTES = 64 << 20
_FAMILY_MEMTABLE_BYTES = 16 << 20
_BLOCK_CACHE_BYTES = 48 << 20
_WAL_BYTES_MAX = 64 << 20
_INFO_LOG_BYTES_MAX = 4 << 20
_OPEN_FILES_MAX = 256
_REOPEN_WAIT_S = 5.0
_BLOOM_BITS = 10
_FEW = 24
_LOCK_HELD = "lock hold by current process"

# Of the views, a search asks for names that are mostly none: words of its query.
_POINT_LOOKUPS = frozenset({Family.EVENTS, Family.IDS, Family.EMBEDDINGS, Family.TOC_NODES, Family.GRIPS, Family.VIEWS})

T = TypeVar("T")


def store_free_bytes(path: str | os.PathLike[str]) -> int:
    """Bytes that this user can still write on the disk that holds *path*."""
    stat = os.statvfs(path)
    return stat.f_bavail * stat.f_frsize


class RocksRows:
    """Rows in the RocksDB database at *path*, which is created if missing.

    Durable writes are refused with `DiskFull` while less than *disk_reserve_bytes* are free,
    so that the engine always has room for what it has promised to keep.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        disk_reserve_bytes: int = DISK_RESERVE_BYTES,
        read_only: bool = False,
    ) -> None:
        self._path = Path(path)
        self._disk_reserve_bytes = disk_reserve_bytes
        self._read_only = read_only
        self._opening = threading.Lock()
        self._closed = False
        self._suspect = False
        self._engine: _Engine | None = None
        self._open()

    def get(self, family: Family, key: bytes) -> bytes | None:
        def one(engine: _Engine) -> bytes | None:
            found: bytes | None = engine.families[family].get(key)
            return found

        return self._read(one)

    def get_many(self, family: Family, keys: Sequence[bytes]) -> list[bytes | None]:
        if not keys:
            return []

        def many(engine: _Engine) -> list[bytes | None]:
            found: list[bytes | None] = engine.families[family].get(list(keys))
            return found

        return self._read(many)

    def scan(
        self, family: Family, *, first: bytes, end: bytes, limit: int, reverse: bool = False
    ) -> list[tuple[bytes, bytes]]:
        if limit <= 0 or first >= end:
            return []

        def rows(engine: _Engine) -> list[tuple[bytes, bytes]]:
            column = engine.families[family]
            if reverse:
                return _backwards(column, first, end, limit)
            # Only the upper bound: rocksdict gives the lower one the prefix of typed keys.
            options = rocksdict.ReadOptions()
            options.set_iterate_upper_bound(end)
            return _forwards(column, options, first, limit)

        return self._read(rows)

    def last_of_each(self, family: Family, ranges: Sequence[Range]) -> list[tuple[bytes, bytes] | None]:
        if not ranges:
            return []

        def each(engine: _Engine) -> list[tuple[bytes, bytes] | None]:
            # To make an iterator costs more than to move it.
            iterator = engine.families[family].iter()
            return [_last_in(iterator, first, end) for first, end in ranges]

        return self._read(each)

    def batch(self) -> RowBatch:
        return RowBatch()

    def write(self, batch: Batch, *, durable: bool = False) -> None:
        assert isinstance(batch, RowBatch)
        self._check_open()
        if self._read_only:
            raise StorageUnavailable(f"the database of {self._path} was opened to be read only")
        if durable or self._suspect:
            self._check_space()
        engine = self._writable()
        try:
            if batch.changes:
                engine.db.write(engine.packed(batch))
            if durable:
                # Always, and whatever others sync meanwhile: their sync may not have ended.
                engine.db.flush_wal(True)
        except (TypeError, KeyError):
            raise
        except Exception as error:
            self._suspect = True
            # The traceback of an error keeps this frame; a frame that kept the engine would keep
            # its lock on the database, and it could not be opened anew.
            del engine
            raise self._translated(error) from error

    def reopen(self) -> None:
        """Open the database anew; what was not durable is then durable or gone.

        Errors: `StorageUnavailable`; reads go on where they can, and the next write tries again.
        """
        with self._opening:
            self._check_open()
            if not self._read_only:
                self._open_anew()

    def close(self) -> None:
        """Flush and let go of the database. What was durable stays so, whatever happens here."""
        with self._opening:
            self._closed = True
            engine, self._engine = self._engine, None
            if engine is not None:
                engine.close()

    def _read(self, ask: Callable[[_Engine], T]) -> T:
        while True:
            try:
                return ask(self._engine or self._current())
            except (AgentMemoryError, TypeError, KeyError):
                raise
            except rocksdict.DbClosedError:
                # Closed between being taken and being asked: by `close`, or to be opened anew.
                self._current()
            except Exception as error:
                # Without its frames: one of them has an iterator, and whoever keeps the error would keep that, and
                # with it the lock on the database.
                raise self._translated(error) from error.with_traceback(None)

    def _current(self) -> _Engine:
        """The engine, once nobody is opening it."""
        with self._opening:
            self._check_open()
            if self._engine is None:
                raise StorageUnavailable(f"the database of {self._path} could not be opened again")
            return self._engine

    def _writable(self) -> _Engine:
        engine = self._engine
        if engine is not None and not self._suspect:
            return engine
        del engine
        with self._opening:
            self._check_open()
            if self._suspect or self._engine is None:
                self._open_anew()
            assert self._engine is not None
            return self._engine

    def _open(self) -> None:
        try:
            self._engine = _Engine(self._path, read_only=self._read_only)
        except Exception as error:
            problem = self._translated(error)
            if not isinstance(problem, StorageUnavailable | DiskFull) or not (self._path / "CURRENT").exists():
                raise problem from error
            # A full disk keeps it from being written, not from being read.
            try:
                self._engine = _Engine(self._path, read_only=True)
            except Exception:
                raise problem from error
            self._suspect = True

    def _open_anew(self) -> None:
        """Replace the engine by a fresh one; with `_opening` held."""
        self._suspect = True
        self._release()
        deadline = time.monotonic() + _REOPEN_WAIT_S
        while True:
            try:
                self._engine = _Engine(self._path, read_only=False)
                self._suspect = False
                return
            except Exception as error:
                if _LOCK_HELD in str(error) and time.monotonic() < deadline:
                    time.sleep(0.005)
                    continue
                with contextlib.suppress(Exception):
                    self._engine = _Engine(self._path, read_only=True)
                raise self._translated(error) from error

    def _release(self) -> None:
        """Let go of the engine, once the reads that it is serving have ended."""
        released = threading.Event()
        if self._engine is None:
            return
        weakref.finalize(self._engine, released.set)
        old = weakref.ref(self._engine)
        self._engine = None
        if not released.wait(_REOPEN_WAIT_S) and (engine := old()) is not None:
            engine.close()

    def _check_open(self) -> None:
        if self._closed:
            raise Closed(f"the store {self._path} is closed")

    def _check_space(self) -> None:
        free = store_free_bytes(self._path)
        if free < self._disk_reserve_bytes:
            raise DiskFull(str(self._path), free, self._disk_reserve_bytes)

    def _translated(self, error: Exception) -> AgentMemoryError:
        text = str(error)
        if text.startswith("Corruption"):
            return Corrupt(f"the database of {self._path}: {text}")
        if os.strerror(errno.ENOSPC) in text:
            return DiskFull(str(self._path), store_free_bytes(self._path), self._disk_reserve_bytes)
        return StorageUnavailable(f"the database of {self._path}: {text}")


class _Engine:
    """An open database with its column families."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        cache = rocksdict.Cache(_BLOCK_CACHE_BYTES)
        columns = {family.value: _family_options(family, cache) for family in Family}
        access = rocksdict.AccessType.read_only() if read_only else rocksdict.AccessType.read_write()
        self.db = rocksdict.Rdict(str(path), _options(cache), columns, access)
        self.families: dict[Family, Any] = {f: self.db.get_column_family(f.value) for f in Family}
        self.handles: dict[Family, Any] = {f: self.db.get_column_family_handle(f.value) for f in Family}

    def packed(self, batch: RowBatch) -> rocksdict.WriteBatch:
        packed = rocksdict.WriteBatch(raw_mode=True)
        put = packed.put
        for change in batch.changes:
            handle = self.handles[change.family]
            if change.op is Op.PUT_MANY:
                for key, value in change.rows:
                    put(key, value, handle)
            elif change.op is Op.DELETE:
                packed.delete(change.key, handle)
            else:
                packed.delete_range(change.key, change.end, handle)
        return packed

    def close(self) -> None:
        # Closing flushes the memtables; on a full disk that fails, and the log still has it all.
        self.handles.clear()
        for column in self.families.values():
            with contextlib.suppress(Exception):
                column.close()
        with contextlib.suppress(Exception):
            self.db.close()


def _forwards(column: Any, options: rocksdict.ReadOptions, first: bytes, limit: int) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    iterator = column.iter(options)
    iterator.seek(first)
    # Most scans are of a few rows; of many they come faster by `items`, which end at what cannot be read as they do
    # at the end. Then the iterator tells which it is.
    while iterator.valid():
        if len(found) == _FEW:
            found += islice(column.items(from_key=iterator.key(), read_opt=options), limit - _FEW)
            if len(found) < limit:
                iterator.seek(found[-1][0] + b"\x00")
                iterator.status()
            return found
        found.append((iterator.key(), iterator.value()))
        if len(found) == limit:
            return found
        iterator.next()
    iterator.status()
    return found


def _backwards(column: Any, first: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    for key, value in column.items(backwards=True, from_key=end):
        if key < first:
            return found
        if key != end:
            found.append((key, value))
            if len(found) == limit:
                return found
    # It ends before the first of all rows, or at what cannot be read, which this raises.
    _last_in(column.iter(), b"", found[-1][0] if found else end)
    return found


def _last_in(iterator: Any, first: bytes, end: bytes) -> tuple[bytes, bytes] | None:
    iterator.seek_for_prev(end)
    if iterator.valid() and iterator.key() == end:
        iterator.prev()
    if iterator.valid():
        key: bytes = iterator.key()
        return (key, iterator.value()) if key >= first else None
    # Before the first of all rows, or at what cannot be read, which this raises.
    iterator.status()
    return None


def _options(cache: rocksdict.Cache) -> rocksdict.Options:
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    options.set_db_write_buffer_size(_MEMTABLES_BYTES)
    options.set_max_total_wal_size(_WAL_BYTES_MAX)
    options.set_max_background_jobs(2)
    options.set_max_open_files(_OPEN_FILES_MAX)
    options.set_keep_log_file_num(3)
    options.set_max_log_file_size(_INFO_LOG_BYTES_MAX)
    _set_family_options(options, cache, bloom=False)
    return options


def _family_options(family: Family, cache: rocksdict.Cache) -> rocksdict.Options:
    options = rocksdict.Options(raw_mode=True)
    _set_family_options(options, cache, bloom=family in _POINT_LOOKUPS)
    if family is Family.IDS:
        # Asked for every event that has a source, and the answer is almost always no.
        options.set_memtable_prefix_bloom_ratio(0.02)
        options.set_memtable_whole_key_filtering(True)
    return options


def _set_family_options(options: rocksdict.Options, cache: rocksdict.Cache, *, bloom: bool) -> None:
    options.set_write_buffer_size(_FAMILY_MEMTABLE_BYTES)
    options.set_compression_type(rocksdict.DBCompressionType.zstd())
    table = rocksdict.BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_block_size(16 << 10)
    if bloom:
        table.set_bloom_filter(_BLOOM_BITS, block_based=False)
    options.set_block_based_table_factory(table)
