"""JSON lines, one event a line: bytes in, drafts out. No I/O.

    {"kind": "user_message", "session": "s1", "time": "2026-01-15T09:00:00+01:00", "text": "Hello"}

The fields are those of `Draft`, but `time` stands for `time_ms`: RFC 3339 with its offset, or
milliseconds since 1970; finer digits are cut. `kind` and `session` are required.

A line that names neither its id nor its source's id, but its time, gets both from its place
and its bytes, so that reading the same file twice gives the same events:

    source     as given, else `jsonl`
    source id  SHA-256 of the line + `#` + which one it is of the lines that read the same
    id         from its time, source and source id, led by which line of its millisecond it is

A line without a time is stamped by whoever records it; it is a new event each time it is read.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from agent_memory.capture.redaction import Redactor
from agent_memory.events import Draft, Kind, Role
from agent_memory.events.ulids import ULID_TIME_MAX_MS, derived_ulid

SOURCE = "jsonl"
LINE_BYTES_MAX = 64 << 20

# How many different lines, and milliseconds, are remembered to number their repetitions: enough
# for any file in an order like that of time, and a bound on memory for every other.
_REMEMBERED_MAX = 100_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_BLANK = b" \t\r\n\v\f"
_FINER_DIGITS = re.compile(r"(\.\d{6})\d+", re.ASCII)
_AT_PATH = re.compile(r" - at `(?P<path>\$[^`]*)`$")

K = TypeVar("K")


class Line(msgspec.Struct, frozen=True):
    """An event, and the number of its line, from 1."""

    number: int
    draft: Draft


class BadLine(msgspec.Struct, frozen=True):
    """A line that holds no event, and why."""

    number: int
    problem: str


class _Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: Kind
    session: str
    text: str = ""
    role: Role | None = None
    id: str = ""
    time: str | int | None = None
    agent: str = ""
    project: str = ""
    speaker: str = ""
    source: str = ""
    source_id: str = ""
    tool_name: str = ""
    tool_call_id: str = ""
    metadata: dict[str, str] = {}


_decoder = msgspec.json.Decoder(_Fields)


class JsonLines:
    """Takes the bytes of one file in pieces of any size, gives its lines in order.

    Memory is bounded by the longest line, of *line_bytes_max* at most. With *redact*, secrets are
    taken out of every event, and counted by kind in ``redacted``; its identity is that of the line.
    """

    def __init__(self, *, line_bytes_max: int = LINE_BYTES_MAX, redact: Redactor | None = None) -> None:
        self.redacted: Counter[str] = Counter()
        self._redact = redact
        self._line_bytes_max = line_bytes_max
        self._parts: list[bytes] = []
        self._size = 0
        self._number = 0
        self._repetitions: _Repetitions[bytes] = _Repetitions()
        self._in_millisecond: _Repetitions[int] = _Repetitions()

    def feed(self, data: bytes) -> Iterator[Line | BadLine]:
        """The lines that *data* completes. Take them all before feeding more."""
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._keep(part)
            yield from self._end_line()
        self._keep(rest)

    def end(self) -> Iterator[Line | BadLine]:
        """The last line, if the file does not end with a line break."""
        if self._size:
            yield from self._end_line()

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._line_bytes_max:
            self._parts.append(part)
        else:
            # It will be refused; there is no need to hold it.
            self._parts.clear()

    def _end_line(self) -> Iterator[Line | BadLine]:
        size, raw = self._size, b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        self._number += 1
        if size > self._line_bytes_max:
            yield BadLine(self._number, f"is {size:,} bytes long; {self._line_bytes_max:,} are allowed")
            return
        if self._number == 1:
            if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                yield BadLine(1, "is UTF-16; convert the file to UTF-8")
                return
            raw = raw.removeprefix(codecs.BOM_UTF8)
        raw = raw.strip(_BLANK)
        if raw:
            try:
                draft = self._identified(_decode(raw), raw)
                yield Line(self._number, self._redacted(draft) if self._redact else draft)
            except _NoEvent as error:
                yield BadLine(self._number, str(error))

    def _redacted(self, draft: Draft) -> Draft:
        assert self._redact is not None
        clean, counts = without_secrets(draft, self._redact)
        self.redacted.update(counts)
        return clean

    def _identified(self, fields: _Fields, raw: bytes) -> Draft:
        """The draft of a line, with the stable identity that the module's docstring tells of."""
        time_ms = _time_ms(fields.time)
        id, source, source_id = fields.id, fields.source, fields.source_id
        if not id and not source_id and time_ms is not None:
            digest = hashlib.sha256(raw)
            source = source or SOURCE
            source_id = f"{digest.hexdigest()}#{self._repetitions.next(digest.digest())}"
            order = self._in_millisecond.next(time_ms)
            id = derived_ulid(time_ms, source, source_id, order=order)
        return Draft(
            kind=fields.kind,
            session=fields.session,
            text=fields.text,
            role=fields.role,
            id=id,
            time_ms=time_ms,
            agent=fields.agent,
            project=fields.project,
            speaker=fields.speaker,
            source=source,
            source_id=source_id,
            tool_name=fields.tool_name,
            tool_call_id=fields.tool_call_id,
            metadata=fields.metadata,
        )


