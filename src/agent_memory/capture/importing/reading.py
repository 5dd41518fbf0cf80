"""One history read from its beginning: records, redacted, to what they tell, to drafts.

A file of lines that has grown is read on where reading stopped; every other history is read anew.
"""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from agent_memory.capture.histories import HistoryReader, Record
from agent_memory.capture.identity import CountedRepetitions, to_draft
from agent_memory.capture.importing.accounts import Account
from agent_memory.capture.importing.decoding import Lines
from agent_memory.capture.importing.earlier import told_earlier
from agent_memory.capture.importing.formats import (
    NO_ORIGINS,
    Form,
    History,
    files_of,
    new_reader,
    opened,
    records_of,
)
from agent_memory.capture.importing.port import Redact, Scope
from agent_memory.capture.model import Captured, Outcome, Told
from agent_memory.capture.moments import Moments
from agent_memory.events import Draft

_TAIL_BYTES = 4096


class Found(msgspec.Struct, frozen=True, gc=False):
    """An event that a line told of. ``left_out`` says why it is not to be imported; its number counts all the same.

    ``has_own_time`` is false where the history does not say when it happened.
    """

    line: int
    draft: Draft
    left_out: str
    has_own_time: bool


class Step(msgspec.Struct, frozen=True, gc=False):
    """So much of a history was read, and this was in it."""

    size: int
    found: list[Found]


class Reading:
    """A history while it is read."""

    def __init__(
        self, history: History, *, redact: Redact, scope: Scope, origins: Mapping[bytes, str] = NO_ORIGINS
    ) -> None:
        """*origins* says of lines that are copies whose they are (`formats.origins_of`)."""
        self.history = history
        self.origins = origins
        self._redact = redact
        self._scope = scope
        self._modified_ms = _modified_ms(history)
        earlier = told_earlier(history, redact=redact)
        self._reader: HistoryReader = new_reader(
            history, modified_ms=self._modified_ms, origins=self.origins, earlier=earlier
        )
        self._repetitions = CountedRepetitions()
        self._lines = Lines()
        self._tail = b""
        self._inode = 0
        self._tells_times = True
        self._moments = Moments()

    def steps(self, account: Account, *, keep: bool = False) -> Iterator[Step]:
        """What is new since the last time. With *keep*, there may be a next time.

        Errors: `OSError`, `ValueError` (`sqlite3.DatabaseError` and `zipfile.BadZipFile` are neither).
        """
        if self.history.form is not Form.LINES or self.history.member:
            for record in records_of(self.history):
                yield self._step(record, account)
            yield self._ended(account)
            return
        with opened(self.history) as file:
            file.seek(self._lines.consumed)
            for record in self._lines.read(file):
                yield self._step(record, account)
            if keep:
                self._remember(file)
        if keep:
            held = self._reader, self._repetitions, self._moments
            self._reader, self._repetitions, self._moments = copy.deepcopy(held)
        for record in self._lines.last():
            # A line that is still being written is no malformed one, if it can be looked at again.
            if not (keep and isinstance(record, Record) and record.problem):
                yield self._step(record, account)
        yield self._ended(account)
        if keep:
            self._reader, self._repetitions, self._moments = held

    def can_go_on(self) -> bool:
        """Whether the file has only grown since it was read with *keep*."""
        # Things without a time of their own have the file's, which is another one now.
        if not (self._inode and self._tells_times):
            return False
        with self.history.path.open("rb") as file:
            if _inode(self.history.path) != self._inode:
                return False
            file.seek(max(0, self._lines.consumed - len(self._tail)))
            return file.read(len(self._tail)) == self._tail

    def _remember(self, file: BinaryIO) -> None:
        """How the file ends here, to see later whether this is still a part of it."""
        start = max(0, self._lines.consumed - _TAIL_BYTES)
        file.seek(start)
        self._tail = file.read(self._lines.consumed - start)
        self._inode = _inode(self.history.path)

    def _step(self, record: Record | Told, account: Account) -> Step:
        if isinstance(record, Told):
            account.tell(record)
            return Step(0, [])
        # An element of a document tells of several things, each with a number of its own.
        line = account.lines + 1 if self.history.form is Form.DOCUMENT else record.line
        account.begin_line(line)
        if record.problem:
            account.tell(Told(line=line, outcome=Outcome.MALFORMED, reason=record.problem))
            return Step(record.size, [])
        value, counts = self._redact(record.value)
        if counts:
            account.redact(counts)
        return Step(record.size, self._found(line, lambda: self._reader.read(line, value), account))

    def _ended(self, account: Account) -> Step:
        return Step(0, self._found(account.lines, self._reader.end, account))

    def _found(self, line: int, tell: Callable[[], Iterable[Told]], account: Account) -> list[Found]:
        found: list[Found] = []
        try:
            for told in tell():
                account.tell(told)
                found += [self._event(told.line, captured) for captured in told.captured]
        except Exception as error:
            # A reader promises not to; what it stumbles over must not keep the other lines out.
            reason = f"its reader failed: {type(error).__name__}: {error}"
            account.tell(Told(line=line, outcome=Outcome.MALFORMED, reason=reason))
        return found

    def _event(self, line: int, captured: Captured) -> Found:
        agent = self.history.agent
        time_ms = captured.time_ms if captured.time_ms is not None else self._modified_ms
        left_out = self._scope.ignored(agent.value, captured.folder, time_ms)
        project = "" if left_out else self._scope.project(captured.folder)
        draft = to_draft(captured, agent, self._repetitions, project=project)
        # Readers count on from when the file was written, or a moment before, where nothing says more.
        has_own_time = captured.time_ms is not None and captured.time_ms < self._modified_ms - 1
        self._tells_times = self._tells_times and has_own_time
        draft = msgspec.structs.replace(draft, time_ms=self._moments.next(time_ms))
        return Found(line, draft, left_out, has_own_time)


def _modified_ms(history: History) -> int:
    times = [history.path.stat().st_mtime_ns]
    for file in files_of(history)[1:]:
        try:
            times.append(file.stat().st_mtime_ns)
        except OSError:
            continue
    return max(times) // 1_000_000


def _inode(path: Path) -> int:
    return path.stat().st_ino


def size_of(history: History) -> int:
    """About how many bytes there are to read."""
    if history.member:
        try:
            with zipfile.ZipFile(history.path) as archive:
                return archive.getinfo(history.member).file_size
        except (OSError, KeyError, zipfile.BadZipFile):
            return 0
    size = 0
    for file in files_of(history):
        try:
            size += file.stat().st_size
        except OSError:
            continue
    return size
