"""The log: the one place where truth is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Protocol

from agent_memory.events import START, Event, Position, Receipt, Recorded
from agent_memory.log.entries import Entry
from agent_memory.summaries.model import Answer


class EventLog(Protocol):
    """Append-only, totally ordered, gap-free from 1. What was read once never changes.

    Nothing outside this room assumes that appending is local, that this process is the only
    writer, or that positions are made here. Safe to use from several threads.
    """

    def submit(self, events: Sequence[Event]) -> Future[list[Receipt]]:
        """Record all or none. The future's receipts, in the order given, mean: durable.

        An event whose (source, source id) is known is the event recorded first, whatever its
        time: its receipt has ``created=False``. So has one whose id is known with the same
        content. Concurrent submissions share one sync.
        Errors (in the future): `EventConflict` for an id with other content; `InvalidEvent` where
        two events were given one id, whatever the log holds; `DiskFull`, `StorageUnavailable`:
        nothing recorded; `Closed`.
        """
        ...

    def append(self, events: Sequence[Event]) -> list[Receipt]:
        """`submit`, and wait."""
        ...

    def record(self, answers: Sequence[Answer]) -> Future[list[Position]]:
        """Record all or none. The future's positions, in the order given, mean: durable.

        An answer that is known, to the last field, is the one recorded first.
        Stores of answers are refused by releases that know of none.
        Errors (in the future): `InvalidAnswer`; `DiskFull`, `StorageUnavailable`: nothing recorded; `Closed`.
        """
        ...

    def head(self) -> Position:
        """The last durable position; `START` for an empty log."""
        ...

    def event_count(self) -> int:
        """How many of the durable entries are events."""
        ...

    def watch(self, listener: Callable[[Position], None]) -> Callable[[], None]:
        """Call *listener* with each new head, from some thread; it must return at once.

        Returns what ends the watch.
        """
        ...

    def read(self, *, after: Position = START, limit: int) -> list[Entry]:
        """Up to *limit* entries, events and answers, in append order, their positions greater than *after*.

        Fewer where they are long, so that a page takes some MiB at most; none only at the end.
        Errors: `UnknownFormat` where the first of them, or its kind, is one that only a newer release can read.
        """
        ...

    def get(self, event_id: str) -> Recorded:
        """Errors: `UnknownEvent`."""
        ...

    def get_many(self, event_ids: Sequence[str]) -> list[Recorded | None]:
        """In the order asked; None for an id that is not in the log."""
        ...

    def scan(
        self,
        *,
        first: str | None = None,
        until: str | None = None,
        session: str | None = None,
        limit: int,
        bytes_max: int | None = None,
        newest_first: bool = False,
    ) -> list[Recorded]:
        """Up to *limit* events in order of time (of id), or against it.

        *first* and *until* are ULIDs, both inclusive; *session* keeps one conversation. With
        *bytes_max* fewer, where their records would hold more than that; none only at the end.
        """
        ...

    def verify(self, *, after: Position = START, limit: int) -> Position:
        """Check the digest chain over up to *limit* entries; the last position checked.

        Errors: `ChecksumMismatch`, naming the first broken position; `UnknownKind`, and all up to there is checked.
        """
        ...

    def verify_events(self, *, after: str = "", limit: int) -> str:
        """Check of up to *limit* events, in order of id, that the log has each at its position.

        Returns the last id checked; empty after the last event. What the end of the log lost
        shows only so: the entries that are left are sound.
        Errors: `ChecksumMismatch`, naming the position.
        """
        ...

    def verify_answers(self) -> Iterator[int]:
        """The same of the answers, all of them; tells from time to time how many are checked.

        Errors: `ChecksumMismatch`, naming the position; `Corrupt` where fewer are known than were counted.
        """
        ...

    def append_error(self) -> str:
        """Why appends are refused now; empty while they are not."""
        ...

    def close(self) -> None: ...
