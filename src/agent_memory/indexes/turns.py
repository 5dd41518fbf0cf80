"""The events of a session in order of time, with their traits: what stands beside what.

In the catalog's rows, after its prefix:

    e | session key u64 | ULID 16 B      -> traits u64

Sessions that were asked for are kept in memory up to a bound, as two arrays each, and grow as
events come. Of a long one only stretches are given, around the events that are asked about; one
that is longer still is not read whole at all.
"""

from __future__ import annotations

import struct
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_memory.errors import Corrupt
from agent_memory.events.ulids import ulid_key
from agent_memory.indexes.event_ids import EventKeys, event_keys_of
from agent_memory.storage import Batch, Family, Rows, prefix_end, scan_all

REACH = 18
"""How many turns are given on each side of an event: a neighbour two away is judged by 16 more."""

WHOLE_MAX = 512
"""A session of so many turns is given whole; of a longer one what is within reach of the events asked about."""

READ_MAX = 100_000
"""A session of so many turns is read whole, once, in about 0.2 s; a longer one by a scan for each event."""

SCANS_MAX = 100
"""Of such a longer one, around so many of the events asked about, the first."""

KEPT_BYTES_MAX = 25_000_000
"""What the kept sessions take at most: a million turns, or 30,000 sessions of ten."""

# Measured: 510 to 640 bytes a session besides the 24 of each turn.
_SESSION_BYTES = 600
_KEY = struct.Struct(">Q")
_TRAITS = struct.Struct(">Q")
_ULID_SIZE = 16
_NO_CUTS = np.empty(0, np.int64)
_NO_KEYS = np.empty(0, "S16")
_AROUND = np.arange(-REACH, REACH + 1)
_FIRST = np.ones(1, np.bool_)
_HOMELESS = 0


