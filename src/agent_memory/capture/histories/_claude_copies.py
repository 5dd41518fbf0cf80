"""Which lines of a transcript of Claude Code are another session's.

Releases of 2025 begin a new file when a session is taken up again, later ones when it is forked: with copies of the
lines before, uuids and times as they were, under the name of the new session. The latest say so on each line
(`forkedFrom`); of the others, a transcript in the same folder that begins alike tells.

    A   u1 u2 u3               B   u1 u2 u3 u4        u1 … u3 are A's, for B has all of A
    A   u1 u2 u3 u5            B   u1 u2 u4           u1, u2 are of the one that went on first
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import msgspec

from agent_memory.capture.payloads import as_name, time_ms

_DIGEST_BYTES = 8
_FIRST_LINES = 3
_HEAD_BYTES_MAX = 256 << 10
_SETTLED_NS = 2_000_000_000


class _Line(msgspec.Struct, gc=False):
    """What is read of a line here."""

    uuid: str = ""
    timestamp: str = ""
    sessionId: str = ""  # noqa: N815  # as it is called there


_Transcript = tuple[Path, Mapping[bytes, _Line]]

_decoder = msgspec.json.Decoder(_Line)


class _Folder:
    """The transcripts of one folder, by what they begin with: that is written once, and asked for each of them."""

    def __init__(self) -> None:
        self._changed_ns = 0
        self._known: set[str] = set()
        # Of those that are only begun, how much of them was read.
        self._short: dict[Path, int] = {}
        self._by_line: defaultdict[bytes, set[Path]] = defaultdict(set)

    def alike(self, folder: Path, begins: frozenset[bytes]) -> set[Path]:
        """The transcripts that begin with one of these lines. Errors: `OSError`."""
        changed_ns = folder.stat().st_mtime_ns
        if changed_ns != self._changed_ns:
            for path in folder.glob("*.jsonl"):
                if path.name not in self._known:
                    self._known.add(path.name)
                    self._short[path] = -1
            # Two changes at about the same time may leave the same time.
            self._changed_ns = changed_ns if time.time_ns() - changed_ns > _SETTLED_NS else 0
        for path, read in list(self._short.items()):
            if (size := _size(path)) != read:
                self._learn(path, size)
        return set().union(*(self._by_line.get(line, ()) for line in begins))

    def _learn(self, path: Path, size: int) -> None:
        begins = _beginning(path)
        for line in begins:
            self._by_line[line].add(path)
        if len(begins) == _FIRST_LINES:
            del self._short[path]
        else:
            self._short[path] = size


_folders: defaultdict[Path, _Folder] = defaultdict(_Folder)


def line_digest(uuid: str) -> bytes:
    """What is remembered of a line."""
    return hashlib.blake2b(uuid.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()


def origins_in(transcript: Path) -> dict[bytes, str]:
    """Of the lines of a transcript those that are another session's, by their digests; and whose each is."""
    begins = _beginning(transcript)
    if not begins:
        return {}
    others = _alike(transcript, begins) - {transcript}
    if not others:
        return {}
    own = _named_lines(transcript)
    found: dict[bytes, str] = {}
    # Of several that have a line, the one that has least of this transcript had it first.
    read = [(path, _named_lines(path)) for path in others]
    originals = [one for one in read if _came_before(one, (transcript, own))]
    for path, lines in sorted(originals, key=lambda one: (len(own.keys() & one[1].keys()), str(one[0]))):
        session = _session_of(path)
        for digest, line in lines.items():
            found.setdefault(digest, as_name(line.sessionId) or session)
    return found


def _alike(transcript: Path, begins: frozenset[bytes]) -> set[Path]:
    """Transcripts of the same folder that begin so; of a sub-agent's, those of its name in other sessions."""
    folder = transcript.parent
    try:
        if folder.name != "subagents":
            return _folders[folder].alike(folder, begins)
        found = folder.parent.parent.glob(f"*/subagents/{transcript.name}")
        return {path for path in found if begins & _beginning(path)}
    except OSError:
        return set()


def _came_before(one: _Transcript, other: _Transcript) -> bool:
    """Whether what both have was *one*'s first: it has nothing of its own, or went on before *other* did."""
    (path, lines), (other_path, other_lines) = one, other
    went_on = _went_on(lines, other_lines)
    other_went_on = _went_on(other_lines, lines)
    if went_on is None or other_went_on is None:
        return _age(path) < _age(other_path) if went_on == other_went_on else went_on is None
    return (went_on, str(path)) < (other_went_on, str(other_path))


def _went_on(lines: Mapping[bytes, _Line], others: Mapping[bytes, _Line]) -> int | None:
    """When the first was written of the lines that the others lack."""
    return min((time_ms(lines[digest].timestamp) or 0 for digest in lines.keys() - others.keys()), default=None)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, str(path)
    except OSError:
        return 0, str(path)


def _session_of(transcript: Path) -> str:
    folder = transcript.parent
    return as_name(folder.parent.name if folder.name == "subagents" else transcript.stem)


def _beginning(transcript: Path) -> frozenset[bytes]:
    """The first lines that have a name; empty where there are none yet."""
    return frozenset(digest for digest, _ in islice(_lines(transcript, bytes_max=_HEAD_BYTES_MAX), _FIRST_LINES))


def _named_lines(transcript: Path) -> dict[bytes, _Line]:
    """Its lines that have a name."""
    found: dict[bytes, _Line] = {}
    for digest, line in _lines(transcript):
        found.setdefault(digest, line)
    return found


def _lines(transcript: Path, *, bytes_max: int = 1 << 62) -> Iterator[tuple[bytes, _Line]]:
    try:
        with transcript.open("rb") as file:
            while (raw := file.readline()) and file.tell() <= bytes_max:
                try:
                    line = _decoder.decode(raw)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    continue
                if line.uuid:
                    yield line_digest(line.uuid), line
    except OSError:
        return
