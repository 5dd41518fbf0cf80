"""The workers that turn log into view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from agent_memory.events import Position
from agent_memory.log.entries import Entry


class Projector(Protocol):
    """One generation of one view, and the way into it.

    Used by one thread at a time; reads of its index go on beside it.
    """

    @property
    def batch_events_max(self) -> int:
        """How many entries `project` is given at most."""
        ...

    def checkpoint(self) -> Position:
        """The last position that the view contains, and keeps after a crash or rebuilds at once."""
        ...

    def project(self, batch: Sequence[Entry]) -> None:
        """Take in the entries that follow the checkpoint, or the first of them: change and checkpoint are one.

        What a view makes nothing of, it passes over: the checkpoint moves on.
        Interrupted anywhere, the view is as before or as after. Errors: `InferenceUnavailable`
        is a wait; any other error stands the view still before the batch.
        """
        ...

    def flush(self) -> None:
        """Put on disk whatever is kept in memory so far (snapshots); called when idle and on close."""
        ...

    def rows(self) -> Iterator[tuple[str, bytes]]:
        """The view's whole content under readable keys, in key order: equal views, equal rows."""
        ...

    def close(self) -> None: ...


class ViewKind(Protocol):
    """How to open, build and erase the generations of one view."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """What the view's form depends on besides the log: format, tokeniser, model, settings.

        A live generation with another one is not used. Empty: whatever there is will do.
        """
        ...

    def open(self, generation: int) -> Projector: ...

    def erase(self, generation: int) -> None:
        """Remove whatever there is of it; erasing nothing is fine."""
        ...
