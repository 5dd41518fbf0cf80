"""What the vector index knows of each of its rows, in numpy columns that grow at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_memory.events.ulids import ULID_TIME_MAX_MS
from agent_memory.indexes.event_ids import event_ids_of, keys_of_halves
from agent_memory.indexes.matches import Matches, firsts_of
from agent_memory.indexes.model import Where, session_key
from agent_memory.indexes.vector_rows import KIND_CODES, ROLE_CODES, VectorRow, type_bits

Mask = NDArray[np.bool_]

_TYPES: dict[str, Any] = {
    "high": np.uint64,  # the event's ULID in two halves; its time is the top 48 bits of `high`
    "low": np.uint64,
    "start": np.uint32,
    "end": np.uint32,
    "agent": np.int32,  # places in `names`
    "project": np.int32,
    "session": np.int32,
    "role": np.int8,
    "kind": np.int8,
    "types": np.uint16,  # one bit for each type of the event
}
_NAMED = ("agent", "project", "session")


class Columns:
    """Rows are only ever added. A reader that took `count` first may read up to it without a lock."""

    def __init__(self) -> None:
        self.count = 0
        self._names: dict[str, dict[str, int]] = {name: {} for name in _NAMED}
        self._columns = {name: np.empty(1024, dtype) for name, dtype in _TYPES.items()}
        self._session_keys: list[int] = []
        # The same as an array, as far as a search has needed it.
        self._session_column = np.empty(0, np.uint64)

    def add(self, rows: Sequence[VectorRow]) -> None:
        """Take in passages, each as one row."""
        need = self.count + len(rows)
        if need > len(self._columns["high"]):
            size = max(need, len(self._columns["high"]) * 3 // 2)
            grown = {name: np.empty(size, dtype) for name, dtype in _TYPES.items()}
            for name, column in grown.items():
                column[: self.count] = self._columns[name][: self.count]
            self._columns = grown
        for name, values in zip(VectorRow._fields, zip(*rows, strict=True), strict=False):
            if name in _NAMED:
                values = tuple([self._code(name, value) for value in values])
            self._columns[name][self.count : need] = np.array(values, _TYPES[name])
        self.count = need

    def mask(self, where: Where, count: int) -> Mask:
        """Which of the first *count* rows the filter lets through."""
        column = {name: values[:count] for name, values in self._columns.items()}
        mask: Mask = np.ones(count, np.bool_)
        if where.from_ms is not None:
            if where.from_ms > ULID_TIME_MAX_MS:
                return np.zeros(count, np.bool_)
            mask &= column["high"] >= np.uint64(max(0, where.from_ms) << 16)
        if where.until_ms is not None:
            if where.until_ms < 0:
                return np.zeros(count, np.bool_)
            mask &= column["high"] <= np.uint64(min(where.until_ms, ULID_TIME_MAX_MS) << 16 | 0xFFFF)
        for name, wanted in zip(_NAMED, (where.agents, where.projects, where.sessions), strict=True):
            if wanted:
                codes = self._names[name]
                mask &= _among(column[name], [codes[value] for value in wanted if value in codes])
        if where.roles:
            mask &= _among(column["role"], [ROLE_CODES[role] for role in where.roles])
        if where.kinds:
            mask &= _among(column["kind"], [KIND_CODES[kind] for kind in where.kinds])
        if where.types:
            mask &= (column["types"] & np.uint16(type_bits(where.types))) != 0
        return mask

    def ranked(self, rows: NDArray[np.int64], scores: NDArray[np.float64]) -> Matches:
        """Of each event the best of the rows, best first; ties in order of id and start."""
        high, low, start, end, session = (
            self._columns[name][rows] for name in ("high", "low", "start", "end", "session")
        )
        order = np.lexsort((start, low, high, -scores))
        keys = keys_of_halves(high[order], low[order])
        firsts = firsts_of(keys)
        best = order[firsts]
        sessions = self._keys_of_sessions()[session[best]]
        return Matches(keys[firsts], start[best].astype(np.int64), end[best].astype(np.int64), scores[best], sessions)

    def hold_events(self, rows: NDArray[np.int64], count: int) -> bool:
        """Whether the rows belong to so many events at least."""
        # No two first passages are of one event, and most events have no second.
        if np.count_nonzero(self._columns["start"][rows] == 0) >= count:
            return True
        return len(np.unique(keys_of_halves(self._columns["high"][rows], self._columns["low"][rows]))) >= count

    def sorted_rows(self, checks: Sequence[int]) -> Iterator[tuple[str, bytes]]:
        """The passage of each of the first rows, with its check, in order of event and start."""
        high, low, start, end = (self._columns[name][: len(checks)] for name in ("high", "low", "start", "end"))
        ids = event_ids_of(high, low)
        for at in np.lexsort((start, low, high)).tolist():
            key = f"{ids[at]}/{int(start[at]):07d}"
            yield key, msgspec.msgpack.encode((int(end[at]), checks[at]))

    # -- on disk ----------------------------------------------------------------------------------

    def save(self, folder: Path) -> None:
        """Write `columns.npz` and `names.json` into the folder."""
        with (folder / "columns.npz").open("wb") as file:
            columns: dict[str, Any] = {name: column[: self.count] for name, column in self._columns.items()}
            np.savez(file, allow_pickle=False, **columns)
        names = {name: list(codes) for name, codes in self._names.items()}
        (folder / "names.json").write_bytes(msgspec.json.encode(_escaped(names)))

    @classmethod
    def load(cls, folder: Path) -> Columns:
        """What `save` wrote. Errors: whatever numpy and msgspec raise over other files."""
        columns = cls()
        with np.load(folder / "columns.npz", allow_pickle=False) as saved:
            columns._columns = {name: saved[name].astype(dtype) for name, dtype in _TYPES.items()}
        columns.count = len(columns._columns["high"])
        if any(len(column) != columns.count for column in columns._columns.values()):
            raise ValueError("columns of different lengths")
        names = _unescaped(msgspec.json.decode((folder / "names.json").read_bytes(), type=dict[str, list[str]]))
        columns._names = {name: {value: code for code, value in enumerate(names[name])} for name in _NAMED}
        columns._session_keys = [session_key(name) for name in names["session"]]
        return columns

    def _keys_of_sessions(self) -> NDArray[np.uint64]:
        """By code."""
        column = self._session_column
        if len(column) < len(self._session_keys):
            column = self._session_column = np.array(self._session_keys, np.uint64)
        return column

    def _code(self, column: str, name: str) -> int:
        codes = self._names[column]
        if column == "session" and name not in codes:
            self._session_keys.append(session_key(name))
        # A reader of `mask` may look on: the code is there before the row that uses it is counted.
        return codes.setdefault(name, len(codes))


def _among(column: NDArray[Any], codes: Sequence[int]) -> Mask:
    if len(codes) == 1:
        equal: Mask = column == codes[0]
        return equal
    return np.isin(column, codes)


def _escaped(names: dict[str, list[str]]) -> dict[str, list[str]]:
    # A name may hold a lone surrogate, which JSON in UTF-8 cannot.
    return {k: [v.encode("utf-8", "surrogatepass").hex() for v in values] for k, values in names.items()}


def _unescaped(names: dict[str, list[str]]) -> dict[str, list[str]]:
    return {k: [bytes.fromhex(v).decode("utf-8", "surrogatepass") for v in values] for k, values in names.items()}
