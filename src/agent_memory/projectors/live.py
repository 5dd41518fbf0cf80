"""The generations of a view: the live one, and the one that is being built beside it.

Which generation is live stands in one row, so a swap is one atomic write. Readers lease the
live generation; after a swap the old one is closed and erased when its last lease ends.

    views    "live/" + name      -> generation u32, fingerprint
             "building/" + name  -> generation u32, fingerprint
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from agent_memory.errors import Closed, Unavailable
from agent_memory.projectors.port import Projector
from agent_memory.storage import Family, Rows

_GENERATION = struct.Struct(">I")

P_co = TypeVar("P_co", bound=Projector, covariant=True)
P = TypeVar("P", bound=Projector)


class Kind(Protocol[P_co]):
    """A `ViewKind` whose projector type is known."""

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    def open(self, generation: int) -> P_co: ...
    def erase(self, generation: int) -> None: ...


class Generation(Generic[P]):
    """One opened generation and how many readers hold it."""

    def __init__(self, number: int, projector: P) -> None:
        self.number = number
        self.projector = projector
        self.leases = 0
        self.retired = False


class LiveView(Generic[P]):
    """One view by name. Safe to use from several threads.

    ``projecting`` is held by whoever changes the live generation: the runner for each batch,
    a replay while it compares and swaps.
    """

    def __init__(self, kind: Kind[P], rows: Rows, *, open_timeout_s: float = 10.0) -> None:
        self.kind = kind
        self.projecting = threading.RLock()
        self._rows = rows
        self._open_timeout_s = open_timeout_s
        self._changed = threading.Condition()
        self._current: Generation[P] | None = None
        self._open_error: Exception | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """The view's name."""
        return self.kind.name

    @property
    def generation(self) -> int:
        """The number of the live generation; 0 before it is open."""
        current = self._current
        return current.number if current else 0

    def open(self) -> None:
        """Open the live generation; one of another form is erased and begun anew."""
        with self.projecting:
            if self._closed:
                raise Closed(f"the view {self.name} is closed")
            if self._current is not None:
                return
            try:
                generation = self._open_live()
            except Exception as error:
                with self._changed:
                    self._open_error = error
                    self._changed.notify_all()
                raise
            with self._changed:
                self._current, self._open_error = generation, None
                self._changed.notify_all()

    def _open_live(self) -> Generation[P]:
        number, fingerprint = self._pointer("live")
        if number and fingerprint == self.kind.fingerprint:
            return Generation(number, self.kind.open(number))
        fresh = self._unused_number()
        self.kind.erase(fresh)
        projector = self.kind.open(fresh)
        self._point("live", fresh)
        if number:
            self.kind.erase(number)
        return Generation(fresh, projector)

    @contextmanager
    def lease(self) -> Iterator[P]:
        """The live projector, kept open for as long as the block runs.

        Errors: `Unavailable` while it cannot be opened; `Closed`.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._current is not None or self._open_error is not None or self._closed,
                timeout=self._open_timeout_s,
            )
            generation = self._current
            if generation is None:
                if self._closed:
                    raise Closed(f"the view {self.name} is closed")
                raise Unavailable(f"the view {self.name} is not open: {self._open_error or 'still opening'}")
            generation.leases += 1
        try:
            yield generation.projector
        finally:
            with self._changed:
                generation.leases -= 1
                last = generation.retired and generation.leases == 0
                self._changed.notify_all()
            if last:
                self._dispose(generation)

    # -- building beside the live one ---------------------------------------------------------

    def open_building(self, *, restart: bool) -> Generation[P]:
        """The unfinished generation, to go on with, or a fresh one."""
        number, fingerprint = self._pointer("building")
        if number and (restart or fingerprint != self.kind.fingerprint):
            self.kind.erase(number)
            number = 0
        if not number:
            number = self._unused_number()
            self.kind.erase(number)
            self._point("building", number)
        return Generation(number, self.kind.open(number))

    def swap(self, generation: Generation[P]) -> None:
        """Make *generation* the live one. The caller holds ``projecting``."""
        with self.projecting:
            generation.projector.flush()
            batch = self._rows.batch()
            batch.put(Family.VIEWS, self._key("live"), self._value(generation.number))
            batch.delete(Family.VIEWS, self._key("building"))
            self._rows.write(batch, durable=True)
            with self._changed:
                old, self._current, self._open_error = self._current, generation, None
                dispose = old is not None and old.leases == 0
                if old is not None:
                    old.retired = True
                self._changed.notify_all()
            if old is not None and dispose:
                self._dispose(old)

    def close(self) -> None:
        """Flush and close the live generation, once its readers are done."""
        with self.projecting:
            with self._changed:
                self._closed = True
                self._changed.notify_all()
                self._changed.wait_for(
                    lambda: self._current is None or self._current.leases == 0, timeout=self._open_timeout_s
                )
                current, self._current = self._current, None
            if current is not None:
                try:
                    current.projector.flush()
                finally:
                    current.projector.close()

    def _dispose(self, generation: Generation[P]) -> None:
        generation.projector.close()
        self.kind.erase(generation.number)

    # -- pointers -------------------------------------------------------------------------------

    def _key(self, which: str) -> bytes:
        return f"{which}/{self.name}".encode()

    def _value(self, number: int) -> bytes:
        return _GENERATION.pack(number) + self.kind.fingerprint.encode()

    def _pointer(self, which: str) -> tuple[int, str]:
        value = self._rows.get(Family.VIEWS, self._key(which))
        if value is None:
            return 0, ""
        return _GENERATION.unpack_from(value)[0], value[_GENERATION.size :].decode()

    def _point(self, which: str, number: int) -> None:
        batch = self._rows.batch()
        batch.put(Family.VIEWS, self._key(which), self._value(number))
        self._rows.write(batch, durable=True)

    def _unused_number(self) -> int:
        return max(self._pointer("live")[0], self._pointer("building")[0]) + 1
