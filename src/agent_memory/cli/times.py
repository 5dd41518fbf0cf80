"""Times as people and programs read them: the store's zone for the one, UTC for the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
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


def rfc3339(time_ms: int) -> str:
    """`2026-01-15T09:00:00.000Z`."""
    return _utc(time_ms).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _utc(time_ms: int) -> datetime:
    # What a query means of time may lie beyond the years that a date can have.
    try:
        return _EPOCH + timedelta(milliseconds=time_ms)
    except OverflowError:
        return (datetime.min if time_ms < 0 else datetime.max).replace(tzinfo=UTC)


class Zone:
    """The local time of a store."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._zone = ZoneInfo(name)

    def local(self, time_ms: int) -> datetime:
        utc = _utc(time_ms)
        try:
            return utc.astimezone(self._zone)
        except OverflowError:
            return utc.replace(tzinfo=self._zone)

    def date(self, time_ms: int) -> str:
        """`2026-01-15`."""
        return self.local(time_ms).date().isoformat()

    def clock(self, time_ms: int) -> str:
        """`09:05`."""
        return self.local(time_ms).strftime("%H:%M")

    def full(self, time_ms: int) -> str:
        """`Thu 2026-01-15 09:05:07`."""
        local = self.local(time_ms)
        return f"{_DAYS[local.weekday()]} {local.replace(tzinfo=None).isoformat(' ', 'seconds')}"


def day_name(iso: str) -> str:
    """`Thu 15 Jan` of `2026-01-15`."""
    day = date.fromisoformat(iso)
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1][:3]}"


def weekday(iso: str) -> str:
    """`Thu` of `2026-01-15`."""
    return _DAYS[date.fromisoformat(iso).weekday()]


def month_name(month: int) -> str:
    """`January` of 1."""
    return _MONTHS[month - 1]


def ago(seconds: float) -> str:
    """`3 s`, `5 min`, `2 h`, `4 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
