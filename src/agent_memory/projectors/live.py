"""The generations of a view: the live one, and the one that is being built beside it.

Which generation is live stands in one row, so a swap is one atomic write. Readers lease the
live generation; after a swap the old one is closed and erased when its last lease ends.

    views    "live/" + name      -> generation u32, fingerprint
             "building/" + name  -> generation u32, fingerprint
             "former/" + name    -> generation u32, fingerprint
             "leaving/" + name   -> generation u32, ...: to be erased, now or at the next opening

A generation of another form than is wanted (other settings, another model) is not what the log
gives now, so another is begun; but settings are also mistyped. The former one is kept until the
new one has caught up, and taken back if its form is wanted again before.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from agent_memory import telemetry
from agent_memory.errors import Closed, OtherForm, Unavailable
from agent_memory.projectors.port import Projector
from agent_memory.storage import Batch, Family, Rows

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
    a replay while it compares and swaps. Unless *may_begin_anew*, a generation of another form
    is left as it is, and the view cannot be opened.
    """

    def __init__(self, kind: Kind[P], rows: Rows, *, may_begin_anew: bool = True, open_timeout_s: float = 10.0) -> None:
        self.kind = kind
        self.projecting = threading.RLock()
        self._rows = rows
        self._may_begin_anew = may_begin_anew
        self._open_timeout_s = open_timeout_s
        self._changed = threading.Condition()
        self._current: Generation[P] | None = None
        self._open_error: Exception | None = None
        self._closed = False
        self._has_former = True
        self._retired: set[int] = set()

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
        """Open the live generation; where it has another form, the former of that form or a new one.

        Errors: `OtherForm` if that may not be; whatever keeps the generation from being read.
        """
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
        self._erase_leaving()
        number, form = self._pointer("live")
        wanted = self.kind.fingerprint
        if number and wanted in ("", form):
            return Generation(number, self.kind.open(number))
        if number and not self._may_begin_anew:
            raise OtherForm(self.name, form, wanted)
        former, former_form = self._pointer("former")
        batch = self._rows.batch()
        leaving = self._leaving()
        if former and former_form == wanted:
            fresh = former
        else:
            fresh = self._unused_number()
            leaving += [former] if former else []
        projector = self.kind.open(fresh)
        self._point(batch, "live", fresh)
        if number:
            self._point(batch, "former", number, form)
            self._has_former = True
        self._put_leaving(batch, leaving)
        self._rows.write(batch, durable=True)
        self._erase_leaving()
        return Generation(fresh, projector)

    def caught_up(self) -> None:
        """The live generation holds the whole log: a former one is of no use any more."""
        if not self._has_former:
            return
        former, _ = self._pointer("former")
        if former:
            batch = self._rows.batch()
            batch.delete(Family.VIEWS, self._key("former"))
            self._put_leaving(batch, [*self._leaving(), former])
            self._rows.write(batch, durable=True)
            self._erase_leaving()
        self._has_former = False

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
        with self.projecting:
            number, form = self._pointer("building")
            if not number or restart or form != self.kind.fingerprint:
                batch = self._rows.batch()
                self._put_leaving(batch, self._leaving() + ([number] if number else []))
                number = self._unused_number()
                self._point(batch, "building", number)
                self._rows.write(batch, durable=True)
                self._erase_leaving()
            return Generation(number, self.kind.open(number))

    def swap(self, generation: Generation[P]) -> None:
        """Make *generation* the live one. The caller holds ``projecting``.

        Errors: whatever keeps it from being put on disk; then the live generation stays.
        """
        with self.projecting:
            generation.projector.flush()
            old = self._current
            leaving = [old.number if old is not None else self._pointer("live")[0]]
            batch = self._rows.batch()
            self._point(batch, "live", generation.number)
            batch.delete(Family.VIEWS, self._key("building"))
            self._put_leaving(batch, self._leaving() + [number for number in leaving if number])
            self._rows.write(batch, durable=True)
            with self._changed:
                self._current, self._open_error = generation, None
                dispose = old is not None and old.leases == 0
                if old is not None:
                    old.retired = True
                    self._retired.add(old.number)
                self._changed.notify_all()
            if old is None:
                self._erase_leaving()
            elif dispose:
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
        """Close and erase what is live no more. The new generation is live already: nothing may fail here."""
        try:
            generation.projector.close()
        except Exception as error:
            telemetry.LOG.warning("old generation not closed", view=self.name, error=error)
        with self._changed:
            self._retired.discard(generation.number)
        self._erase_leaving()

    def _erase_leaving(self) -> None:
        """Erase what a swap, or a crash after one, left behind; what fails is tried at the next opening."""
        try:
            with self._changed:
                gone = [number for number in self._leaving() if number not in self._retired]
                for number in gone:
                    self.kind.erase(number)
                if gone:
                    batch = self._rows.batch()
                    self._put_leaving(batch, [number for number in self._leaving() if number not in gone])
                    self._rows.write(batch)
        except Exception as error:
            telemetry.LOG.warning("old generation not erased", view=self.name, error=error)

    # -- pointers -------------------------------------------------------------------------------

    def _key(self, which: str) -> bytes:
        return f"{which}/{self.name}".encode()

    def _pointer(self, which: str) -> tuple[int, str]:
        value = self._rows.get(Family.VIEWS, self._key(which))
        if value is None:
            return 0, ""
        return _GENERATION.unpack_from(value)[0], value[_GENERATION.size :].decode()

    def _point(self, batch: Batch, which: str, number: int, form: str | None = None) -> None:
        form = self.kind.fingerprint if form is None else form
        batch.put(Family.VIEWS, self._key(which), _GENERATION.pack(number) + form.encode())

    def _leaving(self) -> list[int]:
        value = self._rows.get(Family.VIEWS, self._key("leaving")) or b""
        return [number for (number,) in _GENERATION.iter_unpack(value)]

    def _put_leaving(self, batch: Batch, numbers: list[int]) -> None:
        value = b"".join(_GENERATION.pack(number) for number in dict.fromkeys(numbers))
        if value:
            batch.put(Family.VIEWS, self._key("leaving"), value)
        else:
            batch.delete(Family.VIEWS, self._key("leaving"))

    def _unused_number(self) -> int:
        used = {self._pointer(which)[0] for which in ("live", "building", "former")}
        return max(used | self._retired | set(self._leaving())) + 1
