"""What a query says of time."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent_memory.temporal import clocktimes, dates, parts, ranges, relative
from agent_memory.temporal.anchors import anchor_of
from agent_memory.temporal.grammar import Rule, Token, reduce
from agent_memory.temporal.instants import Now, Tense
from agent_memory.temporal.model import TIMELESS, TimeReading, TimeSpan
from agent_memory.temporal.orders import order_of
from agent_memory.temporal.tokens import tokens_of
from agent_memory.temporal.words import listed
from agent_memory.toc import Calendar

QUERY_CHARS_READ = 1_000
"""A question is shorter; what is longer was pasted, and its dates are not the question's."""

RULES: tuple[Rule, ...] = (
    *relative.EVERY,
    *dates.NUMBERS,
    *dates.DAYS,
    *dates.PERIODS,
    *relative.RELATIVE,
    *parts.PARTS,
    *clocktimes.CLOCKS,
    *ranges.BESIDE,
    *ranges.BETWEEN,
    *ranges.OPEN,
)
SPANS_MAX = 16
DATED = ("day", "weekday", "yearly_day", "monthly_day", "yearly", "period", "part_of_day", "instant", "span")
"""Kinds of tokens that are a stretch of time when all rules are through."""

_TIMELESS_KINDS = listed(
    "word opaque mark stop comma dash clause the a of in on at to through and or by from not no as up than about over"
    " within back number now time same right end half every other"
)
_FUTURE = re.compile(r"\b(?:will|going to|gonna|shall|upcoming)\b|['’]ll\b", re.IGNORECASE)


def read_query(query: str, *, now_ms: int, calendar: Calendar) -> TimeReading:
    """What *query* says of time, said at *now_ms* in the zone of *calendar*.

    Never raises and never guesses: what may as well not be of time is not. Units: milliseconds.
    """
    query = query[:QUERY_CHARS_READ]
    tokens = tokens_of(query)
    if all(token.kind in _TIMELESS_KINDS for token in tokens):
        order, cue = order_of(query)
        return TIMELESS if cue is None else TimeReading(order=order, cues=(cue,))
    try:
        now = Now(now_ms, calendar, Tense.FUTURE if _FUTURE.search(query) else Tense.PAST)
    except OverflowError:
        return TIMELESS
    tokens = reduce(settled(tokens), RULES, now)
    spans = spans_of(tokens, now)
    rest = _without(query, spans)
    order, cue = order_of(rest)
    anchor, lead = anchor_of(rest, tokens)
    cues = sorted(place for place in (cue, lead) if place is not None)
    return TimeReading(spans=spans, order=order, cues=tuple(cues), **anchor)


def settled(tokens: Sequence[Token]) -> list[Token]:
    """Tokens with `May` and `March` told from months where a capital says nothing: first in a sentence."""
    found = list(tokens)
    for at, token in enumerate(found):
        if token.kind == "titled" and (at == 0 or found[at - 1].kind in ("stop", "mark")):
            found[at] = token._replace(kind="wordlike")
    return found


def spans_of(tokens: Sequence[Token], now: Now) -> tuple[TimeSpan, ...]:
    """The stretches among reduced tokens; what the calendar has not is left out."""
    spans = []
    for token in tokens:
        if token.kind in DATED and (span := _span(token, now)) is not None:
            spans.append(span)
            if len(spans) == SPANS_MAX:
                break
    return tuple(spans)


def _span(token: Token, now: Now) -> TimeSpan | None:
    try:
        value = token.value if token.kind in ("instant", "span") else now.resolve(token.value)
        if value is None:
            return None
        from_ms, until_ms = now.instants(value)
    except (ValueError, OverflowError):
        return None  # beyond the years 1 to 9999
    if from_ms is not None and until_ms is not None and from_ms > until_ms:
        return None  # a day that its zone skipped
    return TimeSpan(start=token.start, end=token.end, from_ms=from_ms, until_ms=until_ms)


def _without(query: str, spans: Sequence[TimeSpan]) -> str:
    """The query with what was understood as a stretch of time blanked out."""
    for span in spans:
        query = query[: span.start] + "\x00" * (span.end - span.start) + query[span.end :]
    return query
