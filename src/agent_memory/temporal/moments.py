"""Stretches of local time, and how calendars move: arithmetic on wall clocks, no zone in sight.

A `Moment` is ``[start, end)`` on the clock on the wall. A `Recurring` names no single stretch but
one of each day, week, month or year (`Tuesday`, `in March`, `the 5th`): which of them is meant is
decided later, from what stands beside it or from the time it was said.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

import msgspec

_DAY = timedelta(days=1)
_CYCLES_SEEN = 9  # far enough to find 29 February around 1900 or 2100


class Unit(enum.IntEnum):
    """What calendars count in, from short to long."""

    SECOND = 0
    MINUTE = 1
    HOUR = 2
    PART = 3
    """A morning, an evening."""
    DAY = 4
    WEEKEND = 5
    WEEK = 6
    MONTH = 7
    QUARTER = 8
    SEASON = 9
    YEAR = 10
    DECADE = 11


SECONDS = {Unit.SECOND: 1, Unit.MINUTE: 60, Unit.HOUR: 3600}
_MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12, Unit.DECADE: 120}
DAYS_ABOUT = {
    Unit.DAY: 1.0,
    Unit.WEEK: 7.0,
    Unit.MONTH: 30.4375,
    Unit.QUARTER: 91.3125,
    Unit.YEAR: 365.25,
    Unit.DECADE: 3652.5,
}


class Moment(msgspec.Struct, frozen=True, gc=False):
    """``[start, end)`` of local time, and how finely it was said."""

    start: datetime
    end: datetime
    grain: Unit


class Recurring(msgspec.Struct, frozen=True):
    """Something that comes once a cycle; ``occurrence`` tells when, given the cycle's first day."""

    cycle: Unit
    occurrence: Callable[[date], Moment | None]


# -- periods --------------------------------------------------------------------------------


def midnight(day: date) -> datetime:
    """The local time at which *day* begins."""
    return datetime(day.year, day.month, day.day)


def days(first: date, last: date, grain: Unit = Unit.DAY) -> Moment:
    """The days from *first* to *last*, both inclusive."""
    return Moment(midnight(first), midnight(last + _DAY), grain)


