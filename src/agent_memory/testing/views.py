"""A small whole view: the texts of the log under their positions."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

from agent_memory.errors import InferenceUnavailable
from agent_memory.events import START, Position
from agent_memory.log import Entry, EventLog, events_of
from agent_memory.projectors.live import LiveView
from agent_memory.storage import Family, Rows, prefix_end, scan_all

_NUMBER = struct.Struct(">Q")


class TextsIndex:
    """What `TextsProjector` has taken in."""

    def __init__(self, rows: Rows, prefix: bytes) -> None:
        self._rows = rows
        self.prefix = prefix

    def texts(self) -> list[str]:
        """In log order."""
        found = scan_all(self._rows, Family.VIEWS, first=self.prefix + b"t", end=prefix_end(self.prefix + b"t"))
        return [value.decode("utf-8", "surrogatepass") for _, value in found]


class TextsProjector:
    """Keeps every text; stands still before a text that is in ``poison``, waits while ``offline``."""

    def __init__(self, rows: Rows, kind: TextsView, generation: int) -> None:
        self._rows = rows
        self._kind = kind
        self.index = TextsIndex(rows, kind.prefix(generation))
        self.closed = False
        self.flushes = 0
        self.batches = 0

    @property
    def batch_events_max(self) -> int:
        return self._kind.batch_events_max

    def checkpoint(self) -> Position:
        value = self._rows.get(Family.VIEWS, self.index.prefix + b"c")
        return START if value is None else int(_NUMBER.unpack(value)[0])

    def project(self, batch: Sequence[Entry]) -> None:
        assert not self.closed
        self.batches += 1
        self._kind.at_work()
        if self._kind.panics:
            raise Panic("an engine in another language gave up")
        if self._kind.offline:
            raise InferenceUnavailable("nobody answers")
        changes = self._rows.batch()
        for recorded in events_of(batch):
            if recorded.event.text in self._kind.poison:
                raise ValueError(f"cannot take in {recorded.event.text!r}")
            key = self.index.prefix + b"t" + _NUMBER.pack(recorded.position)
            changes.put(Family.VIEWS, key, recorded.event.text.encode("utf-8", "surrogatepass"))
        changes.put(Family.VIEWS, self.index.prefix + b"c", _NUMBER.pack(batch[-1].position))
        self._rows.write(changes)

    def flush(self) -> None:
        self.flushes += 1

    def rows(self) -> Iterator[tuple[str, bytes]]:
        found = scan_all(
            self._rows, Family.VIEWS, first=self.index.prefix + b"t", end=prefix_end(self.index.prefix + b"t")
        )
        for key, value in found:
            yield f"{_NUMBER.unpack(key[-8:])[0]:020}", value

    def close(self) -> None:
        self.closed = True
        if self._kind.sticks:
            raise OSError("cannot be closed")


class Panic(BaseException):
    """What an extension raises that is no `Exception`, as pyo3's does."""


class TextsView:
    """The `ViewKind` of `TextsProjector`; its trouble is set by attribute."""

    def __init__(self, rows: Rows, *, name: str = "texts", fingerprint: str = "1", batch_events_max: int = 3) -> None:
        self._rows = rows
        self.name = name
        self.fingerprint = fingerprint
        self.batch_events_max = batch_events_max
        self.poison: set[str] = set()
        self.panics = False
        self.sticks = False
        self.offline = False
        self.at_work: Callable[[], None] = lambda: None
        self.opened: list[TextsProjector] = []

    def prefix(self, generation: int) -> bytes:
        return f"{self.name}/{generation}/".encode()

    def open(self, generation: int) -> TextsProjector:
        self.opened.append(TextsProjector(self._rows, self, generation))
        return self.opened[-1]

    def erase(self, generation: int) -> None:
        if self.sticks:
            raise OSError("cannot be erased")
        changes = self._rows.batch()
        changes.delete_range(Family.VIEWS, self.prefix(generation), prefix_end(self.prefix(generation)))
        self._rows.write(changes)


def projected(view: LiveView[TextsProjector], log: EventLog) -> LiveView[TextsProjector]:
    """The *view*, opened and as far as the *log*."""
    view.open()
    with view.lease() as projector:
        while batch := log.read(after=projector.checkpoint(), limit=projector.batch_events_max):
            projector.project(batch)
    return view
