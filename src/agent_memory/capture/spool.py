"""The spool: where hooks leave what they were told until the daemon takes it, in a folder of its own.

    waiting/      one envelope a file, taken in the order of their names
    writing/      envelopes that are not whole yet
    refused/      envelopes that no event could be made of, each with why in NAME.why
    lost          a line break, and one letter for each payload that could not be kept: `Loss`
    nudge         a named pipe; a byte in it wakes the daemon
    policy.json, pauses.json   what is not captured: `policy`
    elsewhere     in the default spool only: the path of the spool that is in use instead
    ledger.sqlite3, drain.lock    the daemon's own

    name       00001760000000000000-1a2b3c4d-512      nanoseconds since 1970, chance, bytes of the payload
    envelope   {"version": 1, "id": …, "agent": …, "received_ms": …, "cwd": …, "rules": …, "redacted": {…},
                "bytes": 512}
               the payload, as it came but for what was redacted

An envelope is written beside, synced, renamed and its folder synced: what is in `waiting/` is whole
and durable. Files are for their owner alone.

Every hook imports this: nothing but the standard library, and of that what costs next to nothing.
"""

from __future__ import annotations

import os
import stat
import sys
import time

from agent_memory.capture import lean_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FILES_MAX = 20_000
BYTES_MAX = 512 << 20
"""Together: what a spool holds while nobody drains it. The newest are refused, and counted."""

PAYLOAD_BYTES_MAX = 32 << 20
"""What is kept of one payload."""

WAITING, WRITING, REFUSED = "waiting", "writing", "refused"
LOST, NUDGE, ELSEWHERE = "lost", "nudge", "elsewhere"

_VERSION = 1
_LOST_BYTES_MAX = 1 << 20
# More than any hook writes: what is no text takes three times its room, and marks of redaction a little.
_ENVELOPE_BYTES_MAX = 4 * PAYLOAD_BYTES_MAX
# So that the file with the reason can have its name, too; some more is left for what tells two apart.
_NAME_BYTES_MAX = 200


class Loss:
    """Why a payload was not kept; the letters in the file `lost`."""

    FULL = "f"
    REFUSED_BY_DISK = "d"
    FAILED = "x"


class SpoolFull(Exception):
    """The spool holds as much as it may; nobody drains it."""


class Torn(ValueError):
    """A file in the spool that is no whole envelope."""


class NoHome(Exception):
    """There is no folder that a spool could be in."""


class Envelope:
    """A payload with what its hook knew: whose it is, when and where it came, what was redacted by which rules."""

    __slots__ = ("agent", "cwd", "id", "payload", "received_ms", "redacted", "rules")

    def __init__(
        self,
        *,
        id: str,
        agent: str,
        received_ms: int,
        cwd: str,
        payload: str,
        redacted: dict[str, int] | None = None,
        rules: str = "",
    ) -> None:
        self.id = id
        self.agent = agent
        self.received_ms = received_ms
        self.cwd = cwd
        self.payload = payload
        self.redacted = redacted or {}
        self.rules = rules


# -- where it is -----------------------------------------------------------------------------------


def spool_of(environ: Mapping[str, str]) -> str:
    """The spool that a hook writes to: as the environment says, else where the daemon has it by default.

    The same rule as that of the setting `spool`. A hook does not read the settings' file: where that
    names another spool, the daemon leaves its path in the default one. Errors: `NoHome`.
    """
    if named := environ.get("AGENT_MEMORY_SPOOL"):
        return os.path.abspath(os.path.expanduser(named))
    if store := environ.get("AGENT_MEMORY_STORE"):
        return spool_beside(os.path.abspath(os.path.expanduser(store)))
    if sys.platform == "darwin":
        data = os.path.expanduser("~/Library/Application Support")
    else:
        # A relative one is none, as its specification has it: hooks run in every project.
        data = environ.get("XDG_DATA_HOME", "").strip()
        data = data if os.path.isabs(data) else os.path.expanduser("~/.local/share")
    if not os.path.isabs(data):
        raise NoHome("no home folder is known; set HOME, or AGENT_MEMORY_SPOOL")
    folder = os.path.join(data, "agent-memory", "spool")
    try:
        with open(os.path.join(folder, ELSEWHERE), encoding="utf-8") as file:
            named = file.read(4096).rstrip("\n")
    except (OSError, ValueError):
        return folder
    return named if os.path.isabs(named) else folder


def spool_beside(store: str) -> str:
    """Each store has a spool of its own: `…/store` has `…/spool`, `…/work` has `…/work-spool`."""
    folder, name = os.path.split(store)
    return os.path.join(folder, "spool" if name == "store" else f"{name}-spool")


# -- what a hook does ------------------------------------------------------------------------------


def new_id(received_ns: int) -> str:
    """Names sort as payloads came."""
    return f"{received_ns:020d}-{os.urandom(4).hex()}"


def put(folder: str, envelope: Envelope) -> None:
    """Keep the envelope; durable on return. Errors: `SpoolFull`; `OSError`, the disk's."""
    payload = envelope.payload.encode("utf-8", "surrogatepass")
    head = {
        "version": _VERSION,
        "id": envelope.id,
        "agent": envelope.agent,
        "received_ms": envelope.received_ms,
        "cwd": envelope.cwd,
        "rules": envelope.rules,
        "redacted": envelope.redacted,
        "bytes": len(payload),
    }
    name = f"{envelope.id}-{len(payload)}"
    waiting, writing = os.path.join(folder, WAITING), os.path.join(folder, WRITING, name)
    make(folder)
    names = os.listdir(waiting)
    if len(names) >= FILES_MAX or sum(map(_size, names)) + len(payload) > BYTES_MAX:
        raise SpoolFull(f"{len(names):,} payloads wait in {folder} and no daemon takes them")
    try:
        _write_synced(writing, lean_json.dumps(head).encode() + b"\n" + payload)
        os.rename(writing, os.path.join(waiting, name))
    except BaseException:
        _unlink(writing)
        raise
    _sync(waiting)


