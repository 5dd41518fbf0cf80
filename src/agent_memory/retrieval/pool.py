"""The events that a search weighs: what the retrievers found, and what stands beside it.

    sessions   |.. s1 .............| gap |. s2 ....| gap |..   `Pool.place`: where in this line an event stands
    line       0 0 .4 0 .9 0 0 0 0   0     0 .7 0 0    0       what words and meaning give of each event

A session's events are laid out in order, with gaps between sessions, so that what the judges ask of
neighbours is a shift of one array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent_memory.indexes.event_ids import EventKeys, ids_of_keys, times_of
from agent_memory.indexes.matches import Floats, Matches, Places
from agent_memory.indexes.model import Match
from agent_memory.indexes.turns import Turns

Mask = NDArray[np.bool_]

GAP = 32
"""Empty places between two sessions: further than any judge looks."""

SESSIONS_MAX = 64
"""Sessions whose neighbourhoods are looked at; those with the strongest evidence."""

GIVES_NOTHING = frozenset({"phrase"})
"""Who quotes wants the words as they stand, not what stands beside them."""

NEIGHBOURS_OF = 100
NEIGHBOURS_AWAY = 2
"""Beside the strongest so many events, those up to so far away are weighed too, though no retriever found them."""

_NOWHERE = -1
_NO_KEYS = np.empty(0, "S16")


class Found:
    """What one retriever returned: *everywhere*, and in the *lists* that it was asked for under a filter.

    Its scores count from *floor* (that of the last event everywhere, where None is given) to the
    best everywhere, or to *top* where that is more. So what a score is worth depends on the query
    and the store, never on a filter.

    ``matches`` are of each event the first, in order of key. ``gives``: which of them give evidence to
    their neighbours, whatever the filter and the limit: the first *depth*, and *also*. ``admitted``:
    which of them are in the lists.
    """

    def __init__(
        self,
        everywhere: Sequence[Match],
        *lists: Sequence[Match],
        depth: int | None = None,
        also: Sequence[Match] = (),
        floor: float | None = None,
        top: float = 0.0,
    ) -> None:
        parts = [Matches.of(part) for part in (everywhere, also, *lists)]
        ends = np.cumsum([len(part) for part in parts])
        every = Matches.joined([part for part in parts if len(part)] or parts[:1])
        keys, firsts, of_row = np.unique(every.keys, return_index=True, return_inverse=True)
        self.matches = every.take(firsts)
        self.gives = np.zeros(len(keys), np.bool_)
        self.gives[of_row[: ends[0]][:depth]] = True
        self.gives[of_row[ends[0] : ends[1]]] = True
        self.admitted = np.zeros(len(keys), np.bool_)
        self.admitted[of_row[ends[1] :]] = True
        scores = parts[0].scores
        self.top = max(top, float(scores[0])) if len(scores) else 0.0
        self.floor = floor if floor is not None else float(scores[-1]) if len(scores) else 0.0

    def __len__(self) -> int:
        return len(self.matches)

    @property
    def knows_sessions(self) -> bool:
        """Whether its matches tell their sessions."""
        return bool(self.matches.sessions.any())

    def worth(self, scores: Floats) -> Floats:
        """From 0 to 1."""
        if self.top <= self.floor:
            return (scores >= self.top).astype(np.float64)
        return np.clip((scores - self.floor) / (self.top - self.floor), 0.0, 1.0)


class Pool:
    """Rows are events; columns are filled by the judges.

    ``normal`` are the retrievers' scores by signal and row, from 0 to 1, ``evidence`` their weighted
    mean, and ``given`` as much of it as the row's neighbours inherit: what was found everywhere. An
    event that only a filter let come up inherits and gives nothing, so that no score depends on the
    filter. ``is_found``: whether a retriever found a passage of it; else it is there as a neighbour, or for
    what it mentions. ``is_excluded``: under a filter, what was found by words or meaning everywhere and
    not among what passes it. Both lists are as long, so what would pass is in the second.
    """

    def __init__(
        self,
        found: Mapping[str, Found],
        weights: Mapping[str, float],
        *,
        turns: Callable[[Mapping[int, EventKeys]], Mapping[int, Turns]],
        filtered: bool = False,
    ) -> None:
        self.found = found
        self.keys = np.unique(np.concatenate([_NO_KEYS, *(one.matches.keys for one in found.values())]))
        rows = {name: self.keys.searchsorted(one.matches.keys) for name, one in found.items()}
        self.normal: dict[str, Floats] = {}
        self.evidence, self.given = np.zeros(len(self)), np.zeros(len(self))
        self.is_found, self.is_excluded = np.zeros(len(self), np.bool_), np.zeros(len(self), np.bool_)
        self._matches = {name: np.full(len(self), _NOWHERE, np.int64) for name in found}
        sessions = np.zeros(len(self), np.uint64)
        admitted = np.zeros(len(self), np.bool_)
        total = sum(weights[name] for name in found) or 1.0
        for name, one in found.items():
            at = rows[name]
            normal = one.worth(one.matches.scores)
            self.normal[name] = np.zeros(len(self))
            self.normal[name][at] = normal
            self.evidence[at] += weights[name] / total * normal
            if name not in GIVES_NOTHING:
                self.given[at] += weights[name] / total * np.where(one.gives, normal, 0.0)
            self.is_found[at] |= one.matches.ends > 0
            self._matches[name][at] = np.arange(len(one))
            admitted[at] |= one.admitted
            if one.knows_sessions:
                # Who does not know the session of an event says 0.
                sessions[at] = np.where(one.matches.sessions != 0, one.matches.sessions, sessions[at])
        if filtered:
            passed = np.zeros(len(self), np.bool_)
            for name in ("lexical", "vector"):
                if name in found:
                    self.is_excluded[rows[name]] = True
                    passed[rows[name]] |= found[name].admitted
            self.is_excluded &= ~passed
        # Under a filter the lists hold what passes it, so there it is looked first.
        strengths = self.evidence + admitted if filtered else self.evidence
        around = turns(_to_look_around(self.keys, sessions, strengths))
        self._lay_out(sessions, around, admitted if filtered else None)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def ids(self) -> list[str]:
        """The ids of all rows."""
        return ids_of_keys(self.keys)

    def ids_at(self, rows: Places | Sequence[int]) -> list[str]:
        """The ids of some rows."""
        return ids_of_keys(self.keys[rows])

    def matched(self, name: str, rows: Places) -> Places:
        """Where among a retriever's matches the events of the rows stand; -1 for what it did not find."""
        return self._matches[name][rows]

    def traits_at(self, row: int) -> int | None:
        """The traits of a row's event; None where its session's order does not have it yet."""
        place = int(self.place[row])
        return None if place == _NOWHERE else int(self.traits[place])

    def times_ms(self) -> Places:
        """When each event happened."""
        return times_of(self.keys)

    def take(self, line: Floats) -> Floats:
        """For each row what stands at its place in the line; 0 for a row without a place."""
        taken = line[np.maximum(self.place, 0)]
        taken[self.place < 0] = 0
        return taken

    def _lay_out(self, sessions: NDArray[np.uint64], turns: Mapping[int, Turns], passing: Mask | None) -> None:
        parts = {session: turns[session] for session in sorted(turns) if len(turns[session].keys)}
        self.place = np.full(len(self), _NOWHERE, np.int64)
        if not parts:
            self.traits, self.line = np.zeros(GAP, np.uint64), np.zeros(GAP)
            return
        starts = np.cumsum([0, *(len(of_it.keys) for of_it in parts.values())])
        every = np.concatenate([of_it.keys for of_it in parts.values()])
        gaps = np.zeros(len(every), np.int64)
        gaps[starts[:-1]] = GAP
        for start, of_it in zip(starts.tolist(), parts.values(), strict=False):
            if len(of_it.cuts):
                gaps[start + of_it.cuts] = GAP
        places = np.arange(len(every)) + np.cumsum(gaps)
        size = int(places[-1]) + 1 + GAP
        self.traits, self.line = np.zeros(size, np.uint64), np.zeros(size)
        self.traits[places] = np.concatenate([of_it.traits for of_it in parts.values()])
        at = _places_in(every, starts, list(parts), self.keys, sessions)
        placed = every[at] == self.keys
        self.place[placed] = places[at[placed]]
        self.line[self.place[placed]] = self.given[placed]
        self._take_in_neighbours(every, places, passing)

    def _take_in_neighbours(self, every: EventKeys, places: Places, passing: Mask | None) -> None:
        best_first = np.argsort(-self.evidence, kind="stable")
        strongest = best_first[:NEIGHBOURS_OF]
        if passing is not None:
            # What a filter keeps out may have a neighbour that passes, and what passes has neighbours, too.
            strongest = np.concatenate((strongest, best_first[passing[best_first]][:NEIGHBOURS_OF]))
        strongest = self.place[strongest]
        strongest = strongest[strongest >= 0]
        if not len(strongest):
            return
        near = np.zeros(len(self.line), np.bool_)
        for by in range(-NEIGHBOURS_AWAY, NEIGHBOURS_AWAY + 1):
            near[strongest + by] = True
        near[self.place[self.place >= 0]] = False
        # In a gap there stands nothing.
        added = np.flatnonzero(near[places])
        self.keys = np.concatenate((self.keys, every[added]))
        self.place = np.concatenate((self.place, places[added]))
        none, no = np.zeros(len(added)), np.zeros(len(added), np.bool_)
        self.evidence = np.concatenate((self.evidence, none))
        self.given = np.concatenate((self.given, none))
        self.is_found = np.concatenate((self.is_found, no))
        self.is_excluded = np.concatenate((self.is_excluded, no))
        nowhere = np.full(len(added), _NOWHERE)
        self.normal = {name: np.concatenate((column, none)) for name, column in self.normal.items()}
        self._matches = {name: np.concatenate((column, nowhere)) for name, column in self._matches.items()}


