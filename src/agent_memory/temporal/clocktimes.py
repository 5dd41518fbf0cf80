"""Rules for the hours of a day: `yesterday at 3pm`, `between 9 and 11 this morning`."""

from __future__ import annotations

from datetime import datetime, timedelta

from agent_memory.temporal.grammar import Match, Token
from agent_memory.temporal.instants import Bounds, Now
from agent_memory.temporal.moments import Moment, Unit
from agent_memory.temporal.names import rule

_HOUR = timedelta(hours=1)
_QUARTER = timedelta(minutes=15)
_CLOCKS = ("clock", "bare_clock", "number", "noon", "midnight")
_DAYS = ("day", "weekday", "yearly_day", "monthly_day", "part_of_day")
_FIRST_WAKING_HOUR = 7


def _oclock(match: Match, now: Now) -> tuple[int, int | None, bool] | None:
    hour, _ = match.get("number")
    return (hour, None, False) if 1 <= hour <= 12 else None


def _half_of_day(match: Match, now: Now) -> tuple[int, int | None, bool] | None:
    """`3 pm`, and `3:30 pm`, written apart."""
    if match.has("number"):
        hour, minute = match.get("number")[0], None
    else:
        hour, minute, _ = match.get("bare_clock")
    if not 1 <= hour <= 12:
        return None
    return hour % 12 + (12 if match.has("pm") else 0), minute, True


def _reading(token: Token) -> tuple[int, int | None, bool] | None:
    """Hour, minute if one was said, and whether the hour is sure (`3pm`, `15:00`, and not `3`)."""
    if token.kind == "noon":
        return 12, None, True
    if token.kind == "midnight":
        return 0, None, True
    if token.kind == "number":
        return (token.value[0], None, token.value[0] > 12) if token.value[0] <= 24 else None
    hour, minute, sure = token.value
    return hour, minute, sure


def _on(day: Moment, reading: tuple[int, int | None, bool], *, after: datetime | None = None) -> datetime:
    """The local time of a clock on a day, or on the part of one that it most likely means."""
    hour, minute, sure = reading
    base = day.start.replace(hour=0, minute=0)
    at = base + timedelta(hours=hour, minutes=minute or 0)
    later = at + 12 * _HOUR
    if sure or hour >= 12:
        # The small hours of `last night` are tomorrow's.
        return at + 24 * _HOUR if at < day.start and at + 24 * _HOUR < day.end else at
    if day.grain is Unit.PART:
        inside = [time for time in (at, later, at + 24 * _HOUR) if day.start <= time < day.end]
        return inside[0] if inside else at
    if after is not None:
        return later if at <= after < later else at
    return later if hour < _FIRST_WAKING_HOUR else at


def _day_of(match: Match, now: Now) -> Moment | None:
    day = now.resolve(match.get(*_DAYS))
    return day if day is not None and day.end - day.start <= timedelta(days=1) else None


def _clock_tokens(match: Match) -> list[Token]:
    return [token for token in match.tokens if token.kind in _CLOCKS]


def _at(match: Match, now: Now) -> Moment | None:
    """The hour that begins then, or a quarter of an hour to either side of `3:20`."""
    day, reading = _day_of(match, now), _reading(_clock_tokens(match)[0])
    if day is None or reading is None:
        return None
    at = _on(day, reading)
    if reading[1] is None:
        return Moment(at, at + _HOUR, Unit.HOUR)
    return Moment(at - _QUARTER, at + _QUARTER, Unit.MINUTE)


def _from_to(match: Match, now: Now) -> Moment | None:
    day = _day_of(match, now)
    readings = [_reading(token) for token in _clock_tokens(match)]
    if day is None or len(readings) != 2 or None in readings:
        return None
    first, last = (reading for reading in readings if reading is not None)
    if last[2] and not first[2] and first[0] < 12 <= last[0] < 24 and first[0] <= last[0] - 12:
        first = (first[0] + 12, first[1], True)  # `from 2 to 4pm`
    start = _on(day, first)
    end = _on(day, last, after=start)
    if end <= start:
        end += 12 * _HOUR if not last[2] else 24 * _HOUR
    return Moment(start, end, Unit.HOUR)


def _bounded(match: Match, now: Now) -> Bounds | None:
    """`after 3pm yesterday` ends with the day; `since 3pm yesterday` does not end."""
    day, reading = _day_of(match, now), _reading(_clock_tokens(match)[0])
    if day is None or reading is None:
        return None
    at = _on(day, reading)
    if match.has("since"):
        return Bounds(at, None)
    if match.has("after"):
        return Bounds(at, day.end) if at < day.end else None
    return Bounds(day.start, at) if day.start < at else None


def _since_today(match: Match, now: Now) -> Bounds:
    hour, minute, _ = match.get("clock")
    return Bounds(now.morning + timedelta(hours=hour, minutes=minute or 0), None)


_DAY = "(DAYISH|part_of_day)"
_CLOCK = "(clock|bare_clock|noon|midnight)"
_EDGE = "(clock|bare_clock|noon|midnight|number)"

CLOCKS = (
    rule("number oclock", "bare_clock", _oclock),
    rule("(number|bare_clock) (am|pm)", "clock", _half_of_day),
    rule(f"{_DAY} comma? (between|from) {_EDGE} (and|TO) {_EDGE} (?!units)", "part_of_day", _from_to),
    rule(f"(between|from) {_EDGE} (and|TO) {_EDGE} (on|comma|in|at)? the? {_DAY}", "part_of_day", _from_to),
    rule(f"{_DAY} comma? {_EDGE} TO {_CLOCK}|{_EDGE} TO {_CLOCK} (on|comma)? {_DAY}", "part_of_day", _from_to),
    rule(f"(?<!unit|units) (before|after|since|until|by) {_CLOCK} (on|comma)? {_DAY}", "span", _bounded),
    rule(f"{_DAY} comma? (before|after|since|until|by) {_CLOCK}", "span", _bounded),
    rule(f"{_DAY} (at|comma)? around {_CLOCK}|(at|around) around? {_CLOCK} (on|comma)? {_DAY}", "part_of_day", _at),
    rule(f"{_DAY} comma? at? {_CLOCK}|at? {_CLOCK} (on|comma|in)? the? {_DAY}", "part_of_day", _at),
    rule(f"{_DAY} at number (?!units)|at number (on|comma|in)? the? {_DAY}", "part_of_day", _at),
    rule("part_of_day (at|comma)? around number (?!units|unit|word)", "part_of_day", _at),
    rule("since clock", "span", _since_today),
)
