"""Local days of a time zone, and the weeks, months and years that they nest in.

A day begins at the first instant from which the local date never falls behind it again. So

- a day has 23, 24 or 25 hours, or whatever its zone gave it;
- where midnight does not exist, the day begins when its first minute does;
- a date that a zone skipped (Apia, 30 December 2011) has an empty period and no node;
- where the clock went back from 00:01 to 23:01, the minute before belongs to the old day.

Weeks are ISO weeks cut at the edges of their month: the label is the ISO number, the month
decides the parent. So 31 December 2025 is in `week/2025-12/W01`, the day after in
`week/2026-01/W01`.
"""

from __future__ import annotations

import re
import threading
import zoneinfo
from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import msgspec

from agent_memory.errors import InvalidConfig
from agent_memory.toc.material import Level

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_MS = timedelta(milliseconds=1)
_ONE_DAY = timedelta(days=1)
_DAYS_KEPT = 20_000

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

_NODE_ID = re.compile(
    r"year/(?P<year>\d{4})|month/(?P<month>\d{4}-\d\d)|week/(?P<week>\d{4}-\d\d)/W(?P<number>\d\d)|day/(?P<day>\d{4}-\d\d-\d\d)",
    re.ASCII,
)


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time that is a node of the contents: ``start_ms <= time < end_ms``."""

    id: str
    level: Level
    parent_id: str
    """Empty for a year."""
    start_ms: int
    end_ms: int
    label: str
    """As a person says it: ``Thursday, 15 January 2026``."""


class Calendar:
    """The local days of one zone. Safe to use from several threads.

    Errors: `InvalidConfig` for a name that is no IANA zone.
    """

    def __init__(self, zone: str) -> None:
        try:
            self._zone = zoneinfo.ZoneInfo(zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidConfig(
                "time_zone", zone, "is no time zone", hint="Use an IANA name such as Europe/Berlin or UTC."
            ) from error
        self.zone = zone
        self._lock = threading.Lock()
        self._starts: list[int] = []
        self._days: list[Period] = []
        self._periods: dict[str, Period] = {}

    # -- from instants --------------------------------------------------------------------

    def day(self, time_ms: int) -> Period:
        """The local day of an instant.

        Errors: `OverflowError` for an instant outside the years 1 to 9999.
        """
        with self._lock:
            # The common case without datetime: a day that was asked for before.
            at = bisect_right(self._starts, time_ms) - 1
            if at >= 0 and time_ms < self._days[at].end_ms:
                return self._days[at]
        found = self._day_of(self._date(time_ms))
        with self._lock:
            if len(self._days) >= _DAYS_KEPT:
                self._starts.clear()
                self._days.clear()
            at = bisect_right(self._starts, time_ms)
            if at == 0 or self._days[at - 1].id != found.id:
                self._starts.insert(at, found.start_ms)
                self._days.insert(at, found)
        return found

    def local_date(self, time_ms: int) -> str:
        """The local date of an instant, `2026-01-15`."""
        return self.day(time_ms).id[4:]

    def at(self, level: Level, time_ms: int) -> Period:
        """The period of a level, day or above, that holds an instant."""
        found = self.day(time_ms)
        while found.level is not level:
            if not found.parent_id:
                raise ValueError(f"{level} is no level of the calendar")
            found = self.period(found.parent_id)
        return found

    # -- from ids -------------------------------------------------------------------------

    def period(self, node_id: str) -> Period:
        """The period of a node, day or above. Errors: `ValueError` for an id that names none."""
        with self._lock:
            known = self._periods.get(node_id)
        if known is not None:
            return known
        try:
            found = self._period(node_id)
        except OverflowError as error:
            raise ValueError(f"{node_id!r} is outside the calendar") from error
        if found.start_ms >= found.end_ms:
            raise ValueError(f"{node_id!r} never was in {self.zone}")
        with self._lock:
            if len(self._periods) >= _DAYS_KEPT:
                self._periods.clear()
            self._periods[node_id] = found
        return found

    def _period(self, node_id: str) -> Period:
        match = _NODE_ID.fullmatch(node_id)
        if match is None:
            raise ValueError(f"{node_id!r} is no year, month, week or day")
        if match["day"]:
            return self._day_of(date.fromisoformat(match["day"]))
        if match["week"]:
            return self._week_of(date.fromisoformat(match["week"] + "-01"), int(match["number"]))
        if match["month"]:
            return self._month_of(date.fromisoformat(match["month"] + "-01"))
        return self._year_of(date(int(match["year"]), 1, 1))

    def _day_of(self, day: date) -> Period:
        return Period(
            id=f"day/{day.isoformat()}",
            level=Level.DAY,
            parent_id=f"week/{day.isoformat()[:7]}/W{day.isocalendar().week:02}",
            start_ms=self._start_ms(day),
            end_ms=self._start_ms(day + _ONE_DAY),
            label=f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}",
        )

    def _week_of(self, month: date, number: int) -> Period:
        days = [d for d in _days_of_month(month) if d.isocalendar().week == number]
        if not days:
            raise ValueError(f"week {number} has no day in {month.isoformat()[:7]}")
        first, last = days[0], days[-1]
        span = f"{first.day}–{last.day}" if first != last else f"{first.day}"
        return Period(
            id=f"week/{month.isoformat()[:7]}/W{number:02}",
            level=Level.WEEK,
            parent_id=f"month/{month.isoformat()[:7]}",
            start_ms=self._start_ms(first),
            end_ms=self._start_ms(last + _ONE_DAY),
            label=f"Week {number}, {span} {_MONTHS[month.month - 1]} {month.year}",
        )

    def _month_of(self, month: date) -> Period:
        return Period(
            id=f"month/{month.isoformat()[:7]}",
            level=Level.MONTH,
            parent_id=f"year/{month.year:04}",
            start_ms=self._start_ms(month),
            end_ms=self._start_ms(_next_month(month)),
            label=f"{_MONTHS[month.month - 1]} {month.year}",
        )

    def _year_of(self, year: date) -> Period:
        return Period(
            id=f"year/{year.year:04}",
            level=Level.YEAR,
            parent_id="",
            start_ms=self._start_ms(year),
            end_ms=self._start_ms(_plain_date(year.year + 1, 1)),
            label=f"{year.year}",
        )

    # -- the one place where local time meets instants --------------------------------------

    def _date(self, time_ms: int) -> date:
        """The date of the day whose period holds the instant."""
        day = self._wall_date(time_ms)
        while time_ms < self._start_ms(day):
            day -= _ONE_DAY
        while time_ms >= self._start_ms(day + _ONE_DAY):
            day += _ONE_DAY
        return day

    def _wall_date(self, time_ms: int) -> date:
        return (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(self._zone).date()

    def _start_ms(self, day: date) -> int:
        """The first instant from which the local date is never before *day* again."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        early, late = sorted((midnight.replace(fold=fold).astimezone(UTC) - _EPOCH) // _ONE_MS for fold in (0, 1))
        if early == late or self._wall_date(late - 1) < day:
            return late
        # Midnight happened twice without the date going back, or lay in a gap: the date
        # changed somewhere between the two readings, and only once.
        while early < late:
            middle = (early + late) // 2
            if self._wall_date(middle) < day:
                early = middle + 1
            else:
                late = middle
        return late


def _days_of_month(month: date) -> list[date]:
    end = _next_month(month)
    return [month + timedelta(days=i) for i in range((end - month).days)]


def _next_month(month: date) -> date:
    return _plain_date(month.year + month.month // 12, month.month % 12 + 1)


def _plain_date(year: int, month: int) -> date:
    if year > 9999:
        raise OverflowError("the calendar ends with the year 9999")
    return date(year, month, 1)


@lru_cache(maxsize=16)
def calendar_of(zone: str) -> Calendar:
    """The calendar of a zone, made once. Errors: `InvalidConfig`."""
    return Calendar(zone)
