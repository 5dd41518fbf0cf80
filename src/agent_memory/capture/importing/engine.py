"""Importing: histories, one after the other, into the log, with an account of every line.

    read → batch, several under way → acknowledged → mark, durable

A history's mark is put down once the log has all of its events, so whatever is interrupted is read again and the
log finds nothing new in what it has. Words that a session has said before are held back until it is known whether
the log had the first of them from a hook (`aligning`).
"""

from __future__ import annotations

import sqlite3
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future

import msgspec

from agent_memory.capture.importing.accounts import Account, State
from agent_memory.capture.importing.aligning import Aligner, number_of
from agent_memory.capture.importing.formats import History, files_of, origins_of
from agent_memory.capture.importing.marks import NO_MARK, Anchor, Mark, Marks, digest_of, stamp_of
from agent_memory.capture.importing.port import Log, Observer, Redact, Refused, Scope
from agent_memory.capture.importing.reading import Found, Reading, Step, size_of
from agent_memory.events import Receipt

_BATCH_EVENTS = 500
_BATCH_CHARACTERS = 4 << 20
_BATCHES_UNDER_WAY = 4
_KEPT_READINGS_MAX = 32

REPEATED = "told twice under one id"

_UNREADABLE = (OSError, ValueError, sqlite3.Error, zipfile.BadZipFile, NotImplementedError, RuntimeError)


class _Run:
    """One history on its way into the log."""

    def __init__(self, account: Account, mark: Mark, stamp: str) -> None:
        self.account = account
        self.mark = mark
        self.stamp = stamp
        self.sent: set[bytes] = set()
        self.fresh: set[bytes] = set()
        self.under_way = 0
        self.held_back: list[Found] = []
        self.doubtful: list[tuple[Found, Receipt]] = []
        self.aligner = Aligner()
        self.origins: Mapping[bytes, str] = {}
        self.is_read = False


class _Entry(msgspec.Struct, frozen=True, gc=False):
    run: _Run
    found: Found


