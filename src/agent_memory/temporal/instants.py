"""Where local time meets instants: what *now* is on the wall, and which milliseconds a stretch is."""

from __future__ import annotations

import enum
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from agent_memory.temporal import moments
from agent_memory.temporal.moments import Moment, Recurring, Unit
from agent_memory.toc import Calendar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_MS = timedelta(milliseconds=1)
_DAY = timedelta(days=1)
_MIDNIGHT = time(0)


class Tense(enum.Enum):
    """Which occurrence a name such as `March` means, where nothing else says it."""

    PAST = "past"
    """The last one that has begun: questions ask for what was."""
    NEAREST = "nearest"
    """The closest one; of weekdays the last one."""
    FUTURE = "future"


class Stretch(NamedTuple):
    """Instants in milliseconds, both inclusive; None where open."""

    from_ms: int | None
    until_ms: int | None


class Bounds(NamedTuple):
    """Local times ``[start, end)``; None where open."""

    start: datetime | None
    end: datetime | None


class Now:
    """The time at which something was said, in the zone in which it was said."""

    def __init__(self, now_ms: int, calendar: Calendar, tense: Tense) -> None:
        """Errors: `OverflowError` for an instant outside the years 1 to 9999."""
        self.now_ms = now_ms
        self.calendar = calendar
        self.tense = tense
        self.today = date.fromisoformat(calendar.local_date(now_ms))
        self._zone = zoneinfo.ZoneInfo(calendar.zone)
        wall = self._wall(now_ms) or moments.midnight(self.today)
        # Where the clock went back over midnight, the wall says yesterday again.
        self.local = wall if wall.date() == self.today else moments.midnight(self.today)

    @property
    def morning(self) -> datetime:
        """The local time at which today began."""
        return moments.midnight(self.today)

    @property
    def tomorrow(self) -> datetime:
        """The local time at which today ends."""
        return moments.midnight(self.today + _DAY)

    def resolve(self, what: Moment | Recurring | Stretch) -> Moment | None:
        """The one stretch of local time that is meant, where nothing else says which."""
        if isinstance(what, Moment):
            return what
        if isinstance(what, Stretch):
            start, end = (self._wall(ms) for ms in (what.from_ms, what.until_ms))
            return Moment(start, end, Unit.MINUTE) if start and end else None
        if self.tense is Tense.FUTURE:
            return moments.earliest(what, begins_from=self.tomorrow)
        if what.cycle is Unit.WEEK:
            # On a Friday, `on Friday` is not today: that would be called today.
            weekend = moments.latest(what, begun_by=self.local)
            if weekend is not None and weekend.grain is Unit.WEEKEND:
                return weekend
            return moments.latest(what, begun_by=self.morning - _ONE_MS)
        if self.tense is Tense.NEAREST:
            return moments.nearest(what, self.local)
        return moments.latest(what, begun_by=self.local)

    def _wall(self, time_ms: int | None) -> datetime | None:
        if time_ms is None:
            return None
        return (_EPOCH + timedelta(milliseconds=time_ms)).astimezone(self._zone).replace(tzinfo=None)

    def instants(self, value: Moment | Bounds | Stretch) -> Stretch:
        """The milliseconds of a stretch of local time."""
        if isinstance(value, Stretch):
            return value
        start = None if value.start is None else min(self._readings(value.start))
        end = None if value.end is None else max(self._readings(value.end)) - 1
        return Stretch(start, end)

    def _readings(self, local: datetime) -> list[int]:
        """Both instants that a local time may be: two where the clock went back, or forth over it."""
        if local.time() == _MIDNIGHT:
            return [day_start_ms(local.date(), self.calendar)]
        return [(local.replace(tzinfo=self._zone, fold=fold) - _EPOCH) // _ONE_MS for fold in (0, 1)]


def day_start_ms(day: date, calendar: Calendar) -> int:
    """The instant at which a local day begins; a day that its zone skipped begins with the next one.

    Errors: `ValueError` at the ends of the calendar.
    """
    try:
        return calendar.period(f"day/{day.isoformat()}").start_ms
    except ValueError:
        return calendar.period(f"day/{(day + _DAY).isoformat()}").start_ms


def ms_of(instant: datetime) -> int:
    """The milliseconds of a time that knows its offset."""
    return (instant - _EPOCH) // _ONE_MS
