"""Rules for what lies beside or between stretches: `two weeks before X`, `since X`, `from X to Y`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from agent_memory.temporal import moments
from agent_memory.temporal.grammar import Match
from agent_memory.temporal.instants import Bounds, Now
from agent_memory.temporal.moments import SECONDS, Moment, Recurring, Unit
from agent_memory.temporal.names import rule

_WHEN = ("day", "weekday", "yearly_day", "monthly_day", "yearly", "period", "part_of_day", "instant")
_DAY = timedelta(days=1)


def _when(match: Match, now: Now) -> Moment | None:
    return now.resolve(match.get(*_WHEN))


# -- beside -----------------------------------------------------------------------------------


def _offset(match: Match, now: Now) -> Moment | None:
    """`two weeks before 5 May`: the week of the day two weeks before; `the week before it`: seven days."""
    (unit, times), when = match.get("unit", "units"), _when(match, now)
    if when is None:
        return None
    back = match.has("before", "prior")
    edge = when.start if back else when.end
    low, high = match.get("number") if match.has("number") else (1, 1)
    if high > 10_000:
        return None
    if unit in SECONDS:
        return None if when.grain >= Unit.DAY else _clock_offset(when, back, low, high, unit)
    if not match.has("number", "a"):
        return _adjacent(when, unit, back)
    day = when.start.date() if back else (edge - timedelta(microseconds=1)).date()
    sign = -times if back else times
    ends = sorted(moments.shift(day, sign * count, unit) for count in (low, high))
    first, last = (moments.period(day, unit) for day in ends)
    return Moment(first.start, last.end, unit)


def _clock_offset(when: Moment, back: bool, low: int, high: int, unit: Unit) -> Moment:
    step = timedelta(seconds=SECONDS[unit])
    if back:
        return Moment(when.start - high * step, when.start - low * step + step, Unit.HOUR)
    return Moment(when.end + low * step - step, when.end + high * step, Unit.HOUR)


def _adjacent(when: Moment, unit: Unit, back: bool) -> Moment:
    if when.grain is unit or unit >= Unit.MONTH:
        # `the month after March 2025` is April.
        edge = (when.start if back else when.end - timedelta(microseconds=1)).date()
        return moments.period(moments.shift(moments.first_day(edge, unit), -1 if back else 1, unit), unit)
    length = timedelta(days=7 if unit is Unit.WEEK else 1)
    edge_time = when.start if back else when.end
    return Moment(edge_time - length, edge_time, unit) if back else Moment(edge_time, edge_time + length, unit)


def _neighbour(match: Match, now: Now) -> Moment | None:
    """`the Friday after Christmas`, `the weekend before 5 May`."""
    named = [token.value for token in match.tokens if token.kind in _WHEN]
    what: Recurring = moments.weekend() if match.has("weekend") else named.pop(0)
    when = now.resolve(named[0])
    if when is None:
        return None
    if match.has("before"):
        return moments.latest_over(what, by=when.start)
    return moments.earliest(what, begins_from=when.end)


def _within(match: Match, now: Now) -> Moment | None:
    (unit, times), (_, count), when = match.get("units", "unit"), match.get("number"), _when(match, now)
    if when is None or unit in SECONDS or count > 10_000:
        return None
    first, last = when.start, when.end
    if not match.has("after"):
        first = moments.midnight(moments.shift(when.start.date(), -count * times, unit))
    if not match.has("before"):
        last = moments.midnight(moments.shift(when.end.date(), count * times, unit))
    if match.has("after"):
        first = when.end
    if match.has("before"):
        last = when.start
    return Moment(first, last, unit)


BESIDE = (
    rule("within number (unit|units) (of|before|after) the? WHEN", "period", _within),
    rule("(number|a|the)? (unit|units) (before|after|following|from|prior to) the? WHEN", "day", _offset),
    rule("(the|on)? (weekday|weekend) (before|after|following) the? WHEN", "day", _neighbour),
)


# -- between ----------------------------------------------------------------------------------


def _between(match: Match, now: Now) -> Bounds | None:
    """Both ends whole. What has no year takes it from the other end."""
    first, last = (token.value for token in match.tokens if token.kind in _WHEN)
    start: Moment | None
    if isinstance(last, Recurring):
        start = now.resolve(first)
        end = moments.earliest(last, begins_from=start.start) if start is not None else None
    else:
        end = now.resolve(last)
        if isinstance(first, Recurring):
            start = moments.latest(first, begun_by=end.start) if end is not None else None
        else:
            start = now.resolve(first)
    if start is None or end is None or start.start >= end.end:
        return None
    return Bounds(start.start, end.end)


def _until_now(match: Match, now: Now) -> Bounds | None:
    when = _when(match, now)
    return None if when is None else Bounds(when.start, now.local + timedelta(milliseconds=1))


# -- open on one side -----------------------------------------------------------------------------


def _since(match: Match, now: Now) -> Bounds | None:
    when = _when(match, now)
    return None if when is None else Bounds(when.start, None)


def _until(match: Match, now: Now) -> Bounds | None:
    when = _when(match, now)
    return None if when is None else Bounds(None, when.end)


def _before(match: Match, now: Now) -> Bounds | None:
    when = _when(match, now)
    return None if when is None else Bounds(None, when.start)


def _after(match: Match, now: Now) -> Bounds | None:
    when = _when(match, now)
    return None if when is None else Bounds(when.end, None)


def _both(match: Match, now: Now) -> Bounds | None:
    """`after March and before June`: one stretch and not two."""
    first, last = match.all("from_then", "until_then")
    start: datetime | None = first.start if first.start is not None else last.start
    end: datetime | None = first.end if first.end is not None else last.end
    return Bounds(start, end) if start is not None and end is not None and start < end else None


def _same(match: Match, now: Now) -> Any:
    return match.get("from_then", "until_then")


BETWEEN = (
    rule("(between|from|since|starting) the? WHEN (and|TO|up to) (now|dash)", "span", _until_now),
    rule("between the? WHEN and the? WHEN", "span", _between),
    rule(
        "(from|since|starting) from? the? WHEN (and|comma)? (up to|to|until|dash|through) the? WHEN", "span", _between
    ),
    rule("(day|weekday|yearly_day|yearly|period) (TO) the? (day|weekday|yearly_day|yearly|period)", "span", _between),
)

OPEN = (
    rule("on or after the? WHEN|no earlier than the? WHEN|not before the? WHEN", "from_then", _since),
    rule("on or before the? WHEN|no later than the? WHEN|not after the? WHEN", "until_then", _until),
    rule("from the? WHEN (on|onwards)|(since|starting) (from|on|in)? the? WHEN|as of the? WHEN", "from_then", _since),
    rule("WHEN onwards", "from_then", _since),
    rule("(until|by|up to|through) (the|in|on)? WHEN", "until_then", _until),
    rule("(before|prior to|earlier than) (the|in|on)? WHEN", "until_then", _before),
    rule("(after|later than) (the|in|on)? WHEN", "from_then", _after),
    rule("from_then (and|comma)? until_then|until_then (and|comma)? from_then", "span", _both),
    rule("from_then|until_then", "span", _same),
)
