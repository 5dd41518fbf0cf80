"""What speaks for an event besides its own words: small pure functions from a pool to a column of scores.

Each gives one score a row, from 0 to about 1; `fusion` says how much it counts, and why.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent_memory.annotation import MemoryType
from agent_memory.annotation.traits import (
    ends_with_question,
    has_role,
    has_type,
    names_time,
    said_by,
    share_of_questions,
    words_in,
)
from agent_memory.indexes.event_ids import event_keys_of
from agent_memory.indexes.matches import Floats
from agent_memory.retrieval.asked import Asked
from agent_memory.retrieval.pool import Pool
from agent_memory.temporal import TimeOrder, TimeReading, TimeSpan

PREVIOUS = 0.35
ANSWERS = 0.5
NEXT = 0.2
SECOND = 0.15
AROUND = 0.6
TOPIC = 0.1
FADING = 0.9
"""How much of a neighbour's evidence an event inherits: from the one before it, more where that one
is a question (its answer is often the next turn), from the one after it, from those two away; from
the best of the 16 on each side, and a little from all of these, a tenth less with each event between.
"""

CONTEXT_WHOLE = PREVIOUS + ANSWERS + NEXT + AROUND
"""What the answer to the best of all matches inherits; where many neighbours fit it is more."""

WORDS_HALF = 8
"""A text with so many telling words says half as much by itself as one can."""

RELEVANT = 0.5
"""First and last are told among events with at least this share of the best evidence."""

NAMED = 0.8
"""What names the time that is asked for is worth as much as what was said then; so much where no topic is asked for."""

FURTHEST = 32
"""What is twice to the power of that many seconds away, more than a century, is no first or last."""

SETTLING = frozenset({MemoryType.DECISION, MemoryType.PREFERENCE, MemoryType.CONSTRAINT})
"""The types of what is meant to hold for longer."""

DAY_MS = 86_400_000


def context(pool: Pool) -> Floats:
    """What an event inherits from its neighbours and its session."""
    line, at = pool.line, pool.place
    best, total = _around(line)
    before = line[at - 1]
    asks = ends_with_question(pool.line_traits[at - 1])
    inherited: Floats = PREVIOUS * before + ANSWERS * (before * asks) + NEXT * line[at + 1]
    inherited += SECOND * (line[at - 2] + line[at + 2])
    inherited += AROUND * np.maximum(line[at], best[at])
    inherited += TOPIC * total[at]
    return inherited / CONTEXT_WHOLE


def substance(pool: Pool) -> Floats:
    """How much a text says by itself: the more telling words the more, questions and pleasantries little."""
    words = words_in(pool.traits).astype(np.float64)
    says: Floats = words / (words + WORDS_HALF) * (1.0 - share_of_questions(pool.traits) / 2)
    return says


def salience(pool: Pool) -> Floats:
    """How much an event weighs whatever is asked: what it says by itself, and whether it settles something."""
    settles: Floats = has_type(pool.traits, SETTLING).astype(np.float64)
    return (substance(pool) + settles) / 2


def speaker(pool: Pool, asked: Asked) -> Floats:
    """Whether these are the words of whom the query names, or of the one whom it calls `I` or `you`.

    Worth twice as much where the query asks what was said.
    """
    speakers = said_by(pool.traits)
    heard: NDArray[np.bool_] = speakers > 0
    if heard.any():
        # Where nobody has a name, as between one user and an agent, there is no need to compare them.
        heard &= np.isin(speakers, list(asked.speakers))
    if asked.role is not None:
        heard |= has_role(pool.traits, asked.role) & (pool.place >= 0)
    return heard.astype(np.float64) * (1.0 if asked.asks_what_was_said else 0.5)


def types(pool: Pool, asked: Asked) -> Floats:
    """Whether it states the sort of thing that the query is after."""
    if not asked.types:
        return np.zeros(len(pool))
    stated: Floats = has_type(pool.traits, asked.types).astype(np.float64)
    return stated


def time(
    pool: Pool, asked: Asked, reading: TimeReading, mentioned: frozenset[str], edge_ms: int | None = None
) -> Floats:
    """How near it is to the times that the query names, by when it was said or by what it names.

    *mentioned* are the events whose text names one of these times. A query that asks for a time
    wants events that name one; one that asks for the first or the last, the earliest or the latest
    of those that fit. Of a query without a topic these are the first or the last of all: *edge_ms* is when that was.
    """
    score = np.zeros(len(pool))
    if reading.spans:
        times = pool.times_ms()
        score = np.max([_nearness(times, span) for span in reading.spans], axis=0)
        if mentioned:
            named = np.isin(pool.keys, event_keys_of(list(mentioned)))
            # Who asks what was done on a day wants that first, and then what was said of it elsewhere.
            score = np.maximum(score, named if asked.has_topic else NAMED * named)
    if asked.asks_when:
        score = np.maximum(score, 0.4 * names_time(pool.traits).astype(np.float64))
    if reading.order is not TimeOrder.ANY:
        latest = reading.order is TimeOrder.LATEST
        if not asked.has_topic:
            return _first_of_all(pool, asked, reading.spans, edge_ms, latest=latest)
        score = np.maximum(score, _ordered(pool, latest=latest))
    return score


def _nearness(times: NDArray[np.int64], span: TimeSpan) -> Floats:
    """1 within the span; outside half of that, and half again with each length of the span."""
    below = np.zeros(len(times)) if span.from_ms is None else np.maximum(span.from_ms - times, 0)
    above = np.zeros(len(times)) if span.until_ms is None else np.maximum(times - span.until_ms, 0)
    away = np.maximum(below, above)
    bounded = span.from_ms is not None and span.until_ms is not None
    length = max(span.until_ms - span.from_ms, DAY_MS) if bounded else DAY_MS  # type: ignore[operator]  # both are there
    return np.where(away == 0, 1.0, 0.5 * np.exp2(-away / length))


def _ordered(pool: Pool, *, latest: bool) -> Floats:
    least = RELEVANT * pool.given.max(initial=0.0)
    times = pool.times_ms()
    counted = np.sort(times[pool.given >= least]) if least > 0 else times[:0]
    if not len(counted):
        return np.zeros(len(pool))
    # How many of those that give evidence come before it, in the order that is asked for.
    earlier = np.searchsorted(counted, times, side="left")
    before = len(counted) - np.searchsorted(counted, times, side="right") if latest else earlier
    return np.where(pool.evidence >= least, 1.0 - before / len(counted), 0.0)


def _first_of_all(pool: Pool, asked: Asked, spans: Sequence[TimeSpan], edge_ms: int | None, *, latest: bool) -> Floats:
    """1 for what stands at the first or last instant, by a thirtieth less with each doubling of what lies between.

    The instant is that of the times which are asked for, or of all that there is: so no score depends on a filter.
    What somebody else said, or is of another sort than is asked for, has none.
    """
    times = pool.times_ms()
    edges = [span.until_ms if latest else span.from_ms for span in spans] or [edge_ms]
    fits = np.ones(len(times), np.bool_)
    if spans:
        fits = np.any([_nearness(times, span) == 1.0 for span in spans], axis=0)
    if asked.role is not None:
        fits &= has_role(pool.traits, asked.role)
    if asked.types:
        fits &= has_type(pool.traits, asked.types)
    score = np.zeros(len(times))
    for edge in edges:
        at = edge if edge is not None else edge_ms
        if at is not None:
            away_s = np.abs(times - at) / 1000
            score = np.maximum(score, 1.0 - np.log2(1.0 + away_s) / FURTHEST)
    return np.where(fits, np.maximum(score, 0.0), 0.0)


def _around(line: Floats) -> tuple[Floats, Floats]:
    """Of the 16 on each side of each place the greatest, and the sum, less for every place between.

    In shifts that double: the next one, two, four, eight, sixteen; of the line and of its mirror image at once. It
    begins and ends with a gap, so nothing is shifted out of it.
    """
    best = np.zeros((2, len(line)))
    np.multiply(line[:-1], FADING, out=best[0, 1:])
    np.multiply(line[:0:-1], FADING, out=best[1, 1:])
    total = best.copy()
    for step in (1, 2, 4, 8):
        fading = FADING**step
        np.maximum(best[:, step:], fading * best[:, :-step], out=best[:, step:])
        total[:, step:] += fading * total[:, :-step]
    return np.maximum(best[0], best[1, ::-1]), total[0] + total[1, ::-1]
