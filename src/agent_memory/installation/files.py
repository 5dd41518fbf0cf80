"""Other programs' files: read whole, replaced whole, given back as they were.

    <user data>/installation/record.json    what was written where, and what stood there before
    <data>/installation/backups/       the files as they were, bytes and all

A file keeps its permissions and owner, a link stays a link to its file, and a reader meets the old
bytes or the new. Whoever changed a file while it was being edited is not overwritten: `ChangedMeanwhile`.
"""

from __future__ import annotations

import contextlib
import difflib
import fcntl
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from agent_memory.errors import Conflict, StorageUnavailable

FILE_BYTES_MAX = 64 << 20

# Where an agent will keep more than settings in a file that we make first.
_PRIVATE = {".claude.json": 0o600}


class ChangedMeanwhile(Conflict):
    """Another program wrote the file while it was being edited; its version stays."""

    hint = "Run the command again; close the agent first if it writes this file all the time."

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} was changed by another program meanwhile")
        self.path = str(path)


class SettingsOutOfReach(StorageUnavailable):
    """A settings file that may not be read or written; it is as it was."""

    hint = "Let yourself write it (`chmod u+w`), or have whatever writes it for you enter what --dry-run shows."


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is and as it is to be; None where there is none."""

    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def is_none(self) -> bool:
        return self.before == self.after

    def diff(self) -> str:
        """The change as `diff -u` shows it; line ends that are not the system's are seen in it."""
        lines = (_lines(self.before), _lines(self.after))
        names = (
            str(self.path) if self.before is not None else "/dev/null",
            str(self.path) if self.after is not None else "/dev/null",
        )
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(*lines, *names)
        )


class Written(msgspec.Struct, kw_only=True):
    """What the record knows of a file: what it was before ours came in, and what was written last."""

    agent: str
    digest: str
    backup: str = ""
    """The name of the copy; empty where there was no file."""


class _State(msgspec.Struct):
    """What `record.json` holds."""

    files: dict[str, Written] = msgspec.field(default_factory=dict)
    folders: list[str] = msgspec.field(default_factory=list)
    """Folders that were made for files, inner ones before outer ones; removed when they are empty again."""


class Record:
    """What was installed where. A record that is lost costs exact restoring, nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "record.json"
        self._backups = folder / "backups"
        self._state = self._read()

    @contextlib.contextmanager
    def held(self) -> Iterator[Record]:
        """This record, while no other process installs. Errors: `StorageUnavailable`."""
        with self._writing():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._state = self._read()
            yield self
        finally:
            os.close(lock)

    def paths(self) -> list[tuple[Path, str]]:
        """Every file that was written, with the agent it was for."""
        return [(Path(path), written.agent) for path, written in self._state.files.items()]

    def original(self, path: Path, now: bytes | None) -> tuple[bool, bytes | None]:
        """Whether the file is just as it was written last, and then what stood there before."""
        written = self._state.files.get(str(path))
        if written is None or now is None or digest_of(now) != written.digest:
            return False, None
        before = self.before(path)
        return before is not None or not written.backup, before

    def before(self, path: Path) -> bytes | None:
        """What stood there before ours came in; None where there was nothing, or it is not known."""
        written = self._state.files.get(str(path))
        if written is None or not written.backup:
            return None
        with contextlib.suppress(OSError):
            return (self._backups / written.backup).read_bytes()
        return None

    def made(self, path: Path) -> bool:
        """Whether the file was made by an install."""
        written = self._state.files.get(str(path))
        return written is not None and not written.backup

    def keep(self, change: Change, *, agent: str, base: bytes | None) -> None:
        """Apply *change*, remembering that *base* is what to go back to.

        Errors: `ChangedMeanwhile`, `SettingsOutOfReach`; `StorageUnavailable` for the record itself.
        """
        assert change.after is not None
        backup = self._back_up(change.path, base) if base is not None else ""
        made = [str(folder) for folder in write(change)]
        self._state.files[str(change.path)] = Written(
            agent=agent,
            digest=digest_of(change.after),
            backup=backup,
        )
        self._state.folders[:0] = [folder for folder in made if folder not in self._state.folders]
        self._write()

    def give_back(self, change: Change) -> None:
        """Apply *change*, which takes ours out, and forget the file. Errors: as `keep`."""
        write(change)
        written = self._state.files.pop(str(change.path), None)
        self._state.folders = [folder for folder in self._state.folders if not _removed(Path(folder))]
        self._write()
        if written is not None and written.backup:
            (self._backups / written.backup).unlink(missing_ok=True)

    def backup_of(self, path: Path) -> Path | None:
        """The copy of the file as it was."""
        written = self._state.files.get(str(path))
        return self._backups / written.backup if written and written.backup else None

    def _back_up(self, path: Path, base: bytes) -> str:
        name = f"{hashlib.sha256(str(path).encode()).hexdigest()[:12]}-{path.name}"
        with self._writing():
            self._backups.mkdir(mode=0o700, exist_ok=True)
            _replace(self._backups / name, base, mode=0o600)
        return name

    def _read(self) -> _State:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_State)
        except (OSError, msgspec.DecodeError):
            return _State()

    def _write(self) -> None:
        with self._writing():
            _replace(self._path, msgspec.json.format(msgspec.json.encode(self._state)) + b"\n", mode=0o600)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StorageUnavailable(f"{self._folder} cannot be written: {error.strerror}") from error


def _removed(folder: Path) -> bool:
    """Whether the folder is gone: because it was empty, or because somebody else removed it."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def digest_of(content: bytes) -> str:
    """SHA-256 of the bytes."""
    return hashlib.sha256(content).hexdigest()


