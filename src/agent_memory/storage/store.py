"""A store: the directory that holds one tenant's memory.

store.json    the manifest: format, time zone, time of creation
owner.lock    held by the one process that owns the store
rows/         the RocksDB database

Views keep folders of their own beside these.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

import msgspec
import tzlocal

from agent_memory.errors import Corrupt, InvalidConfig, NotFound, StorageUnavailable, UnknownFormat
from agent_memory.storage.lock import StoreLock
from agent_memory.storage.rocks import DISK_RESERVE_BYTES, RocksRows, store_free_bytes

STORE_FORMAT = 2
"""The newest that this release reads. Of 1 the log holds events, of 2 recorded answers as well."""

_EVENTS_FORMAT, _ANSWERS_FORMAT = 1, 2
MANIFEST_NAME = "store.json"
ROWS_NAME = "rows"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a store says of itself; later formats may say more.

    ``format`` is the oldest that all of the store can be read by, which it may outgrow: `Store.admit_answers`.
    """

    format: int
    time_zone: str
    created_ms: int


class _Version(msgspec.Struct):
    format: int


class UnknownStore(NotFound):
    """There is no store at the path."""

    noun = "store"
    hint = "Check the path; `agent-memory serve` and `agent-memory ingest` create a store where there is none."


class Store:
    """An open store. Made by `open_store`; closing it lets the next owner in."""

    def __init__(
        self, path: Path, manifest: Manifest, rows: RocksRows, lock: StoreLock, *, read_only: bool = False
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.rows = rows
        self._lock = lock
        self._read_only = read_only
        self._lifting = threading.Lock()

    def admit_answers(self) -> None:
        """Have the store be of the format with recorded answers; durable on return.

        A store without any keeps the older format, so that the release before can still open it.
        Errors: `StorageUnavailable`.
        """
        with self._lifting:
            if self.manifest.format >= _ANSWERS_FORMAT:
                return
            if self._read_only:
                raise StorageUnavailable(f"the store {self.path} is open read only")
            lifted = msgspec.structs.replace(self.manifest, format=_ANSWERS_FORMAT)
            try:
                _write_manifest(self.path, lifted)
            except OSError as error:
                raise StorageUnavailable(f"the manifest of {self.path} cannot be written: {error}") from error
            self.manifest = lifted

    def announce(self, address: str) -> None:
        """Tell whoever finds the store locked where this process serves it."""
        self._lock.announce(address)

    def free_bytes(self) -> int:
        """Bytes that are free on the store's disk."""
        return store_free_bytes(self.path)

    def close(self) -> None:
        self.rows.close()
        self._lock.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(
    path: str | os.PathLike[str],
    *,
    time_zone: str = "",
    read_only: bool = False,
    disk_reserve_bytes: int = DISK_RESERVE_BYTES,
) -> Store:
    """Open the store at *path* as its one owner; created where there is none.

    A new store takes *time_zone*, an IANA name, or else the machine's; an old one keeps its own.
    *read_only* changes nothing on disk and creates nothing; several readers share a store.
    Errors: `StoreLocked`; `UnknownFormat`, and the store stays as it was; `InvalidConfig` for a
    zone that does not exist or is not the store's; `UnknownStore` if read only; `Corrupt`;
    `StorageUnavailable`.
    """
    folder = Path(path)
    _check_zone(time_zone)
    # Before the lock, which writes: a store of a newer format is left alone.
    found = read_manifest(folder)
    if found is None and read_only:
        raise UnknownStore(str(folder))
    if found is not None:
        _check_same_zone(found, time_zone)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = StoreLock(folder, shared=read_only)
    except OSError as error:
        raise StorageUnavailable(f"the store {folder} cannot be opened: {error}") from error
    try:
        # Again under the lock: another process may have created it meanwhile.
        manifest = read_manifest(folder)
        if manifest is None:
            manifest = _create(folder, time_zone)
        _check_same_zone(manifest, time_zone)
        rows = RocksRows(folder / ROWS_NAME, disk_reserve_bytes=disk_reserve_bytes, read_only=read_only)
    except BaseException:
        lock.close()
        raise
    return Store(folder, manifest, rows, lock, read_only=read_only)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of the store in *folder*, None where there is no store.

    Errors: `UnknownFormat` for a newer one, `Corrupt` for one that cannot be read.
    """
    try:
        text = (folder / MANIFEST_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageUnavailable(f"the store {folder} cannot be read: {error}") from error
    try:
        # The version first: a newer manifest may have another shape.
        version = msgspec.json.decode(text, type=_Version).format
        if version > STORE_FORMAT:
            raise UnknownFormat(f"the store {folder}", version, STORE_FORMAT)
        return msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise Corrupt(f"{folder / MANIFEST_NAME} is no manifest of a store: {error}") from error


def write_atomically(path: Path, content: bytes) -> None:
    """Replace the file at *path*; after a crash it holds the old content or the new, whole."""
    draft = path.with_name(path.name + ".tmp")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _create(folder: Path, time_zone: str) -> Manifest:
    if (folder / ROWS_NAME).exists():
        raise Corrupt(f"{folder} holds rows but no {MANIFEST_NAME}")
    manifest = Manifest(
        format=_EVENTS_FORMAT, time_zone=time_zone or _machine_zone(), created_ms=time.time_ns() // 1_000_000
    )
    try:
        _write_manifest(folder, manifest)
        sync_folder(folder.parent)
    except OSError as error:
        raise StorageUnavailable(f"the store {folder} cannot be created: {error}") from error
    return manifest


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    write_atomically(folder / MANIFEST_NAME, msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")


def _machine_zone() -> str:
    try:
        # Asked anew: a process that runs for long may have been told another zone at its start.
        tzlocal.reload_localzone()
        name = tzlocal.get_localzone_name()
        ZoneInfo(name)
    except Exception:
        # A machine that does not say, or says something that the zone database does not know.
        return "UTC"
    return name


def _check_zone(name: str) -> None:
    try:
        if name:
            ZoneInfo(name)
    except Exception:
        hint = "Give an IANA name, such as Europe/Berlin or UTC."
        raise InvalidConfig("time_zone", name, "is no IANA time zone", hint=hint) from None


def _check_same_zone(manifest: Manifest, time_zone: str) -> None:
    if time_zone and time_zone != manifest.time_zone:
        raise InvalidConfig(
            "time_zone",
            time_zone,
            f"the store was created in {manifest.time_zone}, and its days are days of that zone",
            hint=f"Leave the time zone out, or set it to {manifest.time_zone}; "
            "another zone needs a new store, into which the same transcripts can be ingested again.",
        )
