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

from agent_memory.indexes.event_ids import EventKeys, event_keys_of, ids_of_keys, times_of
from agent_memory.indexes.model import Match
from agent_memory.indexes.turns import Turns

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

GAP = 32
"""Empty places between two sessions: further than any judge looks."""

SESSIONS_MAX = 96
"""Sessions whose neighbourhoods are looked at; those with the strongest evidence."""

GIVES_NOTHING = frozenset({"phrase"})
"""Who quotes wants the words as they stand, not what stands beside them."""

NEIGHBOURS_OF = 100
NEIGHBOURS_AWAY = 2
"""Beside the strongest so many events, those up to so far away are weighed too, though no retriever found them."""


class Found:
    """What one retriever returned: *everywhere*, and in the *lists* that it was asked for under a filter.

    Its scores count from *floor* (that of the last event everywhere, where None is given) to the
    best everywhere, or to *top* where that is more. So what a score is worth depends on the query
    and the store, never on a filter.
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
        self.everywhere = frozenset(match.event_id for match in (*everywhere[:depth], *also))
        """What gives evidence to its neighbours, whatever the filter and the limit: the first *depth*, and *also*."""
        self.admitted: set[str] = set()
        self.top = max(top, everywhere[0].score) if everywhere else 0.0
        self.floor = floor if floor is not None else everywhere[-1].score if everywhere else 0.0
        self.best = {match.event_id: match for match in everywhere}
        for match in also:
            self.best.setdefault(match.event_id, match)
        for matches in lists:
            for match in matches:
                self.best.setdefault(match.event_id, match)
                self.admitted.add(match.event_id)

    @property
    def knows_sessions(self) -> bool:
        """Whether its matches tell their sessions."""
        return any(match.session for match in self.best.values())

    def sessions(self) -> list[int]:
        """The key of each match's session, 0 where it is not known."""
        return [match.session for match in self.best.values()]

    def worth(self, scores: Floats) -> Floats:
        """From 0 to 1."""
        if self.top <= self.floor:
            return (scores >= self.top).astype(np.float64)
        return np.clip((scores - self.floor) / (self.top - self.floor), 0.0, 1.0)


class Pool:
    """Rows are events; columns are filled by the judges.

    ``found`` are the retrievers' answers by signal, ``evidence`` the weighted mean of their scores
    by row, from 0 to 1, and ``given`` as much of it as the row's neighbours inherit: what was found
    everywhere. An event that only a filter let come up inherits and gives nothing, so that no
    score depends on the filter.
    """

    def __init__(
        self,
        found: Mapping[str, Found],
        normal: Mapping[str, Floats],
        evidence: Floats,
        given: Floats,
        ids: list[str],
        sessions: Sequence[int],
        turns: Mapping[int, Turns],
        *,
        passing: NDArray[np.bool_] | None = None,
    ) -> None:
        self.found = found
        self.normal = dict(normal)
        self.ids = ids
        self.evidence = evidence
        self.given = given
        self._lay_out(sessions, turns, passing)

    def __len__(self) -> int:
        return len(self.ids)

    def is_found(self, row: int) -> bool:
        """Whether a retriever found a passage of it; else it is there as a neighbour, or for what it mentions."""
        event_id = self.ids[row]
        return any((match := one.best.get(event_id)) is not None and match.end > 0 for one in self.found.values())

    def excluded(self) -> frozenset[str]:
        """Under a filter: what was found by words or meaning everywhere and not among what passes it.

        Both lists are as long, so what would pass is in the second; neighbours are still to be looked at.
        """
        passed: set[str] = set()
        seen: set[str] = set()
        for name in ("lexical", "vector"):
            if name in self.found:
                passed |= self.found[name].admitted
                seen |= self.found[name].best.keys()
        return frozenset(seen - passed)

    def times_ms(self) -> Places:
        """When each event happened."""
        return times_of(self.ids)

    def take(self, line: Floats) -> Floats:
        """For each row what stands at its place in the line; 0 for a row without a place."""
        taken = line[np.maximum(self.place, 0)]
        taken[self.place < 0] = 0
        return taken

    def _lay_out(self, sessions: Sequence[int], turns: Mapping[int, Turns], passing: NDArray[np.bool_] | None) -> None:
        parts = {session: of_it for session, of_it in turns.items() if len(of_it.keys)}
        self.place = np.full(len(self.ids), -1, np.int64)
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
        keys = event_keys_of(self.ids)
        at = _places_in(every, starts, list(parts), keys, np.array(sessions, np.uint64))
        placed = every[at] == keys
        self.place[placed] = places[at[placed]]
        self.line[self.place[placed]] = self.given[placed]
        self._take_in_neighbours(every, places, passing)

    def _take_in_neighbours(self, every: EventKeys, places: Places, passing: NDArray[np.bool_] | None) -> None:
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
        self.ids += ids_of_keys(every[added])
        self.place = np.concatenate((self.place, places[added]))
        none = np.zeros(len(added))
        self.evidence = np.concatenate((self.evidence, none))
        self.given = np.concatenate((self.given, none))
        self.normal = {name: np.concatenate((column, none)) for name, column in self.normal.items()}