class Importer:
    """Imports histories into one log. Calls block; one caller at a time."""

    def __init__(
        self,
        *,
        log: Log | None,
        marks: Marks,
        redact: Redact,
        scope: Scope,
        since_ms: int | None = None,
        again: bool = False,
        observe: Observer = lambda *, size, events: None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Without a *log*, nothing is recorded: accounts tell what would be new.

        With *again*, marks count for nothing: everything is read and offered to the log.
        """
        self.accounts: list[Account] = []
        """Of what the last run has begun so far."""
        self._log = log
        self._marks = marks
        self._redact = redact
        self._scope = scope
        self._since_ms = since_ms
        self._again = again
        self._observe = observe
        self._stopped = stopped
        self._batch: list[_Entry] = []
        self._batch_characters = 0
        self._under_way: deque[tuple[Future[list[Receipt | Refused]], list[_Entry]]] = deque()
        self._open: list[_Run] = []
        self._anchor: Anchor | None = None
        self._kept: dict[str, Reading] = {}

    def run(self, histories: Sequence[History], *, keep: bool = False) -> list[Account]:
        """Import them; an account of each that was begun.

        With *keep*, files of lines are read on from where they ended when they are imported again.
        Errors: the log's. What was acknowledged before holds, and its marks are put down.
        """
        accounts = self.accounts = []
        try:
            for history in histories:
                if self._stopped():
                    break
                accounts.append(Account(history))
                self._import(accounts[-1], keep=keep)
            self._finish()
        finally:
            self._leave()
        return accounts

    # -- one history -------------------------------------------------------------------------

    def _import(self, account: Account, *, keep: bool) -> None:
        history = account.history
        account.size = size_of(history)
        stamp = stamp_of(files_of(history))
        mark = NO_MARK if self._again else self._marks.get(history.name)
        if mark.holds(stamp, self._since_ms):
            account.state = State.UNCHANGED
            self._observe(size=account.size, events=0)
            return
        run = _Run(account, mark, stamp)
        self._open.append(run)
        begun_s, read = time.monotonic(), 0
        for step in self._steps(run, keep=keep):
            for found in step.found:
                self._take(run, found)
            read += step.size
            if step.size:
                self._observe(size=step.size, events=0)
            if self._stopped():
                account.state = State.INTERRUPTED
                break
        account.duration_s = time.monotonic() - begun_s
        self._observe(size=account.size - read, events=0)
        if account.state is not State.READ:
            # Another time, from the beginning; what was appended is known.
            run.stamp = ""
            self._kept.pop(history.name, None)
        run.is_read = True
        self._go_on(run)

    def _steps(self, run: _Run, *, keep: bool) -> Iterator[Step]:
        """What is in the history, until its end or until it cannot be read."""
        account = run.account
        try:
            reading = self._reading(account.history, keep=keep)
            run.origins = reading.origins
            yield from reading.steps(account, keep=keep)
        except _UNREADABLE as error:
            account.state = State.FAILED
            account.problem = _told(error)

    def _reading(self, history: History, *, keep: bool) -> Reading:
        """A reading of the history: the one that was kept, if the file has only grown since."""
        kept = self._kept.pop(history.name, None)
        if kept is None or not kept.can_go_on():
            mark = self._marks.get(history.name)
            # Whose lines were once stays so: what they were copied from may be gone, or have gone on since.
            origins = mark.origins if mark.seen else origins_of(history)
            kept = Reading(history, redact=self._redact, scope=self._scope, origins=origins)
        if keep:
            self._kept[history.name] = kept
            while len(self._kept) > _KEPT_READINGS_MAX:
                del self._kept[next(iter(self._kept))]
        return kept

    def _take(self, run: _Run, found: Found) -> None:
        """Send the event, or hold it back, or leave it out."""
        account, time_ms = run.account, found.draft.time_ms
        run.aligner.saw(found)
        if found.left_out:
            account.left_out[found.left_out] += 1
        elif self._since_ms is not None and time_ms is not None and time_ms < self._since_ms:
            account.left_out["before --since"] += 1
        elif (digest := digest_of(found.draft.source_id)) in run.mark.seen:
            account.imported_before += 1
        elif digest in run.sent:
            account.left_out[REPEATED] += 1
        elif self._log is None:
            run.sent.add(digest)
            account.created += 1
        else:
            run.sent.add(digest)
            if number_of(found.draft) > 1:
                run.held_back.append(found)
            else:
                self._send(run, found)

    def _go_on(self, run: _Run) -> None:
        """Once the history is read and what was sent is acknowledged: send more, or put down its mark."""
        while run.is_read and not run.under_way:
            doubtful, run.doubtful = run.doubtful, []
            for one, receipt in doubtful:
                self._count(run, one, self._found_its_number(run, one, receipt))
            if not run.held_back:
                self._close(run)
                return
            now, run.held_back = run.aligner.next_round(run.held_back)
            for found in now:
                self._send(run, found)

    def _close(self, run: _Run) -> None:
        self._open.remove(run)
        if self._log is None or (not run.fresh and run.stamp == run.mark.stamp):
            return
        seen = run.mark.seen | run.fresh
        mark = Mark(stamp=run.stamp, since_ms=self._since_ms, seen=seen, origins=run.origins)
        self._marks.put([(run.account.history.name, mark)], anchor=self._anchor)

    # -- the log -----------------------------------------------------------------------------

    def _send(self, run: _Run, found: Found) -> None:
        run.under_way += 1
        self._batch.append(_Entry(run, found))
        self._batch_characters += len(found.draft.text) + sum(map(len, found.draft.metadata.values()))
        if len(self._batch) >= _BATCH_EVENTS or self._batch_characters >= _BATCH_CHARACTERS:
            self._submit()

    def _submit(self) -> None:
        assert self._log is not None
        if self._batch:
            batch, self._batch, self._batch_characters = self._batch, [], 0
            self._under_way.append((self._log.append([entry.found.draft for entry in batch]), batch))
        while len(self._under_way) > _BATCHES_UNDER_WAY:
            self._settle()

    def _finish(self) -> None:
        """Until everything is acknowledged."""
        while self._batch or self._under_way:
            self._submit()
            while self._under_way:
                self._settle()

    def _settle(self) -> None:
        """Wait for the oldest batch under way."""
        future, batch = self._under_way.popleft()
        outcomes = future.result()
        for entry, outcome in zip(batch, outcomes, strict=True):
            self._note(entry, outcome)
        for run in {id(entry.run): entry.run for entry in batch}.values():
            self._go_on(run)
        self._observe(size=0, events=len(batch))

    def _note(self, entry: _Entry, outcome: Receipt | Refused) -> None:
        run, found = entry.run, entry.found
        run.under_way -= 1
        if isinstance(outcome, Receipt) and not run.aligner.agrees(found, outcome):
            # Whether the history has these words only once, its end will tell.
            run.doubtful.append((found, outcome))
        else:
            self._count(run, found, outcome)

    def _count(self, run: _Run, found: Found, outcome: Receipt | Refused) -> None:
        if isinstance(outcome, Refused):
            run.account.refuse(found.line, outcome.problem)
            return
        run.fresh.add(digest_of(found.draft.source_id))
        if self._anchor is None or outcome.position > self._anchor.position:
            self._anchor = Anchor(outcome.event_id, outcome.position)
        if outcome.created:
            run.account.created += 1
        else:
            run.account.known += 1

    def _found_its_number(self, run: _Run, found: Found, outcome: Receipt) -> Receipt | Refused:
        """Record words under a number that is free, or find them under the one that they have."""
        assert self._log is not None
        if run.aligner.agrees_after_all(found):
            return outcome
        for draft in run.aligner.other_numbers(found):
            (told,) = self._log.append([draft]).result()
            if isinstance(told, Refused) or run.aligner.agrees(msgspec.structs.replace(found, draft=draft), told):
                return told
        return outcome

    def _leave(self) -> None:
        """However it ended: forget what is half done."""
        for run in self._open:
            self._kept.pop(run.account.history.name, None)
            if run.account.state is State.READ:
                run.account.state = State.INTERRUPTED
            if run.fresh and self._log is not None:
                # Not all of it was acknowledged; what was need not be sent again.
                mark = msgspec.structs.replace(run.mark, stamp="", seen=run.mark.seen | run.fresh, origins=run.origins)
                self._marks.put([(run.account.history.name, mark)], anchor=self._anchor)
        self._open.clear()
        self._batch.clear()
        self._batch_characters = 0
        self._under_way.clear()


def _told(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
