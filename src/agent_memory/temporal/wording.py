"""What was understood of time, as a person reads it: `Tue 5 May 2026 – Mon 11 May 2026`."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

from agent_memory.temporal.model import TimeOrder, TimeReading, TimeSpan
from agent_memory.toc import Calendar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
# Not by strftime, whose names depend on the locale of the process.
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = (("year", 365.25), ("month", 30.4375), ("week", 7.0), ("day", 1.0), ("hour", 1 / 24), ("minute", 1 / 1440))


def describe_span(span: TimeSpan, calendar: Calendar) -> str:
    """A stretch in the store's zone: days where it is whole days, else with clock times."""
    whole = _is_whole(span, calendar)
    first = None if span.from_ms is None else _said(span.from_ms, calendar, whole)
    last = None if span.until_ms is None else _said(span.until_ms, calendar, whole)
    if first is None:
        return f"until {last}" if last is not None else "any time"
    if last is None:
        return f"from {first}"
    if first == last:
        return first
    if not whole and first[:-6] == last[:-6]:
        return f"{first} – {last[-5:]}"
    return f"{first} – {last}"


def describe(reading: TimeReading, calendar: Calendar) -> str:
    """A whole reading in one line; empty for a query that says nothing of time."""
    said = [describe_span(span, calendar) for span in reading.spans]
    if reading.anchor:
        said.append(describe_anchor(reading))
    if reading.order is not TimeOrder.ANY:
        said.append("the earliest first" if reading.order is TimeOrder.EARLIEST else "the latest first")
    return "; ".join(said)


def _is_whole(span: TimeSpan, calendar: Calendar) -> bool:
    try:
        starts = span.from_ms is None or calendar.day(span.from_ms).start_ms == span.from_ms
        return starts and (span.until_ms is None or calendar.day(span.until_ms).end_ms == span.until_ms + 1)
    except (ValueError, OverflowError):
        return False


def _said(time_ms: int, calendar: Calendar, whole: bool) -> str:
    try:
        local = (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(zoneinfo.ZoneInfo(calendar.zone))
    except (ValueError, OverflowError):
        return f"{time_ms} ms"
    day = f"{_WEEKDAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return day if whole else f"{day} {local.hour:02}:{local.minute:02}"


def describe_anchor(reading: TimeReading) -> str:
    """The way from the event that a reading names: `10 to 18 days before “release”`; empty without one."""
    if not reading.anchor:
        return ""
    low, high = reading.anchor_from_ms, reading.anchor_until_ms
    name = f"“{reading.anchor}”"
    if low is None and high is None:
        return f"around {name}"
    if low is None:
        return f"before {name}" if high == 0 else f"until {_offset(high or 0)} {name}"
    if high is None:
        return f"after {name}" if low == 0 else f"from {_offset(low)} {name}"
    if low == 0:
        return f"within {_length(high)} after {name}"
    if high == 0:
        return f"within {_length(-low)} before {name}"
    if low == -high:
        return f"within {_length(high)} of {name}"
    if (low < 0) is (high < 0):
        near, far = (_length(length) for length in sorted((abs(low), abs(high))))
        if near.split()[1] == far.split()[1]:
            near = near.split()[0]
        return f"{near} to {far} {'before' if low < 0 else 'after'} {name}"
    return f"{_offset(low)} to {_offset(high)} {name}"


def _offset(offset_ms: int) -> str:
    return f"{_length(abs(offset_ms))} {'before' if offset_ms < 0 else 'after'}"


def _length(length_ms: int) -> str:
    days = length_ms / _DAY_MS
    for name, size in _UNITS:
        if days >= size and (abs(days / size - round(days / size)) < 0.01 or name in ("day", "minute")):
            count = round(days / size, 1)
            return f"{count:g} {name}" if count == 1 else f"{count:g} {name}s"
    return f"{length_ms} ms"