def first_day(day: date, unit: Unit) -> date:
    """The day on which the *unit* that holds *day* begins."""
    if unit is Unit.WEEK:
        return day - timedelta(days=day.weekday())
    if unit is Unit.MONTH:
        return day.replace(day=1)
    if unit is Unit.QUARTER:
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    if unit is Unit.YEAR:
        return date(day.year, 1, 1)
    if unit is Unit.DECADE:
        return date(day.year // 10 * 10, 1, 1)
    return day


def shift(day: date, count: int, unit: Unit) -> date:
    """*day* moved by *count* units; a day that its month lacks becomes the month's last."""
    if unit is Unit.DAY:
        return day + timedelta(days=count)
    if unit is Unit.WEEK:
        return day + timedelta(weeks=count)
    months = day.year * 12 + day.month - 1 + count * _MONTHS[unit]
    first = date(months // 12, months % 12 + 1, 1)
    return first.replace(day=min(day.day, days_in_month(first)))


def days_in_month(day: date) -> int:
    """How many days the month of *day* has."""
    if day.month == 12:
        return 31
    return (date(day.year, day.month + 1, 1) - date(day.year, day.month, 1)).days


def period(day: date, unit: Unit) -> Moment:
    """The whole *unit* that holds *day*: its ISO week, its month …"""
    first = first_day(day, unit)
    return Moment(midnight(first), midnight(shift(first, 1, unit)), unit)


def year(number: int) -> Moment:
    """A calendar year."""
    return period(date(number, 1, 1), Unit.YEAR)


def iso_week(number: int, week: int) -> Moment | None:
    """A week by its ISO number, or None where the year has no such week."""
    try:
        return period(date.fromisocalendar(number, week, 1), Unit.WEEK)
    except ValueError:
        return None


# -- parts of periods -------------------------------------------------------------------------


def third(moment: Moment, which: int) -> Moment:
    """The early (0), middle (1) or late (2) third: months of a year, days of a month, hours of a day."""
    if moment.grain in (Unit.YEAR, Unit.DECADE):
        step = 4 if moment.grain is Unit.YEAR else 40
        start = shift(moment.start.date(), which * step, Unit.MONTH)
        return Moment(midnight(start), midnight(shift(start, step, Unit.MONTH)), Unit.MONTH)
    length = moment.end - moment.start
    cuts = [moment.start + timedelta(days=round(length.days * i / 3)) for i in (0, 1, 2)] + [moment.end]
    if length <= _DAY:
        cuts = [moment.start + length * i / 3 for i in (0, 1, 2)] + [moment.end]
    return Moment(cuts[which], cuts[which + 1], Unit.DAY if length > _DAY else Unit.PART)


def half(moment: Moment, which: int) -> Moment:
    """The first (0) or second (1) half, in whole months or whole days."""
    if moment.grain is Unit.YEAR:
        middle = midnight(shift(moment.start.date(), 6, Unit.MONTH))
    else:
        middle = moment.start + timedelta(days=((moment.end - moment.start).days + 1) // 2)
    return Moment(moment.start, middle, Unit.QUARTER) if which == 0 else Moment(middle, moment.end, Unit.QUARTER)


def units_within(moment: Moment, unit: Unit, count: int, *, skip: int = 0, from_end: bool = False) -> Moment | None:
    """*count* units at the beginning (after *skip* of them) or at the end of a longer stretch.

    A week here is seven days counted from the edge: the first week of May is the 1st to the 7th.
    """
    if unit is Unit.WEEKEND:
        return _weekend_within(moment, -1 if from_end else skip)
    first, end = moment.start.date(), moment.end.date()
    if unit not in DAYS_ABOUT or (unit in _MONTHS and first.day != 1):
        return None
    if from_end:
        start, stop = shift(end, -count, unit), end
    else:
        start, stop = shift(first, skip * 1, unit), shift(first, skip + count, unit)
    if start < first or stop > end:
        return None
    return Moment(midnight(start), midnight(stop), unit)


def _weekend_within(moment: Moment, which: int) -> Moment | None:
    saturday = first_day(moment.start.date(), Unit.WEEK) + timedelta(days=5)
    found: list[Moment] = []
    while midnight(saturday) < moment.end and len(found) <= 60:
        if midnight(saturday) >= moment.start:
            found.append(days(saturday, saturday + _DAY, Unit.WEEKEND))
        saturday += timedelta(days=7)
    return found[which] if -len(found) <= which < len(found) else None


def widened(moment: Moment) -> Moment:
    """`around` a stretch: half its length to either side; three days at least, but for clock times."""
    length = moment.end - moment.start
    more = length / 2 if moment.grain < Unit.DAY else max(length // 2, timedelta(days=3))
    if moment.grain >= Unit.DAY:
        more = timedelta(days=more.days)
    return Moment(moment.start - more, moment.end + more, moment.grain)


# -- what recurs ------------------------------------------------------------------------------


def yearly(occurrence: Callable[[int], Moment | None]) -> Recurring:
    """What comes once a year, given the year."""
    return Recurring(Unit.YEAR, lambda day: occurrence(day.year))


def month_of_year(month: int) -> Recurring:
    """A month by name."""
    return yearly(lambda number: period(date(number, month, 1), Unit.MONTH))


def day_of_year(month: int, day: int) -> Recurring:
    """A day of a month by name; 29 February comes in leap years only."""
    return yearly(lambda number: _day(number, month, day))


def weekday(number: int) -> Recurring:
    """A day of the week, Monday is 0."""
    return Recurring(Unit.WEEK, lambda monday: days(monday + timedelta(days=number), monday + timedelta(days=number)))


def weekend() -> Recurring:
    """Saturday and Sunday."""
    return Recurring(
        Unit.WEEK, lambda monday: days(monday + timedelta(days=5), monday + timedelta(days=6), Unit.WEEKEND)
    )


def day_of_month(day: int) -> Recurring:
    """`the 5th`; months that are too short have none."""
    return Recurring(Unit.MONTH, lambda first: _day(first.year, first.month, day))


def _day(number: int, month: int, day: int) -> Moment | None:
    try:
        found = date(number, month, day)
    except ValueError:
        return None
    return days(found, found)


def occurrences(what: Recurring, near: datetime, *, step: int) -> Iterator[Moment]:
    """Those from a cycle after a time backwards (*step* -1), or from a cycle before it onwards (1)."""
    first = first_day(near.date(), what.cycle)
    for count in range(-step, step * _CYCLES_SEEN, step):
        try:
            found = what.occurrence(shift(first, count, what.cycle))
        except (ValueError, OverflowError):
            continue  # before the year 1, after the year 9999
        if found is not None:
            yield found


def latest(what: Recurring, *, begun_by: datetime) -> Moment | None:
    """The last one that begins at a time or before it."""
    return next((m for m in occurrences(what, begun_by, step=-1) if m.start <= begun_by), None)


def latest_over(what: Recurring, *, by: datetime) -> Moment | None:
    """The last one that is over at a time."""
    return next((m for m in occurrences(what, by, step=-1) if m.end <= by), None)


def earliest(what: Recurring, *, begins_from: datetime) -> Moment | None:
    """The first one that begins at a time or after it."""
    return next((m for m in occurrences(what, begins_from, step=1) if m.start >= begins_from), None)


def nearest(what: Recurring, near: datetime) -> Moment | None:
    """The one whose beginning is closest to a time; the earlier of two."""
    found = [m for m in (latest(what, begun_by=near), earliest(what, begins_from=near)) if m is not None]
    return min(found, key=lambda m: abs(m.start - near), default=None)


def of_cycle(what: Recurring, day: date) -> Moment | None:
    """The one of the cycle that holds *day*: this Tuesday, this March."""
    return what.occurrence(first_day(day, what.cycle))


def inside(what: Recurring, moment: Moment) -> Moment | None:
    """The first one that begins within a stretch."""
    found = earliest(what, begins_from=moment.start)
    return found if found is not None and found.start < moment.end else None