def without_secrets(draft: Draft, redactor: Redactor) -> tuple[Draft, dict[str, int]]:
    """The draft without secrets in any field, and how many of each kind.

    Things of one session or call stay together; what had an identity has one of its own still.
    """
    told = {name: getattr(draft, name) for name in _TOLD}
    clean, counts = redactor.value(told)
    if not counts:
        return draft, counts
    if clean["source_id"] != draft.source_id:
        clean["source_id"] += "#" + hashlib.sha256(draft.source_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return msgspec.structs.replace(draft, **clean), counts


_TOLD = (
    "text",
    "speaker",
    "project",
    "agent",
    "session",
    "source",
    "source_id",
    "tool_name",
    "tool_call_id",
    "metadata",
)


class _NoEvent(Exception):
    """Why a line holds no event."""


def _decode(raw: bytes) -> _Fields:
    try:
        return _decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise _NoEvent(_explained(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(raw)


def _decode_leniently(raw: bytes) -> _Fields:
    """By the standard library, which takes escapes of lone surrogates: they are text, too."""
    try:
        text = raw.decode()
        found = json.loads(text)
    except UnicodeDecodeError as error:
        raise _NoEvent(f"is not UTF-8 (byte {error.start + 1})") from None
    except json.JSONDecodeError as error:
        raise _NoEvent(f"is not JSON: {error.msg} (column {error.colno})") from None
    except RecursionError:
        raise _NoEvent("is nested too deeply") from None
    except ValueError as error:
        raise _NoEvent(f"is not JSON: {error}") from None
    try:
        return msgspec.convert(found, _Fields)
    except msgspec.ValidationError as error:
        raise _NoEvent(_explained(error)) from None


def _explained(error: msgspec.ValidationError) -> str:
    """`text: Expected str, got int`: the field first."""
    message = str(error)
    path = _AT_PATH.search(message)
    problem = _AT_PATH.sub("", message).replace("`", "")
    name = path.group("path").removeprefix("$").removeprefix(".") if path else ""
    if name == "kind" and "Invalid enum value" in problem:
        problem += "; it is one of " + ", ".join(kind.value for kind in Kind)
    if name == "role" and "Invalid enum value" in problem:
        problem += "; it is one of " + ", ".join(role.value for role in Role)
    if problem.startswith("Object contains unknown field"):
        problem += "; the fields are " + ", ".join(_Fields.__struct_fields__)
    return f"{name}: {problem}" if name else problem


def _time_ms(given: str | int | None) -> int | None:
    if given is None:
        return None
    if isinstance(given, int):
        if not 0 <= given <= ULID_TIME_MAX_MS:
            raise _NoEvent(f"time: {given} is no number of milliseconds since 1970")
        return given
    try:
        when = msgspec.convert(_FINER_DIGITS.sub(r"\1", given), datetime)
    except msgspec.ValidationError:
        raise _NoEvent("time: expected RFC 3339, such as 2026-01-15T09:00:00+01:00, or milliseconds") from None
    if when.tzinfo is None:
        raise _NoEvent("time: has no offset; write Z or +01:00 after it")
    time_ms = (when - _EPOCH) // _MILLISECOND
    if time_ms < 0:
        raise _NoEvent("time: lies before 1970")
    return time_ms


class _Repetitions(Generic[K]):
    """How often each of the latest keys was seen."""

    def __init__(self) -> None:
        self._seen: dict[K, int] = {}
        self._order: deque[K] = deque()

    def next(self, key: K) -> int:
        """0 the first time, 1 the second …"""
        times = self._seen.get(key)
        if times is None:
            times = 0
            self._order.append(key)
            if len(self._order) > _REMEMBERED_MAX:
                del self._seen[self._order.popleft()]
        self._seen[key] = times + 1
        return times
