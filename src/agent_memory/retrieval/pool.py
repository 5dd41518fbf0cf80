"""The events that a search weighs: what the retrievers found, and what stands beside it.

    sessions   |.. s1 .............| gap |. s2 ....| gap |..   `Pool.place`: where in this line an event stands
    line       0 0 .4 0 .9 0 0 0 0   0     0 .7 0 0    0       what words and meaning give of each event

A session's events are laid out in order, with gaps between sessions, so that what the judges ask of
neighbours is a shift of one array.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from agent_memory.indexes.event_ids import EventKeys, ids_of_keys, times_of
from agent_memory.indexes.matches import Floats, Matches, Places
from agent_memory.indexes.model import Match
from agent_memory.indexes.turns import Turns

GAP = 16
"""Empty places between two sessions: as far as any judge looks."""

SESSIONS_MAX = 32
"""Sessions whose neighbourhoods are looked at; those with the strongest evidence."""

GIVES_NOTHING = frozenset({"phrase"})
"""Who quotes wants the words as they stand, not what stands beside them."""

NEIGHBOURS_OF = 100
NEIGHBOURS_AWAY = 2
"""Beside the strongest so many events, those up to so far away are weighed too, though no retriever found them."""

# The last place of the line: empty, and further away than any judge looks.
_NOWHERE = -1
_NO_KEYS = np.empty(0, "S16")
_AT_START = np.zeros(1, np.int64)
_AWAY = np.arange(-NEIGHBOURS_AWAY, NEIGHBOURS_AWAY + 1)


class Found:
    """What one retriever returned: *everywhere*, and in the *lists* that it was asked for under a filter.

    In each of them an event is there once. Its scores count from *floor* (that of the last event
    everywhere, where None is given) to the best everywhere, or to *top* where that is more. So what
    a score is worth depends on the query and the store, never on a filter.

    ``matches`` are of each event the first. ``gives``: which of them give evidence to their
    neighbours, whatever the filter and the limit: the first *depth*, and *also*. ``admitted``: which
    of them are in the lists.
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
        whole = Matches.of(everywhere)
        if not lists and not also:
            # As most are asked: there is nothing to tell apart.
            self.matches = whole
            self.gives = np.ones(len(whole), np.bool_)
            self.gives[len(whole) if depth is None else depth :] = False
            self.admitted = np.zeros(len(whole), np.bool_)
        else:
            self._join([whole, Matches.of(also), *map(Matches.of, lists)], depth)
        scores = whole.scores
        self.top = max(top, float(scores[0])) if len(scores) else 0.0
        self.floor = floor if floor is not None else float(scores[-1]) if len(scores) else 0.0

    def _join(self, parts: Sequence[Matches], depth: int | None) -> None:
        ends = np.cumsum([len(part) for part in parts])
        every = Matches.joined([part for part in parts if len(part)] or parts[:1])
        firsts, of_row = _told_apart(every.keys)
        self.matches = every.take(firsts)
        self.gives = np.zeros(len(firsts), np.bool_)
        self.gives[of_row[: ends[0]][:depth]] = True
        self.gives[of_row[ends[0] : ends[1]]] = True
        self.admitted = np.zeros(len(firsts), np.bool_)
        self.admitted[of_row[ends[1] :]] = True

    def __len__(self) -> int:
        return len(self.matches)

    def passage(self, place: int) -> tuple[int, int]:
        """Code points ``[start, end)`` of what it found of the event that stands there among its matches."""
        return int(self.matches.starts[place]), int(self.matches.ends[place])

    def worth(self, scores: Floats) -> Floats:
        """From 0 to 1."""
        if self.top <= self.floor:
            # What has no score at all was found for its time, and not for what was asked.
            fits: NDArray[np.bool_] = (scores >= self.top) & (scores != 0.0)
            return fits.astype(np.float64)
        worth: Floats = np.minimum(np.maximum((scores - self.floor) / (self.top - self.floor), 0.0), 1.0)
        return worth


