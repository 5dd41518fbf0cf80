"""The events of a session in order of time, with their traits: what stands beside what.

In the catalog's rows, after its prefix:

    e | session key u64 | ULID 16 B      -> traits u64

Sessions that were asked for are kept in memory up to a bound, and grow as events come.
"""

from __future__ import annotations

import struct
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_memory.errors import Corrupt
from agent_memory.events.ulids import ulid_from_key, ulid_key
from agent_memory.storage import Batch, Family, Rows, prefix_end, scan_all

TURNS_KEPT_MAX = 250_000
"""Events of sessions that are kept in memory, about 100 bytes each."""

_KEY = struct.Struct(">Q")
_TRAITS = struct.Struct(">Q")


class Turns(msgspec.Struct, frozen=True):
    """One session: the ids of its events, in order, and the traits of each."""

    ids: tuple[str, ...]
    traits: NDArray[np.uint64]


class TurnRows:
    """The turns of a generation of the catalog. One thread writes; any may read beside it."""

    def __init__(self, rows: Rows, prefix: bytes) -> None:
        self._rows = rows
        self._prefix = prefix + b"e"
        self._kept: OrderedDict[int, Turns] = OrderedDict()
        self._kept_turns = 0
        self._lock = threading.Lock()
        self._writes = 0

    def of(self, sessions: Sequence[int]) -> list[Turns]:
        """The turns of each session, by its key; none of an unknown one."""
        return [self._of(session) for session in sessions]

    def put(self, batch: Batch, turns: Mapping[int, Sequence[tuple[str, int]]]) -> None:
        """Add (event id, traits) of each session to a batch; `grow` once it is written."""
        rows: list[tuple[bytes, bytes]] = []
        for session, added in turns.items():
            prefix = self._prefix + _KEY.pack(session)
            rows += [(prefix + ulid_key(event_id), _TRAITS.pack(traits)) for event_id, traits in added]
        batch.put_many(Family.VIEWS, rows)

    def grow(self, turns: Mapping[int, Sequence[tuple[str, int]]]) -> None:
        """Let readers see what was written."""
        with self._lock:
            # Who read the rows before this may not keep what was read.
            self._writes += 1
            for session, added in turns.items():
                if session in self._kept:
                    self._keep(session, _merged(self._kept[session], added))

    def _of(self, session: int) -> Turns:
        with self._lock:
            if session in self._kept:
                self._kept.move_to_end(session)
                return self._kept[session]
            writes = self._writes
        prefix = self._prefix + _KEY.pack(session)
        rows = list(scan_all(self._rows, Family.VIEWS, first=prefix, end=prefix_end(prefix)))
        at = len(prefix)
        for key, value in rows:
            if len(value) != _TRAITS.size:
                raise Corrupt(f"a row of views {key.hex()} cannot be read: {len(value)} bytes are no traits")
        turns = Turns(
            tuple([ulid_from_key(key[at:]) for key, _ in rows]),
            np.frombuffer(b"".join([value for _, value in rows]), ">u8").astype(np.uint64),
        )
        with self._lock:
            if writes == self._writes:
                self._keep(session, turns)
        return turns

    def _keep(self, session: int, turns: Turns) -> None:
        before = self._kept.pop(session, None)
        self._kept_turns += len(turns.ids) - (len(before.ids) if before else 0)
        self._kept[session] = turns
        while self._kept_turns > TURNS_KEPT_MAX and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_turns -= len(dropped.ids)


def turns_of(pairs: Iterable[tuple[str, int]]) -> Turns:
    """Turns in order of id; of one id given twice the later traits."""
    ordered = sorted(dict(pairs).items())
    return Turns(tuple([id for id, _ in ordered]), np.array([traits for _, traits in ordered], np.uint64))


def _merged(turns: Turns, added: Sequence[tuple[str, int]]) -> Turns:
    if turns.ids and turns.ids[-1] < min(added)[0]:
        # As a conversation goes on; the whole is sorted only for what came late.
        more = turns_of(added)
        return Turns(turns.ids + more.ids, np.concatenate((turns.traits, more.traits)))
    return turns_of([*zip(turns.ids, turns.traits.tolist(), strict=True), *added])