def read(path: Path) -> bytes | None:
    """The bytes of the file, None where there is none. Errors: `SettingsOutOfReach`."""
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise SettingsOutOfReach(f"{path} is no regular file")
            content = file.read(FILE_BYTES_MAX + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsOutOfReach(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise SettingsOutOfReach(f"{path} is larger than {FILE_BYTES_MAX >> 20} MiB; it is no settings file")
    return content


def write(change: Change) -> list[Path]:
    """Make the file what the change says; the folders that were made for it, the innermost first.

    Errors: `ChangedMeanwhile`; `SettingsOutOfReach`, also for a file that its owner has write-protected.
    In either case the file is as it was.
    """
    if change.is_none:
        return []
    target = Path(os.path.realpath(change.path))
    if _is_protected(target):
        raise SettingsOutOfReach(f"{change.path} is write-protected")
    missing = [folder for folder in target.parents if not folder.exists()]
    try:
        if change.after is None:
            if read(target) != change.before:
                raise ChangedMeanwhile(change.path)
            target.unlink()
            return []
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, change.after, expected=change, mode=_PRIVATE.get(target.name, 0o644))
    except OSError as error:
        raise SettingsOutOfReach(f"{change.path} cannot be written: {error.strerror}") from error
    return missing


def _is_protected(target: Path) -> bool:
    """Whether nobody may write the file: replaced, it would be changed all the same."""
    with contextlib.suppress(OSError):
        return not target.stat().st_mode & 0o222
    return False


def _replace(target: Path, content: bytes, *, mode: int, expected: Change | None = None) -> None:
    """Put *content* in place of the file, with its permissions and owner; a new one has *mode*."""
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    draft = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            about = target.stat()
        except FileNotFoundError:
            draft.chmod(mode & ~_umask())
        else:
            draft.chmod(stat.S_IMODE(about.st_mode))
            if (about.st_uid, about.st_gid) != (os.getuid(), os.getgid()):
                with contextlib.suppress(PermissionError):
                    os.chown(draft, about.st_uid, about.st_gid)
        if expected is not None and read(target) != expected.before:
            raise ChangedMeanwhile(expected.path)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _lines(content: bytes | None) -> list[str]:
    # By line feeds alone: of what else Unicode ends lines with, `diff` knows nothing.
    text = (content or b"").decode("utf-8", "replace")
    return [line for line in re.split(r"(?<=\n)", text) if line]