def make(folder: str) -> None:
    """The folder and those in it, for their owner alone."""
    for path in (folder, *(os.path.join(folder, name) for name in (WRITING, REFUSED, WAITING))):
        if not os.path.isdir(path):
            os.makedirs(path, 0o700, exist_ok=True)
    if not os.path.exists(os.path.join(folder, LOST)):
        # Now: a disk that is full later has a place to count on.
        os.close(_open_lost(folder))


def lose(folder: str, reason: str) -> None:
    """Count a payload that was not kept. Never fails: a disk that takes no payload may not take this either."""
    try:
        file = _open_lost(folder)
        try:
            if os.fstat(file).st_size < _LOST_BYTES_MAX:
                os.write(file, reason.encode())
        finally:
            os.close(file)
    except OSError:
        pass


def _open_lost(folder: str) -> int:
    file = os.open(os.path.join(folder, LOST), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    if not os.fstat(file).st_size:
        os.write(file, b"\n")
    return file


def nudge(folder: str) -> None:
    """Wake the daemon if one listens; wait for nothing."""
    try:
        pipe = os.open(os.path.join(folder, NUDGE), os.O_WRONLY | os.O_NONBLOCK)
        try:
            os.write(pipe, b".")
        finally:
            os.close(pipe)
    except OSError:
        pass


def _write_synced(path: str, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)


def _sync(folder: str) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return


def _size(name: str) -> int:
    size = name.rpartition("-")[2]
    return int(size) if size.isdecimal() else 0


# -- what the daemon does --------------------------------------------------------------------------


def waiting(folder: str) -> list[str]:
    """The names of the envelopes that wait, in order."""
    try:
        return sorted(os.listdir(os.path.join(folder, WAITING)))
    except FileNotFoundError:
        return []


def size_of(name: str) -> int:
    """Bytes of the payload of the envelope of this name."""
    return _size(name)


def received_ns(name: str) -> int:
    """When the envelope of this name came, in nanoseconds since 1970; now where the name does not say."""
    head = name.partition("-")[0]
    return int(head) if head.isdecimal() else time.time_ns()


def read(folder: str, name: str) -> Envelope:
    """Errors: `Torn`; `OSError`, of which `FileNotFoundError` says that somebody took it."""
    line, _, payload = _read_file(os.path.join(folder, WAITING, name)).partition(b"\n")
    try:
        head = lean_json.loads(line)
        envelope = Envelope(
            id=str(head["id"]),
            agent=str(head["agent"]),
            received_ms=int(head["received_ms"]),
            cwd=str(head["cwd"]),
            payload=payload.decode("utf-8", "surrogatepass"),
            redacted={str(kind): int(count) for kind, count in head["redacted"].items()},
            rules=str(head.get("rules", "")),
        )
        size = int(head["bytes"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Torn(f"is no envelope: {type(error).__name__}: {error}") from None
    if size != len(payload):
        raise Torn(f"holds {len(payload):,} bytes of a payload of {size:,}")
    return envelope


def _read_file(path: str) -> bytes:
    # Whatever else somebody put there may keep whoever opens it, or have no end.
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(file, "rb") as opened:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise Torn("is no file")
        if found.st_size > _ENVELOPE_BYTES_MAX:
            raise Torn(f"is longer than any envelope: {found.st_size:,} bytes")
        return opened.read()


def remove(folder: str, name: str) -> None:
    """The envelope is in the log, or nothing is to be made of it."""
    try:
        os.unlink(os.path.join(folder, WAITING, name))
    except FileNotFoundError:
        return


def refuse(folder: str, name: str, why: str) -> None:
    """Set the envelope aside, and say why. Moved back into `waiting/` it is tried again."""
    short = os.fsdecode(os.fsencode(name)[:_NAME_BYTES_MAX])
    if short != name or os.path.lexists(os.path.join(folder, REFUSED, short)):
        # A name that is none of ours: too long to have a reason beside it, or not there for the first time.
        short = f"{short}-{os.urandom(4).hex()}"
    aside = os.path.join(folder, REFUSED, short)
    file = os.open(f"{aside}.why", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(file, f"{why}\n".encode("utf-8", "backslashreplace"))
    finally:
        os.close(file)
    os.rename(os.path.join(folder, WAITING, name), aside)


def refused(folder: str) -> list[str]:
    """The names of the envelopes that were set aside."""
    try:
        return sorted(name for name in os.listdir(os.path.join(folder, REFUSED)) if not name.endswith(".why"))
    except FileNotFoundError:
        return []


def lost(folder: str) -> int:
    """How many payloads could not be kept."""
    try:
        with open(os.path.join(folder, LOST), "rb") as file:
            return len(file.read(_LOST_BYTES_MAX).replace(b"\n", b""))
    except FileNotFoundError:
        return 0


def clear_torn(folder: str, *, before_s: float) -> int:
    """Remove what hooks that were killed left half written, not touched since *before_s* (seconds since 1970)."""
    cleared = 0
    try:
        files = list(os.scandir(os.path.join(folder, WRITING)))
    except FileNotFoundError:
        return 0
    for file in files:
        try:
            if file.stat().st_mtime < before_s:
                os.unlink(file.path)
                cleared += 1
        except FileNotFoundError:
            continue
    return cleared