class Turns(msgspec.Struct, frozen=True):
    """Events of one session in order: their ids as keys, and the traits of each.

    ``cuts`` are the places before which turns are left out.
    """

    keys: EventKeys
    traits: NDArray[np.uint64]
    cuts: NDArray[np.int64] = _NO_CUTS

    def around(self, keys: EventKeys) -> Turns:
        """The stretches within reach of those of the events that are among them."""
        at, known = self.places_of(keys)
        near = (at[known][:, None] + _AROUND).ravel()
        near.sort()
        steps = near[1:] - near[:-1]
        near = near[np.concatenate((_FIRST[: len(near)], steps > 0)) & (near >= 0) & (near < len(self.keys))]
        return Turns(self.keys[near], self.traits[near], np.flatnonzero(near[1:] - near[:-1] > 1) + 1)

    def places_of(self, keys: EventKeys) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where each event is or would be, and whether it is there."""
        at = self.keys.searchsorted(keys)
        return at, self.keys[np.minimum(at, len(self.keys) - 1)] == keys


class TurnRows:
    """The turns of a generation of the catalog. One thread writes; any may read beside it."""

    def __init__(self, rows: Rows, prefix: bytes) -> None:
        self._rows = rows
        self._prefix = prefix + b"e"
        self._kept: OrderedDict[int, Turns] = OrderedDict()
        self._kept_bytes = 0
        self._too_long: set[int] = set()
        self._lock = threading.Lock()
        self._writes = 0
        self._is_settled = True

    def around(self, found: Mapping[int, EventKeys]) -> dict[int, Turns]:
        """What stands around events, by session key; under key 0 are those whose session is not known.

        These are looked for in all the other sessions. Errors: `Corrupt`.
        """
        homeless = np.sort(found[_HOMELESS]) if _HOMELESS in found else _NO_KEYS
        around: dict[int, Turns] = {}
        others: list[int] = []
        with self._lock:
            for session in found:
                turns = self._kept.get(session)
                if turns is None:
                    others.append(session)
                    continue
                self._kept.move_to_end(session)
                around[session] = turns
                if len(turns.keys) > WHOLE_MAX:
                    others.append(session)
        for session in others:
            if session != _HOMELESS:
                around[session] = self._around(session, found[session], homeless)
        return around

    def put(self, batch: Batch, turns: Mapping[int, Sequence[tuple[str, int]]]) -> None:
        """Add (event id, traits) of each session to a batch; then `grow` where it was written, or `forget`."""
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
            if not self._is_settled:
                self._let_go_of_all()
                self._is_settled = True
            growing = {session: self._kept[session] for session in turns if session in self._kept}
        for session, kept in growing.items():
            grown = _merged(kept, turns_of(turns[session]))
            with self._lock:
                # If it is another by now, it was read after the write.
                if self._kept.get(session) is kept:
                    self._keep(session, grown)

    def forget(self) -> None:
        """Keep nothing, for a write failed, and whether it took effect only a later one will tell."""
        with self._lock:
            self._writes += 1
            self._is_settled = False
            self._let_go_of_all()

    def kept_bytes(self) -> int:
        """What the kept sessions take, as far as it is counted."""
        with self._lock:
            return self._kept_bytes

    # -- inside -------------------------------------------------------------------------------

    def _around(self, session: int, keys: EventKeys, homeless: EventKeys) -> Turns:
        turns = self._whole(session)
        if turns is None:
            return self._scanned(session, np.concatenate((keys, homeless)))
        if len(turns.keys) <= WHOLE_MAX:
            return turns
        first, last = homeless.searchsorted(turns.keys[[0, -1]])
        return turns.around(np.concatenate((keys, homeless[first : last + 1])))

    def _whole(self, session: int) -> Turns | None:
        """All of a session; None for one that is too long."""
        with self._lock:
            if session in self._kept:
                self._kept.move_to_end(session)
                return self._kept[session]
            if session in self._too_long:
                return None
            writes = self._writes
        prefix = self._prefix + _KEY.pack(session)
        every = scan_all(self._rows, Family.VIEWS, first=prefix, end=prefix_end(prefix))
        rows = list(islice(every, READ_MAX + 1))
        turns = _turns_in(rows, len(prefix)) if len(rows) <= READ_MAX else None
        with self._lock:
            if turns is None:
                self._too_long.add(session)
            elif rows and self._is_settled and writes == self._writes:
                self._keep(session, turns)
        return turns

    def _scanned(self, session: int, events: EventKeys) -> Turns:
        """The stretches of a session around the first of the events that are in it, read one by one."""
        prefix = self._prefix + _KEY.pack(session)
        end = prefix_end(prefix)
        together = events.tobytes()
        keys = [prefix + together[at : at + _ULID_SIZE] for at in range(0, len(together), _ULID_SIZE)]
        values = self._rows.get_many(Family.VIEWS, keys)
        present = [key for key, value in zip(keys, values, strict=True) if value is not None][:SCANS_MAX]
        rows: list[tuple[bytes, bytes]] = []
        cuts: list[int] = []
        for key in sorted(present):
            before = self._rows.scan(Family.VIEWS, first=prefix, end=key, limit=REACH, reverse=True)
            after = self._rows.scan(Family.VIEWS, first=key, end=end, limit=REACH + 1)
            near = [*reversed(before), *after]
            if rows and near[0][0] <= rows[-1][0]:
                last = rows[-1][0]
                near = [row for row in near if row[0] > last]
            elif rows:
                cuts.append(len(rows))
            rows += near
        return msgspec.structs.replace(_turns_in(rows, len(prefix)), cuts=np.array(cuts, np.int64))

    def _keep(self, session: int, turns: Turns) -> None:
        before = self._kept.pop(session, None)
        if before is not None:
            self._kept_bytes -= _bytes_of(before)
        if len(turns.keys) > READ_MAX:
            self._too_long.add(session)
            return
        self._kept[session] = turns
        self._kept_bytes += _bytes_of(turns)
        while self._kept_bytes > KEPT_BYTES_MAX:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= _bytes_of(dropped)

    def _let_go_of_all(self) -> None:
        self._kept.clear()
        self._kept_bytes = 0


def turns_of(pairs: Iterable[tuple[str, int]]) -> Turns:
    """Turns in order of id; of one id given twice the later traits."""
    ordered = sorted(dict(pairs).items())
    return Turns(event_keys_of([id for id, _ in ordered]), np.array([traits for _, traits in ordered], np.uint64))


def _turns_in(rows: Sequence[tuple[bytes, bytes]], at: int) -> Turns:
    """What rows hold whose keys are a ULID after the first *at* bytes."""
    if rows and ({*map(len, map(itemgetter(0), rows))}, {*map(len, map(itemgetter(1), rows))}) != (
        {at + _ULID_SIZE},
        {_TRAITS.size},
    ):
        key, value = next(_damaged(rows, at))
        raise Corrupt(f"a row of views {key.hex()} cannot be read: {len(value)} bytes are no traits")
    names = np.frombuffer(b"".join(map(itemgetter(0), rows)), np.uint8).reshape(len(rows), at + _ULID_SIZE)
    keys = np.ascontiguousarray(names[:, at:]).view(f"S{_ULID_SIZE}").ravel().copy()
    return Turns(keys, np.frombuffer(b"".join(map(itemgetter(1), rows)), ">u8").astype(np.uint64))


def _damaged(rows: Sequence[tuple[bytes, bytes]], at: int) -> Iterator[tuple[bytes, bytes]]:
    return (row for row in rows if len(row[0]) != at + _ULID_SIZE or len(row[1]) != _TRAITS.size)


def _merged(turns: Turns, added: Turns) -> Turns:
    at, known = turns.places_of(added.keys)
    if at[0] == len(turns.keys):
        # As a conversation goes on; what came late is put in between.
        return Turns(np.concatenate((turns.keys, added.keys)), np.concatenate((turns.traits, added.traits)))
    fresh = ~known
    traits = turns.traits.copy()
    traits[at[known]] = added.traits[known]
    return Turns(np.insert(turns.keys, at[fresh], added.keys[fresh]), np.insert(traits, at[fresh], added.traits[fresh]))


def _bytes_of(turns: Turns) -> int:
    return _SESSION_BYTES + turns.keys.nbytes + turns.traits.nbytes