def pool_of(
    found: Mapping[str, Found],
    weights: Mapping[str, float],
    *,
    turns: Callable[[Mapping[int, Sequence[str]]], Mapping[int, Turns]],
    filtered: bool = False,
) -> Pool:
    """What was found, as one table; *turns* gives what stands around events that it is asked about.

    *filtered*: the lists that retrievers were asked for hold what passes a filter, so there it is looked first.
    """
    session_of: dict[str, int] = {}
    # Who does not know the session of an event says 0, and is corrected by who does.
    for one in sorted(found.values(), key=lambda one: one.knows_sessions):
        session_of.update(zip(one.best, one.sessions(), strict=True))
    rows = {event_id: row for row, event_id in enumerate(session_of)}
    normal: dict[str, Floats] = {}
    evidence, given = np.zeros(len(rows)), np.zeros(len(rows))
    total = sum(weights[name] for name in found) or 1.0
    for name, one in found.items():
        places = np.fromiter(map(rows.__getitem__, one.best), np.int64, len(one.best))
        normal[name] = np.zeros(len(rows))
        normal[name][places] = one.worth(np.array([match.score for match in one.best.values()]))
        evidence += weights[name] / total * normal[name]
        if name not in GIVES_NOTHING:
            gives = np.fromiter((event_id in one.everywhere for event_id in rows), np.bool_, len(rows))
            given += weights[name] / total * np.where(gives, normal[name], 0.0)
    sessions = list(session_of.values())
    passing = None
    if filtered:
        admitted = frozenset[str]().union(*(one.admitted for one in found.values()))
        passing = np.fromiter((event_id in admitted for event_id in rows), np.bool_, len(rows))
    around = turns(_to_look_around(list(rows), sessions, evidence if passing is None else evidence + passing))
    return Pool(found, normal, evidence, given, list(rows), sessions, around, passing=passing)


def _to_look_around(ids: Sequence[str], sessions: Sequence[int], strengths: Floats) -> dict[int, list[str]]:
    """Events by session, the strongest first, of the sessions with the strongest; those without a session under 0."""
    found: dict[int, list[str]] = {}
    best_first = np.lexsort((np.array(sessions, np.uint64), -strengths)).tolist()
    for row in best_first:
        session = sessions[row]
        if session in found:
            found[session].append(ids[row])
        elif not session or len(found) - (0 in found) < SESSIONS_MAX:
            found[session] = [ids[row]]
    return found


def _places_in(
    every: EventKeys, starts: Places, laid_out: Sequence[int], keys: EventKeys, sessions: NDArray[np.uint64]
) -> Places:
    """Where in *every* each event would be, by its session, and for those without by where there is such an event."""
    by_session = np.argsort(sessions, kind="stable")
    ordered, of_session = keys[by_session], sessions[by_session]
    wanted = np.array(laid_out, np.uint64)
    firsts, ends = of_session.searchsorted(wanted), of_session.searchsorted(wanted, "right")
    places = np.zeros(len(keys), np.int64)
    bounds = (starts[:-1].tolist(), starts[1:].tolist(), firsts.tolist(), ends.tolist())
    for start, end, first, last in zip(*bounds, strict=True):
        if first < last:
            places[first:last] = every[start:end].searchsorted(ordered[first:last])
            places[first:last] += start
    at = np.empty(len(keys), np.int64)
    at[by_session] = places
    homeless = by_session[: of_session.searchsorted(np.uint64(0), "right")]
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
