"""The events that a search weighs: what the retrievers found, and what stands beside it.

    sessions   |.. s1 .............| gap |. s2 ....| gap |..   `Pool.place`: where in this line an event stands
    line       0 0 .4 0 .9 0 0 0 0   0     0 .7 0 0    0       what words and meaning give of each event

A session's events are laid out in order, with gaps between sessions, so that what the judges ask of
neighbours is a shift of one array.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from agent_memory.indexes.event_ids import times_of
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
        floor: float | None = None,
        top: float = 0.0,
    ) -> None:
        self.everywhere = frozenset(match.event_id for match in everywhere[:depth])
        """What gives evidence to its neighbours: the first *depth*, whatever the filter and the limit."""
        self.admitted: set[str] = set()
        self.top = max(top, everywhere[0].score) if everywhere else 0.0
        self.floor = floor if floor is not None else everywhere[-1].score if everywhere else 0.0
        self.best = {match.event_id: match for match in everywhere}
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

    def traits_at(self, row: int) -> int:
        """The traits of a row's event; 0 where they are not known."""
        return int(self.traits[self.place[row]]) if self.place[row] >= 0 else 0

    def take(self, line: Floats) -> Floats:
        """For each row what stands at its place in the line; 0 for a row without a place."""
        taken = line[np.maximum(self.place, 0)]
        taken[self.place < 0] = 0
        return taken

    def _lay_out(self, sessions: Sequence[int], turns: Mapping[int, Turns], passing: NDArray[np.bool_] | None) -> None:
        offsets: dict[int, int] = {}
        size = GAP
        gap = np.zeros(GAP, np.uint64)
        traits = [gap]
        for session, of_it in turns.items():
            offsets[session] = size
            size += len(of_it.ids) + GAP
            traits += (of_it.traits, gap)
        self.traits = np.concatenate(traits)
        self.line = np.zeros(size)
        self.place = np.full(len(self.ids), -1, np.int64)
        for row, (event_id, session) in enumerate(zip(self.ids, sessions, strict=True)):
            of_it_ = turns.get(session)
            if of_it_ is None:
                continue
            at = bisect_left(of_it_.ids, event_id)
            if at < len(of_it_.ids) and of_it_.ids[at] == event_id:
                self.place[row] = offsets[session] + at
        self._find_the_homeless(sessions, turns, offsets)
        placed = self.place >= 0
        self.line[self.place[placed]] = self.given[placed]
        self._take_in_neighbours(turns, offsets, passing)

    def _find_the_homeless(
        self, sessions: Sequence[int], turns: Mapping[int, Turns], offsets: Mapping[int, int]
    ) -> None:
        """Put the events whose session nobody told into the sessions that are laid out, as far as they are of these."""
        homeless = {self.ids[row]: row for row, session in enumerate(sessions) if not session}
        if not homeless:
            return
        first, last = min(homeless), max(homeless)
        for session, of_it in turns.items():
            if not of_it.ids or of_it.ids[-1] < first or last < of_it.ids[0]:
                continue
            for event_id in homeless.keys() & of_it.ids:
                self.place[homeless[event_id]] = offsets[session] + bisect_left(of_it.ids, event_id)

    def _take_in_neighbours(
        self, turns: Mapping[int, Turns], offsets: Mapping[int, int], passing: NDArray[np.bool_] | None
    ) -> None:
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
        places = np.flatnonzero(near)
        starts = np.fromiter(offsets.values(), np.int64, len(offsets))
        sessions = list(turns.values())
        added: list[int] = []
        # What stands in a gap before a session has the session before it, and lies beyond its end.
        for place, which in zip(places.tolist(), (np.searchsorted(starts, places, "right") - 1).tolist(), strict=True):
            ids = sessions[which].ids
            at = place - int(starts[which])
            if which >= 0 and at < len(ids):
                self.ids.append(ids[at])
                added.append(place)
        if not added:
            return
        self.place = np.concatenate((self.place, np.array(added, np.int64)))
        none = np.zeros(len(added))
        self.evidence = np.concatenate((self.evidence, none))
        self.given = np.concatenate((self.given, none))
        self.normal = {name: np.concatenate((column, none)) for name, column in self.normal.items()}


def pool_of(
    found: Mapping[str, Found],
    weights: Mapping[str, float],
    *,
    turns: Callable[[Sequence[int]], Mapping[int, Turns]],
    filtered: bool = False,
) -> Pool:
    """What was found, as one table; *turns* gives those of the sessions that it is asked for.

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
    around = turns(_strongest(sessions, evidence if passing is None else evidence + passing))
    return Pool(found, normal, evidence, given, list(rows), sessions, around, passing=passing)


def _strongest(sessions: Sequence[int], strengths: Floats) -> list[int]:
    """The sessions to look around in, those with the strongest event first."""
    keys = np.array(sessions, np.uint64)
    best_first = keys[np.lexsort((keys, -strengths))].tolist()
    return [session for session in dict.fromkeys(best_first) if session][:SESSIONS_MAX]
