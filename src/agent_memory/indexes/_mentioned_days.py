"""The rows of the entities that say which days events mention.

    width u8 | first 10 B | last 10 B | ULID    -> (nothing): an event mentions the days from first to last

The keys follow a prefix of the view's. Dates are as in `2026-01-15`. Stretches are in classes by
how many days there are, so that few rows that are of no use are read for a question.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from heapq import merge
from itertools import chain, islice

from agent_memory.errors import Corrupt
from agent_memory.events.ulids import ulid_from_key
from agent_memory.indexes.model import DayMention
from agent_memory.storage import Family, Rows, prefix_end, scan_all

DAYS_MAX = 31
"""The longest stretch of days that is kept as a mention; what is vaguer says little of a day."""

_DAY_BYTES = 36
_WIDTHS = (1, 7, DAYS_MAX)
# So many mentions of one width are read at once; of more, only as many as are asked for, day by day.
_FEW = 200
_LAST_DAY = date.max.toordinal()


def day_row(first: str, last: str, event: bytes) -> bytes | None:
    """The key of a mention, by the event's ULID; None for a stretch that is too long, or none at all."""
    width = _width(first, last)
    return None if width is None else bytes([width]) + first.encode() + last.encode() + event


def day_mention(rest: bytes, key: bytes) -> DayMention:
    """The mention of which *rest* is what follows the width in *key*."""
    try:
        if len(rest) == _DAY_BYTES:
            return DayMention(ulid_from_key(rest[20:]), rest[:10].decode("ascii"), rest[10:20].decode("ascii"))
    except UnicodeDecodeError:
        pass
    raise Corrupt(f"a row of views {key.hex()} is no mention of days")


class MentionedDays:
    """The mentions of days under *prefix*."""

    def __init__(self, rows: Rows, prefix: bytes) -> None:
        self._rows = rows
        self._prefix = prefix

    def mentioning(self, first: str, until: str, *, limit: int) -> list[DayMention]:
        """As `Entities.mentioning` says."""
        start, end = date.fromisoformat(first).toordinal(), date.fromisoformat(until).toordinal()
        overlapping = [self._overlapping(number, start, end) for number in range(len(_WIDTHS))]
        # What lies within the dates says what was asked; of what reaches beyond them, the shorter says more.
        within = merge(*(inside for inside, _ in overlapping), key=_beginning)
        return list(islice(chain(within, *(beyond for _, beyond in overlapping)), limit))

    def _overlapping(self, number: int, first: int, until: int) -> tuple[Iterator[DayMention], Iterator[DayMention]]:
        """Of one width the mentions within days, by day, and those that reach beyond them, nearest first.

        Days are ordinals.
        """
        earliest = max(first - _WIDTHS[number] + 1, 1)
        few = list(islice(self._between(number, _iso(earliest), _iso(until)), _FEW + 1))
        if len(few) > _FEW:
            return self._within(number, first, until), self._beyond(number, first, until)
        start, end = _iso(first), _iso(until)
        beyond = [one for one in few if one.last >= start and (one.first < start or one.last > end)]
        beyond.sort(key=lambda one: abs(date.fromisoformat(one.first).toordinal() - first))
        return (one for one in few if start <= one.first and one.last <= end), iter(beyond)

    def _within(self, number: int, first: int, until: int) -> Iterator[DayMention]:
        # What begins by then ends in time, so that its days need not be looked at one by one.
        sure = until - _WIDTHS[number] + 1
        if first <= sure:
            yield from self._between(number, _iso(first), _iso(sure))
        for day in range(max(first, sure + 1), until + 1):
            yield from self._between(number, _iso(day), _iso(day) + _iso(until))

    def _beyond(self, number: int, first: int, until: int) -> Iterator[DayMention]:
        reach = _WIDTHS[number] - 1
        lasts = dict.fromkeys(range(max(first - reach, 1), first), first)
        if until < _LAST_DAY:
            lasts |= dict.fromkeys(range(max(first, until - reach + 1), until + 1), until + 1)
        for day in sorted(lasts, key=lambda day: (abs(day - first), day)):
            yield from self._between(number, _iso(day) + _iso(lasts[day]), _iso(day))

    def _between(self, number: int, first: str, until: str) -> Iterator[DayMention]:
        """Of one width those whose days, written one behind the other, begin with what lies between two texts."""
        prefix = self._prefix + bytes([number])
        start, end = prefix + first.encode(), prefix_end(prefix + until.encode())
        for key, _ in scan_all(self._rows, Family.VIEWS, first=start, end=end):
            yield day_mention(key[len(prefix) :], key)


def _width(first: str, last: str) -> int | None:
    """The class of a stretch of days; None for one that is too long, or none at all."""
    if first == last:
        return 0
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    return next((number for number, width in enumerate(_WIDTHS) if 1 <= days <= width), None)


@lru_cache(maxsize=4_096)
def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _beginning(mention: DayMention) -> str:
    return mention.first
