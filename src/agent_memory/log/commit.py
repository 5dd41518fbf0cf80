"""Group commit: whoever waits at the same time shares one write and one sync."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

from agent_memory.errors import Closed
from agent_memory.events import Position, Receipt
from agent_memory.log.plan import Plan, Prepared, PreparedAnswer

R = TypeVar("R")

GROUP_EVENTS_MAX = 512
"""A batch of 5,000 rows keeps the interpreter from other threads for some 13 ms; an event is up to four."""

GROUP_BYTES_MAX = 8 << 20
"""Of records: a group is in memory several times over before it is written."""


class Submission(Generic[R]):
    """Entries to be recorded together, and what becomes of them, which their appender waits for."""

    __slots__ = ("bytes_count", "entries", "outcome")

    def __init__(self, entries: Sequence[Prepared | PreparedAnswer]) -> None:
        self.entries = entries
        self.bytes_count = sum(len(entry.record) for entry in entries)
        self.outcome: Future[list[R]] = Future()
        # It cannot be cancelled: the entries may be on their way to the disk.
        self.outcome.set_running_or_notify_cancel()

    def planned(self, plan: Plan) -> tuple[list[R], Position]:
        """What becomes of them by *plan*, and the last position that this hangs on."""
        raise NotImplementedError


class EventSubmission(Submission[Receipt]):
    """Events."""

    __slots__ = ("events",)

    def __init__(self, events: Sequence[Prepared]) -> None:
        super().__init__(events)
        self.events = events

    def planned(self, plan: Plan) -> tuple[list[Receipt], Position]:
        receipts = plan.add(self.events)
        return receipts, max(receipt.position for receipt in receipts)


class AnswerSubmission(Submission[Position]):
    """Answers of language models."""

    __slots__ = ("answers",)

    def __init__(self, answers: Sequence[PreparedAnswer]) -> None:
        super().__init__(answers)
        self.answers = answers

    def planned(self, plan: Plan) -> tuple[list[Position], Position]:
        positions = plan.record(self.answers)
        return positions, max(positions)


class GroupCommitter:
    """One thread that calls *commit* with all submissions that are waiting.

    A group ends where it would hold more than *group_events_max* entries or *group_bytes_max* of
    records, but for a single larger submission, which is a group of its own. *commit* answers each submission; what it
    raises is the answer of those that it left out.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Submission[Any]]], None],
        *,
        group_events_max: int = GROUP_EVENTS_MAX,
        group_bytes_max: int = GROUP_BYTES_MAX,
    ) -> None:
        self._commit = commit
        self._group_events_max = group_events_max
        self._group_bytes_max = group_bytes_max
        self._queue: SimpleQueue[Submission[Any] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log-commit", daemon=True)
        self._thread.start()

    def submit(self, submission: Submission[Any]) -> None:
        """Errors: `Closed`."""
        with self._lock:
            if self._closed:
                raise Closed("the log is closed")
            self._queue.put(submission)

    def close(self) -> None:
        """Commit what was submitted before, then stop."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ahead: Submission[Any] | None = None
        while True:
            first = ahead or self._queue.get()
            if first is None:
                return
            group, ahead, last = self._gathered(first)
            self._answered(group)
            if last:
                if ahead is not None:
                    self._answered([ahead])
                return

    def _gathered(self, first: Submission[Any]) -> tuple[list[Submission[Any]], Submission[Any] | None, bool]:
        """A group that starts with *first*, the submission that fits no more, and whether it is the end."""
        group = [first]
        count, size = len(first.entries), first.bytes_count
        while count < self._group_events_max and size < self._group_bytes_max:
            try:
                found = self._queue.get_nowait()
            except Empty:
                break
            if found is None:
                return group, None, True
            count += len(found.entries)
            size += found.bytes_count
            if count > self._group_events_max or size > self._group_bytes_max:
                return group, found, False
            group.append(found)
        return group, None, False

    def _answered(self, group: Sequence[Submission[Any]]) -> None:
        try:
            self._commit(group)
        except BaseException as error:
            for submission in group:
                if not submission.outcome.done():
                    submission.outcome.set_exception(error)
