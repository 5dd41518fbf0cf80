"""From what a reader writes to what the indexes are asked: edges in time become instants.

An edge is one of

    2026-01-15                  a whole local day of the store's time zone
    2026-01 · 2026              a whole local month or year
    2026-01-15T09:30:00+01:00   an instant: RFC 3339, with its offset

and both edges are inclusive: ``from`` means the first instant of what is written, ``until`` the
last, to the millisecond that event times have. Local days are those of the contents
(`toc.Calendar`): one of 23 or 25 hours is whole, and one that the zone skipped is empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from agent_memory.annotation import MemoryType
from agent_memory.errors import InvalidQuery
from agent_memory.events import Kind, Role
from agent_memory.events.ulids import ULID_TIME_MAX_MS
from agent_memory.indexes.model import Where
from agent_memory.toc.calendar import Calendar, calendar_of

_PERIOD = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d+)?([Zz]|[+-]\d{2}:\d{2})",
    re.ASCII,
)
_WITHOUT_OFFSET = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?", re.ASCII)

_FORMS = "Write a local date (`2026-01-15`) or a time with its offset (`2026-01-15T09:30:00+01:00`)."
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def resolve(
    *,
    time_zone: str,
    from_: str = "",
    until: str = "",
    agents: Iterable[str] = (),
    projects: Iterable[str] = (),
    sessions: Iterable[str] = (),
    roles: Iterable[Role] = (),
    kinds: Iterable[Kind] = (),
    types: Iterable[MemoryType] = (),
    place: str = "filter.",
) -> Where:
    """The filter that the indexes apply; *time_zone* is the store's, by its IANA name.

    Errors: `InvalidQuery` names ``filter.from`` or ``filter.until`` (*place* leads the name)
    for what is neither date nor time, and for edges in the wrong order.
    """
    calendar = calendar_of(time_zone)
    first = edge_ms(from_, calendar=calendar, last=False, field=f"{place}from") if from_ else None
    last = edge_ms(until, calendar=calendar, last=True, field=f"{place}until") if until else None
    if first is not None and last is not None and _inverted(from_, until, first, last):
        raise InvalidQuery(
            f"{place}from",
            from_,
            f"is later than {place}until ({until!r})",
            hint="Exchange the two; both are inclusive, so a single day is the same date twice.",
        )
    return Where(
        from_ms=first,
        until_ms=last,
        agents=frozenset(agents),
        projects=frozenset(projects),
        sessions=frozenset(sessions),
        roles=frozenset(roles),
        kinds=frozenset(kinds),
        types=frozenset(types),
    )


def edge_ms(text: str, *, calendar: Calendar, last: bool, field: str) -> int:
    """The first or *last* millisecond of what *text* names. Errors: `InvalidQuery`, naming *field*.

    Before 1970 there are no events: an earlier ``from`` starts there, an earlier ``until`` is refused.
    """
    if period := _PERIOD.fullmatch(text):
        start, after = _dates(period, text, field)
        ms = _start_ms(after, calendar) - 1 if last else _start_ms(start, calendar)
    elif instant := _INSTANT.fullmatch(text):
        ms = _instant_ms(instant, text, field, round_up=not last)
    elif _WITHOUT_OFFSET.fullmatch(text):
        raise InvalidQuery(
            field, text, "is a time without its offset", hint=f"Add the offset, or give the date alone. {_FORMS}"
        )
    else:
        raise InvalidQuery(field, text, "is neither a date nor a time", hint=_FORMS)
    if last and ms < 0:
        raise InvalidQuery(
            field, text, "lies before 1970, where no event can be", hint="Choose a later date, or leave it out."
        )
    return min(max(ms, 0), ULID_TIME_MAX_MS)


def parse_date(text: str, *, field: str, last: bool = False) -> date:
    """The first or *last* day of a date, month or year, for what is asked by days alone.

    Errors: `InvalidQuery`, naming *field*.
    """
    period = _PERIOD.fullmatch(text)
    if period is None:
        raise InvalidQuery(field, text, "is no date", hint="Write a local date: `2026-01-15`.")
    start, after = _dates(period, text, field)
    if not last:
        return start
    return after - _DAY if after else date.max


def _dates(period: re.Match[str], text: str, field: str) -> tuple[date, date | None]:
    """Its first day, and the day after its last; None where the calendar ends."""
    year, month, day = (int(part) if part else 0 for part in period.groups())
    try:
        start = date(year, month or 1, day or 1)
    except ValueError as error:
        raise InvalidQuery(field, text, f"is no date: {error}", hint=_FORMS) from None
    try:
        if day:
            return start, start + _DAY
        if month:
            return start, date(year + month // 12, month % 12 + 1, 1)
        return start, date(year + 1, 1, 1)
    except (OverflowError, ValueError):
        return start, None


def _instant_ms(instant: re.Match[str], text: str, field: str, *, round_up: bool) -> int:
    day, clock, fraction, offset = instant.groups()
    try:
        whole = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if offset in 'Zz' else offset}")
        ms = _ms(whole)
    except (OverflowError, ValueError) as error:
        raise InvalidQuery(field, text, f"is no time: {error}", hint=_FORMS) from None
    digits = (fraction or ".")[1:]
    finer = bool(digits[3:].strip("0"))
    return ms + int(digits[:3].ljust(3, "0")) + (finer and round_up)


def _inverted(from_: str, until: str, first: int, last: int) -> bool:
    """Dates are compared as dates: a day that the zone skipped has no instant, and is in order."""
    start, end = _PERIOD.fullmatch(from_), _PERIOD.fullmatch(until)
    if not (start and end):
        return first > last
    after = _dates(end, until, "until")[1]
    return after is not None and _dates(start, from_, "from")[0] >= after


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _start_ms(day: date | None, calendar: Calendar) -> int:
    # The calendar's ends, where a zone's clock leaves it, are far from every event.
    if day is None or day.year > 9998:
        return ULID_TIME_MAX_MS
    if day.year < _EPOCH.year - 1:
        return -1
    try:
        return calendar.period(f"day/{day}").start_ms
    except ValueError:
        # The zone skipped this day: it would begin where the next one does.
        return calendar.period(f"day/{day + _DAY}").start_ms