def _to_look_around(keys: EventKeys, sessions: NDArray[np.uint64], strengths: Floats) -> dict[int, EventKeys]:
    """Events by session, the strongest first, of the sessions with the strongest; those without a session under 0."""
    best_first = np.lexsort((sessions, -strengths))
    of_best = sessions[best_first]
    known, firsts = np.unique(of_best, return_index=True)
    chosen = known[np.argsort(firsts)]
    chosen = np.concatenate((chosen[chosen != 0][:SESSIONS_MAX], chosen[chosen == 0]))
    together = np.argsort(of_best, kind="stable")
    ordered = of_best[together]
    starts, ends = ordered.searchsorted(chosen).tolist(), ordered.searchsorted(chosen, "right").tolist()
    by_session = keys[best_first[together]]
    return {session: by_session[start:end] for session, start, end in zip(chosen.tolist(), starts, ends, strict=True)}


def _places_in(
    every: EventKeys, starts: Places, laid_out: Sequence[int], keys: EventKeys, sessions: NDArray[np.uint64]
) -> Places:
    """Where in *every* each event would be, by its session, and for those without by where there is such an event."""
    of_every = np.repeat(np.array(laid_out, np.uint64), np.diff(starts))
    at = _in_session(of_every, every).searchsorted(_in_session(sessions, keys))
    homeless = np.flatnonzero(sessions == 0)
    if len(homeless):
        homeless = homeless[np.argsort(keys[homeless])]
        nearby = keys[homeless]
        firsts, ends = nearby.searchsorted(every[starts[:-1]]), nearby.searchsorted(every[starts[1:] - 1], "right")
        for which in np.flatnonzero(firsts < ends).tolist():
            some = slice(firsts[which], ends[which])
            there = starts[which] + every[starts[which] : starts[which + 1]].searchsorted(nearby[some])
            same = every[there] == nearby[some]
            at[homeless[some][same]] = there[same]
    return np.minimum(at, len(every) - 1)


def _in_session(sessions: NDArray[np.uint64], keys: EventKeys) -> NDArray[np.bytes_]:
    """Keys that sort by session first."""
    both = np.empty((len(keys), 24), np.uint8)
    both[:, :8] = sessions.astype(">u8").view(np.uint8).reshape(-1, 8)
    both[:, 8:] = np.ascontiguousarray(keys).view(np.uint8).reshape(-1, 16)
    return both.view("S24").ravel()
