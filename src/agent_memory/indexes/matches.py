"""Matches in columns: a retriever returns hundreds, a page shows ten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from agent_memory.indexes.event_ids import EventKeys, event_keys_of, ids_of_keys, lows_of, times_of
from agent_memory.indexes.model import Match

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class Matches(Sequence[Match]):
    """A sequence of `Match`, each made when it is asked for; equal to any sequence of equal ones.

    Shapes: all columns are as long. ``keys`` are of the events, ``sessions`` uint64.
    """

    __slots__ = ("ends", "keys", "scores", "sessions", "starts")

    def __init__(
        self, keys: EventKeys, starts: Places, ends: Places, scores: Floats, sessions: NDArray[np.uint64]
    ) -> None:
        self.keys = keys
        self.starts = starts
        self.ends = ends
        self.scores = scores
        self.sessions = sessions

    @classmethod
    def of(cls, matches: Iterable[Match]) -> Matches:
        """The columns of what was made one by one."""
        if isinstance(matches, Matches):
            return matches
        rows = list(matches)
        if not rows:
            return _NONE
        return cls(
            event_keys_of([row.event_id for row in rows]),
            np.array([row.start for row in rows], np.int64),
            np.array([row.end for row in rows], np.int64),
            np.array([row.score for row in rows], np.float64),
            np.array([row.session for row in rows], np.uint64),
        )

    @classmethod
    def of_events(cls, keys: EventKeys, scores: Floats) -> Matches:
        """Events as a whole: their passages are empty, their sessions are not told."""
        nowhere = np.zeros(len(keys), np.int64)
        return cls(keys, nowhere, nowhere, scores, np.zeros(len(keys), np.uint64))

    @classmethod
    def joined(cls, lists: Sequence[Matches]) -> Matches:
        """One after the other."""
        if len(lists) == 1:
            return lists[0]
        return cls(
            np.concatenate([one.keys for one in lists]),
            np.concatenate([one.starts for one in lists]),
            np.concatenate([one.ends for one in lists]),
            np.concatenate([one.scores for one in lists]),
            np.concatenate([one.sessions for one in lists]),
        )

    def take(self, places: NDArray[np.int64] | slice) -> Matches:
        """Those at the places, in their order."""
        return Matches(
            self.keys[places], self.starts[places], self.ends[places], self.scores[places], self.sessions[places]
        )

    def between(self, from_ms: int | None, until_ms: int | None) -> Matches:
        """Those of events that happened from the one time to the other, both included."""
        times = times_of(self.keys)
        passing = np.ones(len(times), np.bool_)
        if from_ms is not None:
            passing &= times >= from_ms
        if until_ms is not None:
            passing &= times <= until_ms
        return self.take(np.flatnonzero(passing))

    def match(self, place: int, event_id: str) -> Match:
        """The one at the place, by whoever knows its event's id already."""
        columns = (self.starts, self.ends, self.scores, self.sessions)
        return Match(event_id, *(column[place].item() for column in columns))

    def __len__(self) -> int:
        return len(self.keys)

    @overload
    def __getitem__(self, place: int) -> Match: ...
    @overload
    def __getitem__(self, place: slice) -> Matches: ...
    def __getitem__(self, place: int | slice) -> Match | Matches:
        if isinstance(place, slice):
            return self.take(place)
        if not -len(self) <= place < len(self):
            raise IndexError(f"there are {len(self)} matches, none at {place}")
        return next(iter(self.take(slice(place, place + 1 or None))))

    def __iter__(self) -> Iterator[Match]:
        columns = (self.starts.tolist(), self.ends.tolist(), self.scores.tolist(), self.sessions.tolist())
        return map(Match, ids_of_keys(self.keys), *columns)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(Match.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        return f"Matches({list(self)!r})"


_NONE = Matches.of_events(event_keys_of(()), np.empty(0, np.float64))


def firsts_of(keys: EventKeys) -> Places:
    """The places of the first of each event, in order."""
    # Mostly none is there twice, which the random halves tell in a third of the time.
    lows = np.sort(lows_of(keys))
    if (lows[1:] != lows[:-1]).all():
        return np.arange(len(keys))
    firsts = np.unique(keys, return_index=True)[1]
    firsts.sort()
    return firsts