class Pool:
    """Rows are events; columns are filled by the judges.

    ``normal`` are the retrievers' scores by signal and row, from 0 to 1, ``evidence`` their weighted
    mean, and ``given`` as much of it as the row's neighbours inherit: what was found everywhere. An
    event that only a filter let come up inherits and gives nothing, so that no score depends on the
    filter. ``is_found``: whether a retriever found a passage of it; else it is there as a neighbour, or for
    what it mentions. ``is_excluded``: under a filter, what was found by words or meaning everywhere and
    not among what passes it. Both lists are as long, so what would pass is in the second. ``place``: where
    in the line it stands, ``traits``: of what sort it is; -1 and 0 where its session's order does not have it.
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
        every = np.concatenate([_NO_KEYS, *(one.matches.keys for one in found.values())])
        firsts, of_row = _told_apart(every)
        keys = every[firsts]
        ends = accumulate(map(len, found.values()))
        rows = {name: of_row[end - len(one) : end] for end, (name, one) in zip(ends, found.items(), strict=True)}
        # Made once, with room for the neighbours that are taken in below: each costs less than to make it longer.
        size = len(keys) + NEIGHBOURS_OF * 2 * NEIGHBOURS_AWAY * (2 if filtered else 1)
        numbers = np.zeros((2 + len(found), size))
        evidence, given = numbers[:2]
        is_found, is_excluded = np.zeros((2, size), np.bool_)
        matched = np.full((len(found), size), _NOWHERE, np.int64)
        sessions = np.zeros(len(keys), np.uint64)
        admitted = np.zeros(len(keys), np.bool_)
        total = sum(weights[name] for name in found) or 1.0
        for column, (name, one) in enumerate(found.items()):
            at = rows[name]
            normal = one.worth(one.matches.scores)
            numbers[2 + column, at] = normal
            weighed = weights[name] / total * normal
            evidence[at] += weighed
            if name not in GIVES_NOTHING:
                given[at] += weighed * one.gives
            is_found[at] |= one.matches.ends > 0
            matched[column, at] = np.arange(len(one))
            if filtered:
                admitted[at] |= one.admitted
            # Who does not know the session of an event says 0.
            sessions[at] = np.maximum(sessions[at], one.matches.sessions)
        if filtered:
            passed = np.zeros(len(keys), np.bool_)
            for name in ("lexical", "vector"):
                if name in found:
                    is_excluded[rows[name]] = True
                    passed[rows[name]] |= found[name].admitted
            is_excluded[: len(keys)] &= ~passed
        self.keys, self.evidence, self.given = keys, evidence[: len(keys)], given[: len(keys)]
        best_first = strongest_first = np.argsort(-self.evidence, kind="stable")
        strengths = self.evidence
        if filtered:
            # The lists hold what passes it, so there it is looked first.
            strengths = self.evidence + admitted
            strongest_first = np.argsort(-strengths, kind="stable")
        around = turns(_to_look_around(keys, sessions, strengths, strongest_first))
        strongest = best_first[:NEIGHBOURS_OF]
        if filtered:
            # What a filter keeps out may have a neighbour that passes, and what passes has neighbours, too.
            strongest = np.concatenate((strongest, best_first[admitted[best_first]][:NEIGHBOURS_OF]))
        # What is there for its time alone tells nothing of its neighbours.
        self._lay_out(around, strongest[self.evidence[strongest] > 0])
        self.evidence, self.given = evidence[: len(self)], given[: len(self)]
        self.is_found, self.is_excluded = is_found[: len(self)], is_excluded[: len(self)]
        self.normal: dict[str, Floats] = dict(zip(found, numbers[2:, : len(self)], strict=True))
        self._matched: dict[str, Places] = dict(zip(found, matched[:, : len(self)], strict=True))

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
        return self._matched[name][rows]

    def traits_at(self, row: int) -> int | None:
        """The traits of a row's event; None where its session's order does not have it yet."""
        return None if self.place[row] == _NOWHERE else int(self.traits[row])

    def times_ms(self) -> Places:
        """When each event happened."""
        return times_of(self.keys)

    def take(self, line: Floats) -> Floats:
        """For each row what stands at its place in the line; 0 for a row without a place."""
        return line[self.place]

    def _lay_out(self, turns: Mapping[int, Turns], strongest: Places) -> None:
        # In order of time, so that their events in a row are almost in order, too.
        parts = sorted([of_it for of_it in turns.values() if len(of_it.keys)], key=_begin)
        self.place = np.full(len(self), _NOWHERE, np.int64)
        if not parts:
            self.line, self.line_traits = np.zeros(GAP), np.zeros(GAP, np.uint64)
            self.traits = np.zeros(len(self), np.uint64)
            return
        every = np.concatenate([of_it.keys for of_it in parts])
        starts = [0, *accumulate([len(of_it.keys) for of_it in parts])]
        steps = np.ones(len(every), np.int64)
        steps[starts[:-1]] += GAP
        for start, of_it in zip(starts, parts, strict=False):
            if len(of_it.cuts):
                steps[start + of_it.cuts] += GAP
        places = np.cumsum(steps)
        size = int(places[-1]) + GAP + 2
        self.line, self.line_traits = np.zeros(size), np.zeros(size, np.uint64)
        self.line_traits[places] = np.concatenate([of_it.traits for of_it in parts])
        at = _places_in(every, self.keys)
        np.copyto(self.place, places[at], where=every[at] == self.keys)
        self.line[self.place] = self.given
        self.line[_NOWHERE] = 0.0
        self._take_in_neighbours(strongest, every, places)
        self.traits = self.line_traits[self.place]

    def _take_in_neighbours(self, strongest: Places, every: EventKeys, places: Places) -> None:
        near = np.zeros(len(self.line), np.bool_)
        near[self.place[strongest][:, None] + _AWAY] = True
        near[self.place] = False
        # In a gap there stands nothing.
        added = np.flatnonzero(near[places])
        self.keys = np.concatenate((self.keys, every[added]))
        self.place = np.concatenate((self.place, places[added]))


def order_of(keys: EventKeys) -> Places:
    """The places of the keys, in their order, equal ones as they stand.

    By their upper halves, which as numbers are sorted several times faster; by all of them only where
    two that differ have these in common.
    """
    upper = _upper_of(keys)
    order = upper.argsort(kind="stable")
    upper, ordered = upper[order], keys[order]
    if ((upper[1:] == upper[:-1]) & (ordered[1:] != ordered[:-1])).any():
        return keys.argsort(kind="stable")
    return order


def _told_apart(keys: EventKeys) -> tuple[Places, Places]:
    """The place of the first of each event, in order of key; and for each key, which of these it is."""
    order = order_of(keys)
    ordered = keys[order]
    is_first = np.ones(len(keys), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    of_row = np.empty(len(keys), np.int64)
    of_row[order] = is_first.cumsum() - 1
    return order[is_first], of_row


def _to_look_around(
    keys: EventKeys, sessions: NDArray[np.uint64], strengths: Floats, strongest_first: Places
) -> dict[int, EventKeys]:
    """Events by session, the strongest first, of the sessions with the strongest; those without a session under 0."""
    if not len(keys):
        return {}
    together = strongest_first[sessions[strongest_first].argsort(kind="stable")]
    grouped = sessions[together]
    starts = np.concatenate((_AT_START, np.flatnonzero(grouped[1:] != grouped[:-1]) + 1))
    known = grouped[starts]
    best_first = np.argsort(-strengths[together[starts]], kind="stable")
    chosen = best_first[known[best_first] != 0][:SESSIONS_MAX].tolist()
    if known[0] == 0:
        chosen.append(0)
    by_session, named = keys[together], known.tolist()
    bounds = [*starts.tolist(), len(keys)]
    return {named[group]: by_session[bounds[group] : bounds[group + 1]] for group in chosen}


def _places_in(every: EventKeys, keys: EventKeys) -> Places:
    """Where in *every*, or near it, each event would be: it is in one session only, whoever knows which."""
    upper = _upper_of(every)
    order = upper.argsort(kind="stable")
    upper = upper[order]
    if (upper[1:] == upper[:-1]).any():
        order = every.argsort(kind="stable")
        at = every[order].searchsorted(keys)
    else:
        at = upper.searchsorted(_upper_of(keys))
    return order[np.minimum(at, len(every) - 1)]


def _upper_of(keys: EventKeys) -> NDArray[np.uint64]:
    """The upper 64 bits of each key, a number that is compared and sorted many times faster than text."""
    return np.ascontiguousarray(keys).view(">u8")[::2].astype(np.uint64)


def _begin(turns: Turns) -> bytes:
    begin: bytes = turns.keys.item(0)
    return begin
